"""A worker that has every partition processes what its stages send to each other in the same transaction."""

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
from streams.engine.assignment import Assignment
from streams.engine.chaining import Chain
from streams.engine.partition import Done, StagePartition, StagePlan
from streams.engine.producer import NOBODY, Member
from streams.engine.state import Ahead, MemoryState
from streams.engine.transactions import FailedError, Transactions
from tests.engine_kit.passing import Passing, passing_plans
from tests.engine_kit.remembering import RememberingProducer

SETTINGS = Settings(couriers=("swift",), partitions=2)
TOPICS = SETTINGS.topics
INTAKE = TOPICS.intake("swift")


class Recorder:
    """Remembers batches."""

    def __init__(self) -> None:
        self.done: list[Done] = []
        self.assigned = self.restored = self.given_up = lambda *_: None

    def batch_done(self, done: Done) -> None:
        """Remember it."""
        self.done.append(done)


class Worker:
    """An assignment whose partitions are ready."""

    def __init__(self) -> None:
        self.producer = RememberingProducer()
        self.producer.may_go_on.set()
        self.recorder = Recorder()
        self.assignment = Assignment(SETTINGS, passing_plans(SETTINGS), self.recorder, connect=lambda *_: self.producer)

    async def take_over(self, numbers: Collection[int] = (0, 1)) -> None:
        """Take over these numbers of all topics."""
        topics = (INTAKE, TOPICS.into("senders"), TOPICS.into("outlets"))
        await self.assignment.take_over(
            [(topic, number) for topic in topics for number in numbers], Member("member", 1)
        )
        for partition in self.assignment:
            partition.state.written = 2  # the changelogs of the producer end at 3
            partition.restore()
            partition.reposition()

    def update_chain(self, read: int = 3) -> None:
        """All topics between the stages were read so far; those of the producer end at 3."""
        self.assignment.chain.update(dict.fromkeys(self.assignment.chain.partitions, read))

    def of(self, stage: str, number: int) -> StagePartition:
        """One partition."""
        partition = self.assignment.of_stage(stage, number)
        assert partition is not None
        return partition

    async def process(self, *values: bytes, number: int = 0) -> None:
        """One batch of the first stage."""
        partition = self.of("duties", number)
        partition.add(INTAKE, [Record(INTAKE, number, at, at, b"key", value) for at, value in enumerate(values)])
        await self.assignment.process(partition, partition.deliver(100))


async def chaining(numbers: Collection[int] = (0, 1)) -> Worker:
    """A worker that has these numbers, with nothing left between its stages."""
    worker = Worker()
    await worker.take_over(numbers)
    worker.update_chain()
    return worker


def test_every_stage_goes_into_one_transaction() -> None:
    async def scenario() -> None:
        worker = await chaining()
        await worker.process(b"a", b"b")
        (written,) = worker.producer.committed
        number = next(int(one[-1]) for one in written if one.startswith(TOPICS.into("senders")))
        senders = worker.of("senders", number)
        assert senders.state == {b"key": b"abab"}, "each was sent to its own stage once more"
        (sent,) = worker.producer.sent
        values = [value for _, value, _ in sent[TopicPartition(TOPICS.into("senders"), number)]]
        assert values == [b"a", b"b", b"a", b"b"], "they are written in the order in which they were processed"
        assert worker.of("outlets", number).state == {b"key": b"ab"}
        names = {one.rsplit(" ", 1)[0] for one in written}
        between = {TOPICS.into("senders"), TOPICS.into("outlets"), TOPICS.alerts}
        assert names == between | {TOPICS.changelog(plan.name) for plan in worker.assignment.plans}
        (positions,) = worker.producer.positions
        assert positions[TopicPartition(INTAKE, 0)] == 2
        assert positions[TopicPartition(TOPICS.into("senders"), number)] == 11, "after the last one that was sent there"
        assert senders.positions == {TOPICS.into("senders"): 11}
        assert [len(done.batch.records) for done in worker.recorder.done] == [4, 2, 2]
        assert isinstance(senders.stage, Passing)
        assert senders.stage.committed == 4
        assert not any(partition.busy for partition in worker.assignment)

    asyncio.run(scenario())


def test_what_stands_between_the_stages_comes_first() -> None:
    async def scenario() -> None:
        worker = Worker()
        await worker.take_over()
        chain = worker.assignment.chain

        def admitted() -> set[str]:
            return {partition.plan.name for partition in worker.assignment if chain.admits(partition)}

        worker.update_chain(read=2)
        assert chain.behind
        assert not chain.unread
        assert admitted() == {"senders", "outlets"}
        senders = worker.of("senders", 1)
        senders.add(TOPICS.into("senders"), [Record(TOPICS.into("senders"), 1, 2, 2, b"key", b"a")])
        worker.update_chain()
        assert chain.behind, "it is read and not processed"
        source = senders.deliver(100)
        worker.update_chain()
        assert chain.behind, "it is in work"
        await worker.assignment.process(senders, source)
        worker.update_chain()
        assert chain.behind, "that led to records behind those that were read"
        senders.pass_gap(TOPICS.into("senders"), 11)
        worker.update_chain(read=11)
        assert chain.behind, "a gap was passed and is not committed"
        await worker.assignment.process(senders, senders.deliver(100))
        worker.update_chain(read=11)
        assert not chain.behind
        assert chain.unread == chain.partitions.keys()
        assert admitted() == {"duties", "senders", "outlets"}

    asyncio.run(scenario())


@pytest.mark.parametrize(("numbers", "commits"), [((0, 1), 1), ((1,), 3)], ids=["all partitions", "some"])
def test_an_event_passes_one_commit_or_one_for_each_worker_on_its_way(numbers: Any, commits: int) -> None:
    async def scenario() -> None:
        assert (await chaining(numbers)).assignment.chain.commits == commits

    asyncio.run(scenario())


def test_stages_behind_the_alert_add_no_commit_on_the_way_to_it() -> None:
    def later(name: str, topic: str, fed: bool) -> StagePlan:
        return StagePlan(name, (topic,), lambda _: Passing(), ticks=not fed, fed=fed, to_alert=False)

    plans = [*passing_plans(SETTINGS), later("referrals", TOPICS.alerts, False), later("cases", "into.cases", True)]
    transactions = Transactions(SETTINGS, (), NOBODY, connect=lambda *_: RememberingProducer())
    assert Chain(plans, {}, transactions, lambda _: None).commits == 3


@pytest.mark.parametrize("number", [0, 1])
def test_a_worker_without_every_partition_chains_nothing(number: int) -> None:
    async def scenario() -> None:
        worker = await chaining([number])
        assert not worker.assignment.chain.partitions
        assert not worker.assignment.chain.behind
        await worker.process(b"a", number=number)
        assert all(TOPICS.into("outlets") not in one for one in worker.producer.committed[0])

    asyncio.run(scenario())


def test_a_chain_is_processed_to_its_end_before_the_partitions_are_given_up() -> None:
    async def scenario() -> None:
        worker = await chaining()
        worker.producer.may_go_on.clear()
        processing = asyncio.ensure_future(worker.process(b"a"))
        await asyncio.sleep(0)
        giving_up = asyncio.ensure_future(worker.assignment.give_up())
        await asyncio.sleep(0)
        again = asyncio.ensure_future(worker.assignment.give_up())  # the worker is told to stop
        await asyncio.sleep(0.01)
        assert not giving_up.done()
        assert not again.done()
        worker.producer.may_go_on.set()
        await asyncio.gather(processing, giving_up, again)
        assert [done.partition.plan.name for done in worker.recorder.done] == ["senders", "outlets", "duties"]

    asyncio.run(scenario())


def test_nothing_is_left_of_partitions_that_were_given_up() -> None:
    """Not even after `gc.freeze`, with which every recovery ends."""

    async def scenario() -> None:
        worker = await chaining()
        await worker.process(b"a")
        lost = worker.of("duties", 1)
        lost.add(INTAKE, [Record(INTAKE, 1, 0, 0, b"key", b"a")])
        lost.deliver(10)  # and never processed: a rebalance has emptied the queue of its agent
        partitions = [ref(partition) for partition in worker.assignment]
        worker.recorder.done.clear()
        del lost
        gc.freeze()
        try:
            await worker.assignment.give_up()
            gc.collect()
            assert [partition() for partition in partitions] == [None] * len(partitions)
        finally:
            gc.unfreeze()

    asyncio.run(scenario())


def test_a_large_batch_is_chained_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams.engine.chaining, "MOST_AT_ONCE", 2)

    async def scenario() -> None:
        worker = await chaining()
        await worker.process(b"a", b"b", b"c", b"d", b"e")
        states = {partition.plan.name: partition.state[b"key"] for partition in worker.assignment if partition.state}
        assert states == {"duties": b"abcde", "senders": 2 * b"abcde", "outlets": b"abcde"}

    asyncio.run(scenario())


def test_after_a_rebalance_it_begins_anew() -> None:
    async def scenario() -> None:
        worker = await chaining()
        assert worker.assignment.chain.unread
        await worker.assignment.give_up()
        assert not worker.assignment.chain.unread
        await worker.take_over()
        assert worker.assignment.chain.behind

    asyncio.run(scenario())


@pytest.mark.parametrize("value", [b"a", b"poison"], ids=["not committed", "a stage fails"])
def test_nothing_changes_when_the_transaction_fails(value: bytes) -> None:
    async def scenario() -> None:
        worker = await chaining()
        worker.producer.error = KafkaError("no")
        await worker.process(value)
        assert isinstance(worker.assignment.fault, TooManyPoisonedError if value == b"poison" else FailedError)
        assert len(worker.producer.committed) == (value == b"a"), "what cannot be processed is not even sent"
        assert not any(
            partition.state or partition.positions[partition.plan.topics[0]] for partition in worker.assignment
        )
        assert not any(partition.busy for partition in worker.assignment)
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
