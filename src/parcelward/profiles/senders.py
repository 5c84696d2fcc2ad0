"""Profiles of a phone and of a document: documents that the phone came with, parcels sent under the document."""

from collections.abc import Mapping
from typing import Any
from zlib import crc32

import msgspec

from parcelward.formats import reading
from parcelward.goods import match_goods
from parcelward.moments import DAY_MS, HOUR_MS, WEEK_MS
from parcelward.profiles.geo import distance_km
from parcelward.shipments.shipment import (
    PHYSICAL_READS,
    PhoneView,
    RealNameEntry,
    SenderView,
    ShipmentBrief,
    ledger_key,
    outlet_key,
)

PHONE_SENDS_KEPT = 32  # per phone; a phone with more documents than this within 7 days is far over any threshold
SENDS_KEPT = 64  # per document; counts saturate here
READS_KEPT = 8  # physical readings per document


class PhoneProfile(msgspec.Struct, array_like=True, gc=False, tag="1"):
    """Documents a phone was used with: (acceptance epoch ms, crc32 of the document token), in time order."""

    touched_ms: int
    sends: list[tuple[int, int]] = []


class SenderSend(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """One parcel under a document. Values that are only counted are kept as crc32."""

    event_ms: int
    phone: int
    name: int
    outlet: int
    receiver: int
    goods: int
    weight_g: int
    e_cigarette: bool
    waybill: int


class SenderProfile(msgspec.Struct, array_like=True, gc=False, tag="1"):
    """Parcels sent under a document within 7 days, in time order, and the places where it was physically read."""

    touched_ms: int
    sends: list[SenderSend] = []
    reads: list[tuple[int, float, float]] = []  # epoch ms, degrees north, degrees east


class Sends(msgspec.Struct, array_like=True, gc=False, tag="1"):
    """The beginning of either profile."""

    touched_ms: int
    sends: list[Any]


decode_sends = reading(Sends, "a profile of a sender")
decode_phone = reading(PhoneProfile, "a profile of a phone")
decode_sender = reading(SenderProfile, "a profile of a document")


def phone_view(
    key: bytes,
    entry: RealNameEntry,
    is_first: bool,
    state: Mapping[bytes, bytes],
    phones: dict[bytes, PhoneProfile],
    oldest_ms: int,
) -> PhoneView:
    profile = phones.get(key)
    if profile is None and (value := state.get(key)) is not None:
        profile = decode_phone(value)
    if profile is None or profile.touched_ms < oldest_ms:  # counts as absent, swept already or not
        profile = PhoneProfile(entry.event_ms)
    if is_first and entry.document_token is not None:
        phones[key] = profile
        profile.sends.append((entry.event_ms, crc32(entry.document_token.encode())))
        profile.sends.sort()
        profile.touched_ms = profile.sends[-1][0]
        floor = profile.touched_ms - WEEK_MS
        profile.sends = [send for send in profile.sends[-PHONE_SENDS_KEPT:] if send[0] > floor]
    now = entry.event_ms
    return PhoneView(
        len({document for at, document in profile.sends if now - DAY_MS < at <= now}),
        len({document for at, document in profile.sends if now - WEEK_MS < at <= now}),
    )


def sender_view(
    key: bytes,
    shipment: ShipmentBrief,
    entry: RealNameEntry,
    is_first: bool,
    state: Mapping[bytes, bytes],
    senders: dict[bytes, SenderProfile],
    oldest_ms: int,
) -> SenderView:
    profile = senders.get(key)
    if profile is None and (value := state.get(key)) is not None:
        profile = decode_sender(value)
    if profile is None or profile.touched_ms < oldest_ms:  # counts as absent, swept already or not
        profile = SenderProfile(entry.event_ms)
    if is_first:
        senders[key] = profile
        _count_send(profile, shipment, entry)
    return view_of(profile, entry)


def _count_send(profile: SenderProfile, shipment: ShipmentBrief, entry: RealNameEntry) -> None:
    # A correction that comes back to this document replaces the parcel that was counted. A correction to another
    # document cannot be taken back here: the parcel stays counted under both documents.
    waybill = crc32(ledger_key(shipment.courier, shipment.waybill))
    profile.sends = [send for send in profile.sends if send.waybill != waybill]
    profile.sends.append(
        SenderSend(
            entry.event_ms,
            _crc(entry.phone_token),
            _crc(entry.name_token),
            crc32(outlet_key(shipment.courier, entry.outlet)),
            _crc(entry.receiver_token),
            _crc(entry.goods_name),
            entry.weight_g,
            match_goods(entry.goods_name).restricted == "e_cigarette",
            waybill,
        )
    )
    if len(profile.sends) > 1:
        profile.sends.sort(key=lambda send: send.event_ms)
    newest = profile.touched_ms = profile.sends[-1].event_ms
    profile.sends = [send for send in profile.sends[-SENDS_KEPT:] if send.event_ms > newest - WEEK_MS]
    if entry.verify_method in PHYSICAL_READS and entry.latitude is not None and entry.longitude is not None:
        profile.reads.append((entry.event_ms, entry.latitude, entry.longitude))
        profile.reads.sort()
        profile.reads = [read for read in profile.reads[-READS_KEPT:] if read[0] > newest - WEEK_MS]


def _crc(text: str | None) -> int:
    return 0 if text is None else crc32(text.encode())


def view_of(profile: SenderProfile, entry: RealNameEntry) -> SenderView:
    """The profile as of the parcel's own acceptance. It is the same on each later pass of the shipment."""
    now = entry.event_ms
    week = [send for send in profile.sends if now - WEEK_MS < send.event_ms <= now]
    day = [send for send in week if send.event_ms > now - DAY_MS]
    weights = [send.weight_g for send in week] or [1]
    km, kmh = _travel(profile, entry)
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
        sender_e_cigarettes_1d=sum(send.e_cigarette for send in day),
        sender_known_days=(now - week[0].event_ms) / DAY_MS if week else 0.0,
        travel_km=km,
        travel_kmh=kmh,
    )


def _travel(profile: SenderProfile, entry: RealNameEntry) -> tuple[float | None, float | None]:
    """Distance (km) and speed (km/h) since the previous physical reading; None where there is none."""
    if entry.verify_method not in PHYSICAL_READS or entry.latitude is None or entry.longitude is None:
        return None, None
    here = (entry.event_ms, entry.latitude, entry.longitude)
    floor = entry.event_ms - WEEK_MS
    earlier = [read for read in profile.reads if floor < read[0] <= entry.event_ms and read != here]
    if not earlier:
        return None, None
    at, latitude, longitude = earlier[-1]
    km = distance_km(latitude, longitude, entry.latitude, entry.longitude)
    hours = max((entry.event_ms - at) / HOUR_MS, 1 / 3600)  # at least a second
    return km, km / hours
