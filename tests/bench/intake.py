"""Puts a kept set of events on the intake topics: all at once as a backlog, or at a steady rate.

A record goes to the partition CRC-32 of its key gives, as librdkafka's clients place it.
"""

import asyncio
import contextlib
import gc
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from typing import NamedTuple

from aiokafka import AIOKafkaProducer
from aiokafka.producer.message_accumulator import BatchBuilder
from kafka.admin import ConfigResource, KafkaAdminClient

from parcelward.cluster.admin import ensure_topics
from parcelward.settings import Settings
from parcelward.topics import partition_of
from tests.bench.backlog import Stored

BATCH_BYTES = 131_072  # as our publisher
LINGER_S = 0.01
OPEN_MS = 900_000  # longest the backlog stays hidden; the broker allows no more
WAITING_BATCHES = 64


def make_topics(settings: Settings) -> None:
    """All topics of the installation, the intake kept whatever its age."""
    ensure_topics(settings)
    _configure_intake(settings, {"retention.ms": "-1"})


def _configure_intake(settings: Settings, config: dict[str, str]) -> None:
    with contextlib.closing(KafkaAdminClient(bootstrap_servers=settings.kafka)) as admin:
        topics = [settings.topics.intake(courier) for courier in settings.couriers]
        admin.alter_configs([ConfigResource("TOPIC", topic, config) for topic in topics])


@contextlib.contextmanager
def recorded_arrivals(settings: Settings) -> Iterator[None]:
    """Records published inside keep the arrival of the recorded day; elsewhere the broker stamps its own time."""
    _configure_intake(settings, {"message.timestamp.type": "CreateTime"})
    try:
        yield
    finally:
        _configure_intake(settings, {"message.timestamp.type": "LogAppendTime"})


class _Gathering:
    """Record batches under way, one per topic and partition."""

    def __init__(self, producer: AIOKafkaProducer, settings: Settings) -> None:
        self._producer = producer
        self._topics = {courier: settings.topics.intake(courier) for courier in settings.couriers}
        self._partitions = settings.partitions
        self._open: dict[tuple[str, int], BatchBuilder] = {}
        self._sent: list[asyncio.Future[object]] = []

    async def add(self, stored: Stored) -> None:
        """Add a record; sends its batch when that is full."""
        place = (self._topics[stored.courier], partition_of(stored.key or b"", self._partitions))
        batch = self._open.get(place) or self._open.setdefault(place, self._producer.create_batch())
        if batch.append(timestamp=stored.arrival_ms, key=stored.key, value=stored.value, headers=stored.headers):
            return
        await self._send(place)
        batch = self._open[place] = self._producer.create_batch()
        if not batch.append(timestamp=stored.arrival_ms, key=stored.key, value=stored.value, headers=stored.headers):
            raise ValueError("a record larger than a batch")

    async def _send(self, place: tuple[str, int]) -> None:
        self._sent.append(await self._producer.send_batch(self._open.pop(place), place[0], partition=place[1]))
        if len(self._sent) > WAITING_BATCHES:
            await self.settle()

    async def send_all(self) -> None:
        """Send every open batch; returns before they are acknowledged."""
        for place in list(self._open):
            await self._send(place)

    async def settle(self) -> None:
        """Wait until what was sent is acknowledged."""
        sent, self._sent = self._sent, []
        await asyncio.gather(*sent)


@contextlib.asynccontextmanager
async def _producer(settings: Settings, **options: object) -> AsyncIterator[AIOKafkaProducer]:
    producer = AIOKafkaProducer(
        bootstrap_servers=settings.kafka, acks="all", max_batch_size=BATCH_BYTES, linger_ms=0, **options
    )
    await producer.start()
    try:
        yield producer
    finally:
        await producer.stop()


class HiddenBacklog:
    """A backlog that becomes visible at one moment: published in a transaction that `reveal` commits.

    So the worker finishes its warm-up on what came before, finds nothing to do, and then everything at once.
    """

    def __init__(self, settings: Settings, compression: str | None = None) -> None:
        self._settings = settings
        self._compression = compression
        self._stack = contextlib.AsyncExitStack()
        self._runner = asyncio.Runner()
        self._producer: AIOKafkaProducer | None = None

    def publish(self, warm_up: Iterable[Stored], backlog: Iterable[Stored]) -> None:
        """Publish the warm-up for everybody to see, and the backlog hidden."""
        with recorded_arrivals(self._settings):
            self._runner.run(self._publish(warm_up, backlog))

    async def _publish(self, warm_up: Iterable[Stored], backlog: Iterable[Stored]) -> None:
        async with _producer(self._settings, compression_type=self._compression) as plain:
            await _fill(_Gathering(plain, self._settings), warm_up)
        name = f"{self._settings.topics.app_id}-bench"
        hidden = _producer(
            self._settings,
            compression_type=self._compression,
            transactional_id=name,
            transaction_timeout_ms=OPEN_MS,
        )
        self._producer = producer = await self._stack.enter_async_context(hidden)
        await producer.begin_transaction()
        await _fill(_Gathering(producer, self._settings), backlog)

    def reveal(self) -> float:
        """Commit; returns the time in seconds since the epoch."""
        assert self._producer is not None, "nothing published"
        begun = time.time()
        self._runner.run(self._producer.commit_transaction())
        return begun

    def close(self) -> None:
        """Disconnect."""
        self._runner.run(self._stack.aclose())
        self._runner.close()


async def _fill(gathering: _Gathering, records: Iterable[Stored]) -> None:
    for stored in records:
        await gathering.add(stored)
    await gathering.send_all()
    await gathering.settle()


class Published(NamedTuple):
    """Times of publishing (s since the epoch): begin, when each event was due (by id), and the worst delay (s)."""

    begun: float
    due_of: dict[str, float]
    latest_s: float


def publish_steadily(
    settings: Settings,
    records: list[Stored],
    per_second: float,
    stop: Callable[[], bool] = lambda: False,
    on_begun: Callable[[], None] = lambda: None,
) -> Published:
    """Publish at a steady rate, a batch per partition every 10 ms, as a courier's gateway does; `stop` ends it."""
    return asyncio.run(_publish_steadily(settings, records, per_second, stop, on_begun))


@contextlib.contextmanager
def _unwatched() -> Iterator[None]:
    """Hide what is there now from the garbage collector: to look through it would delay events by 0.2 s."""
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


async def _publish_steadily(
    settings: Settings,
    records: list[Stored],
    rate: float,
    stop: Callable[[], bool],
    on_begun: Callable[[], None],
) -> Published:
    size = max(1, round(rate * LINGER_S))
    latest_s, sent = 0.0, 0
    async with _producer(settings) as producer:
        # Put together before the clock runs: a publisher that computes takes the worker's core.
        portions = []
        for first in range(0, len(records), size):
            portions.append(_Gathering(producer, settings))
            for stored in records[first : first + size]:
                await portions[-1].add(stored)
        with _unwatched():
            begun = time.time()
            on_begun()
            for portion in portions:
                due = begun + (sent + size) / rate
                await asyncio.sleep(max(0.0, due - time.time()))
                if stop():
                    break
                await portion.send_all()
                sent += size
                latest_s = max(latest_s, time.time() - due)
            for portion in portions:
                await portion.settle()
    due_of = {event_id(stored): begun + number / rate for number, stored in enumerate(records[:sent])}
    return Published(begun, due_of, latest_s)


def event_id(stored: Stored) -> str:
    """The event's id; empty for a record that has none in its headers."""
    return next((raw.decode() for name, raw in stored.headers if name == "ce_id"), "")
