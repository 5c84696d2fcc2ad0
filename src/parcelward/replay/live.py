"""The recording that a running Kafka holds: what came in, what passed between the stages, what went out, state."""

import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from itertools import chain, islice
from typing import Any

from kafka import TopicPartition
from kafka.errors import KafkaError

from parcelward.cluster.admin import administered, committed_positions
from parcelward.cluster.client import consumer_options, require_answer, unreachable
from parcelward.cluster.pausing import PausingConsumer
from parcelward.errors import UserError
from parcelward.flow import FLOW
from parcelward.replay.recording import Entry, Pass, entry_of, pass_of
from parcelward.settings import Settings
from parcelward.stage import SourceRecord

ENOUGH = 8000
"""Records kept ahead per partition; one with more is not fetched again until it is read from."""
EVERYTHING_FETCHED = 1_000_000
"""Most records of a poll. kafka-python loses the rest of a fetch when its partition is paused and resumed, so a poll
leaves no rest; the size of a fetch bounds it."""
FETCH_BYTES, PARTITION_BYTES = 8 * 1024 * 1024, 1024 * 1024
PATIENCE_S = 30.0
# Checksums are not verified: a damaged record shows as a difference. Everything that is read here has arrived already,
# so a fetch need not wait for more.
_READING = {
    "check_crcs": False,
    "fetch_max_wait_ms": 10,
    "fetch_max_bytes": FETCH_BYTES,
    "max_partition_fetch_bytes": PARTITION_BYTES,
}


class RecordedTopics(AbstractContextManager["RecordedTopics"]):
    """Every topic of an installation up to its present end, read on demand; a context manager.

    Partitions are read side by side in bounded memory, committed records only. `since_ms`: nothing that arrived before
    then is read. What the stages read ends at the positions that the live run has committed. A `whole` recording has
    all of it and the changelogs. Without `follows` it ends with the alerts, and has nothing of what became of them.
    Raises UserError when no broker answers, or a topic is missing.
    """

    def __init__(
        self, settings: Settings, since_ms: int | None = None, whole: bool = False, follows: bool = True
    ) -> None:
        require_answer(settings)
        self._settings = settings
        self.topics, self.couriers, self.partitions = settings.topics, settings.couriers, settings.partitions
        self._intake = [self.topics.intake(courier) for courier in self.couriers]
        self.follows = follows
        topics = self.topics
        self._letters = [topics.decisions, *map(topics.answers, self.couriers)] if follows else []
        self._between = topics.between if follows else topics.passes
        self._refused = [*map(topics.rejected, self.couriers), *([topics.refused_decisions] if follows else [])]
        self._followed = [*map(topics.instructions, self.couriers), topics.referrals, topics.cases] if follows else []
        rest = [topics.alerts, *self._refused, *self._followed]
        if whole:
            rest += [self.topics.changelog(stage.name) for stage in FLOW]
        try:
            # The committed positions are asked for first: everything published by then lies before the ends asked for
            # later.
            positions = _positions(settings) if follows or not whole else {}
            self._worked_off = None if whole else _worked_off(positions, settings)
            self._entered = {tp.partition: at for tp, at in positions.items() if tp.topic == topics.into("cases")}
            self._consumer = PausingConsumer(**consumer_options(settings) | _READING)
        except (KafkaError, OSError) as error:
            raise unreachable(settings, error) from None
        try:
            self._begin([*self._intake, *self._letters, *self._between, *rest], since_ms)
        except BaseException:
            self._consumer.close()
            raise

    def _begin(self, topics: Sequence[str], since_ms: int | None) -> None:
        consumer = self._consumer
        for topic in topics:
            if (found := len(consumer.partitions_for_topic(topic) or ())) != self.partitions:
                raise UserError(
                    f"topic {topic} has {found} partitions on {self._settings.kafka}, the setting partitions is "
                    f"{self.partitions}; check partitions, topic_prefix and couriers"
                )
        everything = [TopicPartition(topic, number) for topic in topics for number in range(self.partitions)]
        self._ahead: dict[TopicPartition, deque[Any]] = {tp: deque() for tp in everything}
        starts = consumer.beginning_offsets([tp for tp in everything if tp.topic in self._intake])
        self.begins = {(tp.topic, tp.partition): start for tp, start in starts.items() if start}
        self._ends = dict(consumer.end_offsets(everything))
        consumer.assign(everything)
        consumer.pause(*everything)
        self.horizon_ms = None
        if self._worked_off is not None:
            self.horizon_ms = self._horizon_ms(self._worked_off)
            for tp in everything:
                if tp.topic in (*self._intake, *self._letters, *self.topics.passes):  # no further than the live run was
                    self._ends[tp] = min(self._ends[tp], self._worked_off.get(tp, 0))
        self._seek(everything, since_ms)

    def _seek(self, partitions: Sequence[TopicPartition], since_ms: int | None) -> None:
        consumer = self._consumer
        for ahead in self._ahead.values():
            ahead.clear()
        if since_ms is None:
            consumer.seek_to_beginning(*partitions)
            return
        for tp, found in consumer.offsets_for_times(dict.fromkeys(partitions, since_ms)).items():
            consumer.seek(tp, self._ends[tp] if found is None else found.offset)

    # what there is

    def intake(self, courier: str, partition: int) -> Iterator[SourceRecord]:
        """Read the records of a courier, in offset order."""
        return self._read(TopicPartition(self.topics.intake(courier), partition))

    def order(self, topic: str, partition: int) -> Iterator[Pass]:
        """Read the order in which the live run's later stage processed its topic."""
        return (pass_of(record) for record in self.between(topic, partition))

    def between(self, topic: str, partition: int) -> Iterator[SourceRecord]:
        """Read the records on a topic between stages, in offset order."""
        return self._read(TopicPartition(topic, partition))

    def changelog(self, stage: str, partition: int) -> Iterator[SourceRecord]:
        """Read the changelog of a stage; only a `whole` recording has it."""
        return self._read(TopicPartition(self.topics.changelog(stage), partition))

    def alerts(self) -> Iterator[SourceRecord]:
        """Read the alerts that the live run published."""
        return self._read_all([self.topics.alerts])

    def rejected(self) -> Iterator[SourceRecord]:
        """Read the records that the live run refused, of all couriers, and the decisions that it refused."""
        return self._read_all(self._refused)

    def letters(self, topic: str, partition: int) -> Iterator[SourceRecord]:
        """Read the answers of a courier, or the decisions, in offset order."""
        return self._read(TopicPartition(topic, partition))

    def entries(self, partition: int) -> Iterator[Entry]:
        """Read the order in which the live run entered notes and decisions into its cases; what waits is marked."""
        end = self.entered(partition)
        records = self.between(self.topics.into("cases"), partition)
        return (entry_of(record)._replace(waits=record.offset >= end) for record in records)

    def entered(self, partition: int) -> int:
        """Give the offset up to which the live run has entered what it sent to its cases."""
        return self._entered.get(partition, 0)

    def followed(self) -> Iterator[SourceRecord]:
        """Read the instructions, referrals and cases that the live run published."""
        return self._read_all(self._followed)

    # reading

    def _read_all(self, topics: Sequence[str]) -> Iterator[SourceRecord]:
        partitions = [TopicPartition(topic, number) for topic in topics for number in range(self.partitions)]
        return chain.from_iterable(self._read(tp) for tp in partitions)

    def _read(self, tp: TopicPartition) -> Iterator[SourceRecord]:
        ahead, end = self._ahead[tp], self._ends[tp]
        while True:
            while ahead:
                record = ahead.popleft()
                if record.offset < end:
                    yield record
            if self._consumer.position(tp) >= end:
                self._consumer.pause(tp)
                return
            self._await_more(tp)

    def _await_more(self, tp: TopicPartition) -> None:
        """Poll until there are records of a partition, or its position has passed markers that nobody reads."""
        before, last_answer = self._consumer.position(tp), time.monotonic()
        while not self._ahead[tp] and self._consumer.position(tp) == before:
            if self._poll(tp):
                last_answer = time.monotonic()
            elif time.monotonic() - last_answer > PATIENCE_S:
                raise UserError(f"reading {tp.topic} stopped short of its end for {PATIENCE_S:.0f} s; is Kafka alive?")

    def _poll(self, wanted: TopicPartition) -> bool:
        consumer = self._consumer
        if wanted in consumer.paused():
            consumer.resume(wanted)
        found = consumer.poll(timeout_ms=50, max_records=EVERYTHING_FETCHED)
        for tp, records in found.items():
            self._ahead[tp].extend(records)
            if tp != wanted and len(self._ahead[tp]) > ENOUGH:
                consumer.pause(tp)  # it is resumed when it is wanted
        return bool(found)

    # how far the live run is

    def _horizon_ms(self, worked_off: Mapping[TopicPartition, int]) -> int | None:
        """Find the earliest evidence that the live run has not worked off; None when there is none."""
        passes = self.topics.passes
        read = (*self._intake, *self._letters, *passes, *([self.topics.alerts] if self.follows else []))
        everything = [TopicPartition(topic, number) for topic in read for number in range(self.partitions)]
        behind = [tp for tp in everything if worked_off.get(tp, 0) < self._ends[tp]]
        for tp in behind:
            self._consumer.seek(tp, worked_off.get(tp, 0))
        self._consumer.resume(*behind)
        waiting: list[int] = []
        for tp in behind:
            records = self._read(tp)
            if tp.topic in passes:  # commit markers only, as a rule
                waiting += [pass_of(record).touched_ms for record in records]
            else:
                waiting += [record.timestamp for record in islice(records, 1)]
        self._consumer.pause(*behind)
        return min(waiting, default=None)

    def close(self) -> None:
        """Disconnect."""
        self._consumer.close()

    def __exit__(self, *_: object) -> None:
        self.close()


def _positions(settings: Settings) -> dict[TopicPartition, int]:
    """Ask for the positions that the live run has committed."""
    found = administered(settings, "asking_for_positions", lambda admin: committed_positions(admin, settings))
    return {tp: one.offset for tp, one in found.items()}


def _worked_off(positions: dict[TopicPartition, int], settings: Settings) -> dict[TopicPartition, int]:
    """Give the positions. Raises UserError when the live run never committed anything."""
    if not positions:
        group = settings.topics.app_id
        raise UserError(f"group {group} has committed nothing on {settings.kafka}: no worker has run with this prefix")
    return positions
