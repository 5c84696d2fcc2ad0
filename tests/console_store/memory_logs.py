"""Logs in memory, of a recorded run: they can be deleted from, made anew and added to."""

from collections.abc import Collection, Mapping
from contextlib import AbstractContextManager
from functools import cache
from threading import Event

from parcelward.cluster.positioned import OutOfRangeError
from parcelward.console.store.kinds import topics_read
from parcelward.console.store.projection import Log
from parcelward.settings import Settings
from parcelward.stage import Record, SourceRecord
from tests.chaos.recorded import SETTINGS, recorded

TOPICS = topics_read(SETTINGS)
AT_ONCE = 200


@cache
def records() -> dict[Log, tuple[Record, ...]]:
    """Records that a recorded run left on the topics that the console reads, by log."""
    found: dict[Log, list[Record]] = {}
    held = recorded(24, seed=11).records
    for topic in TOPICS:
        for record in held.get(topic, ()):
            found.setdefault((topic, record.partition), []).append(record)
    return {log: tuple(some) for log, some in found.items()}


class MemoryLogs(AbstractContextManager["MemoryLogs"]):
    """Logs that several readers may read at a time, each by an object of its own that `reader` makes."""

    def __init__(self, logs: Mapping[Log, Collection[Record]] | None = None) -> None:
        self.logs = {log: list(some) for log, some in (records() if logs is None else logs).items()}
        self.begins = dict.fromkeys(self.logs, 0)
        self.ids: dict[str, str] = {topic: f"{topic}-1" for topic, _ in self.logs}
        self.read = Event()
        self._positions: dict[Log, int] = {}

    def reader(self, _settings: Settings) -> "MemoryLogs":
        """A reader of the same logs with positions of its own."""
        made = MemoryLogs({})
        made.logs, made.begins, made.ids, made.read = self.logs, self.begins, self.ids, self.read
        return made

    def append(self, topic: str, value: bytes | None, key: bytes = b"", partition: int = 0) -> None:
        """Add a record."""
        log = self.logs.setdefault((topic, partition), [])
        self.begins.setdefault((topic, partition), 0)
        self.ids.setdefault(topic, f"{topic}-1")
        offset = 1 + max((one.offset for one in log), default=self.begins[topic, partition] - 1)
        log.append(Record(topic, partition, offset, 1_795_404_979_000 + offset, key, value))

    def delete(self, log: Log, before: int) -> None:
        """Delete the records before an offset, as retention does."""
        self.begins[log] = before
        self.logs[log][:] = [one for one in self.logs[log] if one.offset >= before]

    def make_anew(self, topic: str) -> None:
        """Delete a topic and make it again, empty."""
        self.ids[topic] = f"{topic}-2"
        for log in self.logs:
            if log[0] == topic:
                self.logs[log].clear()
                self.begins[log] = 0

    def ends(self) -> dict[Log, int]:
        """Ends of the logs."""
        return {log: some[-1].offset + 1 if some else self.begins[log] for log, some in self.logs.items()}

    def topic_ids(self, topics: Collection[str]) -> dict[Log, str]:
        return {log: self.ids[log[0]] for log in self.logs if log[0] in topics}

    def bounds(self, logs: Collection[Log]) -> dict[Log, tuple[int, int]]:
        ends = self.ends()
        return {log: (self.begins[log], ends[log]) for log in logs}

    def read_from(self, positions: Mapping[Log, int]) -> None:
        self._positions = dict(positions)

    def poll(self, timeout_s: float) -> tuple[list[SourceRecord], dict[Log, int]]:
        found: list[SourceRecord] = []
        for log, position in self._positions.items():
            if not self.begins[log] <= position <= self.ends()[log]:
                raise OutOfRangeError(str(log))
            some = [one for one in self.logs[log] if one.offset >= position][:AT_ONCE]
            found += some
            if some:
                self._positions[log] = some[-1].offset + 1
        if not found:
            self.read.wait(min(timeout_s, 0.02))
        return found, dict(self._positions)

    def __exit__(self, *_: object) -> None:
        self._positions = {}
