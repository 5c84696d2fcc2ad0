"""One stage replayed offline over the records it was given, in batches cut differently than the worker cut them."""

from collections.abc import Callable
from random import Random
from typing import Protocol

from parcelward.stage import Batch, Outcome, PartitionStage, Send, SourceRecord, apply

MOST_RECORDS = 700
Deliver = Callable[[Send, int], None]
"""Takes one record that the stage sends, and the partition number it was made on."""


class StageWiring(Protocol):
    """How a stage is wired: its name, its source topics, and its instances. The worker's own plans are such."""

    @property
    def name(self) -> str: ...
    @property
    def topics(self) -> tuple[str, ...]: ...
    @property
    def build(self) -> Callable[[int], PartitionStage]: ...


class ReplayedStage:
    """All partitions of a stage in memory. Feed it the committed records of its topics, each topic in offset order.

    What comes out depends on nothing else: neither on where batches are cut (they are cut at random here) nor, where a
    stage reads several topics, on how these interleave. Only when the sweep deletes what is long absent does depend on
    the batches: compare states of spans shorter than what is kept.
    """

    def __init__(self, wiring: StageWiring, partitions: int, deliver: Deliver, seed: int = 0) -> None:
        self.name = wiring.name
        self._deliver = deliver
        self._sizes = Random(seed)  # noqa: S311 - where to cut, not what
        self._stages = [wiring.build(number) for number in range(partitions)]
        self._waiting: list[list[SourceRecord]] = [[] for _ in range(partitions)]
        self._cut_at = [self._next_size() for _ in range(partitions)]
        self._topics = wiring.topics
        self.states: list[dict[bytes, bytes]] = [{} for _ in range(partitions)]

    def add(self, record: SourceRecord) -> None:
        """The next record of its topic and partition."""
        waiting = self._waiting[record.partition]
        waiting.append(record)
        if len(waiting) >= self._cut_at[record.partition]:
            self._run(record.partition)
            self._cut_at[record.partition] = self._next_size()

    def finish(self, quiet_until_ms: int | None = None) -> None:
        """Work off what waits, and fire the deadlines that fall due before `quiet_until_ms` (arrival clock)."""
        for number in range(len(self.states)):
            if self._waiting[number]:
                self._run(number)
            if quiet_until_ms is not None:
                self._step(number, Batch([], dict.fromkeys(self._topics, quiet_until_ms)))

    def _next_size(self) -> int:
        # Mostly a handful, sometimes hundreds: both ends of what a worker sees.
        return min(MOST_RECORDS, 1 + int(self._sizes.paretovariate(0.6)))

    def _run(self, number: int) -> None:
        records, self._waiting[number] = self._waiting[number], []
        self._step(number, Batch(records))

    def _step(self, number: int, batch: Batch) -> None:
        stage, state = self._stages[number], self.states[number]
        outcome: Outcome = stage.step(batch, state)
        apply(outcome.updates, state)
        stage.commit(batch, outcome)
        for send in outcome.sends:
            self._deliver(send, number)


def note_value(values: dict[bytes, bytes], record: SourceRecord) -> None:
    """Enter the next record of a changelog."""
    key = record.key or b""
    if record.value is None:
        values.pop(key, None)
    else:
        values[key] = record.value
