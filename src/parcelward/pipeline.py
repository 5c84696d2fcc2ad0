"""The three stages in memory, without Kafka: for training, replay and tests. The same code as in the worker."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from zlib import crc32

from parcelward.outlets import OutletsStage, Screened
from parcelward.screening import Stages
from parcelward.stage import Batch, Fact, PartitionStage, Record, Send, SourceRecord, apply
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
    facts: Counter[Fact] = field(default_factory=Counter)


class Pipeline:
    """All stages with `partitions` partitions each; a batch is carried through to the end before the next."""

    def __init__(self, stages: Stages, topics: Topics, partitions: int = 1, keep_rows: bool = False) -> None:
        """`keep_rows`: also return the feature row of every screening (features are then computed twice)."""
        self._topics = topics
        self._keep_rows = keep_rows
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
        now = max((record.timestamp for record in records), default=max((quiet_until or {"": 0}).values()))
        # A shipment passes the senders at most twice (phone, document), then the outlets.
        for cells in (self.senders, self.senders, self.outlets):
            for cell in cells:
                inbox, cell.inbox = cell.inbox, []
                if inbox:
                    self._run(cell, Batch([record._replace(timestamp=now) for record in inbox]), result)
        return result

    def _run(self, cell: Cell, batch: Batch, result: Result) -> None:
        if self._keep_rows and isinstance(cell.stage, OutletsStage):
            result.screened += cell.stage.screen_rows(batch, cell.state)
        outcome = cell.stage.step(batch, cell.state)
        apply(outcome.updates, cell.state)
        cell.stage.commit(batch, outcome)
        result.facts += outcome.facts
        for send in outcome.sends:
            self._deliver(send, result)

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
