"""The stages in memory, without Kafka: for training, replay and tests. The same code as in the worker."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol
from zlib import crc32

from parcelward.flow import FLOW, FlowStage, Source
from parcelward.poison import isolate
from parcelward.screening.aside import set_aside
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
    """Result of one call of `feed`: alerts, refusals, counts, and the feature rows if they were asked for.

    `followed` is everything else that is for couriers and the platform: instructions, referrals, cases, decisions.
    """

    alerts: list[Send] = field(default_factory=list)
    rejected: list[Send] = field(default_factory=list)
    followed: list[Send] = field(default_factory=list)
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
    """All stages with `partitions` partitions each; a batch is carried through to the end before the next.

    What arrives on topics that the stages themselves write, alerts for example, arrives with the newest record.
    """

    def __init__(
        self,
        stages: Stages,
        topics: Topics,
        partitions: int = 1,
        keep_rows: bool = False,
        order: Order | None = None,
        forgiving: bool = False,
        flow: Sequence[FlowStage] = FLOW,
    ) -> None:
        """`keep_rows`: also return the feature row of every screening (features are then computed twice).

        `forgiving`: an intake record that our own code fails on is refused, as the worker does; otherwise it raises.
        `flow` are the stages that run: all, or only those that lead to alerts.
        """
        self._topics = topics
        self._keep_rows = keep_rows
        self._forgiving = forgiving
        self._order: Order = AsSent() if order is None else order
        self.cells = {
            stage.name: [Cell(stages.make[stage.name](partitions)) for _ in range(partitions)] for stage in flow
        }
        self.cells_of = {topics.into(stage.name): self.cells[stage.name] for stage in flow if stage.fed}
        """Cells by the topic between stages that they read."""
        self._readers = [self.cells[stage.name] for stage in flow if stage.reads_intake]
        self._followers = [self.cells[stage.name] for stage in flow if Source.ALERTS in stage.reads]
        self._now_ms = 0

    def feed(
        self,
        records: Sequence[SourceRecord],
        quiet_until: Mapping[str, int] | None = None,
        held_from: Mapping[str, int] | None = None,
    ) -> Result:
        """Screen intake records, given in arrival order, as one batch per partition; answers and decisions after them.

        A record's own `partition` decides where its waybill is joined. `quiet_until` and `held_from` as in `Batch`; the
        intake topics in it stand for all that concerns their couriers.
        """
        result, quiet, held, topics = Result(), quiet_until or {}, held_from or {}, self._topics
        self._now_ms = max([self._now_ms, *quiet.values(), *(record.timestamp for record in records)])
        intake = [record for record in records if record.topic.startswith(topics.intake(""))]
        for cells in self._readers:
            for number, cell in enumerate(cells):
                mine = [record for record in intake if record.partition == number]
                if mine or quiet_until:
                    self._run(cell, Batch(mine, quiet, held), result, self._forgiving)
        self.carry(result)
        for cells in self._followers if quiet or len(intake) < len(records) else ():
            for number, cell in enumerate(cells):
                came = [record for record in records if record not in intake and record.partition == number]
                self._run(cell, Batch(came, self._quiet_for_followers(quiet), held), result, self._forgiving)
            self.carry(result)
        return result

    def _quiet_for_followers(self, quiet: Mapping[str, int]) -> dict[str, int]:
        """Give the quiet times of what the referrals read: all that led to it was carried to the end."""
        if not quiet:
            return {}
        topics, until = self._topics, min(quiet.values())
        couriers = [topics.courier_of(topic) for topic in quiet if topic.startswith(topics.intake(""))]
        return dict.fromkeys([topics.alerts, topics.decisions, *map(topics.answers, couriers)], until)

    def carry(self, result: Result) -> bool:
        """Process what the later stages may process now; returns whether there was anything."""
        moved = False
        while self._carry_between(result) or self._follow(result):
            moved = True
        return moved

    def _carry_between(self, result: Result) -> bool:
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

    def _follow(self, result: Result) -> bool:
        """Let the referrals take in the alerts, and the decisions on single alerts, that the stages have sent."""
        waiting = [cell for cells in self._followers for cell in cells if cell.inbox]
        for cell in waiting:
            sent, cell.inbox = cell.inbox, []
            self._run(cell, Batch(sent), result)
        return bool(waiting)

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
        for partition, send in outcome.moves:
            if send.topic.startswith(self._topics.intake("")):
                result.moved.append((partition, send))
            else:
                self._hand_on(self._followers, partition, send)
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
        topics, topic = self._topics, send.topic
        if (cells := self.cells_of.get(topic)) is not None:
            self._hand_on([cells], crc32(send.key or b"") % len(cells), send)
            return
        if topic == topics.alerts:
            result.alerts.append(send)
        elif topic.startswith(topics.rejected("")):
            result.rejected.append(send)
        else:
            result.followed.append(send)
        if topic in (topics.alerts, topics.decisions):
            for cells in self._followers:
                self._hand_on([cells], crc32(send.key or b"") % len(cells), send)

    def _hand_on(self, readers: Sequence[Sequence[Cell]], partition: int, send: Send) -> None:
        for cells in readers:
            cell = cells[partition]
            cell.offset += 1
            record = Record(send.topic, partition, cell.offset, self._now_ms, send.key, send.value, send.headers)
            cell.inbox.append(record)


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
