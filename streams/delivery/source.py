"""The records to deliver: read from Kafka without a group of readers, positions kept under a name of their own.

One process serves a receiver. A second one of the same name takes over: Kafka fences the transactions of the first, in
which it keeps its positions and writes undelivered records, so both happen or neither.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import KafkaError, ProducerFenced
from aiokafka.structs import OffsetAndMetadata, TopicPartition

from parcelward.cluster.admin import administered
from parcelward.cluster.client import require_answer
from parcelward.delivery.progress import Progress
from parcelward.errors import UserError
from parcelward.ground.plan import MAX_UNDELIVERED_BYTES
from parcelward.settings import Settings
from parcelward.stage import Record, Send
from streams.engine.clients import connection_options

log = logging.getLogger(__name__)

READ_RECORDS = 500
READ_MS = 200
COMMIT_S = 60.0
"""Time for one commit, a change of leaders included; then the process ends, and is started again."""

Place = tuple[str, int]


class Start(NamedTuple):
    """Place to read from: the position kept under `name`, or else a time or an offset."""

    topics: tuple[str, ...]
    name: str | None
    from_ms: int
    partition: int | None = None
    offset: int | None = None


class Source:
    """Topics, and how far each partition of them is done."""

    def __init__(self, settings: Settings, start: Start) -> None:
        self._settings = settings
        self._start = start
        self._consumer: Any = None
        self._producer: Any = None
        self._ends: dict[Any, int] = {}
        self._kept: dict[Place, tuple[int, str]] = {}
        self.progress: dict[Place, Progress] = {}
        self.gone = 0
        """Records that were deleted before they were read, at most."""

    async def open(self) -> None:
        """Connect, fence a process that serves this receiver already, and go to where it was. Raises UserError."""
        require_answer(self._settings)
        options = connection_options(self._settings)
        if self._start.name is not None:
            self._producer = AIOKafkaProducer(
                **options,
                transactional_id=self._start.name,
                acks="all",
                max_request_size=MAX_UNDELIVERED_BYTES,
                client_id=self._start.name,
            )
            try:
                await self._producer.start()
            except KafkaError as error:
                raise _not_let_in(self._settings, error) from None
        self._consumer = AIOKafkaConsumer(
            **options,
            client_id=self._start.name or "deliver-again",
            isolation_level="read_committed",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
        )
        await self._consumer.start()
        await self._go_to(*await asyncio.to_thread(administered, self._settings, "finding_positions", self._look))

    async def close(self) -> None:
        """Disconnect."""
        for client in (self._consumer, self._producer):
            if client is not None:
                await client.stop()

    async def read(self, most: int = READ_RECORDS) -> list[Record]:
        """Give what has come, each partition in order; wait a moment for the first record."""
        found = await self._consumer.getmany(timeout_ms=READ_MS, max_records=min(most, READ_RECORDS))
        return [
            Record(one.topic, one.partition, one.offset, one.timestamp, one.key, one.value, one.headers)
            for records in found.values()
            for one in records
        ]

    def is_new(self, record: Record) -> bool:
        """Tell whether a record came after `open`."""
        return record.offset >= self._ends[TopicPartition(record.topic, record.partition)]

    async def is_at_the_end(self) -> bool:
        """Tell whether all was read that was there at `open`."""
        for partition, end in self._ends.items():
            if await self._consumer.position(partition) < end:
                return False
        return True

    async def lag(self) -> int:
        """Count what is there and was not read yet."""
        ends = await self._consumer.end_offsets(list(self._ends))
        return sum([max(0, end - await self._consumer.position(tp)) for tp, end in ends.items()])

    async def commit(self, notes: Mapping[Place, str], sends: Sequence[Send], anew: bool = False) -> None:
        """Keep how far each partition is done, and write what was given up, in one transaction.

        The first commit keeps all positions, later ones what has changed, or all when told to keep them `anew`: the
        group has no members, so Kafka forgets each position seven days after its own last commit. Raises UserError when
        another process has taken over. Without a name nothing is kept.
        """
        done = {place: (progress.position(), notes[place]) for place, progress in self.progress.items()}
        changed = {place: at for place, at in done.items() if anew or at != self._kept.get(place)}
        if self._producer is None or not (changed or sends):
            return
        writing = asyncio.ensure_future(self._write(changed, sends))
        # Not a time limit inside: what is cut off aborts its transaction, and waits for the same broker again.
        await asyncio.wait([writing], timeout=COMMIT_S)
        if not writing.done():
            raise TimeoutError("a commit took too long")
        writing.result()
        self._kept |= changed

    async def _write(self, positions: Mapping[Place, tuple[int, str]], sends: Sequence[Send]) -> None:
        try:
            async with self._producer.transaction():
                for send in sends:
                    await self._producer.send(send.topic, send.value, send.key, headers=list(send.headers))
                await self._producer.send_offsets_to_transaction(
                    {TopicPartition(*place): OffsetAndMetadata(*at) for place, at in positions.items()},
                    self._start.name,
                )
        except ProducerFenced:
            raise UserError(
                f"another process delivers as {self._start.name} by now; let only one of that name run, or give this "
                "one another webhook_name"
            ) from None

    def _look(self, admin: Any) -> tuple[list[Any], Mapping[Any, Any]]:
        """Find the partitions of the topics, and the positions that were kept."""
        there = set(admin.list_topics())
        for topic in self._start.topics:
            if topic not in there:
                raise UserError(
                    f"topic {topic} does not exist on this cluster, or this user may not see it; take it out of "
                    "webhook_topics, or let a worker make it"
                )
        partitions = [
            TopicPartition(topic["name"], partition["partition_index"])
            for topic in admin.describe_topics(list(self._start.topics))
            for partition in topic["partitions"]
        ]
        if self._start.name is None:
            return partitions, {}
        found = admin.list_group_offsets({self._start.name: None})[self._start.name]
        return partitions, {(tp.topic, tp.partition): at for tp, at in found.items() if at.offset >= 0}

    async def _go_to(self, partitions: list[Any], kept: Mapping[Any, Any]) -> None:
        start = self._start
        if start.partition is not None:
            partitions = [tp for tp in partitions if tp.partition == start.partition]
        if not partitions:
            raise UserError(f"--partition {start.partition}: topic {start.topics[0]} has no such partition")
        self._consumer.assign(partitions)
        begins = await self._consumer.beginning_offsets(partitions)
        self._ends = await self._consumer.end_offsets(partitions)
        if start.offset is not None and start.offset > max(self._ends.values()):
            raise UserError(f"--offset {start.offset}: the partition ends before it, at {max(self._ends.values())}")
        since = await self._consumer.offsets_for_times(dict.fromkeys(partitions, start.from_ms))
        for tp in partitions:
            at = kept.get((tp.topic, tp.partition))
            if at is not None:
                position, note = at.offset, at.metadata or ""
                self._miss(tp, begins[tp] - position)
            else:
                found = since.get(tp)
                asked = found.offset if found is not None else self._ends[tp]
                position, note = max(asked if start.offset is None else start.offset, begins[tp]), ""
            self._consumer.seek(tp, max(position, begins[tp]))
            self.progress[tp.topic, tp.partition] = Progress(position, note)

    def _miss(self, tp: Any, records: int) -> None:
        if records > 0:
            self.gone += records
            log.error(
                "records were deleted before they were delivered",
                extra={"topic": tp.topic, "partition": tp.partition, "records": records},
            )


def _not_let_in(settings: Settings, error: Exception) -> UserError:
    return UserError(
        f"the Kafka at {settings.kafka} does not let this user deliver ({type(error).__name__}); it needs the rights "
        "of the user `deliver`, see docs/delivery.md"
    )
