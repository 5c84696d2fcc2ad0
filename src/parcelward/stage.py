"""The seam between the pure core and the Kafka edge: a stage turns one batch and its state into one outcome.

The edge runs the delivery protocol around it: compute, then send everything and the source position in one
transaction, and only after the commit make the state equal. A stage therefore changes nothing in `step`, and its own
derived memory (deadlines, caches) only in `commit`. Where several batches belong to one transaction, `commit` comes
before it is committed: a stage whose transaction failed is never asked again, and a new one is restored from the state.
"""

from collections import Counter
from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol


class SourceRecord(Protocol):
    """A Kafka record as a stage sees it."""

    @property
    def topic(self) -> str: ...
    @property
    def partition(self) -> int: ...
    @property
    def offset(self) -> int: ...
    @property
    def timestamp(self) -> int:
        """Milliseconds since the epoch; the broker's clock (LogAppendTime) on intake topics."""
        ...

    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None: ...
    @property
    def headers(self) -> Sequence[tuple[str, bytes]]: ...
    @property
    def size(self) -> int:
        """Bytes that it holds, about; bounds what waits in an inbox."""
        ...


class Record(NamedTuple):
    """A source record; `size` matters only where many of them wait."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]] = ()
    size: int = 0


class Batch(NamedTuple):
    """All records that wait for one partition number, over all topics of the stage; per topic in offset order.

    `quiet_until` gives for a topic a time (ms): no record that arrived by then is still to come, so deadlines that
    fall due by then may fire. That is how a deadline fires on an idle partition.

    `held_from` gives for a topic whose intake was away a time (ms): no record of the batch fires a deadline that fell
    due after it, because records that do the duty may be among those that follow. The next quiet time fires them.
    """

    records: Sequence[SourceRecord]
    quiet_until: Mapping[str, int] = {}
    held_from: Mapping[str, int] = {}


class Send(NamedTuple):
    """One record to be sent in the transaction. The edge chooses the partition from the key."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]] = ()


# One count: its name (see counts.py) and its label values, in order.
CountKey = tuple[str, ...]


@dataclass(slots=True)
class Outcome:
    """Outcome of one batch: records to send, state to write (None deletes a key), counts."""

    sends: list[Send] = field(default_factory=list)
    updates: dict[bytes, bytes | None] = field(default_factory=dict)
    counts: Counter[CountKey] = field(default_factory=Counter)
    # Records to be sent into a partition that is not chosen from the key: its number, and the record.
    moves: list[tuple[int, Send]] = field(default_factory=list)
    # What latencies are measured from, ms. Arrivals of the evidence behind each pass that was judged, and behind each
    # alert in `sends`; and, for alerts that no evidence but a deadline raised, when that fell due.
    judged_arrivals: list[int] = field(default_factory=list)
    alert_arrivals: list[int] = field(default_factory=list)
    alert_dues: list[int] = field(default_factory=list)

    def add(self, later: "Outcome") -> None:
        """Add what a later batch led to."""
        self.sends += later.sends
        self.moves += later.moves
        self.updates |= later.updates
        self.counts.update(later.counts)
        self.judged_arrivals += later.judged_arrivals
        self.alert_arrivals += later.alert_arrivals
        self.alert_dues += later.alert_dues


class PartitionStage(Protocol):
    """One stage on one partition. Not thread-safe; one batch at a time."""

    def restore(self, state: Mapping[bytes, bytes]) -> None:
        """Rebuild derived memory from the partition's state, after recovery. Drops what an aborted batch left."""
        ...

    def step(self, batch: Batch, state: Mapping[bytes, bytes]) -> Outcome:
        """Compute the outcome of a batch. Changes neither `state` nor own memory; same input, same outcome."""
        ...

    def commit(self, batch: Batch, outcome: Outcome) -> None:
        """Make own memory equal to an outcome that counts: the next `step` finds it in its `state`.

        It counts once it is committed; where several batches are chained in one transaction, before that.
        """
        ...


def apply(updates: Mapping[bytes, bytes | None], state: MutableMapping[bytes, bytes]) -> None:
    """Write committed updates into a partition's state."""
    for key, value in updates.items():
        if value is None:
            state.pop(key, None)
        else:
            state[key] = value
