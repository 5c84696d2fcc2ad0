"""Control periods in force: which ones apply to a parcel, and the time that its duties may take then.

Everything goes by the arrival of a parcel's first record: so a period begins and ends at a position in the log, and a
replay and every worker agree. What applies is noted on the parcel when its goods or its destination become known, and
stays: a correction can bring a parcel under a period, and takes none out of it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from typing import NamedTuple

from parcelward.controls.applied import Applied
from parcelward.controls.period import ExtraDuty, Period
from parcelward.shipments.deadlines import Deadlines, DeadlinesOf
from parcelward.shipments.shipment import NotedControl, Shipment

_TIMES_KEPT = 1024


class Span(NamedTuple):
    """Arrivals of first records for which one version of a period counts: from `start_ms`, before `end_ms`."""

    start_ms: int
    end_ms: int
    period: Period


class Controls:
    """The control periods of an installation, each in all of its versions."""

    def __init__(self, periods: Sequence[Period] = ()) -> None:
        self.periods = tuple(sorted(periods, key=lambda one: (one.id, one.version)))
        self.spans = tuple(_spans(self.periods))
        self._of: dict[str, list[Span]] = {
            name: list(spans) for name, spans in groupby(self.spans, lambda one: one.period.id)
        }
        self._versions = {name: list(those) for name, those in groupby(self.periods, lambda one: one.id)}
        self._begin_ms = min((span.start_ms for span in self.spans), default=0)
        self._end_ms = max((span.end_ms for span in self.spans), default=0)

    def __bool__(self) -> bool:
        return bool(self.periods)

    @property
    def names(self) -> tuple[str, ...]:
        """Id, version and hash of each, as an alert names them."""
        return tuple(f"{one.name} ({one.hash})" for one in self.periods)

    @property
    def longest_scan_due(self) -> int:
        """The longest time that any period allows for a scan, in ms; 0 where none does."""
        return max((one.tighten.scan_due or 0 for one in self.periods), default=0)

    @property
    def largest_share(self) -> float:
        """The largest share of parcels that any period samples; 0 where none does."""
        return max((one.tighten.sampled_share or 0 for one in self.periods), default=0)

    def note(self, shipment: Shipment, arrival_ms: int) -> None:
        """Note on a parcel the periods that it has come under with the record that arrived then."""
        first_ms = shipment.first_arrival_ms
        if not self._begin_ms <= first_ms < self._end_ms:
            return
        for span in self._at(first_ms):
            if not _is_noted(shipment, span.period) and span.period.scope.holds(shipment):
                shipment.controls = (*shipment.controls, (span.period.id, arrival_ms))

    def applied(self, shipment: Shipment, usual: Deadlines) -> Applied:
        """Give what applies to a parcel; `usual` are the deadlines of the settings."""
        first_ms = shipment.first_arrival_ms
        if not self._begin_ms <= first_ms < self._end_ms:
            return Applied(shipment, (), (), usual)
        noted = (self._noted(one, first_ms) for one in shipment.controls)
        periods = [period for period in noted if period is not None]
        channels = [
            span.period
            for span in self._at(first_ms)
            if any(channel.holds(shipment) for channel in span.period.green_channels)
            and span.period.scope.holds(shipment)
        ]
        now_ms = shipment.touched_ms
        return Applied(
            shipment,
            [self._with_end_at(now_ms, one) for one in periods],
            [self._with_end_at(now_ms, one) for one in channels],
            usual,
        )

    def deadlines_of(self, usual: Deadlines) -> DeadlinesOf:
        """Make the function that gives the deadlines of one parcel; `usual` are those of the settings."""
        known: dict[tuple[int, int, int | None, bool], Deadlines] = {}

        def deadlines_of(shipment: Shipment) -> Deadlines:
            if not shipment.controls:
                return usual
            times = self._strictest(shipment, usual)
            found = known.get(times)
            if found is None:
                if len(known) >= _TIMES_KEPT:
                    known.clear()
                real_name, inspection, scan, letters = times
                found = known[times] = Deadlines(inspection, real_name, scan, usual.keep, letters)
            return found

        return deadlines_of

    def _strictest(self, shipment: Shipment, usual: Deadlines) -> tuple[int, int, int | None, bool]:
        """Give the time for registration, inspection and scan, and if letters are inspected: the strictest of all."""
        real_name, inspection, scan, letters = usual.real_name, usual.inspection, usual.scan, usual.letters
        first_ms = shipment.first_arrival_ms
        for noted in shipment.controls:
            period = self._noted(noted, first_ms)
            if period is None:
                continue
            # A parcel that comes under it later has the period's time from then on, though never more than the
            # settings give.
            since_first, since_accepted = max(0, noted[1] - first_ms), max(0, noted[1] - shipment.accepted_ms)
            tighten = period.tighten
            letters = letters or ExtraDuty.INSPECT_LETTERS in period.duties
            if tighten.real_name_due is not None:
                real_name = min(real_name, tighten.real_name_due + since_first)
            if tighten.inspection_due is not None:
                inspection = min(inspection, tighten.inspection_due + since_accepted)
            if tighten.scan_due is not None:
                due = tighten.scan_due + since_first
                scan = due if scan is None else min(scan, due)
        return real_name, inspection, scan, letters

    def _at(self, first_ms: int) -> Iterator[Span]:
        return (span for span in self.spans if span.start_ms <= first_ms < span.end_ms)

    def _with_end_at(self, now_ms: int, period: Period) -> Period:
        """Give a period with the end that the newest version says which had taken effect by then.

        By then, not as the folder says today: what was said before a version took effect stays equal in a replay.
        """
        until_ms = period.until_ms
        for one in self._versions[period.id]:
            if one.version > period.version and (one.takes_effect_ms or 0) <= now_ms:
                until_ms = one.until_ms
        return period if until_ms == period.until_ms else replace(period, until_ms=until_ms)

    def _noted(self, noted: NotedControl, first_ms: int) -> Period | None:
        spans = self._of.get(noted[0], ())
        return next((span.period for span in spans if span.start_ms <= first_ms < span.end_ms), None)


def _is_noted(shipment: Shipment, period: Period) -> bool:
    return any(name == period.id for name, _ in shipment.controls)


def _spans(periods: Sequence[Period]) -> Iterator[Span]:
    for _, versions in groupby(periods, lambda one: one.id):
        known = list(versions)
        for one, following in zip(known, [*known[1:], None], strict=True):
            end_ms = one.until_ms
            if following is not None and following.takes_effect_ms is not None:
                end_ms = min(end_ms, following.takes_effect_ms)
            if one.starts_ms < end_ms:
                yield Span(one.starts_ms, end_ms, one)


NO_CONTROLS = Controls()
