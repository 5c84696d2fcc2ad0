"""The ways in which a batched Faust first lost or doubled data: assignment and transactions (see `test_traps.py`)."""

import asyncio
import contextlib
from collections.abc import Collection, Mapping
from typing import Any

import pytest
from aiokafka.errors import KafkaError
from aiokafka.structs import TopicPartition
from faust.transport.drivers import aiokafka as driver
from kafka.admin import KafkaAdminClient, NewTopic

from parcelward.settings import Settings
from parcelward.stage import Batch, Outcome, Send
from streams.engine.partition import StagePartition
from streams.engine.producer import FencedError, Producer
from streams.engine.state import Bounds
from streams.engine.transactions import FailedError, Found, Transactions, Work
from streams.engine.transport import BatchConsumer
from tests.engine_kit.counting import COUNT, CountingStage, counting_plan
from tests.engine_kit.group import joined
from tests.engine_kit.kafka import committed, publish, read_all
from tests.engine_kit.traps import changelog, counted, intake, publish_ten, ready, run, state_of
from tests.engine_kit.workers import Running, running

# who has a partition


class _ReadsFirst(BatchConsumer):
    """Takes its positions and its state before it fences."""

    async def on_partitions_assigned(self, assigned: Any, generation_id: int = 0) -> None:
        opening, Transactions.open = Transactions.open, _not_yet  # type: ignore[method-assign, assignment]
        await self.assigned.take_over(assigned, self._thread.member)
        Transactions.open = opening  # type: ignore[method-assign]
        (partition,) = self.assigned
        partition._busy = True
        await driver.Consumer.on_partitions_assigned(self, assigned, generation_id)
        self._late = asyncio.ensure_future(self._fence(partition))

    async def _fence(self, partition: StagePartition) -> None:
        while partition.inbox.count < 10:  # noqa: ASYNC110 - there is no event for it
            await asyncio.sleep(0.01)
        await partition._transactions.open((), ())
        partition._busy = False


async def _not_yet(
    transactions: Transactions, sources: Collection[Any], changelogs: Collection[Any], ours: Collection[Any] = ()
) -> Found:
    """Find what is in Kafka when nothing was processed yet."""
    return Found(dict.fromkeys(sources, 0), frozenset(sources), dict.fromkeys(changelogs, Bounds(0, 0)))


@pytest.mark.parametrize(("consumer", "alerts"), [(BatchConsumer, 1), (_ReadsFirst, 2)], ids=["product", "stepped in"])
def test_the_former_owner_is_fenced_before_anything_is_read(
    settings: Settings, step_into: Any, monkeypatch: pytest.MonkeyPatch, consumer: type[BatchConsumer], alerts: int
) -> None:
    """A former owner commits its last batch at the last moment: just before it is fenced."""
    step_into(consumer)
    publish_ten(settings)
    open_ = Transactions.open

    async def commit_then_open(transactions: Transactions, *what: Any) -> Found:
        former = Transactions(settings, {0}, transactions._member)
        await open_(former, (), ())
        outcome = Outcome([Send(settings.topics.alerts, b"w", b"10")], {b"w": COUNT.pack(10)})
        await former.commit(Work("duties", 0, outcome, {intake(settings): 10}))
        found = await open_(transactions, *what)
        await former.close()
        return found

    monkeypatch.setattr(Transactions, "open", commit_then_open)

    async def scenario(worker: Running) -> None:
        await worker.until(lambda: ready(worker))
        await asyncio.to_thread(publish, settings, intake(settings), [(0, b"last", b"")])
        await worker.until(lambda: any(r.key == b"last" for done in worker.notes.done for r in done.batch.records))

    run(settings, scenario)
    assert len(read_all(settings, settings.topics.alerts)) == alerts


def test_a_fenced_owner_commits_nothing(settings: Settings) -> None:
    async def scenario() -> None:
        async with joined(settings, intake(settings)) as member:
            former, owner = Transactions(settings, {0}, member), Transactions(settings, {0}, member)
            await former.open((), ())
            await owner.open((), ())
            with pytest.raises(FencedError):
                await former.commit(Work("duties", 0, Outcome(updates={b"w": COUNT.pack(1)}), {intake(settings): 5}))
            await owner.commit(Work("duties", 0, Outcome(updates={b"w": COUNT.pack(2)}), {intake(settings): 3}))
            await former.close()
            await owner.close()

    asyncio.run(scenario())
    assert state_of(settings) == {b"w": 2}
    assert committed(settings)[intake(settings), 0] == 3


def test_a_former_owner_with_another_producer_commits_nothing_once_the_group_has_moved_on(settings: Settings) -> None:
    """Its producer is named after another partition, which nobody has taken over yet: no one has fenced it."""

    async def scenario() -> None:
        async with joined(settings, intake(settings)) as member:
            former = Transactions(settings, {1}, member)
            await former.open((), ())
            await former.commit(Work("duties", 0, Outcome(updates={b"w": COUNT.pack(1)}), {intake(settings): 1}))
        async with joined(settings, intake(settings)) as member:
            owner = Transactions(settings, {0}, member)
            await owner.open([TopicPartition(intake(settings), 0)], [TopicPartition(*changelog(settings))])
            with pytest.raises(FencedError):
                await former.commit(Work("duties", 0, Outcome(updates={b"w": COUNT.pack(7)}), {intake(settings): 7}))
            await former.close()
            await owner.commit(Work("duties", 0, Outcome(updates={b"w": COUNT.pack(2)}), {intake(settings): 2}))
            await owner.close()
            other = Transactions(settings, {1}, member)
            await other.open((), ())
            await other.close()

    asyncio.run(scenario())
    assert state_of(settings) == {b"w": 2}
    assert committed(settings)[intake(settings), 0] == 2


def test_a_batch_from_before_a_rebalance_is_not_committed_by_the_new_producer(settings: Settings) -> None:
    """No variant steps in here; the crash simulation finds the mutants that do: `fetched_before_the_seek_is_kept` and
    `fenced_after_reading` in `tests/crash/mutants.py`."""
    publish_ten(settings)

    async def scenario(worker: Running) -> None:
        await worker.until(lambda: counted(worker) == 10)
        assignment = worker.app.assignment
        (former,) = assignment
        worker.app.assignment.stopping = True
        stale = former.inbox.next_batch(10)
        await assignment.give_up()
        assignment.stopping = False
        await assignment.take_over([(intake(settings), 0)], worker.app.consumer._thread.member)
        (partition,) = assignment
        assert partition is not former
        assert await former.process(stale) is None
        assert not await assignment.process(former, stale)
        assert partition.state == former.state == {b"w": COUNT.pack(10)}

    run(settings, scenario)


@pytest.mark.parametrize("request_", ["start", "stable_positions", "await_records", "beginnings"])
def test_a_worker_told_to_stop_while_it_takes_partitions_over_ends_in_good_order(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, request_: str
) -> None:
    """Another worker joins, the first takes its share anew; it is told to stop when it makes one of its requests."""
    ask = getattr(Producer, request_)

    async def scenario(worker: Running) -> None:
        await worker.until(lambda: ready(worker))

        async def stop_and_ask(producer: Producer, *what: Any) -> Any:
            if any(not partition.located for partition in worker.app.assignment):
                worker.stop.set()
            return await ask(producer, *what)

        monkeypatch.setattr(Producer, request_, stop_and_ask)
        async with running(settings, [counting_plan(settings)]):
            assert await worker.failure() is None
        assert worker.stop.is_set()

    run(settings, scenario)


# transactions


class _LooksAtNoAnswer(Producer):
    async def send(self, records: Any) -> Any:
        with contextlib.suppress(KafkaError):
            return await super().send(records)
        return {}


@pytest.mark.parametrize(("kind", "position"), [(Producer, None), (_LooksAtNoAnswer, 5)], ids=["product", "stepped in"])
def test_a_refused_record_batch_fails_the_transaction(
    settings: Settings, kind: type[Producer], position: int | None
) -> None:
    """The broker commits the rest of the transaction: only the answer says that a batch was refused."""
    admin = KafkaAdminClient(bootstrap_servers=settings.kafka)
    # Made with its limit: one that is set later may not be in force yet.
    small = f"{settings.topic_prefix}small"
    admin.create_topics([NewTopic(small, 1, 1, topic_configs={"max.message.bytes": "1000"})])
    admin.close()
    outcome = Outcome([Send(small, b"w", b"x" * 5000)], {b"w": COUNT.pack(1)})

    async def scenario() -> None:
        async with joined(settings, intake(settings)) as member:
            transactions = Transactions(settings, {0}, member, kind)
            await transactions.open((), ())
            if position is None:
                with pytest.raises(FailedError):
                    await transactions.commit(Work("duties", 0, outcome, {intake(settings): 5}))
            else:
                await transactions.commit(Work("duties", 0, outcome, {intake(settings): 5}))
            await transactions.close()

    asyncio.run(scenario())
    assert read_all(settings, small) == []
    assert len(read_all(settings, changelog(settings).topic)) == (position is not None)
    assert committed(settings).get((intake(settings), 0)) == position


class _FailingStage(CountingStage):
    def step(self, batch: Batch, state: Mapping[bytes, bytes]) -> Outcome:
        if not batch.records:
            return Outcome()
        raise ConnectionError("ours")


def test_a_failed_batch_is_not_acknowledged(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """No variant steps in here; the crash simulation finds the mutant that does: `failed_batch_is_passed_over` in
    `tests/crash/mutants.py`."""
    publish_ten(settings)
    acknowledged: list[Mapping[str, int]] = []
    monkeypatch.setattr(
        BatchConsumer, "ack", lambda consumer, message: acknowledged.append(message.value.source.positions)
    )

    async def scenario() -> None:
        plan = counting_plan(settings, build=lambda partition: _FailingStage(settings.topics.alerts))
        async with running(settings, [plan]) as worker:
            assert await worker.failure() is not None

    asyncio.run(scenario())
    assert not any(acknowledged), "only empty batches may be"
    assert committed(settings) == {}
