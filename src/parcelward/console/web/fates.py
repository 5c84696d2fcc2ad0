"""Notes about the decision that a person has just sent."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from starlette.requests import Request

from parcelward.alerts.terminal import Language
from parcelward.console.choices import FormError
from parcelward.console.sending import is_known
from parcelward.console.store.alert_page import Refusal
from parcelward.console.web.office import office_of
from parcelward.console.web.words import word
from parcelward.errors import UserError


class Note(NamedTuple):
    """A note: its kind (good, bad, warn), the key of its words, and the refusal if there is one."""

    kind: str
    words: str
    known: bool
    refusal: Refusal | None = None


NOTHING_TYPED: Mapping[str, str] = MappingProxyType({})
"""Fields of a form that was not sent yet."""


def what_is_wrong(error: FormError | UserError, language: Language) -> str:
    """Say why a form was not taken: what a person left out, or that it could not be sent."""
    return word(error.problem, language) if isinstance(error, FormError) else str(error)


def status_of(error: FormError | UserError) -> int:
    """Give the status of the page that says so."""
    return 422 if isinstance(error, FormError) else 400


def fate_note(request: Request) -> Note | None:
    """Give the note about the decision that the URL names; None if it names none.

    `quiet` in the URL: nothing tells that such a decision has counted, only that it was not refused.
    """
    asked = request.query_params
    if not asked.get("sent"):
        return None
    fate = office_of(request).desk.fate(asked["sent"])
    if fate.state == "refused":
        return Note("bad", "fate_refused", True, fate.refusal)
    if fate.state == "counted":
        return Note("good", "fate_counted", True)
    if fate.state == "sent" and asked.get("quiet"):
        return Note("good", "fate_not_refused", False)
    return Note("warn", "fate_sent", is_known(fate))
