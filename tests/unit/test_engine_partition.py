"""The delivery protocol around one stage, with a Kafka that only remembers."""

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import pytest

from parcelward.intake.refusal import set_aside
from parcelward.poison import RECENT, TooManyPoisonedError
from parcelward.settings import Settings
from parcelward.stage import Record
from streams.engine.partition import StagePartition
from streams.engine.phase import Phase, PhaseError
from streams.engine.state import NOTHING_WRITTEN, Bounds
from streams.engine.transactions import FailedError, Work
from tests.engine_kit.counting import COUNT, counting_plan

TOPIC = "intake.swift"
EMPTY = Bounds(0, 0)


class Committed:
    """Stands in for Kafka: remembers what was committed, or refuses."""

    def __init__(self, error: Exception | None = None) -> None:
        self.positions: list[Mapping[str, int]] = []
        self.error = error
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


def restored_partition(kafka: Any = None) -> StagePartition:
    """A partition whose recovery is over; the consumer is still to be set to its positions."""
    stand_in: Any = kafka or Committed()
    partition = StagePartition(counting_plan(Settings(couriers=("swift",))), 0, stand_in)
    partition.locate({TOPIC: 0}, uncommitted=True, changelog=EMPTY)
    partition.restore()
    return partition


def ready_partition(kafka: Any = None) -> StagePartition:
    partition = restored_partition(kafka)
    partition.reposition()
    return partition


def records(count: int, start: int = 0) -> list[Record]:
    return [Record(TOPIC, 0, number, number, b"w", b"v") for number in range(start, start + count)]


def count_of(partition: StagePartition) -> int:
    return int(COUNT.unpack(partition.state.get(b"w", COUNT.pack(0)))[0])


STEPS: dict[str, Callable[[StagePartition], Any]] = {
    "locate": lambda one: one.locate({TOPIC: 0}, uncommitted=True, changelog=EMPTY),
    "restore": lambda one: one.restore(),
    "reposition": lambda one: one.reposition(),
    "deliver": lambda one: one.deliver(10),
    "fence": lambda one: one.fence(),
    "give_up": lambda one: one.give_up(),
}
WAYS: dict[Phase, tuple[list[str], set[str]]] = {
    Phase.TAKEN: ([], {"locate", "give_up"}),
    Phase.LOCATED: (["locate"], {"restore", "give_up"}),
    Phase.RESTORED: (["locate", "restore"], {"reposition", "give_up"}),
    Phase.READY: (["locate", "restore", "reposition"], {"deliver", "fence", "give_up"}),
    Phase.FENCED: (["locate", "restore", "reposition", "fence"], {"give_up"}),
    Phase.GIVEN_UP: (["give_up"], set()),
}
"""For each phase the way to it, and the steps that are allowed from there."""


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("phase", WAYS)
def test_a_step_out_of_its_order_is_refused_and_changes_nothing(phase: Phase, step: str) -> None:
    way, allowed = WAYS[phase]
    partition = StagePartition(counting_plan(Settings(couriers=("swift",))), 0, Committed())  # type: ignore[arg-type]
    for before in way:
        STEPS[before](partition)
    assert partition.phase is phase
    if step in allowed:
        STEPS[step](partition)
        return
    with pytest.raises(PhaseError, match="stage duties, partition 0"):
        STEPS[step](partition)
    assert partition.phase is phase
    assert not partition.state


def test_nothing_is_taken_in_before_the_consumer_was_set_to_the_committed_positions() -> None:
    partition = restored_partition()
    partition.add(TOPIC, records(20))
    assert partition.inbox.count == 0
    partition.reposition()
    partition.add(TOPIC, records(20))
    assert partition.inbox.count == 20


def test_a_stage_is_rebuilt_only_from_a_state_that_is_at_the_end_of_its_changelog() -> None:
    partition = StagePartition(counting_plan(Settings(couriers=("swift",))), 0, Committed())  # type: ignore[arg-type]
    assert not partition.recovered, "a recovery of the assignment before may end now"
    partition.locate({TOPIC: 0}, uncommitted=False, changelog=Bounds(0, 6))
    partition.apply_changelog(records(1), 4)
    assert not partition.recovered
    with pytest.raises(PhaseError):
        partition.restore()
    partition.apply_changelog(records(1), 5)
    assert partition.recovered
    partition.restore()
    assert partition.restored


def test_a_changelog_is_not_applied_before_its_end_is_known() -> None:
    partition = StagePartition(counting_plan(Settings(couriers=("swift",))), 0, Committed())  # type: ignore[arg-type]
    with pytest.raises(PhaseError, match="cannot apply its changelog"):
        partition.apply_changelog(records(1), 4)
    assert not partition.state


@pytest.mark.parametrize("make", [restored_partition, ready_partition], ids=["restored", "ready"])
def test_changelog_records_that_another_worker_has_written_meanwhile_change_nothing(
    make: Callable[[], StagePartition],
) -> None:
    """The worker was paused, another one has the partition, and the group will say so."""
    partition = make()
    partition.apply_changelog(records(1), 7)
    assert not partition.state
    assert partition.state.written == NOTHING_WRITTEN


def test_changelog_records_that_were_fetched_for_an_earlier_recovery_change_nothing() -> None:
    partition = ready_partition()
    partition.state.write({b"w": COUNT.pack(7)}, 5)
    partition.apply_changelog(records(1), 5)
    assert count_of(partition) == 7


def test_at_most_one_batch_is_delivered() -> None:
    partition = ready_partition()
    partition.add(TOPIC, records(20))
    partition.deliver(5)
    assert partition.busy
    assert not partition.idle
    with pytest.raises(PhaseError, match="READY, busy"):
        partition.deliver(5)


def test_at_most_one_batch_is_in_work() -> None:
    partition = ready_partition()
    with partition.working():
        assert partition.busy
        with pytest.raises(PhaseError), partition.working():
            pass
        assert partition.busy
    assert partition.idle


def test_a_fenced_partition_stays_busy_and_ready() -> None:
    partition = ready_partition()
    partition.fence()
    assert partition.busy
    assert partition.ready, "it still has its state"
    assert not partition.idle


def test_memory_changes_only_after_the_commit() -> None:
    async def scenario() -> None:
        kafka = Committed()
        kafka.may_go_on.clear()
        partition = ready_partition(kafka)
        partition.add(TOPIC, records(3))
        working = asyncio.ensure_future(partition.process(partition.deliver(10)))
        await asyncio.sleep(0)
        assert count_of(partition) == 0
        kafka.may_go_on.set()
        assert await working is not None
        assert count_of(partition) == 3
        assert kafka.positions == [{TOPIC: 3}]

    asyncio.run(scenario())


def test_a_failed_commit_changes_nothing_in_memory() -> None:
    async def scenario() -> None:
        partition = ready_partition(Committed(FailedError()))
        partition.add(TOPIC, records(3))
        with pytest.raises(FailedError):
            await partition.process(partition.deliver(10))
        assert count_of(partition) == 0
        assert partition.positions == {TOPIC: 0}

    asyncio.run(scenario())


def test_an_empty_batch_without_consequence_commits_nothing() -> None:
    async def scenario() -> None:
        kafka = Committed()
        partition = ready_partition(kafka)
        assert await partition.process(partition.deliver(10)) is not None
        assert kafka.positions == []

    asyncio.run(scenario())


def test_a_gap_is_committed_without_a_record_also_one_that_is_met_while_a_batch_is_in_work() -> None:
    async def scenario() -> None:
        kafka = Committed()
        partition = restored_partition(kafka)
        partition.pass_gap(TOPIC, 5)  # from before the seek
        partition.reposition()
        partition.add(TOPIC, records(3))
        source = partition.deliver(10)
        partition.pass_gap(TOPIC, 25)
        await partition.process(source)
        assert not partition.inbox.is_empty
        await partition.process(partition.deliver(10))
        assert kafka.positions == [{TOPIC: 3}, {TOPIC: 25}]
        assert partition.positions == {TOPIC: 25}
        assert count_of(partition) == 3

    asyncio.run(scenario())


def test_finishing_waits_for_the_batch_in_work_and_nothing_is_processed_once_it_is_given_up() -> None:
    async def scenario() -> None:
        kafka = Committed()
        kafka.may_go_on.clear()
        partition = ready_partition(kafka)
        partition.add(TOPIC, records(3))
        working = asyncio.ensure_future(partition.process(partition.deliver(10)))
        await asyncio.sleep(0)
        finishing = asyncio.ensure_future(partition.finish(10))
        await asyncio.sleep(0)
        assert not finishing.done()
        kafka.may_go_on.set()
        await finishing
        assert working.done()
        partition.add(TOPIC, records(1, start=3))
        stale = partition.deliver(10)
        partition.give_up()
        assert await partition.process(stale) is None
        assert count_of(partition) == 3

    asyncio.run(scenario())


def test_a_commit_that_fails_after_the_partition_was_given_up_is_no_failure() -> None:
    async def scenario() -> None:
        kafka = Committed(FailedError())
        kafka.may_go_on.clear()
        partition = ready_partition(kafka)
        partition.add(TOPIC, records(3))
        working = asyncio.ensure_future(partition.process(partition.deliver(10)))
        await asyncio.sleep(0)
        partition.give_up()
        kafka.may_go_on.set()
        assert await working is None
        assert count_of(partition) == 0

    asyncio.run(scenario())


def one_by_one(values: list[bytes]) -> tuple[Committed, int]:
    """Feed batches of one record; returns what was committed and how many batches were, until the partition stops."""
    kafka = Committed()
    settings = Settings(couriers=("swift",))
    partition = StagePartition(counting_plan(settings, set_aside=partial(set_aside, settings.topics)), 0, kafka)  # type: ignore[arg-type]
    partition.locate({TOPIC: 0}, uncommitted=True, changelog=EMPTY)
    partition.restore()
    partition.reposition()

    async def scenario() -> None:
        for number, value in enumerate(values):
            partition.add(TOPIC, [Record(TOPIC, 0, number, number, b"w", value)])
            await partition.process(partition.deliver(10))

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
