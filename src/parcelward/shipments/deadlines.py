"""Deadlines of the duties: which are open, which have passed, and which a late record shows to have been kept."""

from collections.abc import Callable
from dataclasses import dataclass

from parcelward.contract.fields import InspectionResult
from parcelward.moments import duration_ms
from parcelward.settings import Settings
from parcelward.shipments.shipment import LETTER, Duty, First, RealNameEntry, Shipment, Trigger, note_first

EXEMPT = InspectionResult.EXEMPT_LETTER.value


@dataclass(frozen=True, slots=True)
class Deadlines:
    """The time that each duty may take, in ms; `scan` None: a scan is not demanded; `letters`: they are inspected, too.

    Of one parcel: a control period may make them stricter than the settings (`parcelward.controls`).
    """

    inspection: int
    real_name: int
    scan: int | None
    keep: int
    letters: bool = False

    @classmethod
    def from_settings(cls, settings: Settings) -> "Deadlines":
        """Return the deadlines of an installation."""
        return cls(
            inspection=duration_ms(settings.inspection_due),
            real_name=duration_ms(settings.real_name_due),
            scan=None if settings.scan_due is None else duration_ms(settings.scan_due),
            keep=duration_ms(settings.ledger_keep),
        )

    def allowed(self, duty: int) -> int:
        """Time that a duty may take, in ms; 0 for a scan that is not demanded."""
        if duty == Duty.INSPECTION:
            return self.inspection
        return self.real_name if duty == Duty.REAL_NAME else self.scan or 0

    def demands(self, duty: int, real_name: RealNameEntry | None) -> bool:
        """Tell whether a duty is demanded of a parcel that was registered so."""
        if duty == Duty.SECURITY_SCAN:
            return self.scan is not None
        return duty == Duty.REAL_NAME or self.letters or real_name is None or real_name.goods_nature != LETTER


DeadlinesOf = Callable[[Shipment], Deadlines]
"""Gives the deadlines of one parcel."""


def _owed_at_counter(shipment: Shipment, deadlines: Deadlines) -> tuple[int, int]:
    """Give real name or inspection, if undone and not overdue, and its deadline; the second waits for the first."""
    real_name = shipment.real_name
    if real_name is None:
        if not shipment.overdue & Duty.REAL_NAME:
            return Duty.REAL_NAME, shipment.first_arrival_ms + deadlines.real_name
    elif (
        _uninspected(shipment, deadlines)
        and (real_name.goods_nature != LETTER or deadlines.letters)
        and not shipment.overdue & Duty.INSPECTION
    ):
        return Duty.INSPECTION, shipment.accepted_ms + deadlines.inspection
    return Duty.NONE, 0


def _uninspected(shipment: Shipment, deadlines: Deadlines) -> bool:
    """Tell whether nobody has looked: where letters are inspected, too, to call one exempt is no inspection."""
    inspection = shipment.inspection
    return inspection is None or (deadlines.letters and inspection.result == EXEMPT and not inspection.opened)


def open_deadlines(shipment: Shipment, deadlines: Deadlines) -> dict[int, int]:
    """Give the duties still undone and not overdue, each with its deadline (arrival clock, epoch ms)."""
    duty, due_ms = _owed_at_counter(shipment, deadlines)
    open_ = {duty: due_ms} if duty else {}
    if deadlines.scan is not None and shipment.scan is None and not shipment.overdue & Duty.SECURITY_SCAN:
        open_[Duty.SECURITY_SCAN] = shipment.first_arrival_ms + deadlines.scan
    return open_


def next_due(shipment: Shipment, deadlines: Deadlines) -> int:
    """Give the earliest deadline of the duties still undone (arrival clock, epoch ms); 0 when there is none."""
    if deadlines.scan is None:
        return _owed_at_counter(shipment, deadlines)[1]
    open_ = open_deadlines(shipment, deadlines)
    return min(open_.values()) if open_ else 0


def mark_overdue(shipment: Shipment, now_ms: int, deadlines: Deadlines) -> int:
    """Mark the duties whose deadline lies before `now_ms` (arrival clock); returns those newly overdue."""
    fallen = Duty.NONE
    due_ms = 0
    for duty, due in open_deadlines(shipment, deadlines).items():
        if due < now_ms:
            fallen |= duty
            due_ms = max(due_ms, due)
    if fallen:
        shipment.overdue |= fallen
        # The deadline, not the clock: a replay, where another record fires it, gives the same alert.
        shipment.touched_ms = shipment.trigger_event_ms = due_ms
        shipment.trigger = Trigger.OVERDUE
        shipment.firsts = First.NOTHING
        note_first(shipment, First.OVERDUE)
    return fallen


def lift_undemanded(shipment: Shipment, deadlines: Deadlines) -> None:
    """Lift the mark of an inspection that nobody has to make: a later record says that the parcel is a letter."""
    if shipment.overdue & Duty.INSPECTION and not deadlines.demands(Duty.INSPECTION, shipment.real_name):
        shipment.overdue &= ~Duty.INSPECTION


def fell_due(shipment: Shipment, deadlines: Deadlines) -> list[int]:
    """Give the duties that became overdue with the deadline at which a shipment was touched.

    Where deadlines were other settings then, it cannot be told which ones: all that are overdue.
    """
    scan = shipment.first_arrival_ms + (deadlines.scan or 0)
    due = {
        Duty.REAL_NAME: shipment.first_arrival_ms + deadlines.real_name,
        Duty.INSPECTION: shipment.accepted_ms + deadlines.inspection,
        Duty.SECURITY_SCAN: scan,
    }
    overdue = [duty for duty in due if shipment.overdue & duty]
    return [duty for duty in overdue if due[duty] == shipment.touched_ms] or overdue


def begun(shipment: Shipment, duty: int) -> int:
    """Give the time (epoch ms) from which a duty's time counts: the acceptance, as far as it is known."""
    real_name = None if duty == Duty.REAL_NAME else shipment.real_name
    return shipment.first_arrival_ms if real_name is None else real_name.event_ms


def in_time(shipment: Shipment, duty: int, done_ms: int, deadlines: Deadlines) -> bool:
    """Tell whether a duty that was done at a time was done in time: its record may have come later."""
    return done_ms <= begun(shipment, duty) + deadlines.allowed(duty)


def lift_overdue(shipment: Shipment, duty: int, done_ms: int, deadlines: Deadlines) -> bool:
    """Lift an overdue mark if the duty was done in time, at `done_ms`; tell whether it was lifted.

    Handhelds come online hours later: what counts is when the duty was done, not when its record arrived. A correction
    may come before its original, which alone says when that was: then a mark that was lifted stands again.
    """
    undone = duty == Duty.INSPECTION and _uninspected(shipment, deadlines)
    if undone or not in_time(shipment, duty, done_ms, deadlines):
        shipment.overdue |= shipment.lifted & duty
        shipment.lifted &= ~duty
        return False
    lifted = shipment.overdue & duty
    shipment.overdue &= ~duty
    shipment.lifted |= lifted & ~Duty.SECURITY_SCAN  # which nothing corrects
    return bool(lifted)
