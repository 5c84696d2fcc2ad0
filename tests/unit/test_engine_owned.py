"""The delivery protocol around one stage, with a Kafka that only remembers."""

import asyncio
import contextlib
from collections.abc import Mapping
from functools import partial
from typing import Any

import pytest

from parcelward.intake.refusal import set_aside
from parcelward.poison import RECENT, TooManyPoisonedError
from parcelward.settings import Settings
from parcelward.stage import Record
from streams.engine.inbox import MOST_BYTES
from streams.engine.partition import OwnedPartition
from streams.engine.state import NOTHING_WRITTEN
from streams.engine.transactions import FailedError, Work
from tests.engine_kit.counting import COUNT, counting_plan

NEVER = float("inf")
TOPIC = "intake.swift"


class Committed:
    """Stands in for Kafka: remembers what was committed, or refuses."""

    def __init__(self, error: Exception | None = None) -> None:
        self.positions: list[Mapping[str, int]] = []
        self.error = error
        self.last_commit = float("-inf")
        self.computing: set[object] = set()
        self.may_go_on = asyncio.Event()
        self.may_go_on.set()

    async def commit(self, work: Work) -> None:
        """Commit it."""
        await self.may_go_on.wait()
        if self.error:
            raise self.error
        self.positions.append(work.positions)
        work.written = len(self.positions)


def partition(kafka: Any = None, *, positioned: bool = True) -> OwnedPartition:
    settings = Settings(couriers=("swift",))
    stand_in: Any = kafka or Committed()
    owner = OwnedPartition(counting_plan(settings), 0, stand_in)
    owner.restore()
    if positioned:
        owner.positions = {TOPIC: 0}
        owner.reposition()
    return owner


def records(count: int, start: int = 0) -> list[Record]:
    return [Record(TOPIC, 0, number, number, b"w", b"v") for number in range(start, start + count)]


def due(owner: OwnedPartition, now: float = 1e9) -> float:
    return owner.due_in(now, commit_every=1.0, limit=10, tick_s=5.0)


def count_of(owner: OwnedPartition) -> int:
    return int(COUNT.unpack(owner.state.get(b"w", COUNT.pack(0)))[0])


def test_nothing_is_taken_or_delivered_before_the_committed_positions_are_known() -> None:
    owner = partition(positioned=False)
    owner.add(TOPIC, records(20))
    assert owner.waiting.count == 0
    assert due(owner) == NEVER
    owner.reposition()
    owner.add(TOPIC, records(20))
    assert due(owner) <= 0


def test_nothing_is_delivered_before_the_state_is_restored() -> None:
    owner = OwnedPartition(counting_plan(Settings(couriers=("swift",))), 0, Committed())  # type: ignore[arg-type]
    owner.reposition()
    owner.add(TOPIC, records(20))
    assert due(owner) == NEVER


def test_nothing_is_recovered_before_the_end_of_the_changelog_is_known() -> None:
    owner = partition()
    assert not owner.recovered, "a recovery of the owner before may end now"
    owner.must_reach = NOTHING_WRITTEN
    assert owner.recovered
    owner.must_reach = 5
    assert not owner.recovered


def test_at_most_one_batch_is_in_work() -> None:
    owner = partition()
    owner.add(TOPIC, records(20))
    owner.take(5)
    assert due(owner) == NEVER


def test_a_full_batch_does_not_wait_for_the_commit_pace() -> None:
    async def scenario() -> None:
        kafka = Committed()
        owner = partition(kafka)
        owner.add(TOPIC, records(1))
        await owner.process(owner.take(10))
        kafka.last_commit = 100.0
        owner.add(TOPIC, records(3, start=1))
        assert due(owner, 100.25) == 0.75
        owner.add(TOPIC, records(10, start=4))
        assert due(owner, 100.25) == 0

    asyncio.run(scenario())


def test_what_waits_is_due_some_time_after_the_last_commit() -> None:
    kafka = Committed()
    kafka.last_commit = 1e9
    owner = partition(kafka)
    owner.add(TOPIC, records(9))
    assert due(owner, 1e9 + 0.25) == 0.75
    owner.add(TOPIC, records(1, start=9))
    assert due(owner, 1e9 + 0.25) == 0, "a full batch"


def test_a_partition_with_something_waiting_may_join_the_transaction_of_another_stage() -> None:
    owner = partition()
    assert not owner.can_join
    owner.add(TOPIC, records(1))
    assert owner.can_join
    owner.take(10)
    owner.add(TOPIC, records(1, start=1))
    assert not owner.can_join, "one of its batches is in work"


def test_memory_changes_only_after_the_commit() -> None:
    async def scenario() -> None:
        kafka = Committed()
        kafka.may_go_on.clear()
        owner = partition(kafka)
        owner.add(TOPIC, records(3))
        working = asyncio.ensure_future(owner.process(owner.take(10)))
        await asyncio.sleep(0)
        assert count_of(owner) == 0
        kafka.may_go_on.set()
        assert await working is not None
        assert count_of(owner) == 3
        assert kafka.positions == [{TOPIC: 3}]

    asyncio.run(scenario())


def test_a_failed_commit_changes_nothing_in_memory() -> None:
    async def scenario() -> None:
        owner = partition(Committed(FailedError()))
        owner.add(TOPIC, records(3))
        with pytest.raises(FailedError):
            await owner.process(owner.take(10))
        assert count_of(owner) == 0
        assert owner.positions == {TOPIC: 0}

    asyncio.run(scenario())


def test_an_empty_batch_without_consequence_commits_nothing() -> None:
    async def scenario() -> None:
        kafka = Committed()
        owner = partition(kafka)
        assert await owner.process(owner.take(10)) is not None
        assert kafka.positions == []

    asyncio.run(scenario())


def test_finishing_waits_for_the_batch_in_work_and_nothing_is_taken_once_it_is_closed() -> None:
    async def scenario() -> None:
        kafka = Committed()
        kafka.may_go_on.clear()
        owner = partition(kafka)
        owner.add(TOPIC, records(3))
        working = asyncio.ensure_future(owner.process(owner.take(10)))
        await asyncio.sleep(0)
        finishing = asyncio.ensure_future(owner.finish(10))
        await asyncio.sleep(0)
        assert not finishing.done()
        kafka.may_go_on.set()
        await finishing
        assert working.done()
        owner.close()
        owner.add(TOPIC, records(1, start=3))
        assert await owner.process(owner.take(10)) is None
        assert count_of(owner) == 3

    asyncio.run(scenario())


def test_a_commit_that_fails_after_the_partition_was_given_up_is_no_failure() -> None:
    async def scenario() -> None:
        kafka = Committed(FailedError())
        kafka.may_go_on.clear()
        owner = partition(kafka)
        owner.add(TOPIC, records(3))
        working = asyncio.ensure_future(owner.process(owner.take(10)))
        await asyncio.sleep(0)
        owner.close()
        kafka.may_go_on.set()
        assert await working is None
        assert count_of(owner) == 0

    asyncio.run(scenario())


def test_a_batch_that_is_full_by_its_bytes_does_not_wait_for_the_commit_pace() -> None:
    kafka = Committed()
    kafka.last_commit = 1e9
    owner = partition(kafka)
    owner.add(TOPIC, [Record(TOPIC, 0, 0, 0, b"w", b"v", size=MOST_BYTES)])
    assert due(owner, 1e9) == 0


def one_by_one(values: list[bytes]) -> tuple[Committed, int]:
    """Feed batches of one record; returns what was committed and how many batches were, until the partition stops."""
    kafka = Committed()
    settings = Settings(couriers=("swift",))
    owner = OwnedPartition(counting_plan(settings, set_aside=partial(set_aside, settings.topics)), 0, kafka)  # type: ignore[arg-type]
    owner.restore()
    owner.reposition()

    async def scenario() -> None:
        for number, value in enumerate(values):
            owner.add(TOPIC, [Record(TOPIC, 0, number, number, b"w", value)])
            await owner.process(owner.take(10))

    with contextlib.suppress(TooManyPoisonedError):
        asyncio.run(scenario())
    return kafka, len(kafka.positions)


def test_a_fault_of_ours_does_not_refuse_all_traffic_one_small_batch_at_a_time() -> None:
    kafka, batches = one_by_one([b"poison"] * 300)
    assert batches == 20
    assert kafka.positions[-1] == {TOPIC: 20}  # the record that was one too many is not acknowledged


def test_a_fault_of_ours_that_spares_some_records_stops_the_partition_too() -> None:
    assert one_by_one([b"fine", b"poison"] * 150)[1] == 41


def test_a_poisoned_record_now_and_then_goes_on_for_ever() -> None:
    values = [b"poison" if number % 10 == 0 else b"fine" for number in range(3 * RECENT)]
    assert one_by_one(values)[1] == len(values)
