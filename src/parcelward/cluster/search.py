"""Finds the few records of a topic that hold certain bytes, quickly: a batch without them is not taken apart."""

import time
from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, ClassVar, NamedTuple

from kafka import KafkaConsumer, TopicPartition
from kafka.admin import KafkaAdminClient
from kafka.errors import GroupIdNotFoundError, KafkaError
from kafka.record import memory_records

from parcelward.cluster.admin import committed_positions
from parcelward.cluster.client import (
    ReadableBatch,
    client_options,
    consumer_options,
    require_answer,
    unreachable,
)
from parcelward.errors import UserError
from parcelward.settings import Settings
from parcelward.stage import SourceRecord

PATIENCE_S = 30.0
FETCH_BYTES = 16 * 1024 * 1024
EVERYTHING_FETCHED = 1_000_000


class Reach(NamedTuple):
    """The part of a partition that was read: from `start` on, before `end`."""

    topic: str
    partition: int
    start: int
    end: int


class SearchedBatch(ReadableBatch):
    """A batch that gives its records only if their bytes hold what is `wanted`."""

    wanted: ClassVar[Collection[bytes]] = ()

    def __iter__(self) -> Any:
        self._maybe_uncompress()
        held = bytes(self._buffer)
        return super().__iter__() if any(one in held for one in self.wanted) else iter(())


class Search(AbstractContextManager["Search"]):
    """Reads partitions for records that hold any of some bytes; a context manager. `reached` says what was read.

    `since_ms`: nothing that was appended before then is read. `committed`: only what readers of committed records see;
    otherwise all that lies there, aborted records among it. Raises UserError when no broker answers.
    """

    def __init__(
        self, settings: Settings, wanted: Collection[bytes], since_ms: int | None = None, *, committed: bool = True
    ) -> None:
        require_answer(settings)
        self._settings, self._since_ms, self._wanted = settings, since_ms, tuple(wanted)
        self.reached: list[Reach] = []
        options = consumer_options(settings) | {
            "isolation_level": "read_committed" if committed else "read_uncommitted",
            "check_crcs": False,
            "fetch_max_wait_ms": 10,
            "fetch_max_bytes": FETCH_BYTES,
            "max_partition_fetch_bytes": FETCH_BYTES,
        }
        try:
            self._consumer = KafkaConsumer(**options)
        except (KafkaError, OSError) as error:
            raise unreachable(settings, error) from None

    def partitions(self, topic: str) -> int:
        """Count the partitions of a topic. Raises UserError when it is missing."""
        numbers = self._consumer.partitions_for_topic(topic)
        if not numbers:
            raise UserError(f"topic {topic} does not exist on this cluster; check topic_prefix and couriers")
        return len(numbers)

    def find(self, topic: str, numbers: Collection[int], wanted: Collection[bytes] | None = None) -> list[SourceRecord]:
        """Give the records of some partitions of a topic, each partition in offset order, up to their present ends.

        `wanted`: other bytes than those that the search was made for, from now on.
        """
        self._wanted = self._wanted if wanted is None else tuple(wanted)
        return [record for number in sorted(numbers) for record in self._find(TopicPartition(topic, number))]

    def find_from(self, topic: str, number: int, start: int) -> list[SourceRecord]:
        """Give the records of one partition from an offset on, up to its present end."""
        return self._find(TopicPartition(topic, number), start)

    def _find(self, tp: TopicPartition, start: int | None = None) -> list[SourceRecord]:
        consumer = self._consumer
        consumer.assign([tp])
        end = consumer.end_offsets([tp])[tp]
        start = self._start(tp, end) if start is None else max(start, consumer.beginning_offsets([tp])[tp])
        consumer.seek(tp, start)
        found: list[SourceRecord] = []
        # kafka-python takes batches of a class apart that no option names.
        usual, memory_records.DefaultRecordBatch = memory_records.DefaultRecordBatch, self._batch_class()
        try:
            read, last = start, time.monotonic()
            while read < end:
                records = consumer.poll(timeout_ms=200, max_records=EVERYTHING_FETCHED).get(tp, ())
                found += [one for one in records if one.offset < end and self._holds(one)]
                at = consumer.position(tp)
                if at > read:
                    read, last = at, time.monotonic()
                elif time.monotonic() - last > PATIENCE_S:
                    raise UserError(
                        f"reading {tp.topic} stopped short of its end for {PATIENCE_S:.0f} s; is Kafka alive?"
                    )
        finally:
            memory_records.DefaultRecordBatch = usual
        self.reached.append(Reach(tp.topic, tp.partition, start, end))
        return found

    def _start(self, tp: TopicPartition, end: int) -> int:
        if self._since_ms is None:
            return int(self._consumer.beginning_offsets([tp])[tp])
        found = self._consumer.offsets_for_times({tp: self._since_ms})[tp]
        return end if found is None else int(found.offset)

    def _batch_class(self) -> type[SearchedBatch]:
        return type("Wanted", (SearchedBatch,), {"wanted": self._wanted})

    def _holds(self, record: Any) -> bool:
        parts: Sequence[bytes | None] = (record.key, record.value, *(value for _, value in record.headers))
        return any(one in part for part in parts if part for one in self._wanted)

    def positions(self) -> Mapping[tuple[str, int], int] | None:
        """Ask for the positions that the workers have committed; None where this user may not know them."""
        try:
            admin = KafkaAdminClient(**client_options(self._settings))
            try:
                found = committed_positions(admin, self._settings)
            finally:
                admin.close()
        except GroupIdNotFoundError:  # no worker has ever been there
            return {}
        except KafkaError:
            return None
        return {(tp.topic, tp.partition): one.offset for tp, one in found.items()}

    def close(self) -> None:
        """Disconnect."""
        self._consumer.close()

    def __exit__(self, *_: object) -> None:
        self.close()
