"""The sends of a busy document: counts and different values per bucket, instead of one entry for each parcel.

The windows reach back in whole buckets: five minutes for an hour, an hour for a day and a week, three hours for
different values. So a count lacks at most what lies in the oldest bucket, and holds what came later in its newest one.
Everything that is counted can be taken back, and depends on no order as far as the windows reach.
"""

from collections.abc import Iterable
from math import log

import msgspec

from parcelward.moments import DAY_MS, FIVE_MINUTES_MS, HOUR_MS, china_day
from parcelward.profiles.distinct import DISTINCT_WEEK, DISTINCT_WIDTH_MS, DailyDistinct, Distinct, WeightClasses
from parcelward.profiles.windows import LastDay, LastHour, LastWeek

CLASS_STEP = 1.1  # weights within 10 % of each other are one class
DAYS_KEPT = 8


class SenderSend(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """One parcel under a document. Values that are only counted are kept as crc32; 0 is none."""

    event_ms: int
    phone: int
    name: int
    outlet: int
    receiver: int
    goods: int
    weight_g: int
    e_cigarette: bool
    waybill: int
    passes: int = 0  # the shipment's pass that counted it


class BusySender(msgspec.Struct, array_like=True, gc=False):
    """Counts of a document's parcels within a week."""

    sends_1h: LastHour = msgspec.field(default_factory=LastHour)
    sends_1d: LastDay = msgspec.field(default_factory=LastDay)
    sends_7d: LastWeek = msgspec.field(default_factory=LastWeek)
    phones: Distinct = msgspec.field(default_factory=Distinct)
    names: Distinct = msgspec.field(default_factory=Distinct)
    outlets: DailyDistinct = msgspec.field(default_factory=DailyDistinct)
    receivers: Distinct = msgspec.field(default_factory=Distinct)
    goods: Distinct = msgspec.field(default_factory=Distinct)
    weights: WeightClasses = msgspec.field(default_factory=WeightClasses)
    e_cigarettes: dict[int, int] = {}  # per calendar day in China

    def add(self, sends: Iterable[SenderSend]) -> None:
        """Count parcels."""
        for send in sends:
            at, day = send.event_ms, china_day(send.event_ms)
            self.sends_1h.add(at // FIVE_MINUTES_MS)
            self.sends_1d.add(at // HOUR_MS)
            self.sends_7d.add(at // HOUR_MS)
            for values, value in self._values(send):
                if value:
                    values.add(at // DISTINCT_WIDTH_MS, value)
            if send.e_cigarette:
                self.e_cigarettes[day] = self.e_cigarettes.get(day, 0) + 1
                for old in [one for one in self.e_cigarettes if one <= max(self.e_cigarettes) - DAYS_KEPT]:
                    del self.e_cigarettes[old]

    def take(self, send: SenderSend) -> None:
        """Take back a parcel that was counted."""
        at, day = send.event_ms, china_day(send.event_ms)
        self.sends_1h.take(at // FIVE_MINUTES_MS)
        self.sends_1d.take(at // HOUR_MS)
        self.sends_7d.take(at // HOUR_MS)
        for values, value in self._values(send):
            values.take(at // DISTINCT_WIDTH_MS, value)
        if send.e_cigarette and self.e_cigarettes.get(day):
            self.e_cigarettes[day] -= 1

    def _values(self, send: SenderSend) -> Iterable[tuple[Distinct, int]]:
        return (
            (self.phones, send.phone),
            (self.names, send.name),
            (self.outlets, send.outlet),
            (self.receivers, send.receiver),
            (self.goods, send.goods),
            (self.weights, 1 + int(log(max(send.weight_g, 1)) / log(CLASS_STEP))),
        )

    def first_seen_days(self, at_ms: int) -> float | None:
        """Give the days since the first parcel of the week, to the hour; None if there is none before this hour."""
        cells, newest = self.sends_7d.cells, self.sends_7d.newest
        first = next((newest - len(cells) + 1 + at for at, count in enumerate(cells) if count), None)
        hours = None if first is None else at_ms // HOUR_MS - first
        return min(hours * HOUR_MS / DAY_MS, 7.0) if hours else None

    def weight_spread(self, at_ms: int) -> float:
        """Give the largest over the smallest weight of the week, to 10 %."""
        classes = self.weights.within(at_ms // DISTINCT_WIDTH_MS, DISTINCT_WEEK)
        return float(CLASS_STEP ** (max(classes) - min(classes))) if classes else 1.0

    def different(self, values: Distinct, at_ms: int, span: int = DISTINCT_WEEK) -> int:
        """Count the different values of a week, or of a day (`DISTINCT_DAY`), up to a time."""
        return values.at(at_ms // DISTINCT_WIDTH_MS, span)
