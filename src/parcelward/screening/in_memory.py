"""The stages in memory, without Kafka: for training, replay and tests. The same code as in the worker."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol
from zlib import crc32

from parcelward.flow import FLOW
from parcelward.intake.refusal import set_aside
from parcelward.poison import isolate
from parcelward.screening.build import ScreeningStage, Stages
from parcelward.screening.outlets import OutletsStage, ShipmentRow
from parcelward.stage import Batch, CountKey, Outcome, Record, Send, SourceRecord, apply
from parcelward.topics import Topics


@dataclass(slots=True)
class Cell:
    """One stage on one partition with its committed state; `inbox` is what was sent to it and not processed yet."""

    stage: ScreeningStage
    state: dict[bytes, bytes] = field(default_factory=dict)
    inbox: list[Record] = field(default_factory=list)
    offset: int = 0


@dataclass(slots=True)
class Result:
    """Result of one call of `feed`: alerts, refusals, counts, and the feature rows if they were asked for."""

    alerts: list[Send] = field(default_factory=list)
    rejected: list[Send] = field(default_factory=list)
    moved: list[tuple[int, Send]] = field(default_factory=list)
    """Records that lay in a wrong partition, and the right one; a recording holds them there already."""
    rows: list[ShipmentRow] = field(default_factory=list)
    counts: Counter[CountKey] = field(default_factory=Counter)


class Order(Protocol):
    """The order in which a later stage processes what the stages before it send to one of its partitions."""

    def release(self, topic: str, partition: int, sent: Sequence[Record]) -> Sequence[SourceRecord]:
        """Add what was sent since the last call; returns what is to be processed now, in order."""
        ...


class AsSent:
    """The order of sending: that of a worker with one partition."""

    def release(self, topic: str, partition: int, sent: Sequence[Record]) -> Sequence[Record]:
        """Release all of it."""
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
        self.cells = {
            stage.name: [Cell(stages.make[stage.name](partitions)) for _ in range(partitions)] for stage in FLOW
        }
        self._readers = [self.cells[stage.name] for stage in FLOW if stage.reads_intake]
        self.cells_of = {topics.into(stage.name): self.cells[stage.name] for stage in FLOW if not stage.reads_intake}
        """Cells by the topic between stages that they read."""

    def feed(
        self,
        records: Sequence[SourceRecord],
        quiet_until: Mapping[str, int] | None = None,
        held_from: Mapping[str, int] | None = None,
    ) -> Result:
        """Screen intake records, given in arrival order, as one batch per partition.

        A record's own `partition` decides where its waybill is joined. `quiet_until` and `held_from` as in `Batch`.
        """
        result = Result()
        for cells in self._readers:
            for number, cell in enumerate(cells):
                mine = [record for record in records if record.partition == number]
                if mine or quiet_until:
                    self._run(cell, Batch(mine, quiet_until or {}, held_from or {}), result, self._forgiving)
        self.carry(result)
        return result

    def carry(self, result: Result) -> bool:
        """Process what the later stages may process now; returns whether there was anything."""
        moved = False
        for topic, cells in self.cells_of.items():
            while True:  # a stage may send to itself: the senders do, from phone to document
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
        return self._order.release(topic, number, sent)

    def _run(self, cell: Cell, batch: Batch, result: Result, forgiving: bool = False) -> None:
        if self._keep_rows and isinstance(cell.stage, OutletsStage):
            result.rows += cell.stage.screen_rows(batch, cell.state)
        if forgiving:
            batch, outcome = self._isolate(cell, batch)
        else:
            outcome = cell.stage.step(batch, cell.state)
        apply(outcome.updates, cell.state)
        cell.stage.commit(batch, outcome)
        result.counts += outcome.counts
        result.moved += outcome.moves
        for send in outcome.sends:
            self._deliver(send, result)

    def _isolate(self, cell: Cell, batch: Batch) -> tuple[Batch, Outcome]:
        """Compute a batch without the records that our own code fails on; these are refused."""
        batch, outcome, poisoned = isolate(lambda part: cell.stage.step(part, cell.state), batch)
        for record, error in poisoned:
            send, count = set_aside(self._topics, record, error)
            outcome.sends.append(send)
            outcome.counts[count] += 1
        return batch, outcome

    def _deliver(self, send: Send, result: Result) -> None:
        cells = self.cells_of.get(send.topic)
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
