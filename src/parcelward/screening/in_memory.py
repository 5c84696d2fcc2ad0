"""The three stages in memory, without Kafka: for training, replay and tests. The same code as in the worker."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol
from zlib import crc32

from parcelward.intake.refusal import set_aside
from parcelward.poison import isolate
from parcelward.screening.build import Stages
from parcelward.screening.duties import DutiesStage
from parcelward.screening.outlets import OutletsStage, Screened
from parcelward.stage import Batch, CountKey, Outcome, PartitionStage, Record, Send, SourceRecord, apply
from parcelward.topics import Topics


@dataclass(slots=True)
class Cell:
    """One stage on one partition with its committed state."""

    stage: PartitionStage
    state: dict[bytes, bytes] = field(default_factory=dict)
    inbox: list[Record] = field(default_factory=list)
    offset: int = 0


@dataclass(slots=True)
class Result:
    """What one call of `feed` led to."""

    alerts: list[Send] = field(default_factory=list)
    rejected: list[Send] = field(default_factory=list)
    screened: list[Screened] = field(default_factory=list)
    counts: Counter[CountKey] = field(default_factory=Counter)


class Order(Protocol):
    """In which order a later stage processes what the stages before it send to one of its partitions."""

    def take(self, topic: str, partition: int, sent: Sequence[Record]) -> Sequence[SourceRecord]:
        """Take over what was sent since the last call; returns what is to be processed now, in order."""
        ...


class AsSent:
    """The order of sending: what a worker with one partition does."""

    def take(self, topic: str, partition: int, sent: Sequence[Record]) -> Sequence[Record]:
        """All of it."""
        return sent


class Pipeline:
    """All stages with `partitions` partitions each; a batch is carried through to the end before the next."""

    def __init__(
        self,
        stages: Stages,
        topics: Topics,
        partitions: int = 1,
        keep_rows: bool = False,
        order: Order | None = None,
        forgiving: bool = False,
    ) -> None:
        """`keep_rows`: also return the feature row of every screening (features are then computed twice).

        `forgiving`: an intake record that our own code fails on is refused, as the worker does; otherwise it raises.
        """
        self._topics = topics
        self._keep_rows = keep_rows
        self._forgiving = forgiving
        self._order: Order = AsSent() if order is None else order
        self.duties = [Cell(stages.duties()) for _ in range(partitions)]
        self.senders = [Cell(stages.senders()) for _ in range(partitions)]
        self.outlets = [Cell(stages.outlets()) for _ in range(partitions)]

    def feed(self, records: Sequence[SourceRecord], quiet_until: Mapping[str, int] | None = None) -> Result:
        """Screen intake records, given in arrival order, as one batch per partition.

        A record's own `partition` decides where its waybill is joined. `quiet_until` as in `Batch`.
        """
        result = Result()
        for number, cell in enumerate(self.duties):
            mine = [record for record in records if record.partition == number]
            if mine or quiet_until:
                self._run(cell, Batch(mine, quiet_until or {}), result)
        self.carry(result)
        return result

    def carry(self, result: Result) -> bool:
        """Process what the later stages may process now; returns whether there was anything."""
        moved = False
        for topic, cells in ((self._topics.senders, self.senders), (self._topics.outlets, self.outlets)):
            while True:  # the senders send to one another: from phone to document
                ready = [(cell, self._ready(topic, number, cell)) for number, cell in enumerate(cells)]
                if not any(records for _, records in ready):
                    break
                moved = True
                for cell, records in ready:
                    if records:
                        self._run(cell, Batch(records), result)
        return moved

    def _ready(self, topic: str, number: int, cell: Cell) -> Sequence[SourceRecord]:
        sent, cell.inbox = cell.inbox, []
        return self._order.take(topic, number, sent)

    def _run(self, cell: Cell, batch: Batch, result: Result) -> None:
        if self._keep_rows and isinstance(cell.stage, OutletsStage):
            result.screened += cell.stage.screen_rows(batch, cell.state)
        batch, outcome = self._step(cell, batch)
        apply(outcome.updates, cell.state)
        cell.stage.commit(batch, outcome)
        result.counts += outcome.counts
        for send in outcome.sends:
            self._deliver(send, result)

    def _step(self, cell: Cell, batch: Batch) -> tuple[Batch, Outcome]:
        if not (self._forgiving and isinstance(cell.stage, DutiesStage)):
            return batch, cell.stage.step(batch, cell.state)
        batch, outcome, poisoned = isolate(lambda part: cell.stage.step(part, cell.state), batch)
        for record, error in poisoned:
            send, fact = set_aside(self._topics, record, error)
            outcome.sends.append(send)
            outcome.counts[fact] += 1
        return batch, outcome

    def _deliver(self, send: Send, result: Result) -> None:
        cells = {self._topics.senders: self.senders, self._topics.outlets: self.outlets}.get(send.topic)
        if cells is None:
            (result.alerts if send.topic == self._topics.alerts else result.rejected).append(send)
            return
        partition = crc32(send.key or b"") % len(cells)
        cell = cells[partition]
        cell.offset += 1
        cell.inbox.append(Record(send.topic, partition, cell.offset, 0, send.key, send.value, send.headers))


def batches(records: Iterable[SourceRecord], size: int) -> Iterator[list[SourceRecord]]:
    """Cut a stream of records into lists of `size`."""
    batch: list[SourceRecord] = []
    for record in records:
        batch.append(record)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch
