"""The counts in time behind the numbers of an outlet or an operator: what an alert shows of them."""

from bisect import bisect_right
from collections.abc import Callable, Collection
from itertools import pairwise
from operator import attrgetter

from msgspec.structs import replace

from parcelward.moments import FIVE_MINUTES_MS, HOUR_MS, MINUTE_MS
from parcelward.profiles.outlets import FAST_GAP_MS, PACE_MS, OperatorProfile, OutletProfile, fast_gaps_1h, pace_window
from parcelward.profiles.windows import LastHour, Rolling, rolled
from parcelward.shipments.series import BUCKETS_KEPT, EVENTS_KEPT, Counted, Series, in_buckets

WEEK_JOINED = 3  # hours of a week are shown by three: 56 buckets

OVERDUE = "outlet_overdue_1d"
OF_OUTLET: dict[str, tuple[Callable[[OutletProfile], Rolling], int, int]] = {
    "outlet_items_1h": (attrgetter("items_1h"), FIVE_MINUTES_MS, 1),
    "outlet_items_1d": (attrgetter("items_1d"), HOUR_MS, 1),
    "outlet_items_7d": (attrgetter("items_7d"), HOUR_MS, WEEK_JOINED),
    "outlet_walk_in_items_1d": (attrgetter("walk_in_1d"), HOUR_MS, 1),
    OVERDUE: (attrgetter("overdue_1d"), HOUR_MS, 1),
}
OF_ACCEPTOR: dict[str, Callable[[OperatorProfile], Rolling]] = {
    "staff_sends_1d": attrgetter("staff_1d"),
    "operator_items_1d": attrgetter("items_1d"),
}
INSPECTIONS, FAST_GAPS = "operator_inspections_10min", "operator_fast_gaps_1h"
OF_INSPECTOR = frozenset({INSPECTIONS, FAST_GAPS})


def outlet_series(profile: OutletProfile, wanted: Collection[str], at_ms: int, outlet: str) -> list[Series]:
    """Give the series behind the `wanted` features of an outlet, as of a time."""
    found = []
    for feature in wanted:
        window_of, width, joined = OF_OUTLET[feature]
        series = rolled(feature, window_of(profile), at_ms // width, width, joined)
        found.append(replace(series, outlet=outlet))
    return found


def acceptor_series(
    profile: OperatorProfile, wanted: Collection[str], at_ms: int, operator: str, outlet: str
) -> list[Series]:
    """Give the series behind the `wanted` features of an operator who accepts, as of a time."""
    return [
        replace(
            rolled(feature, OF_ACCEPTOR[feature](profile), at_ms // HOUR_MS, HOUR_MS), operator=operator, outlet=outlet
        )
        for feature in wanted
    ]


def inspector_series(
    profile: OperatorProfile, wanted: Collection[str], at_ms: int, operator: str, outlet: str
) -> list[Series]:
    """Give the series behind the `wanted` features of an operator who inspects, as of a time."""
    made = {INSPECTIONS: _inspections, FAST_GAPS: _fast_gaps}
    return [replace(made[feature](profile, at_ms), operator=operator, outlet=outlet) for feature in wanted]


def _inspections(profile: OperatorProfile, at_ms: int) -> Series:
    """Inspections a minute: those of the window, and of the minutes before it."""
    first, until = pace_window(profile, at_ms)
    times, begins_ms = profile.inspections, at_ms - PACE_MS + 1
    end_ms = at_ms // FIVE_MINUTES_MS * FIVE_MINUTES_MS + FIVE_MINUTES_MS
    within = -(-(end_ms - begins_ms) // MINUTE_MS)
    begins_ms -= (BUCKETS_KEPT - within) * MINUTE_MS
    counts = in_buckets(times[bisect_right(times, begins_ms - 1) : until], begins_ms, MINUTE_MS, BUCKETS_KEPT)
    return Series(INSPECTIONS, until - first, begins_ms, MINUTE_MS, counts, within, _timed(times[first:until]))


def _fast_gaps(profile: OperatorProfile, at_ms: int) -> Series:
    """Inspections that followed in under 5 s, by five minutes: those of the hour, and of some hours before it."""
    last, value = at_ms // FIVE_MINUTES_MS, fast_gaps_1h(profile, at_ms)
    buckets = range(last - BUCKETS_KEPT + 1, last + 1)
    counts = [profile.fast_gaps.get(bucket, 0) for bucket in buckets]
    fast = [
        now
        for before, now in pairwise(profile.inspections)
        if now - before < FAST_GAP_MS and last - LastHour.span < now // FIVE_MINUTES_MS <= last
    ]
    # Where the oldest times are forgotten, what is left of them is not what was counted.
    events = _timed(fast) if len(fast) == value else []
    return Series(FAST_GAPS, value, buckets[0] * FIVE_MINUTES_MS, FIVE_MINUTES_MS, counts, LastHour.span, events)


def _timed(times: list[int]) -> list[Counted]:
    return [(time, "", "", "") for time in times[-EVENTS_KEPT:]]
