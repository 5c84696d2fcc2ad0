"""Reads whole topics without a consumer group: follows them, or reads from their beginning to their present end."""

import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from parcelward.cluster.client import consumer_options, require_answer, unreachable
from parcelward.errors import UserError
from parcelward.settings import Settings


class TopicReader(AbstractContextManager["TopicReader"]):
    """All partitions of some topics, committed records only; a context manager.

    `from_start` reads from the beginning; otherwise only what comes after the reader was made. Records are
    kafka-python's: topic, partition, offset, timestamp, key, value, headers.
    """

    def __init__(self, settings: Settings, topics: Sequence[str], from_start: bool = True) -> None:
        """Connect and find the place to read from. Raises UserError when no broker answers or a topic is missing."""
        require_answer(settings)
        try:
            self._consumer = KafkaConsumer(**consumer_options(settings))
        except (KafkaError, OSError) as error:
            raise unreachable(settings, error) from None
        try:
            self._partitions = [TopicPartition(topic, number) for topic in topics for number in self._numbers(topic)]
            self._consumer.assign(self._partitions)
            if from_start:
                self._consumer.seek_to_beginning(*self._partitions)
            else:
                for partition, end in self._consumer.end_offsets(self._partitions).items():
                    self._consumer.seek(partition, end)
        except BaseException:
            self._consumer.close()
            raise

    def poll(self, timeout_s: float) -> list[Any]:
        """Return what has come, each partition in offset order; wait at most `timeout_s` for the first record."""
        batches = self._consumer.poll(timeout_ms=int(timeout_s * 1000), max_records=5000)
        return [record for records in batches.values() for record in records]

    def read_to_end(self, patience_s: float = 30.0) -> Iterator[Any]:
        """Give every record up to the present end; what comes later is left to `poll`.

        Raises UserError when none comes for `patience_s` before the end.
        """
        ends = self._consumer.end_offsets(self._partitions)
        deadline = time.monotonic() + patience_s
        while any(self._consumer.position(partition) < end for partition, end in ends.items()):
            records = self.poll(0.5)
            if records:
                deadline = time.monotonic() + patience_s
            elif time.monotonic() > deadline:
                raise UserError(f"reading stopped short of the end for {patience_s:.0f} s; is the broker alive?")
            yield from (record for record in records if record.offset < ends[_partition_of(record)])
        for partition, end in ends.items():
            if self._consumer.position(partition) > end:
                self._consumer.seek(partition, end)

    def close(self) -> None:
        """Disconnect."""
        self._consumer.close()

    def __exit__(self, *_: object) -> None:
        self.close()

    def _numbers(self, topic: str) -> list[int]:
        numbers = self._consumer.partitions_for_topic(topic)
        if not numbers:
            raise UserError(f"topic {topic} does not exist on this cluster; check topic_prefix and couriers")
        return sorted(numbers)


def _partition_of(record: Any) -> Any:
    return TopicPartition(record.topic, record.partition)
