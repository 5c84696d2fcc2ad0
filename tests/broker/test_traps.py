"""The ways in which a batched Faust first lost, doubled or delayed data, each stepped into on purpose.

Here: positions, recovery and fetching; assignment and transactions are in `test_traps_assignment.py`. Every test shows
that the product keeps out of the trap; where a variant that steps in can be made, it shows the damage too, so that the
test is known to be able to see it.
"""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.structs import TopicPartition
from faust.exceptions import KeyDecodeError, ValueDecodeError
from faust.tables.recovery import Recovery, ServiceStopped
from faust.transport.drivers import aiokafka as driver
from faust.types import TP

import streams.app
import streams.engine.faust_app
import streams.engine.tables
from parcelward.settings import Settings
from streams.engine.clients import FETCH_WAIT_MS
from streams.engine.faust_app import ScreeningApp
from streams.engine.phase import Phase
from streams.engine.tables import LoudRecovery
from streams.engine.transactions import FailedError
from streams.engine.transport import BatchConsumer
from tests.engine_kit.counting import COUNT
from tests.engine_kit.kafka import committed
from tests.engine_kit.traps import changelog, counted, intake, publish_ten, ready, run, stop_fetching
from tests.engine_kit.workers import Running

OFFSET_FETCH = 9
LOADING, NOT_HERE = 14, 16

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
        await stop_fetching(worker)
        await asyncio.to_thread(publish_ten, settings)
        consumer._thread.seek(part, 7)
        assert (await consumer._thread.seek_to_committed())[part] is None
        assert await consumer.position(part) == 7, "aiokafka goes back by itself"
        (partition,) = worker.app.assignment
        partition._phase = Phase.RESTORED  # as at the end of recovery
        await consumer.perform_seek()
        assert await consumer.position(part) == 0
        assert partition.phase is Phase.READY

    run(settings, scenario)


def _moves(client: Any, ask: str, code: int) -> None:
    """The group's broker no longer has it, or not yet: the next answer names no partition, and has a code for all."""
    asked, answers = getattr(client, ask), [SimpleNamespace(topics=[], error_code=code)]

    async def ask_once_in_vain(*what: Any, **how: Any) -> Any:
        about_positions = any(getattr(one, "API_KEY", None) == OFFSET_FETCH for one in what)
        return answers.pop() if answers and about_positions else await asked(*what, **how)

    setattr(client, ask, ask_once_in_vain)


@pytest.mark.parametrize("code", [LOADING, NOT_HERE])
def test_a_group_that_moves_to_another_broker_has_not_forgotten_its_positions(settings: Settings, code: int) -> None:
    publish_ten(settings)
    part = TopicPartition(intake(settings), 0)

    async def scenario(worker: Running) -> None:
        await worker.until(lambda: counted(worker) == 10)
        (partition,) = worker.app.assignment
        producer, thread = partition._transactions._producer, worker.app.consumer._thread
        _moves(producer._client, "send", code)
        assert await producer.stable_positions([part]) == {part: 10}
        _moves(thread._consumer._coordinator, "_send_req", code)
        assert await thread.call_thread(thread._consumer.committed, part) is None, "aiokafka looks at it by itself"
        assert await thread.call_thread(thread._consumer.committed, part) == 10

    run(settings, scenario)


def test_no_active_partition_means_none_to_the_engine_and_all_to_aiokafka(settings: Settings) -> None:
    async def scenario(worker: Running) -> None:
        await worker.until(lambda: ready(worker))
        thread = worker.app.consumer._thread
        await stop_fetching(worker)
        publish_ten(settings)
        part = TopicPartition(intake(settings), 0)
        await worker.until(lambda: part in thread._consumer._fetcher._records)
        assert (await thread.fetch(frozenset(), frozenset(), frozenset(), 0.0)).records == {}
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


@pytest.mark.parametrize("recovery", [LoudRecovery, Recovery], ids=["product", "stepped in"])
def test_a_step_of_recovery_that_takes_too_long_stops_the_worker(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, recovery: type[Recovery]
) -> None:
    """The brokers have gone away just after the partitions were taken over."""
    options = streams.engine.faust_app.faust_options
    monkeypatch.setattr(streams.app, "faust_options", lambda told: options(told) | {"broker_request_timeout": 0.5})
    monkeypatch.setattr(streams.engine.tables, "LoudRecovery", recovery)
    asked = asyncio.Event()

    async def no_answer(self: BatchConsumer, *parts: Any) -> None:
        asked.set()
        await asyncio.sleep(3600)

    monkeypatch.setattr(BatchConsumer, "highwaters", no_answer)

    async def scenario(worker: Running) -> None:
        if recovery is LoudRecovery:
            assert isinstance(await worker.failure(), FailedError)
            return
        await worker.until(asked.is_set)
        await asyncio.sleep(3.0)
        assert worker.app.assignment.fault is None, "Faust says so by itself"
        assert not ready(worker), "Faust asks again by itself"

    run(settings, scenario)


def test_a_worker_that_was_told_to_stop_has_not_failed_because_recovery_takes_too_long(settings: Settings) -> None:
    async def scenario(worker: Running) -> None:
        await worker.until(lambda: ready(worker))
        await worker.app.assignment.finish()
        with pytest.raises(ServiceStopped):
            await worker.app.tables.recovery._wait(asyncio.sleep(60), timeout=0.1)
        assert worker.app.assignment.fault is None

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
        producer = AIOKafkaProducer(bootstrap_servers=settings.kafka, transactional_id=f"{settings.topic_prefix}writer")
        await producer.start()
        await producer.begin_transaction()
        for key, value in records:
            await producer.send(changelog(settings).topic, value, key=key, partition=0)
        await producer.flush()
        # A state without any position would stop the worker.
        position = {TopicPartition(intake(settings), 0): 0}
        await producer.send_offsets_to_transaction(position, settings.topics.app_id)
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
        (partition,) = worker.app.assignment
        assert partition.state == {b"a": COUNT.pack(1), b"b": COUNT.pack(2)}

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
        assert [partition.state for partition in worker.app.assignment] == [{}]

    run(settings, scenario)


# fetching


def test_a_fetch_for_quiet_partitions_does_not_hold_up_busy_ones(settings: Settings) -> None:
    async def scenario(worker: Running) -> None:
        await worker.until(lambda: ready(worker))
        fetcher = worker.app.consumer._thread._consumer._fetcher
        assert fetcher._fetch_max_wait_ms == FETCH_WAIT_MS <= 100
        assert fetcher._isolation_level == 1, "reads what is not committed"

    run(settings, scenario)
