"""Retention that eats unread records of intake. A copy is taken first: the oracle still sees what was read of them.

Which of them no worker had read is what the workers' logs say, each gap with its offsets; nothing else excuses a loss.
"""

import json
import pickle
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from kafka import KafkaConsumer, TopicPartition
from kafka.admin import KafkaAdminClient

from parcelward.cluster.client import client_options, consumer_options
from parcelward.replay.live import RecordedTopics
from parcelward.settings import Settings
from parcelward.stage import Record, SourceRecord

SAID = "records are gone"
PATIENCE_MS = 60_000
SOMETHING_S = 10.0  # longest wait for unread records


class Gap(NamedTuple):
    """Offsets of an intake partition that a worker passed over, `end` not among them."""

    topic: str
    partition: int
    start: int
    end: int


class Retention:
    """Deletes the older half of what waits unread in one partition, as a log that is kept too short does."""

    def __init__(self, settings: Settings, copies: Path) -> None:
        self._settings = settings
        self._copies = copies
        copies.mkdir()

    def eat(self, target: float) -> int:
        """Copy and delete; returns how many records no worker had read, by the positions of the group."""
        settings = self._settings
        with closing(KafkaConsumer(**consumer_options(settings))) as reader:
            until = time.monotonic() + SOMETHING_S
            while not (unread := self._unread(reader)):
                if time.monotonic() > until:
                    return 0
                time.sleep(0.1)
            tp = Random(target).choice(sorted(unread))
            position, end = unread[tp]
            upto = (position + end + 1) // 2
            copied = list(_read(reader, tp, upto))
        path = self._copies / f"{len(list(self._copies.iterdir()))}.pickle"
        path.write_bytes(pickle.dumps(copied))
        with closing(KafkaAdminClient(**client_options(settings))) as admin:
            admin.delete_records({tp: upto}, timeout_ms=PATIENCE_MS)
        return upto - position

    def _unread(self, reader: Any) -> dict[TopicPartition, tuple[int, int]]:
        """Position and end of each partition in which at least two records wait."""
        topics, numbers = self._settings.topics, range(self._settings.partitions)
        intake = [TopicPartition(topics.intake(one), number) for one in self._settings.couriers for number in numbers]
        group = topics.app_id
        with closing(KafkaAdminClient(**client_options(self._settings))) as admin:
            positions = admin.list_group_offsets({group: None})[group]
        ends = reader.end_offsets(intake)
        at = {tp: positions[tp].offset for tp in intake if tp in positions and positions[tp].offset >= 0}
        return {tp: (at[tp], ends[tp]) for tp in at if ends[tp] - at[tp] >= 2}


def _read(reader: Any, tp: TopicPartition, end: int) -> Iterator[Record]:
    reader.assign([tp])
    reader.seek_to_beginning(tp)
    while reader.position(tp) < end:
        for records in reader.poll(timeout_ms=500).values():
            for one in records:
                if one.offset < end:
                    yield Record(
                        one.topic, one.partition, one.offset, one.timestamp, one.key, one.value, list(one.headers)
                    )


def gaps_said(logs: Iterable[Path]) -> Counter[Gap]:
    """Read the gaps that workers say in their logs, and how often: again only after a stop before the commit of one."""
    gaps = Counter[Gap]()
    for path in logs:
        for line in path.read_text(errors="replace").splitlines():
            if SAID in line:
                said = json.loads(line)
                start = said["offset"]
                gaps[Gap(said["topic"], said["partition"], start, start + said["records"])] += 1
    return gaps


def said_again(gaps: Counter[Gap]) -> int:
    """Count how often a gap was said that had been said before: it began at the same record."""
    return gaps.total() - len({gap[:3] for gap in gaps})


class WithCopies(RecordedTopics):
    """The topics of an installation, and before them the records that were deleted after a worker had read them."""

    def __init__(self, settings: Settings, copies: Path, gaps: Iterable[Gap]) -> None:
        super().__init__(settings, whole=True)
        self._copied: dict[tuple[str, int, int], SourceRecord] = {}
        self.unread: dict[tuple[str, int, int], SourceRecord] = {}
        for path in sorted(copies.iterdir()) if copies.exists() else ():
            for record in pickle.loads(path.read_bytes()):  # noqa: S301 - our own file
                self._copied[record.topic, record.partition, record.offset] = record
        for gap in gaps:
            for offset in range(gap.start, gap.end):
                place = gap.topic, gap.partition, offset
                if place in self._copied:
                    self.unread[place] = self._copied.pop(place)

    def intake(self, courier: str, partition: int) -> Iterator[SourceRecord]:
        """Read the records of a courier that a worker has read or could read, in offset order."""
        where = self.topics.intake(courier), partition
        yield from (self._copied[place] for place in sorted(self._copied) if place[:2] == where)
        yield from super().intake(courier, partition)
