"""Words for what was chosen in a decision, as it came: a decision of another system may hold anything."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from parcelward.alerts.terminal import Language
from parcelward.console.web.rendering import full_time
from parcelward.console.web.words import known, word

_CHOICES = (("outcome", "outcome_"), ("parcel", "parcel_"), ("action", "instruction_"))
_WORDS = ("comment", "reason", "text")


def choices_in(decision: Mapping[str, Any], language: Language) -> list[str]:
    """Say the outcome, what becomes of the parcel, and what the courier is to do.

    >>> choices_in({"kind": "outcome", "outcome": "false_alarm", "parcel": "release"}, "en")
    ['false alarm', 'let it go']
    >>> choices_in({"kind": "outcome", "outcome": "of another system"}, "en")
    ['of another system']
    """
    return [known(prefix, str(decision[name]), language) for name, prefix in _CHOICES if name in decision]


def all_in(decision: Mapping[str, Any], language: Language, name_of: Callable[[str], str]) -> list[str]:
    """Say all that was chosen: also who has it now, and until when it was put off."""
    found = choices_in(decision, language)
    if "to" in decision:
        found.append(word("handed_to", language).format(name=name_of(str(decision["to"]))))
    if (until := until_of(decision)) is not None:
        found.append(word("snoozed_until", language).format(at=full_time(until)[:-3]))
    if decision.get("later_cases"):
        found.append(word("later_cases", language))
    return found


def until_of(decision: Mapping[str, Any]) -> datetime | None:
    """Give the end of a snooze; None of any other decision."""
    try:
        until = datetime.fromisoformat(str(decision["until"]))
    except (KeyError, ValueError):
        return None
    return until if until.tzinfo is not None else None


def comment_in(decision: Mapping[str, Any]) -> str:
    """Give the words that a person wrote; empty if there are none."""
    return next((str(decision[name]) for name in _WORDS if decision.get(name)), "")
