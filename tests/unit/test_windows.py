"""Windows are read as of a time, and forget what is older than they reach."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from parcelward.moments import DAY_MS, FIVE_MINUTES_MS, HOUR_MS
from parcelward.profiles.windows import TOP_SPAN, TOP_WIDTH_MS, LastDay, LastHour, LastWeek, Rolling, RollingTop

T0 = 497_000 * HOUR_MS
TIMES = st.integers(T0, T0 + 4 * DAY_MS)
HOUR0 = T0 // HOUR_MS
HOURS = st.integers(HOUR0, HOUR0 + 4 * 24)
LATE_AND_EARLY = st.integers(HOUR0 - 10 * 24, HOUR0 + 10 * 24)


def filled(window: Rolling, *buckets: int) -> Rolling:
    for bucket in buckets:
        window.add(bucket)
    return window


def counted(buckets: list[int], newest: int, at: int, span: int) -> int:
    """Count by a window's definition: within its reach both of the newest time and of the asked one."""
    return sum(max(newest, at) - span < bucket <= at for bucket in buckets)


@given(st.lists(HOURS, max_size=40), HOURS)
def test_a_window_counts_what_lies_within_its_reach(hours: list[int], at: int) -> None:
    window = filled(LastDay(), *sorted(hours))
    before = (window.newest, window.total, list(window.cells))
    assert window.at(at) == counted(hours, max(hours, default=0), at, LastDay.span)
    assert (window.newest, window.total, list(window.cells)) == before


@given(st.lists(LATE_AND_EARLY, max_size=60), LATE_AND_EARLY)
def test_in_whatever_order_things_are_counted_and_read(hours: list[int], at: int) -> None:
    """Times older than the window when they come are not counted; the rest is as if it had come in order."""
    window, within, newest = LastWeek(), [], 0
    for hour in hours:
        newest = max(newest, hour)
        if hour > newest - LastWeek.span:
            within.append(hour)
        window.add(hour)
    assert window.at(at) == counted(within, newest, at, LastWeek.span)
    same = [hour for hour in within if hour % 24 == at % 24]
    assert window.same_hour(at) == counted(same, newest, at, LastWeek.span)
    assert len(window.cells) <= LastWeek.span
    assert window.total == sum(window.cells)


def test_a_quiet_window_empties_by_itself() -> None:
    for window in (LastHour(), LastDay(), LastWeek()):
        filled(window, HOUR0, HOUR0)
        ahead = (0, window.span - 1, window.span, 40 * window.span)
        assert [window.at(HOUR0 + buckets) for buckets in ahead] == [2, 2, 0, 0]


def test_windows_reach_back_as_far_as_they_say() -> None:
    assert LastHour.span * FIVE_MINUTES_MS == HOUR_MS
    assert LastDay.span * HOUR_MS == DAY_MS
    assert LastWeek.span * HOUR_MS == 7 * DAY_MS


def test_what_came_later_is_left_out() -> None:
    window = filled(LastDay(), HOUR0, HOUR0 + 5, HOUR0 + 9)
    assert [window.at(HOUR0 + hours) for hours in (-1, 0, 4, 5, 9)] == [0, 1, 1, 2, 3]


@given(st.lists(st.tuples(HOURS, st.booleans()), max_size=60), HOURS)
def test_a_part_is_never_more_than_its_whole(events: list[tuple[int, bool]], at: int) -> None:
    whole, part = LastDay(), LastDay()
    for hour, counts in events:
        whole.add(hour)
        part.add(hour, int(counts))
    assert 0 <= part.at(at) <= whole.at(at)


@given(st.lists(st.tuples(TIMES, st.integers(0, 60)), max_size=80), TIMES)
def test_the_most_frequent_value_is_at_most_all(events: list[tuple[int, int]], at_ms: int) -> None:
    top, at = RollingTop(), at_ms // TOP_WIDTH_MS
    for time, value in sorted(events):
        top.add(time // TOP_WIDTH_MS, value)
    most, all_ = top.at(at)
    assert 0 <= most <= all_
    newest = max((time for time, _ in events), default=0) // TOP_WIDTH_MS
    floor = max(at, newest) - TOP_SPAN
    within = [value for time, value in events if floor < time // TOP_WIDTH_MS <= at]
    assert all_ == len(within)
    assert most == max(Counter(within).values(), default=0)


def test_the_most_frequent_value_is_forgotten_after_a_day() -> None:
    top = RollingTop()
    for number in range(9):
        top.add(HOUR0, number % 2)
    assert top.at(HOUR0) == (5, 9)
    assert top.at(HOUR0 + TOP_SPAN) == (0, 0)
