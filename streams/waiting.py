"""What waits for one partition number, over all topics of a stage, and how it is merged into one batch."""

from collections.abc import Mapping, Sequence
from itertools import accumulate
from operator import attrgetter, itemgetter
from typing import NamedTuple

from parcelward.stage import Batch, SourceRecord

_size = attrgetter("size")
_timestamp = attrgetter("timestamp")
_when_and_topic = itemgetter(0, 1)

MOST_BYTES = 16 * 1024 * 1024
"""Bytes of records at which a batch ends and no more are fetched: thousands of records may be a few megabytes each."""


class Taken(NamedTuple):
    """A batch, and the next position of each topic once it is committed."""

    batch: Batch
    positions: Mapping[str, int]


class Waiting:
    """Records that are fetched and not in work yet, per topic in offset order."""

    def __init__(self, topics: Sequence[str]) -> None:
        self._records: dict[str, list[SourceRecord]] = {topic: [] for topic in topics}
        self._next: dict[str, int] = {}
        self._quiet: dict[str, int] = {}
        self.count = 0
        self.bytes = 0

    def fills(self, limit: int) -> bool:
        """Whether what waits makes a full batch: `limit` records, or `MOST_BYTES`."""
        return self.count >= limit or self.bytes >= MOST_BYTES

    def add(self, topic: str, records: Sequence[SourceRecord]) -> None:
        """Take over fetched records; those that were taken before (delivered again after a seek) are dropped."""
        expected = self._next.get(topic, 0)
        if records[0].offset < expected:
            records = [record for record in records if record.offset >= expected]
            if not records:
                return
        self._next[topic] = records[-1].offset + 1
        self._records[topic].extend(records)
        self.count += len(records)
        self.bytes += sum(map(_size, records))

    def quiet(self, topic: str, until: int) -> None:
        """Nothing with an arrival time up to `until` (ms) is still to come after what was added so far."""
        self._quiet[topic] = max(until, self._quiet.get(topic, until))

    def clear(self) -> None:
        """Forget everything: positions were set back, and it will be delivered again."""
        for records in self._records.values():
            records.clear()
        self._next.clear()
        self._quiet.clear()
        self.count = self.bytes = 0

    def take(self, limit: int) -> Taken:
        """The next batch: at most `limit` records, merged by arrival time, ties by the order of topics.

        It ends early with the record that brings it to `MOST_BYTES`. The order within a topic is kept whatever its
        timestamps. A topic of which records are left is not quiet.
        """
        merged, several = self._merged()
        end = self._end(merged, limit)
        taken, left = merged[:end], merged[end:]
        # Below the bound an even share is near enough, and it saves a look at each record.
        share = self.bytes * len(left) // (len(merged) or 1)
        self.bytes = sum(map(_size, left)) if self.bytes >= MOST_BYTES else share
        self.count = len(left)
        for records in self._records.values():
            records.clear()
        if several:
            for record in left:
                self._records[record.topic].append(record)
        elif left:
            self._records[left[0].topic] = left
        positions = {record.topic: record.offset + 1 for record in (taken if several else taken[-1:])}
        quiet = {topic: until for topic, until in self._quiet.items() if not self._records[topic]}
        return Taken(Batch(taken, quiet), positions)

    def _end(self, merged: Sequence[SourceRecord], limit: int) -> int:
        if self.bytes < MOST_BYTES:
            return limit
        sizes = accumulate(map(_size, merged[:limit]))
        return next((number for number, size in enumerate(sizes, 1) if size >= MOST_BYTES), limit)

    def _merged(self) -> tuple[list[SourceRecord], bool]:
        """All that waits, in order, and whether it is of several topics."""
        waiting = [records for records in self._records.values() if records]
        if len(waiting) <= 1:
            return list(waiting[0]) if waiting else [], False
        ranked: list[tuple[int, int, SourceRecord]] = []
        for rank, records in enumerate(waiting):
            # The running maximum keeps the order within a topic when a broker's clock stepped back.
            stamps = accumulate(map(_timestamp, records), max)
            ranked.extend(zip(stamps, [rank] * len(records), records, strict=True))
        ranked.sort(key=_when_and_topic)
        return [record for _, _, record in ranked], True
