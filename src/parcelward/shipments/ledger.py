"""The duty ledger: how an event of each type changes what is known of its waybill. Pure functions over `Shipment`.

`EVENT_KINDS` says for each event type everything that goes by type; there a new one is entered.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple
from zlib import crc32

import msgspec
from msgspec.structs import astuple

from parcelward.contract.events import EventType
from parcelward.contract.fields import FillMode, SenderKind
from parcelward.identity.free_text import hide_numbers
from parcelward.identity.tokens import Identity, comparable
from parcelward.intake.event import Event, InspectionData, RealNameData, ScanData
from parcelward.shipments.shipment import (
    Duty,
    First,
    InspectionEntry,
    RealNameEntry,
    ScanEntry,
    Shipment,
    Trigger,
    Version,
    encode,
)
from parcelward.shipments.standing import bound_times, gravity, inspection_that_stands, real_name_that_stands
from parcelward.shipments.versions import Chain, Settled, settle

EVIDENCE_KEPT = 12  # positions of evidence kept per waybill; scans go first
_REAL_NAME, _INSPECTION, _SCAN = RealNameData.number, InspectionData.number, ScanData.number
_UNKNOWN = bytes(8)
SAID = 15
"""Fields of an inspection's entry of which `Version.says` is the hash; those after them came later."""
SEEN_BYTES = 24 * 16  # identities and contents of 24 events are kept per waybill, to recognise resent events
_decode_entry: tuple[Callable[[bytes], Any], ...] = (
    msgspec.msgpack.Decoder(RealNameEntry).decode,
    msgspec.msgpack.Decoder(InspectionEntry).decode,
)
"""By the number of the event type; a scan is never corrected."""
BACKFILL = FillMode.BACKFILL.value
AGREEMENT = SenderKind.AGREEMENT.value
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
        data.receiver.region,
        data.stated_region,
        identity.phone_check,
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
        photo_times=()
        if data.corrects is None
        else tuple([photo.taken_ms for photo in photos if photo.taken_ms is not None]),
    )


def scan_entry(data: ScanData, event_ms: int, arrival_ms: int, _identify: Identify) -> ScanEntry:
    """Make the entry of a security scan."""
    return ScanEntry(event_ms, arrival_ms, data.site, data.operator, data.decision, data.judged_ms)


def enter(shipment: Shipment, kind: "EventKind", event: Event, entry: Entry) -> int | None:
    """Enter an event that was not resent as it was; returns what it triggers, None when it says nothing new.

    What stands afterwards depends on the events that are known, not on their order (`versions`). An event that comes
    again under its identity and says something else is a conflict and changes nothing; so do events of a waybill number
    that was used twice, and a correction of an event that this waybill does not have.
    """
    number = event.data.number
    known = kind.known(shipment)
    came_before, again = _told_before(shipment, kind, event, entry)
    if again:
        return None
    shipment.seen = (shipment.seen + event.identity + event.content)[-SEEN_BYTES:]
    if came_before:
        shipment.contradictions += 1
        shipment.conflicts += 1
        return Trigger.CONFLICT
    if isinstance(entry, ScanEntry):
        if known is None or _scan_rank(entry) >= _scan_rank(known):
            _let_stand(shipment, kind, number, entry, event.identity)
        return kind.trigger
    if not shipment.home_outlet:
        shipment.home_outlet = entry.outlet
    if event.corrects:
        shipment.corrections += 1
    if known is None and not event.corrects:
        _let_stand(shipment, kind, number, entry, event.identity)
        return kind.trigger
    return _enter_version(shipment, kind, event, entry)


def _enter_version(
    shipment: Shipment, kind: "EventKind", event: Event, entry: RealNameEntry | InspectionEntry
) -> int | None:
    """Enter an event beside others of its type, or one that corrects another: see which one stands."""
    number, known, conflicts = event.data.number, kind.known(shipment), shipment.conflicts
    versions = [one for one in shipment.versions if one.number == number]
    others = [one for one in shipment.versions if one.number != number]
    if not versions and known is not None:
        versions = [_version_that_stands(shipment, number, known, event)]
    versions.append(_like_its_twin(_version(number, event.identity, event, entry), entry, versions))
    chains, contradicting, kept = _settled(versions)
    tip = chains[0].tip
    own: Entry
    stands: Entry
    if number == _REAL_NAME:
        own = told = _told(chains[0])
        stands = real_name_that_stands(told, [*map(_told, contradicting)])
    else:
        stands = own = inspection_that_stands([*map(_told, chains)])
    if stands != known:
        _let_stand(shipment, kind, number, stands, tip.identity)
    elif tip.identity == event.identity:
        _note_identity(shipment, number, tip.identity)
    shipment.versions = [*others, *kept]
    shipment.conflicts = shipment.contradictions + len(contradicting) + _contradicting(others)
    if own != _own(known) or shipment.conflicts < conflicts:
        return kind.trigger
    if shipment.conflicts > conflicts:
        return Trigger.CONFLICT
    if stands != known:
        return kind.trigger
    new = next((one for one in kept if one.identity == event.identity), None)
    return None if new is None or number == _REAL_NAME or not new.entry else kind.trigger


def done_ms(shipment: Shipment, kind: "EventKind", event: Event) -> int:
    """Give the time at which a duty was first done (epoch ms), as an event has been entered that may tell.

    The first event of a chain says it; the time of a correction moves nothing.
    """
    versions = [one for one in shipment.versions if one.number == event.data.number]
    return min(chain.event_ms for chain in _settled(versions).chains) if versions else event.time_ms


def knows(shipment: Shipment, identity: bytes, event_id: str) -> bool:
    """Tell whether a waybill has the event that a correction names: by identity, or by the id of another source."""
    return (
        shipment.seen.find(identity) >= 0
        or shipment.stands.find(identity) >= 0
        or any(one.identity == identity or one.event_id == event_id for one in shipment.versions)
        or any(known == event_id for known, _, _ in shipment.evidence)
    )


def waits_for(shipment: Shipment, identity: bytes) -> bool:
    """Tell whether the correction of an event came before it."""
    return any(one.corrects == identity for one in shipment.versions) and shipment.seen.find(identity) < 0


def counted_anew(
    accepted: RealNameEntry | None, inspected: InspectionEntry | None, shipment: Shipment
) -> tuple[int, int]:
    """Give the parts (bits of `First`) that profiles count now, and those that they take back.

    `accepted` and `inspected` stood before; another entry stands now, at least of one type.
    """
    real_name, inspection = shipment.real_name, shipment.inspection
    count = takes_back = First.NOTHING
    if _own(real_name) != _own(accepted):
        count = First.ACCEPTANCE | _sender_of(real_name)
        if accepted is not None:
            takes_back = First.ACCEPTANCE | _sender_of(accepted)
    if real_name is not None and inspection is not None:
        paced = accepted is not None and (accepted.sender_kind == AGREEMENT) == (real_name.sender_kind == AGREEMENT)
        if inspection is not inspected or not paced:
            count |= First.INSPECTION
            if accepted is not None and inspected is not None:
                takes_back |= First.INSPECTION
    return count, takes_back


def _own(entry: Entry | None) -> Entry | None:
    """Give an entry without what contradicting events say, which no profile counts."""
    if isinstance(entry, RealNameEntry) and entry.contradicted:
        return msgspec.structs.replace(entry, other_goods=(), contradicted=())
    return entry


def _sender_of(real_name: RealNameEntry | None) -> int:
    """Give the sender's bit of `First` if document and phone are those of a sender, and not of who hands it over."""
    return First.NOTHING if real_name is None or real_name.sender_kind == AGREEMENT else First.SENDER


def drop_evidence(evidence: list[tuple[str, int, int]]) -> None:
    """Drop what is over the bound: the oldest scan, or the oldest event if there is no scan but the newest event."""
    scans = (at for at, (_, number, _) in enumerate(evidence[:-1]) if number == _SCAN)
    del evidence[next(scans, 0)]


def _contradicting(versions: Sequence[Version]) -> int:
    """Count the contradictions among events of one type."""
    return len(_settled(versions).contradicting) if versions else 0


def _settled(versions: Sequence[Version]) -> Settled:
    """Settle versions of one type."""
    number = versions[0].number
    return settle(versions, number == _INSPECTION, lambda one: gravity(_decode_entry[number](one.entry)))


def _told(chain: Chain) -> Any:
    """Give the entry of a chain: what its newest correction says, at the time that its first event says."""
    tip = chain.tip
    entry = msgspec.structs.replace(
        _decode_entry[tip.number](tip.entry), event_ms=chain.event_ms, arrival_ms=chain.arrival_ms
    )
    return bound_times(entry) if tip.corrects and tip.number == _INSPECTION else entry


def _told_before(shipment: Shipment, kind: "EventKind", event: Event, entry: Entry) -> tuple[bool, bool]:
    """Tell whether an event of this identity was entered before, and whether that one said the same."""
    identity, number = event.identity, event.data.number
    for one in shipment.versions:
        if one.identity == identity:
            return True, one.says == _says(entry) or says_the_same(kind.known(shipment), entry)
    if event.id in shipment.corrected:
        return True, True
    came_before = shipment.seen.find(identity) >= 0  # `in` would try it as a number first
    stands = shipment.stands[number * 8 : number * 8 + 8]
    if came_before or stands == identity:
        # A scan that has been followed by another one is kept no more: there is nothing to compare it with.
        followed = number == _SCAN and stands not in (identity, b"", _UNKNOWN)
        return True, followed or says_the_same(kind.known(shipment), entry)
    return False, False


def _let_stand(shipment: Shipment, kind: "EventKind", number: int, entry: Entry, identity: bytes) -> None:
    """Let the entry of an event stand."""
    setattr(shipment, kind.slot, entry)
    _note_identity(shipment, number, identity)
    if isinstance(entry, RealNameEntry) and not shipment.accepted_ms:
        shipment.accepted_ms = entry.arrival_ms


def _note_identity(shipment: Shipment, number: int, identity: bytes) -> None:
    stands = shipment.stands.ljust(8 * number, b"\0")
    shipment.stands = stands[: 8 * number] + identity + stands[8 * number + 8 :]


def _version(number: int, identity: bytes, event: Event, entry: RealNameEntry | InspectionEntry) -> Version:
    return Version(
        number,
        identity,
        event.id,
        event.corrects,
        event.data.corrects or "",
        entry.event_ms,
        entry.arrival_ms,
        _says(entry),
        encode(entry),
    )


def _like_its_twin(new: Version, entry: Entry, versions: Sequence[Version]) -> Version:
    """Let a version say what another one says, if both say the same in tokens of another key or of another version."""
    decode = _decode_entry[new.number]
    for one in versions:
        if one.says != new.says and one.entry and says_the_same(decode(one.entry), entry):
            return msgspec.structs.replace(new, says=one.says)
    return new


def _version_that_stands(shipment: Shipment, number: int, known: Entry, event: Event) -> Version:
    """Make a version of the only event so far. Records of format 1 do not know its identity, only the ids of all."""
    identity = shipment.stands[number * 8 : number * 8 + 8]
    ids = [event_id for event_id, of, _ in shipment.evidence if of == number]
    if identity in (b"", _UNKNOWN):
        identity = event.corrects if event.data.corrects in ids else _UNKNOWN
    arrival_ms = known.arrival_ms
    return Version(
        number, identity, ids[-1] if ids else "", b"", "", known.event_ms, arrival_ms, _says(known), encode(known)
    )


def _scan_rank(entry: Any) -> tuple[int, str, str, str, int]:
    """Order scans in time; of two at the same time the same one stands in whatever order they come."""
    return entry.event_ms, entry.site, entry.operator, entry.decision, entry.judged_ms or 0


def _says(entry: Entry) -> int:
    """Hash what two events say alike that say the same: a real name's content, an inspection's with its time."""
    if isinstance(entry, RealNameEntry):
        told = f"{entry.goods_name}\0{entry.weight_g}\0{entry.document_token}\0{entry.phone_token}"
        return crc32(f"{told}\0{entry.receiver_token}".encode())
    return crc32(encode(astuple(msgspec.structs.replace(entry, arrival_ms=0))[:SAID]))


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
    trigger: int
    """The `Trigger` of a pass with such an event."""

    def known(self, shipment: Shipment) -> Entry | None:
        """Give the entry that a waybill has so far."""
        entry: Entry | None = getattr(shipment, self.slot)
        return entry


EVENT_KINDS = (
    EventKind(EventType.REAL_NAME, Duty.REAL_NAME, "real_name", real_name_entry, Trigger.REAL_NAME),
    EventKind(EventType.INSPECTION, Duty.INSPECTION, "inspection", inspection_entry, Trigger.INSPECTION),
    EventKind(EventType.SECURITY_SCAN, Duty.SECURITY_SCAN, "scan", scan_entry, Trigger.SCAN),
)
"""By the number of the event type: `EVENT_KINDS[event.data.number]`."""
