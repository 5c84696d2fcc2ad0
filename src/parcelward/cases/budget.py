"""The budget of cases that ask people, of each courier, theme and window; what comes over it is counted in one case.

A case that does not begin with what is red or critical asks its courier's desk, by the notes about its alerts, until it
may ask people. Within the budget the desk gives a permission. Over it, the desk enters those notes into a case of the
courier itself, which asks once, counts all of them, and can be decided like any other. An alert that is red or critical
from the beginning is never counted there: it asks in its own case.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec
from msgspec.structs import replace

from parcelward.cases.outgoing import CaseNote, case_id
from parcelward.contract.alerts import Lane, Severity
from parcelward.contract.referrals import SubjectKind
from parcelward.formats import reading
from parcelward.settings import Settings


@dataclass(frozen=True, slots=True)
class Budget:
    """Cases that may ask people, in one window and of one theme: of a courier, and of each of its outlets."""

    courier: int
    outlet: int
    courier_of: Mapping[str, int]

    @classmethod
    def from_settings(cls, settings: Settings) -> "Budget":
        """Return the budget of an installation."""
        return cls(settings.case_budget, settings.outlet_case_budget, settings.case_budget_of)


class Desk(msgspec.Struct, array_like=True, frozen=True, tag="1"):
    """The cases of one courier, theme and window that may ask people: the outlet of the first alert of each, by id."""

    touched_ms: int
    permitted: dict[str, str] = {}


class Permit(msgspec.Struct, array_like=True, frozen=True, gc=False, tag="1"):
    """Permission for a case to ask people: it is within the budget of its courier."""

    at_ms: int
    case_id: str
    subject: str


decode_permit = reading(Permit, "a permission for a case")
decode_desk = reading(Desk, "a budget of cases")


def desk_key(theme: str, courier: str, window: int) -> bytes:
    """State key of a desk."""
    return f"d{theme}/{courier}/{window}".encode()


def is_urgent(note: CaseNote) -> bool:
    """Tell whether a note asks people whatever the budget: it is red or critical."""
    return note.lane == Lane.RED or note.severity == Severity.CRITICAL


def permitted_at_first(note: CaseNote) -> bool:
    """Tell whether a case that begins with a note needs no permission: it is urgent, or about a courier as a whole."""
    return is_urgent(note) or note.subject.startswith(f"{SubjectKind.COURIER.value}/")


def asking(note: CaseNote) -> CaseNote:
    """Give the note by which a case asks its courier's desk; if the desk refuses, it belongs to the courier's case."""
    subject = f"{SubjectKind.COURIER.value}/{note.courier}"
    return replace(
        note,
        case_id=case_id(note.theme, subject, note.window),
        subject=subject,
        asker=(note.case_id, note.subject),
    )


def weigh(desk: Desk | None, note: CaseNote, budget: Budget) -> tuple[Desk | None, Permit | None, bool]:
    """Weigh a note by which a case asks: the desk afterwards, a permission if it is given now, and if the note counts.

    It counts in the courier's case where the budget is spent. One that came before its permission arrived does not.
    """
    assert note.asker is not None
    asker, subject = note.asker
    known = {} if desk is None else desk.permitted
    if asker in known:
        return desk, None, False
    spent = len(known) >= budget.courier_of.get(note.courier, budget.courier)
    if spent or sum(outlet == note.outlet for outlet in known.values()) >= budget.outlet:
        return desk, None, True
    now = Desk(note.at_ms, known | {asker: note.outlet})
    return now, Permit(note.at_ms, asker, subject), False
