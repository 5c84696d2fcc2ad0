"""The duty ledger: how one event changes what is known of one waybill. Pure functions over `Shipment`."""

from dataclasses import dataclass

import msgspec

from parcelward.contract.events import EventType
from parcelward.contract.fields import FillMode, GoodsNature
from parcelward.identity.tokens import Identity, hide_numbers
from parcelward.intake.event import InspectionData, RealNameData, ScanData
from parcelward.moments import duration_ms
from parcelward.settings import Settings
from parcelward.shipments.shipment import Duty, First, InspectionEntry, RealNameEntry, ScanEntry, Shipment, Trigger

EVIDENCE_KEPT = 12  # positions of evidence kept per waybill
# The ledger keeps an event's type as its position here: new types go at the end.
EVENT_TYPES = (EventType.REAL_NAME, EventType.INSPECTION, EventType.SECURITY_SCAN)
KIND_OF = {event_type: position for position, event_type in enumerate(EVENT_TYPES)}
Entry = RealNameEntry | InspectionEntry | ScanEntry
SEEN_BYTES = 24 * 16  # identities and contents of 24 events are kept per waybill, to recognise resent events
BACKFILL = FillMode.BACKFILL.value
LETTER = GoodsNature.LETTER.value


@dataclass(frozen=True, slots=True)
class Deadlines:
    """How long each duty may take, in ms; `scan` None: a scan is not demanded."""

    inspection: int
    real_name: int
    scan: int | None
    keep: int

    @classmethod
    def from_settings(cls, settings: Settings) -> "Deadlines":
        """Return the deadlines of an installation."""
        return cls(
            inspection=duration_ms(settings.inspection_due),
            real_name=duration_ms(settings.real_name_due),
            scan=None if settings.scan_due is None else duration_ms(settings.scan_due),
            keep=duration_ms(settings.ledger_keep),
        )


def real_name_entry(data: RealNameData, identity: Identity, event_ms: int, arrival_ms: int) -> RealNameEntry:
    """What the ledger keeps of a real-name event."""
    sender, goods, place = data.sender, data.goods, data.place
    return RealNameEntry(
        event_ms,
        arrival_ms,
        data.outlet,
        data.operator,
        data.fill_mode == BACKFILL,
        sender.kind,
        identity.document_token,
        identity.document_mask,
        identity.document_check,
        identity.name_token,
        identity.name_mask,
        identity.phone_token,
        identity.phone_mask,
        identity.operator_token,
        identity.receiver_phone_token or identity.receiver_name_token,
        sender.agreement_id,
        hide_numbers(goods.name),
        goods.nature,
        goods.quantity,
        goods.declared_value_cny,
        goods.dangerous_declared,
        data.weight_g,
        data.verify_method,
        data.transport_mode,
        None if place is None else place.latitude,
        None if place is None else place.longitude,
    )


def inspection_entry(data: InspectionData, event_ms: int, arrival_ms: int) -> InspectionEntry:
    """What the ledger keeps of an inspection event."""
    photos = data.photos
    return InspectionEntry(
        event_ms,
        arrival_ms,
        data.outlet,
        data.operator,
        data.fill_mode == BACKFILL,
        data.started_ms,
        data.sealed_ms,
        data.opened,
        data.result,
        None if data.found_goods is None else hide_numbers(data.found_goods),
        data.found_category,
        data.weight_g,
        tuple([bytes.fromhex(photo.sha256[:16]) for photo in photos]),
        min([photo.taken_ms for photo in photos if photo.taken_ms is not None], default=None) if photos else None,
        data.mark_applied,
    )


def scan_entry(data: ScanData, event_ms: int, arrival_ms: int) -> ScanEntry:
    """What the ledger keeps of a security scan."""
    return ScanEntry(event_ms, arrival_ms, data.site, data.operator, data.decision, data.judged_ms)


def accept_real_name(shipment: Shipment, entry: RealNameEntry, corrects: str | None) -> int | None:
    """Enter a real-name event. Returns what it triggers; None when it says nothing new.

    A second real-name event without `corrects` either repeats the first (a resend under a new id) or contradicts it:
    then the waybill number was used twice, the first entry stand and the conflict is counted. So does a correction of
    an event that this waybill does not have.
    """
    known = shipment.real_name
    if not shipment.home_outlet:
        shipment.home_outlet = entry.outlet
    if known is None:
        shipment.accepted_ms = entry.arrival_ms
        _note_first(shipment, First.ACCEPTANCE)
        if entry.document_token is not None:
            _note_first(shipment, First.SENDER)
    elif corrects is None and says_the_same(known, entry):
        return None
    elif corrects is None or not _has(shipment, corrects, EventType.REAL_NAME):
        shipment.conflicts += 1
        return Trigger.CONFLICT
    elif entry.document_token not in (None, known.document_token):
        shipment.past_firsts &= ~First.SENDER
        _note_first(shipment, First.SENDER)
    _note_correction(shipment, corrects)
    shipment.real_name = entry
    if entry.goods_nature == LETTER:
        shipment.overdue &= ~Duty.INSPECTION
    if shipment.inspection is not None:
        _note_first(shipment, First.INSPECTION)
    return Trigger.REAL_NAME


def accept_inspection(shipment: Shipment, entry: InspectionEntry, corrects: str | None) -> int:
    """Enter an inspection event; a later one (re-inspection or correction) replaces an earlier one.

    A correction of an event that this waybill does not have is a conflict, and changes nothing else.
    """
    known = shipment.inspection
    if not shipment.home_outlet:
        shipment.home_outlet = entry.outlet
    if known is not None and corrects is not None and not _has(shipment, corrects, EventType.INSPECTION):
        shipment.conflicts += 1
        return Trigger.CONFLICT
    _note_correction(shipment, corrects)
    if known is None or corrects is not None or entry.event_ms >= known.event_ms:
        shipment.inspection = entry
    if shipment.real_name is not None:
        _note_first(shipment, First.INSPECTION)
    return Trigger.INSPECTION


def accept_scan(shipment: Shipment, entry: ScanEntry, _corrects: str | None) -> int:
    """Enter a security scan; a later one replaces an earlier one, and none is ever corrected."""
    if shipment.scan is None or entry.event_ms >= shipment.scan.event_ms:
        shipment.scan = entry
    return Trigger.SCAN


def _note_first(shipment: Shipment, what: int) -> None:
    if not shipment.past_firsts & what:
        shipment.firsts |= what
        shipment.past_firsts |= what


def _has(shipment: Shipment, event_id: str, event_type: EventType) -> bool:
    """Whether an event of this type and id is part of the waybill's evidence."""
    wanted = KIND_OF[event_type]
    return any(known == event_id and kind == wanted for known, kind, _ in shipment.evidence)


def _note_correction(shipment: Shipment, corrects: str | None) -> None:
    if corrects is not None:
        shipment.corrections += 1
        shipment.corrected.append(corrects)
        del shipment.corrected[:-EVIDENCE_KEPT]


def says_the_same(known: Entry | None, entry: Entry) -> bool:
    """Whether an event that came again says what the ledger has, whatever its bytes and its arrival.

    Tokens made with different keys cannot be compared; then the masks are.
    """
    if isinstance(known, RealNameEntry) and isinstance(entry, RealNameEntry):
        return (
            (known.goods_name, known.weight_g) == (entry.goods_name, entry.weight_g)
            and _same_value(known.document_token, entry.document_token, known.document_mask, entry.document_mask)
            and _same_value(known.phone_token, entry.phone_token, known.phone_mask, entry.phone_mask)
            and _same_value(known.receiver_token, entry.receiver_token, None, None)
        )
    return known is not None and msgspec.structs.replace(known, arrival_ms=0) == msgspec.structs.replace(
        entry, arrival_ms=0
    )


def _same_value(known: str | None, token: str | None, known_mask: str | None, mask: str | None) -> bool:
    if known is None or token is None or _key_id(known) == _key_id(token):
        return known == token
    return known_mask == mask


def _key_id(token: str) -> str:
    return token.partition(".")[0]


def _owed_at_counter(shipment: Shipment, deadlines: Deadlines) -> tuple[int, int]:
    """Which of real name and inspection is undone and not overdue, and its deadline; the second waits for the first."""
    real_name = shipment.real_name
    if real_name is None:
        if not shipment.overdue & Duty.REAL_NAME:
            return Duty.REAL_NAME, shipment.first_arrival_ms + deadlines.real_name
    elif shipment.inspection is None and real_name.goods_nature != LETTER and not shipment.overdue & Duty.INSPECTION:
        return Duty.INSPECTION, shipment.accepted_ms + deadlines.inspection
    return Duty.NONE, 0


def open_deadlines(shipment: Shipment, deadlines: Deadlines) -> dict[int, int]:
    """Duties still undone and not overdue, each with its deadline (arrival clock, epoch ms)."""
    duty, due_ms = _owed_at_counter(shipment, deadlines)
    open_ = {duty: due_ms} if duty else {}
    if deadlines.scan is not None and shipment.scan is None and not shipment.overdue & Duty.SECURITY_SCAN:
        open_[Duty.SECURITY_SCAN] = shipment.first_arrival_ms + deadlines.scan
    return open_


def next_due(shipment: Shipment, deadlines: Deadlines) -> int:
    """The earliest deadline of the duties still undone (arrival clock, epoch ms); 0 when there is none."""
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
        _note_first(shipment, First.OVERDUE)
    return fallen


def settle_late(shipment: Shipment, duty: int, event_ms: int, deadline_ms: int) -> bool:
    """Lift an overdue mark when the late record shows the duty was done in time; returns whether it was overdue.

    Handhelds come online hours later: what counts is when the duty was done, not when its record arrived.
    """
    if not shipment.overdue & duty:
        return False
    if event_ms <= deadline_ms:
        shipment.overdue &= ~duty
    return True
