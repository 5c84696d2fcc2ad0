"""Windows are read as of a time, and forget what is older than they reach."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from parcelward.windows import (
    DAY_MS,
    HOUR_MS,
    TOP_SPAN,
    TOP_WIDTH_MS,
    Rolling,
    RollingTop,
    last_day,
    last_hour,
    last_week,
)

T0 = 497_000 * HOUR_MS
TIMES = st.integers(T0, T0 + 4 * DAY_MS)


def filled(window: Rolling, *times: int) -> Rolling:
    for at in times:
        window.add(at)
    return window


def counted(times: list[int], newest: int, at: int, width: int, span: int) -> int:
    """What a window has to say, from its definition: within its reach both of the newest time and of the asked one."""
    buckets = [time // width for time in times]
    floor = max(newest, at) // width - span
    return sum(max(floor, at // width - span) < bucket <= at // width for bucket in buckets)


@given(st.lists(TIMES, max_size=40), TIMES)
def test_a_window_counts_what_lies_within_its_reach(times: list[int], at: int) -> None:
    window = filled(last_day(), *sorted(times))
    before = (window.newest, window.total, dict(window.cells))
    assert window.at(at) == counted(times, max(times, default=0), at, HOUR_MS, 24)
    assert (window.newest, window.total, dict(window.cells)) == before


def test_a_quiet_window_empties_by_itself() -> None:
    for window, reach in ((last_hour(), HOUR_MS), (last_day(), DAY_MS), (last_week(), 7 * DAY_MS)):
        filled(window, T0, T0 + 1)
        assert (window.at(T0), window.at(T0 + reach - 1), window.at(T0 + reach), window.at(T0 + 40 * reach)) == (
            2,
            2,
            0,
            0,
        )


def test_what_came_later_is_left_out() -> None:
    window = filled(last_day(), T0, T0 + 5 * HOUR_MS, T0 + 9 * HOUR_MS)
    assert [window.at(T0 + hours * HOUR_MS) for hours in (-1, 0, 4, 5, 9)] == [0, 1, 1, 2, 3]


@given(st.lists(st.tuples(TIMES, st.booleans()), max_size=60), TIMES)
def test_a_part_is_never_more_than_its_whole(events: list[tuple[int, bool]], at: int) -> None:
    whole, part = last_day(), last_day()
    for time, counts in events:
        whole.add(time)
        part.add(time, int(counts))
    assert 0 <= part.at(at) <= whole.at(at)


@given(st.lists(st.tuples(TIMES, st.integers(0, 60)), max_size=80), TIMES)
def test_the_most_frequent_value_is_at_most_all(events: list[tuple[int, int]], at: int) -> None:
    top = RollingTop()
    for time, value in sorted(events):
        top.add(time, value)
    most, all_ = top.at(at)
    assert 0 <= most <= all_
    bucket, newest = at // TOP_WIDTH_MS, max((time for time, _ in events), default=0) // TOP_WIDTH_MS
    floor = max(bucket, newest) - TOP_SPAN
    within = [value for time, value in events if floor < time // TOP_WIDTH_MS <= bucket]
    assert all_ == len(within)
    assert most == max(Counter(within).values(), default=0)


def test_the_most_frequent_value_is_forgotten_after_a_day() -> None:
    top = RollingTop()
    for number in range(9):
        top.add(T0 + number, number % 2)
    assert top.at(T0 + 9) == (5, 9)
    assert top.at(T0 + TOP_SPAN * TOP_WIDTH_MS) == (0, 0)
