"""The duty ledger: how an event of each type changes what is known of its waybill. Pure functions over `Shipment`.

`EVENT_KINDS` says for each event type everything that goes by type; there a new one is entered.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec

from parcelward.contract.events import EVENT_TYPES, EventType
from parcelward.contract.fields import FillMode
from parcelward.identity.free_text import hide_numbers
from parcelward.identity.tokens import Identity, comparable
from parcelward.intake.event import InspectionData, RealNameData, ScanData
from parcelward.shipments.shipment import (
    LETTER,
    Duty,
    First,
    InspectionEntry,
    RealNameEntry,
    ScanEntry,
    Shipment,
    Trigger,
    note_first,
)

EVIDENCE_KEPT = 12  # positions of evidence kept per waybill
SEEN_BYTES = 24 * 16  # identities and contents of 24 events are kept per waybill, to recognise resent events
BACKFILL = FillMode.BACKFILL.value
Entry = RealNameEntry | InspectionEntry | ScanEntry
Identify = Callable[[RealNameData, int], Identity]
"""Gives tokens and masks for the personal values of an event, as of its time (epoch ms)."""


def real_name_entry(data: RealNameData, event_ms: int, arrival_ms: int, identify: Identify) -> RealNameEntry:
    """Make the entry of a real-name event: tokens and masks replace personal values."""
    sender, goods, place, identity = data.sender, data.goods, data.place, identify(data, event_ms)
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


def inspection_entry(data: InspectionData, event_ms: int, arrival_ms: int, _identify: Identify) -> InspectionEntry:
    """Make the entry of an inspection event."""
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


def scan_entry(data: ScanData, event_ms: int, arrival_ms: int, _identify: Identify) -> ScanEntry:
    """Make the entry of a security scan."""
    return ScanEntry(event_ms, arrival_ms, data.site, data.operator, data.decision, data.judged_ms)


def accept_real_name(shipment: Shipment, entry: RealNameEntry, corrects: str | None) -> int | None:
    """Enter a real-name event; returns what it triggers, None when it says nothing new.

    A second real-name event without `corrects` either repeats the first (a resend under a new id) or contradicts it:
    then the waybill number was used twice, the first entry stays and the conflict is counted. A correction of an event
    that this waybill does not have is a conflict, too.
    """
    known = shipment.real_name
    if not shipment.home_outlet:
        shipment.home_outlet = entry.outlet
    if known is None:
        shipment.accepted_ms = entry.arrival_ms
        note_first(shipment, First.ACCEPTANCE)
        if entry.document_token is not None:
            note_first(shipment, First.SENDER)
    elif corrects is None and says_the_same(known, entry):
        return None
    elif corrects is None or not _has(shipment, corrects, EventType.REAL_NAME):
        shipment.conflicts += 1
        return Trigger.CONFLICT
    elif entry.document_token not in (None, known.document_token):
        shipment.past_firsts &= ~First.SENDER
        note_first(shipment, First.SENDER)
    _note_correction(shipment, corrects)
    shipment.real_name = entry
    if entry.goods_nature == LETTER:
        shipment.overdue &= ~Duty.INSPECTION
    if shipment.inspection is not None:
        note_first(shipment, First.INSPECTION)
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
        note_first(shipment, First.INSPECTION)
    return Trigger.INSPECTION


def accept_scan(shipment: Shipment, entry: ScanEntry, _corrects: str | None) -> int:
    """Enter a security scan; a later one replaces an earlier one, and none is ever corrected."""
    if shipment.scan is None or entry.event_ms >= shipment.scan.event_ms:
        shipment.scan = entry
    return Trigger.SCAN


def _has(shipment: Shipment, event_id: str, event_type: EventType) -> bool:
    """Tell whether an event of this type and id is part of the waybill's evidence."""
    wanted = EVENT_TYPES.index(event_type)
    return any(known == event_id and number == wanted for known, number, _ in shipment.evidence)


def _note_correction(shipment: Shipment, corrects: str | None) -> None:
    if corrects is not None:
        shipment.corrections += 1
        shipment.corrected.append(corrects)
        del shipment.corrected[:-EVIDENCE_KEPT]


def says_the_same(known: Entry | None, entry: Entry) -> bool:
    """Compare an event that came again with the ledger's entry, whatever its bytes and its arrival.

    Tokens made with different keys or in different versions cannot be compared; then the masks are.
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
    if known is None or token is None or comparable(known, token):
        return known == token
    return known_mask == mask


class EventKind(NamedTuple):
    """Everything that the first stage does by event type."""

    type: EventType
    duty: int
    """The duty that is done with such an event, a bit of `Duty`."""
    slot: str
    """The field of `Shipment` that holds its entry."""
    make_entry: Callable[[Any, int, int, Identify], Entry]
    """Makes the entry from data, event time, arrival (epoch ms)."""
    accept: Callable[[Shipment, Any, str | None], int | None]
    """Enters the entry of an event that may correct another one; gives a `Trigger`, None when it says nothing new."""

    def known(self, shipment: Shipment) -> Entry | None:
        """Give the entry that a waybill has so far."""
        entry: Entry | None = getattr(shipment, self.slot)
        return entry


EVENT_KINDS = (
    EventKind(EventType.REAL_NAME, Duty.REAL_NAME, "real_name", real_name_entry, accept_real_name),
    EventKind(EventType.INSPECTION, Duty.INSPECTION, "inspection", inspection_entry, accept_inspection),
    EventKind(EventType.SECURITY_SCAN, Duty.SECURITY_SCAN, "scan", scan_entry, accept_scan),
)
"""By the number of the event type: `EVENT_KINDS[event.data.number]`."""
