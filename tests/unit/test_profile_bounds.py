"""Bounded profiles against unbounded references: for any traffic the answer lies within the bound that they state."""

from collections import Counter
from itertools import pairwise
from random import Random
from typing import Any
from zlib import crc32

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import astuple

from parcelward.moments import DAY_MS, FIVE_MINUTES_MS, HOUR_MS, MINUTE_MS, WEEK_MS, china_day
from parcelward.profiles.busy import CLASS_STEP, BusySender, SenderSend
from parcelward.profiles.distinct import DISTINCT_DAY, DISTINCT_WEEK, DISTINCT_WIDTH_MS, DailyDistinct, Distinct
from parcelward.profiles.outlets import (
    FAST_GAP_MS,
    OperatorProfile,
    OutletProfile,
    count_inspection,
    fast_gaps_1h,
    take_inspection,
)
from parcelward.profiles.senders import READS_KEPT, Read, SenderProfile, count_read
from parcelward.profiles.windows import TOP_CELLS, TOP_KEPT, TOP_SPAN, RollingTop
from parcelward.shipments.shipment import InspectionEntry, RealNameEntry, encode

T0 = 497_000 * HOUR_MS
VALUES = st.integers(0, 40).map(lambda number: crc32(str(number).encode()))
SENDS = st.builds(
    SenderSend,
    st.integers(T0, T0 + WEEK_MS - 2 * DISTINCT_WIDTH_MS),
    VALUES,
    VALUES,
    VALUES,
    VALUES,
    VALUES,
    st.integers(1, 50_000),
    st.booleans(),
    st.integers(0, 9),
)


def between(low: float, answer: float, high: float) -> bool:
    return low <= answer <= high


@settings(deadline=None)
@given(st.lists(SENDS, max_size=80), st.lists(SENDS, max_size=10), st.integers(0, 10**9), st.integers(0, WEEK_MS))
def test_a_busy_document_is_counted_within_its_buckets(
    sends: list[SenderSend], gone: list[SenderSend], seed: int, later: int
) -> None:
    """Not less than the windows less their oldest bucket, not more than these and the newest bucket; in any order."""
    busy, now = BusySender(), T0 + later
    told = [(send, True) for send in (*sends, *gone)]
    Random(seed).shuffle(told)
    busy.add([send for send, _ in told])
    for send in gone:
        busy.take(send)

    def within(reach: int, width: int) -> tuple[list[SenderSend], list[SenderSend]]:
        until = now // width * width + width
        sure = [send for send in sends if now - reach + width <= send.event_ms <= now]
        return sure, [send for send in sends if now - reach < send.event_ms < until]

    for window, reach, width in (
        (busy.sends_1h, HOUR_MS, FIVE_MINUTES_MS),
        (busy.sends_1d, DAY_MS, HOUR_MS),
        (busy.sends_7d, WEEK_MS, HOUR_MS),
    ):
        newest = max((send.event_ms for send in (*sends, *gone)), default=0)
        if now >= newest - width:  # a newer time pushes what is older out of the window
            low, high = within(reach, width)
            assert between(len(low), window.at(now // width), len(high))
    for span, reach in ((DISTINCT_DAY, DAY_MS), (DISTINCT_WEEK, WEEK_MS)):
        low, high = within(reach, DISTINCT_WIDTH_MS)
        for values, name in ((busy.names, "name"), (busy.goods, "goods"), (busy.outlets, "outlet")):
            different = [len({getattr(send, name) for send in some}) for some in (low, high)]
            assert between(different[0], busy.different(values, now, span), different[1])
    low, high = within(WEEK_MS, DISTINCT_WIDTH_MS)
    spreads = [max(w) / min(w) if (w := [send.weight_g for send in some]) else 1.0 for some in (low, high)]
    assert between(spreads[0] / CLASS_STEP**1.01, busy.weight_spread(now), spreads[1] * CLASS_STEP**1.01)
    same_day = sum(send.e_cigarette and china_day(send.event_ms) == china_day(now) for send in sends)
    assert busy.e_cigarettes.get(china_day(now), 0) == same_day


@settings(deadline=None, max_examples=30)
@given(st.integers(65, 3000), st.integers(0, 10**6), st.integers(0, 10**6))
def test_more_different_values_than_are_kept_are_estimated_whatever_came_first(
    number: int, seed: int, order: int
) -> None:
    values = [crc32(f"{seed}/{n}".encode()) for n in range(number)]
    found = []
    for shuffle in (order, order + 1):
        Random(shuffle).shuffle(values)
        seen = Distinct()
        for value in values:
            seen.add(100, value)
        found.append(seen.at(100, DISTINCT_DAY))
        assert len(seen.values) == Distinct.kept
    assert found[0] == found[1]
    assert between(number * 0.5, found[0], number * 1.8)  # an eighth is the standard error


WEEK = st.dictionaries(st.integers(0, DISTINCT_WEEK - 1), st.sampled_from((1, 4, 16, 17, 150, 400)), max_size=8)
"""Different values per bucket of a week, from the newest bucket back."""


@settings(deadline=None, max_examples=60)
@given(WEEK, st.integers(0, 10**6), st.integers(0, DISTINCT_WEEK - 1))
def test_a_day_is_counted_whatever_the_rest_of_the_week_held(week: dict[int, int], seed: int, back: int) -> None:
    """Exactly, where no bucket of the day holds more than 16 different values; else to 16 of these and the rest."""
    newest, rng = 1000, Random(seed)
    sends = [(newest - at, crc32(f"{seed}/{at}/{n}".encode())) for at, number in week.items() for n in range(number)]
    sends += [(newest - at, crc32(f"{seed}/{n}".encode())) for at in week for n in range(rng.randrange(8))]
    gone = [(newest - at, crc32(f"{seed}/gone/{n}".encode())) for at in week for n in range(rng.randrange(3))]
    answers = []
    for _ in range(2):
        told, seen = [*sends, *gone], DailyDistinct(newest)
        rng.shuffle(told)
        for bucket, value in told:
            seen.add(bucket, value)
        if seen.below > max((value for _, value in gone), default=0):  # else some of it is taken back from a sample
            for bucket, value in gone:
                seen.take(bucket, value)
            told = sends
        answers.append([seen.at(newest - back, span) for span in (DISTINCT_DAY, DISTINCT_WEEK)])
        assert len(seen.values) <= DailyDistinct.kept
        assert all(len(held) <= DailyDistinct.extra_kept for held in seen.extra.values())
        assert set(seen.extra) | set(seen.bounds) <= {bucket for bucket, _ in told}
    assert answers[0] == answers[1]
    for span, answer in zip((DISTINCT_DAY, DISTINCT_WEEK), answers[0], strict=True):
        within = {(bucket, value) for bucket, value in told if newest - back - span < bucket <= newest - back}
        true = len({value for _, value in within})
        most = max(Counter(bucket for bucket, _ in within).values(), default=0)
        if most <= DailyDistinct.extra_kept:
            assert answer == true
        else:
            assert between(true * 0.35, answer, true * 2.2)


def test_a_day_after_a_week_in_a_record_of_an_earlier_version_is_counted_from_then_on() -> None:
    former = Distinct()
    for number in range(1000):
        former.add(100, crc32(f"{number}".encode()))
    seen = msgspec.msgpack.decode(msgspec.msgpack.encode(former), type=DailyDistinct)
    assert seen.at(100, DISTINCT_DAY) == former.at(100, DISTINCT_DAY)
    seen.add(110, 1)
    for number in range(6):
        seen.add(111, crc32(f"today {number}".encode()))
    assert seen.at(118, DISTINCT_DAY) == 6
    assert between(500, seen.at(118, DISTINCT_WEEK), 1800)


GOODS = st.dictionaries(st.integers(0, TOP_SPAN + 1), st.sampled_from((1, 30, 63, 64, 65, 300)), max_size=6)
"""Names in each of some buckets."""


@settings(deadline=None)
@given(GOODS, st.integers(0, 10**6), st.integers(0, TOP_SPAN + 1))
def test_the_most_frequent_value_is_never_counted_too_low(names: dict[int, int], seed: int, now: int) -> None:
    """Exactly, but for hashes that share a counter, where no three hours hold more than 64 names; in any order."""
    rng = Random(seed)
    kept = [(at, crc32(f"{name}".encode())) for at, number in names.items() for name in range(number)]
    kept += [(at, crc32(f"{rng.randrange(5)}".encode())) for at in names for _ in range(rng.randrange(20))]
    gone = [(at, crc32(f"{rng.randrange(400)}".encode())) for at in names for _ in range(rng.randrange(3))]
    tops = []
    for _ in range(2):
        events, top = [*kept, *gone], RollingTop(TOP_SPAN + 1)
        rng.shuffle(events)
        for bucket, value in events:
            top.add(bucket, value)
        for bucket, value in gone:
            top.take(bucket, value)
        tops.append(top.at(now))
        assert all(len(cell) <= TOP_KEPT for cell in top.cells.values())
        assert len(top.totals) <= TOP_KEPT * TOP_SPAN
        again = RollingTop(TOP_SPAN + 1)
        for bucket, value in kept:
            again.add(bucket, value)
        assert top.at(TOP_SPAN + 1) == (max(top.totals.values(), default=0), again.at(TOP_SPAN + 1)[1])
    assert tops[0] == tops[1]
    within = [value for bucket, value in kept if max(now - TOP_SPAN, 1) < bucket <= now]
    held = {bucket: {value for at, value in (*kept, *gone) if at == bucket} for bucket in range(2, TOP_SPAN + 2)}
    fewest = min(
        next(counters for counters in COUNTERS if len({value % counters for value in values}) <= TOP_KEPT)
        for values in held.values()
    )
    shared = Counter(value % fewest for value in within)
    assert fewest >= TOP_KEPT
    assert max(Counter(within).values(), default=0) <= tops[0][0] == max(shared.values(), default=0)
    assert tops[0][1] == len(within)


COUNTERS = [TOP_CELLS >> halved for halved in range(6)]


def test_an_outlets_profile_does_not_grow_with_the_names_of_its_goods() -> None:
    profiles = {names: OutletProfile(T0) for names in (40, 4000)}
    for names, outlet in profiles.items():
        for number in range(names * 2):
            outlet.goods_1d.add(100 + number * TOP_SPAN // (names * 2), crc32(f"{number % names}".encode()))
    few, many = (len(encode(outlet)) for outlet in profiles.values())
    assert many < 4 * few
    outlet = profiles[4000]
    for bucket in range(TOP_SPAN):
        outlet.goods_1d.add(100 + TOP_SPAN + bucket, 1000)
    assert (outlet.goods_1d.totals, outlet.goods_1d.fewer) == ({1000: 8}, {}), "a busy day is forgotten when it is over"


PLACES = ((30.0, 120.0), (30.2, 120.0), (39.9, 116.4))


@settings(deadline=None)
@given(st.integers(1, 90), st.integers(0, 10**6))
def test_the_last_reading_of_each_hour_and_place_is_kept_in_their_order(number: int, seed: int) -> None:
    rng = Random(seed)
    told = {(rng.randrange(8 * 60), rng.randrange(len(PLACES))) for _ in range(number)}
    reads = [Read(T0 + at * MINUTE_MS, *PLACES[place], "swift", f"SF{at}") for at, place in sorted(told)]
    rng.shuffle(reads)
    profile = SenderProfile(T0 + DAY_MS)
    for read in reads:
        count_read(profile, read)
    assert profile.reads == sorted(profile.reads, key=lambda one: one.event_ms)
    last: dict[tuple[int, float], Read] = {}
    for read in sorted(reads, key=astuple):
        last[read.event_ms // HOUR_MS, read.latitude] = read
    assert set(last.values()) <= set(profile.reads), "also when they come in another order"
    assert len(profile.reads) <= max(READS_KEPT, len(last))
    newest = max(read.event_ms for read in reads)
    assert profile.reads[-1].event_ms == newest


def inspected(at: int) -> InspectionEntry:
    return InspectionEntry(at, at, "O", "E", False, None, None, True, "passed", None, None, None, (), None, True)


FIELDS: Any = [*(T0, T0, "O", "E", False, "person"), *[None] * 10, "g", "goods", 1, None, False, 1, "nfc", *[None] * 3]
ACCEPTED = RealNameEntry(*FIELDS)


@settings(deadline=None)
@given(
    st.lists(st.integers(0, 40_000), min_size=1, max_size=60),
    st.lists(st.integers(0, 40_000), max_size=10),
    st.randoms(),
)
def test_fast_inspections_are_counted_in_any_order(times: list[int], gone: list[int], rng: Random) -> None:
    operator, told = OperatorProfile(0), [*times, *gone]
    rng.shuffle(told)
    for time in told:
        count_inspection(operator, inspected(T0 + time), ACCEPTED)
    for time in gone:
        take_inspection(operator, inspected(T0 + time), ACCEPTED)
    in_order = sorted(times)
    gaps = sum(after - before < FAST_GAP_MS for before, after in pairwise(in_order))
    assert fast_gaps_1h(operator, T0 + 40_000) == gaps
    assert operator.inspections == [T0 + time for time in in_order]
