"""The inbox of one stage on one partition number: fetched records of all its topics, merged into batches."""

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import accumulate, chain
from operator import attrgetter
from typing import NamedTuple

from parcelward.stage import Batch, SourceRecord

_size = attrgetter("size")
_timestamp = attrgetter("timestamp")
_topic = attrgetter("topic")

MOST_BYTES = 16 * 1024 * 1024
"""Bytes of records at which a batch ends and no more are fetched: thousands of records may be a few megabytes each."""


class SourceBatch(NamedTuple):
    """A batch, and the next position of each topic once it is committed."""

    batch: Batch
    positions: Mapping[str, int]


class Inbox:
    """Records that are fetched and in no batch yet, per topic in offset order."""

    def __init__(self, topics: Sequence[str]) -> None:
        self._records: dict[str, list[SourceRecord]] = {topic: [] for topic in topics}
        self._next: dict[str, int] = {}
        self._quiet: dict[str, int] = {}
        self._held: dict[str, int] = {}
        self._passed: dict[str, int] = {}
        self.count = 0
        self.bytes = 0

    def waiting(self, topic: str) -> int:
        """Count the records of a topic that are in no batch yet."""
        return len(self._records[topic])

    @property
    def is_empty(self) -> bool:
        """True when nothing waits for a commit: no record, and no position behind records that are gone."""
        return not (self.count or self._passed)

    def fills(self, limit: int) -> bool:
        """Tell whether there is enough for a full batch: `limit` records, or `MOST_BYTES`."""
        return self.count >= limit or self.bytes >= MOST_BYTES

    def add(self, topic: str, records: Sequence[SourceRecord]) -> None:
        """Add fetched records. Records that were added before (they are fetched again after a seek) are dropped."""
        expected = self._next.get(topic, 0)
        if records[0].offset < expected:
            records = [record for record in records if record.offset >= expected]
            if not records:
                return
        self._next[topic] = records[-1].offset + 1
        self._records[topic].extend(records)
        self.count += len(records)
        self.bytes += sum(map(_size, records))

    def pass_gap(self, topic: str, start: int) -> None:
        """Note that the records before this offset that were not added are gone."""
        if start > self._next.get(topic, 0):
            self._next[topic] = self._passed[topic] = start

    def mark_quiet(self, topic: str, until: int) -> None:
        """Note that after what was added so far no record arrives with a time up to `until` (ms)."""
        self._quiet[topic] = max(until, self._quiet.get(topic, until))

    def hold(self, topic: str, since: int) -> None:
        """Let deadlines from a time on (ms) wait until the topic is quiet again and its records are in a batch."""
        self._held.setdefault(topic, since)
        self._quiet.pop(topic, None)

    def clear(self) -> None:
        """Forget everything: positions were set back, and it will be fetched again."""
        for records in self._records.values():
            records.clear()
        self._next.clear()
        self._quiet.clear()
        self._held.clear()
        self._passed.clear()
        self.count = self.bytes = 0

    def next_batch(self, limit: int) -> SourceBatch:
        """Remove and return the next batch: at most `limit` records by arrival time, ties by the order of topics.

        It ends early with the record that brings it to `MOST_BYTES`. Records of one topic keep their order, whatever
        their timestamps. A topic is quiet for this batch only if no record of it stays in the inbox.
        """
        filled = {topic: records for topic, records in self._records.items() if records}
        merged = _merged(list(filled.values()))
        batch = merged[: self._end(merged, limit)]
        # The order within a topic is kept, so the batch holds the first records of each topic.
        counts = Counter(map(_topic, batch)) if len(filled) > 1 else dict.fromkeys(filled, len(batch))
        positions = {}
        for topic, count in counts.items():
            records = filled[topic]
            positions[topic] = records[count - 1].offset + 1
            self._records[topic] = records[count:]
        for topic, start in list(self._passed.items()):
            if not self._records[topic] or self._records[topic][0].offset >= start:  # all before the gap is in a batch
                positions[topic] = max(self._passed.pop(topic), positions.get(topic, 0))
        left = self.count - len(batch)
        # Below the bound an even share is near enough, and it saves a look at each record.
        if self.bytes >= MOST_BYTES:
            self.bytes = sum(map(_size, chain.from_iterable(self._records.values())))
        elif self.count:
            self.bytes = self.bytes * left // self.count
        self.count = left
        quiet = {topic: until for topic, until in self._quiet.items() if not self._records[topic]}
        held = dict(self._held)
        for topic in quiet:
            self._held.pop(topic, None)
        return SourceBatch(Batch(batch, quiet, held), positions)

    def _end(self, merged: Sequence[SourceRecord], limit: int) -> int:
        if self.bytes < MOST_BYTES:
            return limit
        sizes = accumulate(map(_size, merged[:limit]))
        return next((number for number, size in enumerate(sizes, 1) if size >= MOST_BYTES), limit)


def _merged(parts: Sequence[Sequence[SourceRecord]]) -> Sequence[SourceRecord]:
    """All records by arrival time, ties in the order of the parts."""
    if len(parts) <= 1:
        return parts[0] if parts else []
    together = list(chain.from_iterable(parts))
    # The running maximum keeps the order within a topic when a broker's clock stepped back.
    stamps = [stamp for part in parts for stamp in accumulate(map(_timestamp, part), max)]
    order = sorted(range(len(together)), key=stamps.__getitem__)
    return [together[number] for number in order]
