"""What one stage sends to the next is processed in the same transaction by a worker that has every partition."""

import asyncio
import gc
from collections.abc import Collection
from typing import Any
from weakref import ref

import pytest
from aiokafka.errors import KafkaError
from aiokafka.structs import TopicPartition

import streams.engine.chaining
from parcelward.poison import TooManyPoisonedError
from parcelward.settings import Settings
from parcelward.stage import Record
from streams.engine.assignment import Ownership
from streams.engine.partition import Done, OwnedPartition
from streams.engine.producer import Member
from streams.engine.state import Ahead, MemoryState
from streams.engine.transactions import FailedError
from streams.engine.transport import WORTH_A_COMMIT, BatchConsumer
from tests.engine_kit.passing import Passing, passing_plans
from tests.engine_kit.remembering import RememberingProducer

SETTINGS = Settings(couriers=("swift",), partitions=2)
TOPICS = SETTINGS.topics
INTAKE = TOPICS.intake("swift")


class Recorder:
    """Remembers batches."""

    def __init__(self) -> None:
        self.done: list[Done] = []
        self.taken = self.restored = self.given_up = lambda *_: None

    def batch_done(self, done: Done) -> None:
        """Remember it."""
        self.done.append(done)


class Worker:
    """An ownership whose partitions are restored and positioned."""

    def __init__(self) -> None:
        self.producer = RememberingProducer()
        self.producer.may_go_on.set()
        self.recorder = Recorder()
        self.ownership = Ownership(SETTINGS, passing_plans(SETTINGS), self.recorder, connect=lambda *_: self.producer)

    async def own(self, numbers: Collection[int] = (0, 1)) -> None:
        """Own these numbers of all topics."""
        topics = (INTAKE, TOPICS.senders, TOPICS.outlets)
        await self.ownership.take([(topic, number) for topic in topics for number in numbers], Member("member", 1))
        for owner in self.ownership:
            owner.restore()
            owner.reposition()

    def look(self, read: int = 3) -> None:
        """All topics between the stages were read so far; those of the producer end at 3."""
        self.ownership.carrier.look(dict.fromkeys(self.ownership.carrier.owners, read))

    def of(self, stage: str, number: int) -> OwnedPartition:
        """One owned partition."""
        owner = self.ownership.of_stage(stage, number)
        assert owner is not None
        return owner

    async def process(self, *values: bytes, number: int = 0) -> None:
        """One batch of the first stage."""
        owner = self.of("duties", number)
        owner.add(INTAKE, [Record(INTAKE, number, at, at, b"key", value) for at, value in enumerate(values)])
        await self.ownership.process(owner, owner.take(100))


async def carrying(numbers: Collection[int] = (0, 1)) -> Worker:
    """A worker that owns these numbers, with nothing left between its stages."""
    worker = Worker()
    await worker.own(numbers)
    worker.look()
    return worker


def consumer_of(worker: Worker) -> BatchConsumer:
    """A consumer without Faust's services, all of whose partitions are active; it commits every 30 s."""
    consumer: Any = object.__new__(BatchConsumer)
    consumer.ownership = worker.ownership
    consumer.flow_active = True
    consumer._active_partitions = {(owner.plan.topics[0], owner.partition) for owner in worker.ownership}
    consumer._limit = 10 * WORTH_A_COMMIT
    consumer._commit_every_s = 30.0
    found: BatchConsumer = consumer
    return found


def test_every_stage_goes_into_one_transaction() -> None:
    async def scenario() -> None:
        worker = await carrying()
        await worker.process(b"a", b"b")
        (written,) = worker.producer.committed
        number = next(int(one[-1]) for one in written if one.startswith(TOPICS.senders))
        senders = worker.of("senders", number)
        assert senders.state == {b"key": b"abab"}, "each was sent to its own stage once more"
        (sent,) = worker.producer.sent
        values = [value for _, value, _ in sent[TopicPartition(TOPICS.senders, number)]]
        assert values == [b"a", b"b", b"a", b"b"], "they are written in the order in which they were processed"
        assert worker.of("outlets", number).state == {b"key": b"ab"}
        names = {one.rsplit(" ", 1)[0] for one in written}
        between = {TOPICS.senders, TOPICS.outlets, TOPICS.alerts}
        assert names == between | {TOPICS.changelog(plan.name) for plan in worker.ownership.plans}
        (positions,) = worker.producer.positions
        assert positions[TopicPartition(INTAKE, 0)] == 2
        assert positions[TopicPartition(TOPICS.senders, number)] == 11, "after the last one that was sent there"
        assert senders.positions == {TOPICS.senders: 11}
        assert [len(done.batch.records) for done in worker.recorder.done] == [4, 2, 2]
        assert isinstance(senders.stage, Passing)
        assert senders.stage.committed == 4
        assert not any(owner.busy for owner in worker.ownership)

    asyncio.run(scenario())


def test_what_stands_between_the_stages_comes_first() -> None:
    async def scenario() -> None:
        worker = Worker()
        await worker.own()
        carrier = worker.ownership.carrier
        consumer = consumer_of(worker)

        def deliverable() -> set[str]:
            return {owner.plan.name for owner in consumer._deliverable()}

        worker.look(read=2)
        assert carrier.behind
        assert not carrier.unread
        assert deliverable() == {"senders", "outlets"}
        senders = worker.of("senders", 1)
        senders.add(TOPICS.senders, [Record(TOPICS.senders, 1, 2, 2, b"key", b"a")])
        worker.look()
        assert carrier.behind, "it is read and not processed"
        taken = senders.take(100)
        worker.look()
        assert carrier.behind, "it is in work"
        await worker.ownership.process(senders, taken)
        worker.look()
        assert carrier.behind, "that led to records behind those that were read"
        worker.look(read=11)
        assert not carrier.behind
        assert carrier.unread == carrier.owners.keys()
        assert deliverable() == {"duties", "senders", "outlets"}

    asyncio.run(scenario())


@pytest.mark.parametrize(("numbers", "pace_s"), [((0, 1), 30.0), ((1,), 10.0)], ids=["all partitions", "some"])
def test_an_event_waits_for_a_commit_once_or_a_third_of_it_several_times(numbers: Any, pace_s: float) -> None:
    async def scenario() -> None:
        worker = await carrying(numbers)
        consumer = consumer_of(worker)
        await worker.process(b"a", number=1)
        worker.of("duties", 1).add(INTAKE, [Record(INTAKE, 1, 1, 1, b"key", b"b")])
        assert 0 < consumer._due_in() <= consumer._pace_s == pytest.approx(pace_s)
        assert consumer.fetch_every_s == pytest.approx(pace_s / 2)
        assert list(consumer._due()) == []

    asyncio.run(scenario())


def test_many_records_on_all_partitions_together_wait_for_no_others() -> None:
    async def scenario() -> None:
        worker = await carrying()
        await worker.process(b"a")
        consumer = consumer_of(worker)
        for number, count in ((0, WORTH_A_COMMIT - 1), (1, 1)):
            assert consumer._due_in() > 0
            waiting = [Record(INTAKE, number, at, at, b"key", b"a") for at in range(1, count + 1)]
            worker.of("duties", number).add(INTAKE, waiting)
        assert consumer._due_in() == 0
        assert [(owner.plan.name, owner.partition) for owner in consumer._due()] == [("duties", 0), ("duties", 1)]

    asyncio.run(scenario())


@pytest.mark.parametrize("number", [0, 1])
def test_a_worker_without_every_partition_carries_nothing_on(number: int) -> None:
    async def scenario() -> None:
        worker = await carrying([number])
        assert not worker.ownership.carrier.owners
        assert not worker.ownership.carrier.behind
        await worker.process(b"a", number=number)
        assert all(TOPICS.outlets not in one for one in worker.producer.committed[0])

    asyncio.run(scenario())


def test_a_batch_is_carried_on_to_its_end_before_the_partitions_are_given_up() -> None:
    async def scenario() -> None:
        worker = await carrying()
        worker.producer.may_go_on.clear()
        processing = asyncio.ensure_future(worker.process(b"a"))
        await asyncio.sleep(0)
        giving_up = asyncio.ensure_future(worker.ownership.give_up())
        await asyncio.sleep(0)
        again = asyncio.ensure_future(worker.ownership.give_up())  # the worker is told to stop
        await asyncio.sleep(0.01)
        assert not giving_up.done()
        assert not again.done()
        worker.producer.may_go_on.set()
        await asyncio.gather(processing, giving_up, again)
        assert [done.owner.plan.name for done in worker.recorder.done] == ["senders", "outlets", "duties"]

    asyncio.run(scenario())


def test_nothing_is_left_of_partitions_that_were_given_up() -> None:
    """Also not when all there was had been taken out of the garbage collector's sight, as after a recovery."""

    async def scenario() -> None:
        worker = await carrying()
        await worker.process(b"a")
        lost = worker.of("duties", 1)
        lost.add(INTAKE, [Record(INTAKE, 1, 0, 0, b"key", b"a")])
        lost.take(10)  # and never processed: a rebalance has emptied the queue of its agent
        owners = [ref(owner) for owner in worker.ownership]
        worker.recorder.done.clear()
        del lost
        gc.freeze()
        try:
            await worker.ownership.give_up()
            gc.collect()
            assert [owner() for owner in owners] == [None] * len(owners)
        finally:
            gc.unfreeze()

    asyncio.run(scenario())


def test_a_large_batch_is_carried_on_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams.engine.chaining, "MOST_AT_ONCE", 2)

    async def scenario() -> None:
        worker = await carrying()
        await worker.process(b"a", b"b", b"c", b"d", b"e")
        states = {owner.plan.name: owner.state[b"key"] for owner in worker.ownership if owner.state}
        assert states == {"duties": b"abcde", "senders": 2 * b"abcde", "outlets": b"abcde"}

    asyncio.run(scenario())


def test_after_a_rebalance_it_begins_anew() -> None:
    async def scenario() -> None:
        worker = await carrying()
        assert worker.ownership.carrier.unread
        await worker.ownership.give_up()
        assert not worker.ownership.carrier.unread
        await worker.own()
        assert worker.ownership.carrier.behind

    asyncio.run(scenario())


@pytest.mark.parametrize("value", [b"a", b"poison"], ids=["not committed", "a stage fails"])
def test_nothing_changes_when_the_transaction_fails(value: bytes) -> None:
    async def scenario() -> None:
        worker = await carrying()
        worker.producer.error = KafkaError("no")
        await worker.process(value)
        assert isinstance(worker.ownership.fault, TooManyPoisonedError if value == b"poison" else FailedError)
        assert len(worker.producer.committed) == (value == b"a"), "what cannot be processed is not even sent"
        assert not any(owner.state or owner.positions[owner.plan.topics[0]] for owner in worker.ownership)
        assert not any(owner.busy for owner in worker.ownership)
        assert worker.recorder.done == []

    asyncio.run(scenario())


def test_a_state_that_is_ahead_shows_what_is_not_committed_yet() -> None:
    state = MemoryState({b"kept": b"1", b"changed": b"1", b"deleted": b"1"})
    updates: dict[bytes, bytes | None] = {b"changed": b"2", b"deleted": None, b"added": b"2", b"never": None}
    ahead = Ahead(state, updates)
    assert dict(ahead) == {b"kept": b"1", b"changed": b"2", b"added": b"2"}
    assert len(ahead) == 3
    assert b"deleted" not in ahead
    assert ahead.get(b"deleted", b"none") == b"none"
    keys = iter(ahead)
    seen = [next(keys)]
    state[b"later"] = updates[b"later too"] = b"3"
    assert {*seen, *keys} == {b"kept", b"changed", b"added"}, "a sweep walks through it from batch to batch"
    assert state[b"changed"] == b"1"
