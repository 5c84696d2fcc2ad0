"""Reads whole topics without a consumer group: follows them, or reads from their beginning to their present end."""

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Sized
from contextlib import AbstractContextManager
from difflib import get_close_matches
from heapq import heappop, heappush
from itertools import count
from typing import Any, TypeVar

from kafka import TopicPartition
from kafka.errors import KafkaError

from parcelward.cluster.client import consumer_options, require_answer, unreachable
from parcelward.cluster.pausing import PausingConsumer
from parcelward.errors import UserError
from parcelward.settings import Settings

ENOUGH = 500
"""Records of a partition that may wait before it is read no further."""
REORDERED = 10_000
"""Records within which a listing is brought into the order of their own times."""

Item = TypeVar("Item")


class TopicAwayError(UserError):
    """A topic does not exist, or this user may not see it."""


class TopicReader(AbstractContextManager["TopicReader"]):
    """All partitions of some topics, committed records only; a context manager.

    `from_start` reads from the beginning; otherwise only what comes after the reader was made. Records are
    kafka-python's: topic, partition, offset, timestamp, key, value, headers.
    """

    def __init__(self, settings: Settings, topics: Sequence[str], from_start: bool = True) -> None:
        """Connect and find the place to read from. Raises UserError when no broker answers or a topic is missing."""
        require_answer(settings)
        try:
            self._consumer = PausingConsumer(**consumer_options(settings))
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

    def read_to_end(self, patience_s: float = 30.0, stop: Callable[[], bool] = lambda: False) -> Iterator[Any]:
        """Give every record up to the present end; what comes later is left to `poll`.

        Partitions are merged by the times of their records; of each, few records are in memory. Ends early once `stop`
        says so. Raises UserError when none comes for `patience_s` before the end.
        """
        ends = self._consumer.end_offsets(self._partitions)
        waiting: dict[Any, deque[Any]] = {partition: deque() for partition in self._partitions}
        heads: list[tuple[int, int]] = []  # time of the first record that waits, number in `_partitions`
        deadline = time.monotonic() + patience_s
        while not stop():
            if self._is_read(ends, waiting):
                if not heads:
                    break
                _, number = heappop(heads)
                queue = waiting[self._partitions[number]]
                yield queue.popleft()
                if queue:
                    heappush(heads, (queue[0].timestamp, number))
                continue
            if self._read_more(ends, waiting, heads):
                deadline = time.monotonic() + patience_s
            elif time.monotonic() > deadline:
                raise UserError(f"reading stopped short of the end for {patience_s:.0f} s; is the broker alive?")
        self._consumer.resume(*self._partitions)
        for partition, end in ends.items():
            if self._consumer.position(partition) > end:
                self._consumer.seek(partition, end)

    def _is_read(self, ends: Mapping[Any, int], waiting: Mapping[Any, Sized]) -> bool:
        """Tell whether of each partition a record waits, or none is left: only then it is known which one is next."""
        return all(
            queue or self._consumer.position(partition) >= ends[partition] for partition, queue in waiting.items()
        )

    def _read_more(
        self, ends: Mapping[Any, int], waiting: Mapping[Any, deque[Any]], heads: list[tuple[int, int]]
    ) -> bool:
        """Read once from the partitions of which too little waits; tell whether anything came."""
        for partition, queue in waiting.items():
            (self._consumer.pause if len(queue) >= ENOUGH else self._consumer.resume)(partition)
        records = self.poll(0.5)
        for record in records:
            partition = _partition_of(record)
            if record.offset < ends[partition]:
                if not waiting[partition]:
                    heappush(heads, (record.timestamp, self._partitions.index(partition)))
                waiting[partition].append(record)
        return bool(records)

    def rewind(self) -> None:
        """Go back to the beginning."""
        self._consumer.seek_to_beginning(*self._partitions)

    def close(self) -> None:
        """Disconnect."""
        self._consumer.close()

    def __exit__(self, *_: object) -> None:
        self.close()

    def _numbers(self, topic: str) -> list[int]:
        numbers = self._consumer.partitions_for_topic(topic)
        if not numbers:
            near = get_close_matches(topic, sorted(self._consumer.topics()), 1, 0.8)
            meant = f"did you mean {near[0]}?" if near else "is the name right, and the setting topic_prefix?"
            raise TopicAwayError(f"topic {topic} does not exist on this cluster, or this user may not see it; {meant}")
        return sorted(numbers)


def _partition_of(record: Any) -> Any:
    return TopicPartition(record.topic, record.partition)


def in_time_order(items: Iterable[Item], time_of: Callable[[Item], float], within: int = REORDERED) -> Iterator[Item]:
    """Sort items that are nearly in order: none comes more than `within` places too late. Keeps no more in memory.

    >>> list(in_time_order([2, 1, 4, 3], float, within=1))
    [1, 2, 3, 4]
    """
    number = count()  # of items of one time, the first comes first
    heap: list[tuple[float, int, Item]] = []
    for item in items:
        heappush(heap, (time_of(item), next(number), item))
        if len(heap) > within:
            yield heappop(heap)[2]
    while heap:
        yield heappop(heap)[2]
