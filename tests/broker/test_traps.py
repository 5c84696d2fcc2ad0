"""The ways in which a batched Faust first lost, doubled or delayed data, each stepped into on purpose.

Every test shows that the product keeps out of the trap; where a variant that steps in can be made, it shows the damage
too, so that the test is known to be able to see it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.structs import TopicPartition
from faust.exceptions import KeyDecodeError, ValueDecodeError
from faust.transport.drivers import aiokafka as driver
from faust.types import TP
from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient

import streams.app
from parcelward.settings import Settings
from parcelward.stage import Batch, Outcome, Send
from parcelward.topic_admin import ensure_topics
from streams.app import ScreeningApp
from streams.clients import FETCH_WAIT_MS, producer_options
from streams.owned import OwnedPartition
from streams.transactions import FailedError, FencedError, Transactions
from streams.transport import BatchConsumer, BatchTransport
from tests.engine_kit.counting import COUNT, CountingStage, counting_plan
from tests.engine_kit.kafka import committed, publish, read_all
from tests.engine_kit.workers import Running, running

Scenario = Callable[[Running], Awaitable[None]]


@pytest.fixture
def settings(kafka: str, topic_prefix: str) -> Settings:
    """An installation of its own with one courier and one partition."""
    made = Settings(
        kafka=kafka,
        topic_prefix=topic_prefix,
        couriers=("swift",),
        partitions=1,
        session_timeout=timedelta(seconds=3),
        commit_every=timedelta(0),
    )
    ensure_topics(made)
    return made


@pytest.fixture
def step_into(monkeypatch: pytest.MonkeyPatch) -> Callable[[type[BatchConsumer]], None]:
    """Runs the worker with another consumer."""

    def step_into(consumer: type[BatchConsumer]) -> None:
        transport = type("Trapped", (BatchTransport,), {"Consumer": consumer})
        monkeypatch.setattr(ScreeningApp, "_new_transport", lambda app: transport(app.conf.broker_consumer, app))

    return step_into


def intake(settings: Settings) -> str:
    return settings.topics.intake("swift")


def changelog(settings: Settings) -> TP:
    return TP(settings.topics.changelog("duties"), 0)


def publish_ten(settings: Settings) -> None:
    publish(settings, intake(settings), [(0, b"w", b"%d" % number) for number in range(10)])


def counted(worker: Running) -> int:
    return sum(len(done.batch.records) for done in worker.notes.done)


def ready(worker: Running) -> bool:
    return bool(worker.app.tables.actives_ready)


def run(settings: Settings, scenario: Scenario, **plan: Any) -> None:
    async def inside() -> None:
        async with running(settings, [counting_plan(settings, **plan)]) as worker:
            await scenario(worker)

    asyncio.run(inside())


def state_of(settings: Settings) -> Mapping[bytes, int]:
    return {
        record.key: COUNT.unpack(record.value or b"")[0] for record in read_all(settings, changelog(settings).topic)
    }


# positions


class _StockAcknowledging(BatchConsumer):
    _add_gap = driver.Consumer._add_gap
    _new_offset = driver.Consumer._new_offset


@pytest.mark.parametrize(
    ("consumer", "position"), [(BatchConsumer, None), (_StockAcknowledging, 10)], ids=["product", "stepped in"]
)
def test_holes_between_batches_are_not_acknowledged(
    settings: Settings, step_into: Any, consumer: type[BatchConsumer], position: int | None
) -> None:
    """A batch of offsets 0 to 4 is in work; the next, 5 to 9, looks like one record at 9 after a hole."""
    step_into(consumer)
    part = TP(intake(settings), 0)

    async def scenario(worker: Running) -> None:
        await worker.until(lambda: ready(worker))
        await worker.app.consumer._add_gap(part, 5, 8)
        worker.app.consumer._acked[part].append(9)
        assert worker.app.consumer._new_offset(part) == position

    run(settings, scenario)


@pytest.mark.parametrize(
    ("consumer", "position"), [(BatchConsumer, 10), (_StockAcknowledging, 1)], ids=["product", "stepped in"]
)
def test_fausts_committer_does_not_set_the_position_back(
    settings: Settings, step_into: Any, consumer: type[BatchConsumer], position: int
) -> None:
    step_into(consumer)
    publish_ten(settings)

    async def scenario(worker: Running) -> None:
        await worker.until(lambda: counted(worker) == 10)
        await worker.app.consumer.commit()
        assert (await asyncio.to_thread(committed, settings))[intake(settings), 0] == position

    run(settings, scenario)


def test_seeking_goes_back_to_the_beginning_where_nothing_was_committed(settings: Settings) -> None:
    part = TopicPartition(intake(settings), 0)

    async def scenario(worker: Running) -> None:
        await worker.until(lambda: ready(worker))
        consumer = worker.app.consumer
        worker.app.ownership.stopping = True  # nothing is fetched or delivered from here on
        await worker.until(lambda: consumer._fetching is None or consumer._fetching.done())
        await asyncio.to_thread(publish_ten, settings)
        consumer._thread.seek(part, 7)
        assert (await consumer._thread.seek_to_committed())[part] is None
        assert await consumer.position(part) == 7, "aiokafka goes back by itself"
        await consumer.perform_seek()
        assert await consumer.position(part) == 0

    run(settings, scenario)


def test_no_active_partition_means_none_to_the_engine_and_all_to_aiokafka(settings: Settings) -> None:
    async def scenario(worker: Running) -> None:
        await worker.until(lambda: ready(worker))
        thread = worker.app.consumer._thread
        worker.app.ownership.stopping = True
        await worker.until(lambda: worker.app.consumer._fetching is None or worker.app.consumer._fetching.done())
        publish_ten(settings)
        part = TopicPartition(intake(settings), 0)
        await worker.until(lambda: part in thread._consumer._fetcher._records)
        assert (await thread.fetch(frozenset(), frozenset(), 0.0)).records == {}
        drained = await thread.call_thread(thread._fetch_records, thread._consumer, frozenset(), timeout=0)
        assert len(drained[part]) == 10

    run(settings, scenario)


# recovery


@pytest.mark.parametrize(("buffer", "goes_on"), [(None, False), (1, True)], ids=["product", "stepped in"])
def test_the_changelog_is_not_applied_while_it_is_written(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, buffer: int | None, goes_on: bool
) -> None:
    if buffer:
        monkeypatch.setattr(streams.app, "RECOVERY_BUFFER", buffer)

    async def scenario(worker: Running) -> None:
        await worker.until(lambda: ready(worker))
        assert (changelog(settings) in worker.app.consumer._active_partitions) is goes_on

    run(settings, scenario)


@pytest.mark.parametrize("types", [{}, {"key_type": None, "value_type": None}], ids=["product", "stepped in"])
def test_changelog_is_read_as_bytes(settings: Settings, monkeypatch: pytest.MonkeyPatch, types: dict[str, Any]) -> None:
    stock = ScreeningApp.Table
    monkeypatch.setattr(ScreeningApp, "Table", lambda app, *args, **kwargs: stock(app, *args, **(kwargs | types)))

    async def scenario(worker: Running) -> None:
        await worker.until(lambda: ready(worker))
        (channel,) = worker.app.tables._channels.values()
        message = worker.app.consumer._message(changelog(settings), 0, b"\xff")
        if types:
            with pytest.raises((KeyDecodeError, ValueDecodeError)):
                await channel.decode(message, propagate=True)
        else:
            assert (await channel.decode(message, propagate=True)).value == b"\xff"

    run(settings, scenario)


def _write_changelog(settings: Settings, *, abort: bool, records: list[tuple[bytes, bytes | None]]) -> None:
    async def write() -> None:
        producer = AIOKafkaProducer(**producer_options(settings, f"{settings.topic_prefix}writer"))
        await producer.start()
        await producer.begin_transaction()
        for key, value in records:
            await producer.send(changelog(settings).topic, value, key=key, partition=0)
        await producer.flush()
        await (producer.abort_transaction() if abort else producer.commit_transaction())
        await producer.stop()

    asyncio.run(write())


class _WaitsForTheLastRecord(BatchConsumer):
    def _changelog_messages(self, fetched: Any) -> Any:
        return super()._changelog_messages(fetched._replace(positions={}))


MARKER: tuple[bool, list[tuple[bytes, bytes | None]]] = (False, [(b"a", COUNT.pack(1)), (b"b", COUNT.pack(2))])
LOGS: dict[str, list[Any]] = {
    "marker": [MARKER],
    "tombstone": [(False, [(b"a", COUNT.pack(1)), (b"b", COUNT.pack(2)), (b"c", COUNT.pack(3)), (b"c", None)])],
    "aborted": [MARKER, (True, [(b"a", COUNT.pack(9))])],
}


@pytest.mark.parametrize("log", LOGS.values(), ids=LOGS)
def test_recovery_ends_although_the_log_does_not_end_with_a_record(settings: Settings, log: list[Any]) -> None:
    for abort, records in log:
        _write_changelog(settings, abort=abort, records=records)

    async def scenario(worker: Running) -> None:
        await worker.until(lambda: ready(worker))
        (owner,) = worker.app.ownership
        assert owner.state == {b"a": COUNT.pack(1), b"b": COUNT.pack(2)}

    run(settings, scenario)


def test_recovery_that_waits_for_the_last_record_waits_for_ever(settings: Settings, step_into: Any) -> None:
    step_into(_WaitsForTheLastRecord)
    _write_changelog(settings, abort=False, records=MARKER[1])

    async def scenario(worker: Running) -> None:
        recovery = worker.app.tables.recovery
        await worker.until(lambda: recovery.active_offsets.get(changelog(settings)) == 1)
        position = await worker.app.consumer.position(TopicPartition(*changelog(settings)))
        assert position == 3, "all is read"
        assert recovery.need_recovery()

    run(settings, scenario)


def test_changelog_without_any_record_left_is_recovered(settings: Settings) -> None:
    _write_changelog(settings, abort=True, records=[(b"a", COUNT.pack(9))])

    async def scenario(worker: Running) -> None:
        await worker.until(lambda: ready(worker))
        assert [owner.state for owner in worker.app.ownership] == [{}]

    run(settings, scenario)


# ownership


class _ReadsFirst(BatchConsumer):
    """Takes its positions and its state before it fences."""

    async def on_partitions_assigned(self, assigned: Any, generation_id: int = 0) -> None:
        opening, OwnedPartition.open = OwnedPartition.open, _not_yet  # type: ignore[method-assign, assignment]
        await self.ownership.take(assigned)
        OwnedPartition.open = opening  # type: ignore[method-assign]
        (owner,) = self.ownership
        owner.busy = True
        await driver.Consumer.on_partitions_assigned(self, assigned, generation_id)
        self._late = asyncio.ensure_future(self._fence(owner))

    async def _fence(self, owner: OwnedPartition) -> None:
        while owner.waiting.count < 10:  # noqa: ASYNC110 - there is no event for it
            await asyncio.sleep(0.01)
        await owner.open()
        owner.busy = False


async def _not_yet(owner: OwnedPartition) -> None:
    return None


@pytest.mark.parametrize(("consumer", "alerts"), [(BatchConsumer, 1), (_ReadsFirst, 2)], ids=["product", "stepped in"])
def test_the_former_owner_is_fenced_before_anything_is_read(
    settings: Settings, step_into: Any, monkeypatch: pytest.MonkeyPatch, consumer: type[BatchConsumer], alerts: int
) -> None:
    """A former owner commits its last batch at the last moment: just before it is fenced."""
    step_into(consumer)
    publish_ten(settings)
    open_ = Transactions.open

    async def commit_then_open(transactions: Transactions) -> None:
        former = Transactions(settings, "duties", 0)
        await open_(former)
        outcome = Outcome([Send(settings.topics.alerts, b"w", b"10")], {b"w": COUNT.pack(10)})
        await former.commit(outcome, {intake(settings): 10})
        await open_(transactions)
        await former.close()

    monkeypatch.setattr(Transactions, "open", commit_then_open)

    async def scenario(worker: Running) -> None:
        await worker.until(lambda: ready(worker))
        await asyncio.to_thread(publish, settings, intake(settings), [(0, b"last", b"")])
        await worker.until(lambda: any(r.key == b"last" for done in worker.notes.done for r in done.batch.records))

    run(settings, scenario)
    assert len(read_all(settings, settings.topics.alerts)) == alerts


def test_a_fenced_owner_commits_nothing(settings: Settings) -> None:
    async def scenario() -> None:
        former, owner = Transactions(settings, "duties", 0), Transactions(settings, "duties", 0)
        await former.open()
        await owner.open()
        with pytest.raises(FencedError):
            await former.commit(Outcome(updates={b"w": COUNT.pack(1)}), {intake(settings): 5})
        await owner.commit(Outcome(updates={b"w": COUNT.pack(2)}), {intake(settings): 3})
        await former.close()
        await owner.close()

    asyncio.run(scenario())
    assert state_of(settings) == {b"w": 2}
    assert committed(settings)[intake(settings), 0] == 3


def test_a_batch_from_before_a_rebalance_is_not_committed_by_the_new_producer(settings: Settings) -> None:
    publish_ten(settings)

    async def scenario(worker: Running) -> None:
        await worker.until(lambda: counted(worker) == 10)
        ownership = worker.app.ownership
        (former,) = ownership
        worker.app.ownership.stopping = True
        stale = former.waiting.take(10)
        await ownership.give_up()
        ownership.stopping = False
        await ownership.take([(intake(settings), 0)])
        (owner,) = ownership
        assert owner is not former
        assert await former.process(stale) is None
        assert not await ownership.process(former, stale)
        assert owner.state == former.state == {b"w": COUNT.pack(10)}

    run(settings, scenario)


# transactions


class _LooksAtNoFuture(Transactions):
    async def _send(self, *args: Any) -> Any:
        waiting: list[Any] = []
        sent = await super()._send(args[0], args[1], waiting)
        await asyncio.gather(*waiting, return_exceptions=True)
        return sent


@pytest.mark.parametrize(
    ("kind", "position"), [(Transactions, None), (_LooksAtNoFuture, 5)], ids=["product", "stepped in"]
)
def test_a_refused_record_batch_fails_the_transaction(
    settings: Settings, kind: type[Transactions], position: int | None
) -> None:
    """aiokafka commits the rest of the transaction: only the future of the batch knows that it was refused."""
    admin = KafkaAdminClient(bootstrap_servers=settings.kafka)
    limit = {"max.message.bytes": "1000"}
    admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, settings.topics.alerts, limit)])
    admin.close()
    outcome = Outcome([Send(settings.topics.alerts, b"w", b"x" * 5000)], {b"w": COUNT.pack(1)})

    async def scenario() -> None:
        transactions = kind(settings, "duties", 0)
        await transactions.open()
        if position is None:
            with pytest.raises(FailedError):
                await transactions.commit(outcome, {intake(settings): 5})
        else:
            await transactions.commit(outcome, {intake(settings): 5})
        await transactions.close()

    asyncio.run(scenario())
    assert read_all(settings, settings.topics.alerts) == []
    assert len(read_all(settings, changelog(settings).topic)) == (position is not None)
    assert committed(settings).get((intake(settings), 0)) == position


class _FailingStage(CountingStage):
    def step(self, batch: Batch, state: Mapping[bytes, bytes]) -> Outcome:
        if not batch.records:
            return Outcome()
        raise ConnectionError("ours")


def test_a_failed_batch_is_not_acknowledged(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    publish_ten(settings)
    acknowledged: list[Mapping[str, int]] = []
    monkeypatch.setattr(
        BatchConsumer, "ack", lambda consumer, message: acknowledged.append(message.value.taken.positions)
    )

    async def scenario() -> None:
        plan = counting_plan(settings, build=lambda partition: _FailingStage(settings.topics.alerts))
        async with running(settings, [plan]) as worker:
            assert await worker.failure() is not None

    asyncio.run(scenario())
    assert not any(acknowledged), "only empty batches may be"
    assert committed(settings) == {}


# fetching


def test_a_fetch_for_quiet_partitions_does_not_hold_up_busy_ones(settings: Settings) -> None:
    async def scenario(worker: Running) -> None:
        await worker.until(lambda: ready(worker))
        fetcher = worker.app.consumer._thread._consumer._fetcher
        assert fetcher._fetch_max_wait_ms == FETCH_WAIT_MS <= 100
        assert fetcher._isolation_level == 1, "reads what is not committed"

    run(settings, scenario)
