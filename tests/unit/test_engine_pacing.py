"""A batch is due by what waits and by the clock: no Kafka, no event loop, and the time is a number."""

from dataclasses import dataclass, field

import pytest

from parcelward.stage import Record
from streams.engine.inbox import MOST_BYTES, Inbox
from streams.engine.pacing import NEVER, TICK_S, WORTH_A_COMMIT, WORTH_A_FETCH, Pacing, of_late

LIMIT = 1000
PACING = Pacing(limit=LIMIT, commit_every_s=0.3)
NOW, NEXT_COMMIT = 100.0, 100.25


@dataclass
class Plan:
    """A stage with or without deadlines."""

    ticks: bool


@dataclass
class Partition:
    """A partition as pacing sees it."""

    idle: bool = True
    plan: Plan = field(default_factory=lambda: Plan(ticks=False))
    last_batch_at: float = NOW
    inbox: Inbox = field(default_factory=lambda: Inbox(["intake"]))


def idle(records: int = 0, *, size: int = 1, ticks: bool = False, last_batch_at: float = NOW) -> Partition:
    partition = Partition(plan=Plan(ticks), last_batch_at=last_batch_at)
    if records:
        partition.inbox.add("intake", [Record("intake", 0, at, at, None, None, (), size) for at in range(records)])
    return partition


def busy(records: int = 0) -> Partition:
    partition = idle(records)
    partition.idle = False
    return partition


def due_in(*partitions: Partition, now: float = NOW, next_commit: float = NEXT_COMMIT) -> float:
    return PACING.due_in(partitions, next_commit, now)


def due(*partitions: Partition, now: float = NOW) -> list[int]:
    """Numbers of those that are to be delivered."""
    chosen = PACING.due(partitions, NEXT_COMMIT, now)
    return [number for number, one in enumerate(partitions) if any(one is other for other in chosen)]


def test_a_record_waits_until_the_next_commit() -> None:
    assert due_in(idle(1)) == 0.25
    assert due(idle(1)) == []
    assert due_in(idle(1), now=100.25) == 0
    assert due(idle(1), now=100.25) == [0]


def test_the_first_record_of_a_worker_that_has_never_committed_does_not_wait() -> None:
    assert due_in(idle(1), next_commit=float("-inf") + PACING.pause_s(0.0, commits=3)) <= 0


@pytest.mark.parametrize("full", [idle(LIMIT), idle(1, size=MOST_BYTES)], ids=["by its records", "by its bytes"])
def test_a_full_batch_does_not_wait(full: Partition) -> None:
    assert due_in(full) <= 0
    assert due(full) == [0]


def test_a_gap_that_was_passed_waits_until_the_next_commit_as_a_record_does() -> None:
    passed = idle()
    passed.inbox.pass_gap("intake", 25)
    assert due_in(passed) == 0.25
    assert due(passed) == []
    assert due(passed, now=100.25) == [0]
    assert due(passed, idle(LIMIT)) == [0, 1]


def test_many_records_on_all_partitions_together_do_not_wait() -> None:
    few = WORTH_A_COMMIT - 1
    assert due_in(idle(few)) == 0.25
    assert due_in(idle(few), idle(1)) <= 0
    assert due(idle(few), idle(1)) == [0, 1]
    assert due_in(idle(few), busy(1)) == 0.25, "a busy partition cannot deliver its records yet"


def test_when_one_partition_is_due_every_other_one_with_a_record_goes_with_it() -> None:
    assert due(idle(1), idle(LIMIT), idle(0), busy(1)) == [0, 1]


def test_a_busy_partition_is_not_due_however_much_it_holds() -> None:
    assert due_in(busy(10 * LIMIT)) == NEVER
    assert due(busy(10 * LIMIT)) == []


def test_an_idle_partition_with_deadlines_gets_an_empty_batch_every_second() -> None:
    ticking = idle(ticks=True, last_batch_at=NOW - 0.75)
    assert TICK_S == 1.0
    assert due_in(ticking) == 0.25
    assert due(ticking) == []
    assert due(ticking, now=NOW + 0.25) == [0]


def test_a_partition_without_records_and_deadlines_is_never_due() -> None:
    assert due_in(idle()) == NEVER
    assert due(idle(), idle(LIMIT)) == [1]


def test_without_partitions_nothing_is_ever_due() -> None:
    assert due_in() == NEVER
    assert due() == []


def test_a_record_waits_three_times_as_long_as_commits_take() -> None:
    assert PACING.pause_s(0.02, commits=1) == pytest.approx(0.06)
    assert PACING.pause_s(0.05, commits=1) == pytest.approx(0.15)
    assert PACING.pause_s(0.02, commits=3) == pytest.approx(0.06), "each of its commits takes as long"


@pytest.mark.parametrize("commit_s", [0.101, 1.0, 60.0])
def test_it_never_waits_longer_than_the_setting_for_all_its_commits_together(commit_s: float) -> None:
    assert PACING.pause_s(commit_s, commits=1) == pytest.approx(0.3)
    assert PACING.pause_s(commit_s, commits=3) == pytest.approx(0.1)


@pytest.mark.parametrize("commit_s", [0.0, 0.001, 0.005])
def test_commits_that_take_no_time_are_a_sixth_of_the_setting_apart(commit_s: float) -> None:
    assert PACING.pause_s(commit_s, commits=1) == pytest.approx(0.05)
    assert PACING.pause_s(commit_s, commits=3) == pytest.approx(0.05 / 3)


def test_without_a_longest_wait_nothing_waits() -> None:
    assert Pacing(LIMIT, commit_every_s=0.0).pause_s(10.0, commits=1) == 0


def after(*commits_s: float, before_s: float = 0.0) -> float:
    for commit_s in commits_s:
        before_s = of_late(before_s, commit_s)
    return before_s


def test_one_slow_commit_among_quick_ones_moves_the_pace_by_an_eighth_of_it() -> None:
    assert after(0.09, before_s=0.01) == pytest.approx(0.02)
    assert after(*[0.01] * 20, before_s=0.02) == pytest.approx(0.01, rel=0.1)


def test_commits_that_stay_slow_are_seen_within_a_dozen() -> None:
    assert after(*[0.1] * 12, before_s=0.01) > 0.08


def test_a_broker_is_asked_twice_between_two_commits_and_at_once_while_many_records_wait_there() -> None:
    assert PACING.fetch_pause_s(0, pause_s=0.3) == pytest.approx(0.15)
    assert PACING.fetch_pause_s(WORTH_A_FETCH - 1, pause_s=0.1) == pytest.approx(0.05)
    assert PACING.fetch_pause_s(WORTH_A_FETCH, pause_s=0.3) == 0
