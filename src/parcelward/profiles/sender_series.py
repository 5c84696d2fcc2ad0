"""The counts in time behind the numbers of a document or a phone: what an alert shows of them."""

from collections.abc import Callable, Collection, Iterator
from operator import attrgetter
from typing import NamedTuple
from zlib import crc32

from parcelward.moments import DAY_MS, FIVE_MINUTES_MS, HOUR_MS, WEEK_MS, china_day, china_day_begin
from parcelward.profiles.busy import BusySender, SenderSend
from parcelward.profiles.distinct import DISTINCT_DAY, DISTINCT_WEEK, DISTINCT_WIDTH_MS, Distinct
from parcelward.profiles.senders import PhoneProfile, SenderProfile, sends_that_stand
from parcelward.profiles.windows import Rolling, rolled
from parcelward.shipments.series import EVENTS_KEPT, Counted, Series, in_buckets
from parcelward.shipments.shipment import PhoneView, RealNameEntry, SenderView, ShipmentBrief, ledger_key


class Window(NamedTuple):
    """Reach of a count, and the buckets in which it is shown."""

    reach_ms: int
    bucket_ms: int

    def series(self, feature: str, value: int, now_ms: int, events: list[Counted]) -> Series:
        """Make a series of events that were kept one by one; the window ends with `now_ms`."""
        buckets, begins_ms = self.reach_ms // self.bucket_ms, now_ms - self.reach_ms + 1
        counts = in_buckets([one[0] for one in events], begins_ms, self.bucket_ms, buckets)
        return Series(feature, value, begins_ms, self.bucket_ms, counts, buckets, events[-EVENTS_KEPT:])


HOUR, DAY, WEEK = Window(HOUR_MS, FIVE_MINUTES_MS), Window(DAY_MS, HOUR_MS), Window(WEEK_MS, DISTINCT_WIDTH_MS)
SPANS = {DAY: DISTINCT_DAY, WEEK: DISTINCT_WEEK}
SENDS: dict[str, tuple[Window, Callable[[BusySender], Rolling]]] = {
    "sender_sends_1h": (HOUR, attrgetter("sends_1h")),
    "sender_sends_1d": (DAY, attrgetter("sends_1d")),
    "sender_sends_7d": (WEEK, attrgetter("sends_7d")),
}
"""Features that count parcels."""
DIFFERENT: dict[str, tuple[Window, Callable[[SenderSend], int], Callable[[BusySender], Distinct]]] = {
    "sender_phones_7d": (WEEK, attrgetter("phone"), attrgetter("phones")),
    "sender_names_7d": (WEEK, attrgetter("name"), attrgetter("names")),
    "sender_outlets_1d": (DAY, attrgetter("outlet"), attrgetter("outlets")),
    "sender_outlets_7d": (WEEK, attrgetter("outlet"), attrgetter("outlets")),
    "sender_receivers_7d": (WEEK, attrgetter("receiver"), attrgetter("receivers")),
    "sender_goods_7d": (WEEK, attrgetter("goods"), attrgetter("goods")),
}
"""Features that count different values; 0 is none."""
E_CIGARETTES = "sender_e_cigarettes_1d"
OF_DOCUMENT = frozenset({*SENDS, *DIFFERENT, E_CIGARETTES})
DOCUMENTS = {"phone_documents_1d": DAY, "phone_documents_7d": WEEK}
OF_PHONE = frozenset(DOCUMENTS)


def document_series(
    profile: SenderProfile, shipment: ShipmentBrief, entry: RealNameEntry, view: SenderView, wanted: Collection[str]
) -> list[Series]:
    """Give the series behind the `wanted` features of a view, from the profile that the view was read from."""
    now, found = entry.event_ms, []
    for feature in wanted:
        value = getattr(view, feature)
        if profile.busy is not None:
            found.append(_of_busy(profile.busy, feature, value, now))
        elif feature == E_CIGARETTES:
            found.append(_of_calendar_day(profile, shipment, value, now))
        else:
            found.append(_of_sends(profile, shipment, feature, value, now))
    return found


def _of_sends(profile: SenderProfile, shipment: ShipmentBrief, feature: str, value: int, now: int) -> Series:
    """The series of parcels that are kept one by one."""
    window = SENDS[feature][0] if feature in SENDS else DIFFERENT[feature][0]
    sends = [one for one in sends_that_stand(profile, shipment) if now - window.reach_ms < one.event_ms <= now]
    if feature in DIFFERENT:
        sends = list(_firsts(sends, DIFFERENT[feature][1]))
    return window.series(feature, value, now, _named(profile, shipment, sends))


def _firsts(sends: list[SenderSend], value_of: Callable[[SenderSend], int]) -> Iterator[SenderSend]:
    """Give the parcels with which a value came first."""
    seen = {0}
    for send in sends:
        value = value_of(send)
        if value not in seen:
            seen.add(value)
            yield send


def _named(profile: SenderProfile, shipment: ShipmentBrief, sends: list[SenderSend]) -> list[Counted]:
    """Give times and parcels: this one, and those that were read on the spot, for others keep no more than a hash."""
    known = {
        (read.event_ms, crc32(ledger_key(read.courier, read.waybill))): (read.courier, read.waybill, read.outlet)
        for read in profile.reads
        if read.waybill
    }
    entry, mine = shipment.real_name, crc32(ledger_key(shipment.courier, shipment.waybill))
    if entry is not None:
        known[entry.event_ms, mine] = (shipment.courier, shipment.waybill, entry.outlet)
    return [(one.event_ms, *known.get((one.event_ms, one.waybill), ("", "", ""))) for one in sends]


def _of_calendar_day(profile: SenderProfile, shipment: ShipmentBrief, value: int, now: int) -> Series:
    """The series of e-cigarette parcels of the calendar day in China, whatever came later on it included."""
    begins_ms = china_day_begin(china_day(now))
    sends = [one for one in sends_that_stand(profile, shipment) if one.e_cigarette]
    sends = [one for one in sends if begins_ms <= one.event_ms < begins_ms + DAY_MS]
    counts = in_buckets([one.event_ms for one in sends], begins_ms, HOUR_MS, DAY_MS // HOUR_MS)
    events = _named(profile, shipment, sends)[-EVENTS_KEPT:]
    return Series(E_CIGARETTES, value, begins_ms, HOUR_MS, counts, len(counts), events)


def _of_busy(busy: BusySender, feature: str, value: int, now: int) -> Series:
    """The series of a document with so many parcels that only counts are kept."""
    if feature == E_CIGARETTES:
        return Series(feature, value, china_day_begin(china_day(now)), DAY_MS, [value], 1)
    if feature in SENDS:
        window, rolling_of = SENDS[feature]
        width = FIVE_MINUTES_MS if window is HOUR else HOUR_MS
        return rolled(feature, rolling_of(busy), now // width, width, window.bucket_ms // width)
    window, _, values_of = DIFFERENT[feature]
    return _of_distinct(feature, values_of(busy), value, now, SPANS[window])


def _of_distinct(feature: str, values: Distinct, value: int, now: int, span: int) -> Series:
    last = now // DISTINCT_WIDTH_MS
    begins_ms = (last - span + 1) * DISTINCT_WIDTH_MS
    return Series(feature, value, begins_ms, DISTINCT_WIDTH_MS, values.firsts(last, span), span)


def phone_series(
    profile: PhoneProfile, shipment: ShipmentBrief, entry: RealNameEntry, view: PhoneView, wanted: Collection[str]
) -> list[Series]:
    """Give the series behind the `wanted` features of a view, from the profile that the view was read from."""
    now, found = entry.event_ms, []
    for feature in wanted:
        window, value = DOCUMENTS[feature], getattr(view, feature)
        if profile.many is not None:
            found.append(_of_distinct(feature, profile.many, value, now, SPANS[window]))
            continue
        firsts: dict[int, int] = {}
        for at, document in profile.sends:
            if now - window.reach_ms < at <= now:
                firsts.setdefault(document, at)
        mine = (shipment.courier, shipment.waybill, entry.outlet)
        own = None if entry.document_token is None else crc32(entry.document_token.encode())
        events = [(at, *(mine if (document, at) == (own, now) else ("", "", ""))) for document, at in firsts.items()]
        found.append(window.series(feature, value, now, events))
    return found
