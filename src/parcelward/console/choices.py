"""Reads what a person chose in a form as the decision of the contract."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from parcelward.cases.machine import look_up
from parcelward.contract.alerts import Lane, Severity
from parcelward.contract.decisions import Parcel
from parcelward.contract.steps import InstructionAction, OutcomeKind, ReferralState, Role, StepKind
from parcelward.moments import CHINA, duration_ms, duration_of, utc

MOST_WORDS = 500
PUT_OFF = ("1h", "4h", "12h", "1d", "3d", "7d", "29d")
"""Choices of a snooze."""
DECISIONS = (
    StepKind.ACKNOWLEDGE,
    StepKind.OUTCOME,
    StepKind.INSTRUCT,
    StepKind.RELEASE,
    StepKind.ASSIGN,
    StepKind.SNOOZE,
    StepKind.REOPEN,
    StepKind.COMMENT,
)
"""Decisions in the order in which a page offers them."""
INSTRUCTIONS = tuple(
    one for one in InstructionAction if one not in (InstructionAction.RELEASE, InstructionAction.PROCEED)
)
NEEDS_WORDS = frozenset((StepKind.COMMENT, StepKind.RELEASE, StepKind.SNOOZE, StepKind.REOPEN))


class FormError(ValueError):
    """A choice that is missing or contradicts itself; `problem` is the key of its words."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


def open_to(role: Role | None, state: ReferralState, held: bool, lane: Lane, severity: Severity) -> list[StepKind]:
    """List the decisions that a role may take on an alert, or a case, as it stands; None: of a role that takes none."""
    if role is None:
        return []
    found = [one for one in DECISIONS if isinstance(look_up(state, one, role), ReferralState)]
    if not held:
        found = [one for one in found if one is not StepKind.RELEASE]
    if lane is Lane.RED or severity is Severity.CRITICAL:
        found = [one for one in found if one is not StepKind.SNOOZE]
    return found


def chosen_in(form: Mapping[str, str], own_token: str, now_ms: int) -> dict[str, Any]:
    """Give the decision that a form says. Raises FormError.

    >>> chosen_in({"step": "outcome", "outcome": "false_alarm", "parcel": "release", "words": ""}, "", 0)
    {'kind': 'outcome', 'outcome': 'false_alarm', 'parcel': 'release'}
    """
    try:
        step = StepKind(form.get("step", ""))
    except ValueError:
        raise FormError("problem_step") from None
    if step not in DECISIONS:
        raise FormError("problem_step")
    words = form.get("words", "").replace("\r\n", "\n").strip()
    if len(words) > MOST_WORDS:
        raise FormError("problem_long")
    if step in NEEDS_WORDS and not words:
        raise FormError("problem_words")
    fields = _fields(step, form, words, own_token, now_ms)
    return {"kind": step.value, **{name: value for name, value in fields.items() if value not in (None, "")}}


def _fields(step: StepKind, form: Mapping[str, str], words: str, own_token: str, now_ms: int) -> dict[str, Any]:
    match step:
        case StepKind.COMMENT:
            return {"text": words}
        case StepKind.ASSIGN:
            return {"to": form.get("to") or own_token, "reason": words}
        case StepKind.INSTRUCT:
            if form.get("action") not in INSTRUCTIONS:
                raise FormError("problem_action")
            return {"action": form["action"]}
        case StepKind.OUTCOME:
            return _outcome(form) | {"comment": words}
        case StepKind.SNOOZE:
            if form.get("wait") not in PUT_OFF:
                raise FormError("problem_wait")
            span = duration_of(form["wait"]) or timedelta()
            until = utc(now_ms + duration_ms(span)).astimezone(CHINA)
            later = {"later_cases": True} if form.get("later_cases") else {}
            return {"until": until.isoformat(timespec="seconds"), "reason": words, **later}
        case StepKind.RELEASE | StepKind.REOPEN:
            return {"reason": words}
    return {}


def _outcome(form: Mapping[str, str]) -> dict[str, str]:
    outcome, parcel = form.get("outcome", ""), form.get("parcel", "")
    if outcome not in tuple(OutcomeKind):
        raise FormError("problem_outcome")
    if parcel not in tuple(Parcel):
        raise FormError("problem_parcel")
    if outcome == OutcomeKind.FALSE_ALARM and parcel == Parcel.KEEP:
        raise FormError("problem_contradictory")
    return {"outcome": outcome, "parcel": parcel}
