"""Profiles of a phone and of a document: documents that the phone came with, parcels sent under the document."""

from collections.abc import Mapping
from typing import Any
from zlib import crc32

import msgspec
from msgspec.structs import astuple

from parcelward.formats import FROM_1, reading
from parcelward.goods import match_goods
from parcelward.moments import DAY_MS, FIVE_MINUTES_MS, HOUR_MS, WEEK_MS, china_day
from parcelward.profiles.busy import BusySender, SenderSend
from parcelward.profiles.distinct import DISTINCT_DAY, DISTINCT_WEEK, DISTINCT_WIDTH_MS, DailyDistinct
from parcelward.profiles.geo import distance_km
from parcelward.shipments.shipment import (
    PHYSICAL_READS,
    PhoneView,
    RealNameEntry,
    SenderView,
    ShipmentBrief,
    TravelFrom,
    ledger_key,
    outlet_key,
)

SENDS_KEPT = 64
"""Sends of a phone or a document that are kept one by one. Of more, counts per bucket are (`busy`, `distinct`)."""
READS_KEPT = 24
"""Physical readings of a document that are kept one by one. Of more, the last of each hour and place is kept."""
READS_MOST = 256
OF_DOCUMENT = 5
"""Elements of a document's profile; a phone's has one less."""
PLACE_DEGREES = 0.1  # about 10 km


class PhoneProfile(msgspec.Struct, array_like=True, gc=False, tag="2"):
    """Documents a phone was used with: (acceptance epoch ms, crc32 of the document token), in time order.

    `many` holds them instead when there are too many.
    """

    touched_ms: int
    sends: list[tuple[int, int]] = []
    many: DailyDistinct | None = None


class Read(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """One physical reading of a document: epoch ms, degrees north and east, parcel, outlet (empty in older records)."""

    event_ms: int
    latitude: float
    longitude: float
    courier: str = ""
    waybill: str = ""
    outlet: str = ""


class SenderProfile(msgspec.Struct, array_like=True, gc=False, tag="2"):
    """Parcels sent under a document within 7 days, in time order, and the places where it was physically read.

    `busy` holds the parcels instead when there are too many.
    """

    touched_ms: int
    sends: list[SenderSend] = []
    reads: list[Read] = []
    busy: BusySender | None = None


decode_phone = reading(PhoneProfile, "a profile of a phone", FROM_1)
decode_sender = reading(SenderProfile, "a profile of a document", FROM_1)


def sends_counted(value: bytes) -> int:
    """Count the parcels of either profile."""
    if len(msgspec.msgpack.decode(value)) < OF_DOCUMENT:
        phone = decode_phone(value)
        return len(phone.sends) if phone.many is None else phone.many.total
    sender = decode_sender(value)
    return len(sender.sends) if sender.busy is None else sender.busy.sends_7d.total


def _profile(key: bytes, state: Mapping[bytes, bytes], known: dict[bytes, Any], decode: Any, oldest_ms: int) -> Any:
    """Give a profile as it counts for a shipment; None when it is absent, swept already or not."""
    profile = known.get(key)
    if profile is None and (value := state.get(key)) is not None:
        profile = decode(value)
    return None if profile is None or profile.touched_ms < oldest_ms else profile


def phone_view(
    key: bytes,
    entry: RealNameEntry,
    is_first: bool,
    state: Mapping[bytes, bytes],
    phones: dict[bytes, PhoneProfile],
    oldest_ms: int,
) -> tuple[PhoneView, PhoneProfile]:
    """Count a parcel for a phone if it `is_first`, and read the phone's profile as of the parcel's acceptance.

    Also give the profile.
    """
    profile: PhoneProfile = _profile(key, state, phones, decode_phone, oldest_ms) or PhoneProfile(entry.event_ms)
    if is_first and entry.document_token is not None:
        phones[key] = profile
        _count_document(profile, entry.event_ms, crc32(entry.document_token.encode()))
    now, many = entry.event_ms, profile.many
    if many is not None:
        at = now // DISTINCT_WIDTH_MS
        return PhoneView(many.at(at, DISTINCT_DAY), many.at(at, DISTINCT_WEEK)), profile
    view = PhoneView(
        len({document for at, document in profile.sends if now - DAY_MS < at <= now}),
        len({document for at, document in profile.sends if now - WEEK_MS < at <= now}),
    )
    return view, profile


def _count_document(profile: PhoneProfile, at: int, document: int) -> None:
    profile.touched_ms = max(profile.touched_ms, at)
    if profile.many is not None and at - profile.many.newest * DISTINCT_WIDTH_MS > WEEK_MS + DISTINCT_WIDTH_MS:
        profile.many = None
    if profile.many is not None:
        profile.many.add(at // DISTINCT_WIDTH_MS, document)
        return
    profile.sends.append((at, document))
    profile.sends.sort()
    floor = profile.touched_ms - WEEK_MS
    profile.sends = [send for send in profile.sends if send[0] > floor]
    if len(profile.sends) > SENDS_KEPT:
        profile.many, sends, profile.sends = DailyDistinct(), profile.sends, []
        for sent, one in sends:
            profile.many.add(sent // DISTINCT_WIDTH_MS, one)


def take_from_phone(
    key: bytes, entry: RealNameEntry, state: Mapping[bytes, bytes], phones: dict[bytes, PhoneProfile], oldest_ms: int
) -> None:
    """Take back a parcel that was counted for a phone."""
    profile: PhoneProfile | None = _profile(key, state, phones, decode_phone, oldest_ms)
    if profile is None or entry.document_token is None:
        return
    phones[key] = profile
    document = crc32(entry.document_token.encode())
    if profile.many is not None:
        profile.many.take(entry.event_ms // DISTINCT_WIDTH_MS, document)
    elif (entry.event_ms, document) in profile.sends:
        profile.sends.remove((entry.event_ms, document))


def sender_view(
    key: bytes,
    shipment: ShipmentBrief,
    entry: RealNameEntry,
    is_first: bool,
    state: Mapping[bytes, bytes],
    senders: dict[bytes, SenderProfile],
    oldest_ms: int,
) -> tuple[SenderView, TravelFrom, SenderProfile]:
    """Count a parcel for a document if it `is_first`, and read the document's profile as of the parcel's acceptance.

    Also give where the document was read before, and the profile.
    """
    profile: SenderProfile = _profile(key, state, senders, decode_sender, oldest_ms) or SenderProfile(entry.event_ms)
    if is_first:
        senders[key] = profile
        _count_send(profile, send_of(shipment, entry))
        if (read := _read_of(shipment, entry)) is not None:
            count_read(profile, read)
    earlier = _read_before(profile, shipment, entry)
    view = view_of(profile, shipment, entry, earlier)
    if earlier is None or not earlier.waybill:  # an older record does not say which parcel it was
        return view, None, profile
    return view, (earlier.courier, earlier.waybill, earlier.outlet, earlier.event_ms), profile


def send_of(shipment: ShipmentBrief, entry: RealNameEntry) -> SenderSend:
    """Make the record of a parcel that a document's profile keeps."""
    return SenderSend(
        entry.event_ms,
        _crc(entry.phone_token),
        _crc(entry.name_token),
        crc32(outlet_key(shipment.courier, entry.outlet)),
        _crc(entry.receiver_token),
        _crc(entry.goods_name),
        entry.weight_g,
        match_goods(entry.goods_name).restricted == "e_cigarette",
        crc32(ledger_key(shipment.courier, shipment.waybill)),
        shipment.passes,
    )


def _read_of(shipment: ShipmentBrief, entry: RealNameEntry) -> Read | None:
    """Make the record of a physical reading; None when there was none, or nobody knows where."""
    if entry.verify_method not in PHYSICAL_READS or entry.latitude is None or entry.longitude is None:
        return None
    return Read(entry.event_ms, entry.latitude, entry.longitude, shipment.courier, shipment.waybill, entry.outlet)


def _count_send(profile: SenderProfile, send: SenderSend) -> None:
    newest = profile.touched_ms = max(profile.touched_ms, send.event_ms)
    if profile.busy is not None and not profile.busy.sends_7d.at(newest // HOUR_MS):
        profile.busy = None
    if profile.busy is not None:
        profile.busy.add([send])
        return
    profile.sends.append(send)
    if len(profile.sends) > 1:
        profile.sends.sort(key=_in_time)
        if profile.sends[0].event_ms <= newest - WEEK_MS:
            profile.sends = [one for one in profile.sends if one.event_ms > newest - WEEK_MS]
    if len(profile.sends) > SENDS_KEPT:
        profile.busy = BusySender()
        profile.busy.add(profile.sends)
        profile.sends = []


def _in_time(send: SenderSend) -> tuple[int, int, int]:
    return send.event_ms, send.waybill, send.passes


def count_read(profile: SenderProfile, read: Read) -> None:
    """Count where a document was read, in time order: each reading, or of many the last of each hour and place."""
    profile.reads.append(read)
    if len(profile.reads) == 1:
        return
    floor = profile.touched_ms - WEEK_MS
    reads = sorted((one for one in profile.reads if one.event_ms > floor), key=astuple)
    if len(reads) > READS_KEPT:
        reads = sorted({_hour_and_place(one): one for one in reads}.values(), key=astuple)
    profile.reads = reads[-READS_MOST:]


def _hour_and_place(read: Read) -> tuple[int, int, int]:
    return read.event_ms // HOUR_MS, round(read.latitude / PLACE_DEGREES), round(read.longitude / PLACE_DEGREES)


def take_from_sender(
    key: bytes,
    shipment: ShipmentBrief,
    entry: RealNameEntry,
    state: Mapping[bytes, bytes],
    senders: dict[bytes, SenderProfile],
    oldest_ms: int,
) -> None:
    """Take back a parcel that was counted for a document; `shipment` is as it was then, or some passes later."""
    profile: SenderProfile | None = _profile(key, state, senders, decode_sender, oldest_ms)
    if profile is None:
        return
    senders[key] = profile
    send = send_of(shipment, entry)
    if profile.busy is not None:
        profile.busy.take(send)
    else:
        # A correction that came by another phone may have overtaken this: what that counted stays.
        profile.sends = [one for one in profile.sends if one.waybill != send.waybill or one.passes > shipment.passes]
    if (read := _read_of(shipment, entry)) is not None:
        older = Read(read.event_ms, read.latitude, read.longitude)
        gone = next((one for one in (read, older) if one in profile.reads), None)
        if gone is not None:
            profile.reads.remove(gone)


def _crc(text: str | None) -> int:
    return 0 if text is None else crc32(text.encode())


def view_of(profile: SenderProfile, shipment: ShipmentBrief, entry: RealNameEntry, earlier: Read | None) -> SenderView:
    """The profile as of the parcel's own acceptance. It is the same on each later pass of the shipment.

    E-cigarettes are counted in parcels, over the whole calendar day in China: the law allows one a day.
    """
    now = entry.event_ms
    km, kmh = _travel(entry, earlier)
    if (busy := profile.busy) is not None:
        hour, different = now // HOUR_MS, busy.different
        return SenderView(
            sender_sends_1h=busy.sends_1h.at(now // FIVE_MINUTES_MS),
            sender_sends_1d=busy.sends_1d.at(hour),
            sender_sends_7d=busy.sends_7d.at(hour),
            sender_phones_7d=different(busy.phones, now),
            sender_names_7d=different(busy.names, now),
            sender_outlets_1d=different(busy.outlets, now, DISTINCT_DAY),
            sender_outlets_7d=different(busy.outlets, now),
            sender_receivers_7d=different(busy.receivers, now),
            sender_goods_7d=different(busy.goods, now),
            sender_weight_spread=busy.weight_spread(now),
            sender_e_cigarettes_1d=busy.e_cigarettes.get(china_day(now), 0),
            sender_known_days=busy.first_seen_days(now),
            travel_km=km,
            travel_kmh=kmh,
        )
    sends = sends_that_stand(profile, shipment)
    week = [send for send in sends if now - WEEK_MS < send.event_ms <= now]
    day = [send for send in week if send.event_ms > now - DAY_MS]
    weights = [send.weight_g for send in week] or [1]
    return SenderView(
        sender_sends_1h=sum(send.event_ms > now - HOUR_MS for send in day),
        sender_sends_1d=len(day),
        sender_sends_7d=len(week),
        sender_phones_7d=len({send.phone for send in week if send.phone}),
        sender_names_7d=len({send.name for send in week if send.name}),
        sender_outlets_1d=len({send.outlet for send in day}),
        sender_outlets_7d=len({send.outlet for send in week}),
        sender_receivers_7d=len({send.receiver for send in week if send.receiver}),
        sender_goods_7d=len({send.goods for send in week}),
        sender_weight_spread=max(weights) / min(weights),
        sender_e_cigarettes_1d=sum(send.e_cigarette and china_day(send.event_ms) == china_day(now) for send in sends),
        sender_known_days=(now - week[0].event_ms) / DAY_MS if len(week) > 1 else None,
        travel_km=km,
        travel_kmh=kmh,
    )


def sends_that_stand(profile: SenderProfile, shipment: ShipmentBrief) -> list[SenderSend]:
    """Give the parcels that are kept one by one, without what a correction of this parcel replaces."""
    sends = profile.sends
    if len(sends) < 2:
        return sends
    mine = crc32(ledger_key(shipment.courier, shipment.waybill))
    counted = max([send.passes for send in sends if send.waybill == mine], default=0)
    return [send for send in sends if send.waybill != mine or send.passes == counted]


def _read_before(profile: SenderProfile, shipment: ShipmentBrief, entry: RealNameEntry) -> Read | None:
    """Give the previous physical reading within a week; None where there is none, or this one is no such reading."""
    here = _read_of(shipment, entry)
    if here is None:
        return None
    mine = here.courier, here.waybill
    at = (here.event_ms, here.latitude, here.longitude)
    earlier = [
        read
        for read in profile.reads
        if entry.event_ms - WEEK_MS < read.event_ms <= entry.event_ms
        and (read.courier, read.waybill) != mine
        and (read.waybill or (read.event_ms, read.latitude, read.longitude) != at)
    ]
    return earlier[-1] if earlier else None


def _travel(entry: RealNameEntry, earlier: Read | None) -> tuple[float | None, float | None]:
    """Distance (km) and speed (km/h) since the previous physical reading; None where there is none."""
    if earlier is None or entry.latitude is None or entry.longitude is None:
        return None, None
    km = distance_km(earlier.latitude, earlier.longitude, entry.latitude, entry.longitude)
    hours = max((entry.event_ms - earlier.event_ms) / HOUR_MS, 1 / 3600)  # at least a second
    return km, km / hours
