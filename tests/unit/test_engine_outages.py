"""Deadlines wait after Kafka was away, until what couriers kept meanwhile can have come."""

import time

import pytest

from streams.engine.broker_clock import BrokerClock
from streams.engine.outages import AWAY_MS, MOST_MS, START, Outages

GRACE_MS = 30_000


def lived(outages: Outages, *answers: int | None) -> bool:
    """Note answers at these times, each at the end of the log; tells if deadlines may fire after the last."""
    free = False
    for now in answers:
        outages.answered("a", now)
        free = now is not None and outages.is_over("a", now)
    return free


def running() -> Outages:
    """A partition that has waited after the start, and is asked regularly."""
    outages = Outages(GRACE_MS)
    assert lived(outages, 0, *range(1000, GRACE_MS + 2000, 1000))
    assert outages.held == {}
    return outages


def test_after_a_start_every_deadline_waits_for_the_grace() -> None:
    outages = Outages(GRACE_MS)
    assert not lived(outages, 0, 1000)
    assert outages.held == {"a": START}
    assert lived(outages, *range(2000, GRACE_MS + 1, 1000))


def test_a_group_that_has_never_read_the_partition_waits_for_nothing() -> None:
    outages = Outages(GRACE_MS)
    outages.answered("a", 0, new=True)
    assert outages.is_over("a", 0)


def test_a_short_pause_is_no_outage() -> None:
    assert lived(running(), 31_000 + AWAY_MS)


@pytest.mark.parametrize(("away_ms", "waits_ms"), [(6_000, GRACE_MS), (90_000, 90_000), (10 * MOST_MS, MOST_MS)])
def test_deadlines_wait_as_long_as_the_outage_was_within_bounds(away_ms: int, waits_ms: int) -> None:
    outages = running()
    back = 31_000 + away_ms
    assert not lived(outages, back)
    assert outages.held == {"a": 31_000}
    steps = list(range(back + 1000, back + waits_ms, 1000))
    assert not lived(outages, *steps)
    assert lived(outages, back + waits_ms)
    assert outages.held == {}


def test_a_second_outage_prolongs_the_wait_and_keeps_its_beginning() -> None:
    outages = running()
    assert not lived(outages, 51_000, 71_000)
    assert outages.held == {"a": 31_000}
    assert not lived(outages, *range(72_000, 101_000, 1000))
    assert lived(outages, 101_000)


def test_deadlines_wait_while_clocks_are_in_doubt_and_for_the_grace_afterwards() -> None:
    outages = running()
    assert not lived(outages, None, None)
    assert outages.held == {"a": 31_000}
    assert not lived(outages, *range(40_000, 40_000 + GRACE_MS, 1000))
    assert lived(outages, 40_000 + GRACE_MS)


def test_without_a_grace_nothing_waits_but_for_a_doubt() -> None:
    outages = Outages(0)
    assert lived(outages, 0, 100_000)
    assert not lived(outages, None)
    assert lived(outages, 100_001)


def test_a_step_of_this_machines_clock_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = BrokerClock()
    before = clock.now_ms()
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 3600)
    after = clock.now_ms()
    assert before is not None
    assert after is not None
    assert 0 <= after - before < 600_000


def test_the_slowest_broker_says_what_time_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "monotonic", lambda: 50.0)
    clock = BrokerClock()
    clock.set([1000.0, 400.0], doubtful=False)
    assert clock.now_ms() == 50_400
    clock.set([1000.0, 400.0], doubtful=True)
    assert clock.now_ms() is None
    clock.set([], doubtful=False)
    assert clock.now_ms() == 50_400
    monkeypatch.setattr(time, "monotonic", lambda: 3600.0)
    assert clock.now_ms() == 3_600_400, "a comparison holds until the next one"


def test_a_short_outage_after_a_long_one_does_not_cut_the_wait() -> None:
    outages = running()
    assert not lived(outages, 31_000 + 300_000)
    assert not lived(outages, 31_000 + 306_000)
    assert not lived(outages, 31_000 + 340_000), "the long one made deadlines wait for 300 s"
