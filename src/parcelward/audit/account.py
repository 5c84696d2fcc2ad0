"""The account of a day: what became of each record that a courier sent, counted from the topics alone.

A record of the day has left its trace: a pass to the last stage that has it as its newest evidence, or a refused
record with its position. What has no trace is looked at in a replay of the first stage: it is a duplicate, a heartbeat,
a record that was moved, a scan that waits for its parcel - or it was lost. The replay begins with all that intake still
holds of the day's waybills, because a duplicate may be days younger than what it repeats.
"""

from collections import Counter
from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from typing import NamedTuple, Protocol

from parcelward import counts
from parcelward.contract.accounts import Account, Overdue
from parcelward.contract.events import EventType
from parcelward.contract.reasons import Reason
from parcelward.intake.decode import Decoder, Rejected
from parcelward.intake.refusal import of_intake
from parcelward.moments import CHINA, DAY_MS, MINUTE_MS, epoch_ms, ms_of
from parcelward.poison import isolate
from parcelward.replay.recording import RecordedIntake
from parcelward.screening.duties import DutiesStage
from parcelward.shipments.deadlines import DeadlinesOf, fell_due
from parcelward.shipments.ledger import EVENT_KINDS
from parcelward.shipments.shipment import Trigger, decode_hop, decode_shipment
from parcelward.stage import Batch, Outcome, SourceRecord, apply

BATCH = 1000
RUN_OUT_MS = 10 * MINUTE_MS
"""Records for this long after the day are looked at: a broker's clock may have been set back."""
SETTLED_MS = 15 * MINUTE_MS
"""So long after its end the last deadlines of a day have fired: they wait at most ten minutes for an outage."""


class Day(NamedTuple):
    """A calendar day in China, epoch ms; `end_ms` is the beginning of the next one."""

    name: str
    start_ms: int
    end_ms: int

    @classmethod
    def of(cls, day: date) -> "Day":
        """Give the day.

        >>> Day.of(date(1970, 1, 2)).start_ms == 16 * 60 * MINUTE_MS
        True
        """
        start_ms = ms_of(datetime.combine(day, time(), CHINA))
        return cls(day.isoformat(), start_ms, start_ms + DAY_MS)

    @classmethod
    def before(cls, now_ms: int) -> "Day":
        """Give the last day that was over at a time."""
        return cls.of(datetime.fromtimestamp((now_ms - DAY_MS) / 1000, UTC).astimezone(CHINA).date())

    def has(self, ms: int) -> bool:
        """Tell whether a time lies on this day."""
        return self.start_ms <= ms < self.end_ms


class Evidence(RecordedIntake, Protocol):
    """Topics of an installation, as far as an account reads them."""

    def between(self, topic: str, partition: int) -> Iterator[SourceRecord]:
        """Read the records on a topic between stages, in offset order."""
        ...


class Screening(NamedTuple):
    """The settings of the live run, as far as an account needs them."""

    make_stage: Callable[[int], DutiesStage]
    """Makes the first stage, given the number of partitions."""
    decoder: Decoder
    deadlines_of: DeadlinesOf
    ahead_ms: int
    """Most that an event's time may lie ahead of its arrival."""


@dataclass(slots=True)
class _Traces:
    """Traces that the live run left of one courier's day: offsets by partition."""

    judged: list[set[int]]
    refused: list[dict[int, str]]
    refused_before: list[set[int]]
    """Of all that was refused on other days."""
    twice: int = 0
    overdue: Counter[str] = field(default_factory=Counter)

    def of(self, partition: int, offset: int) -> str | None:
        """Give the trace of a record, and forget it: why it was refused, "" if it was judged, None without a trace."""
        reason = self.refused[partition].pop(offset, None)
        if offset in self.judged[partition]:
            self.judged[partition].remove(offset)
            self.twice += reason is not None
            return ""
        return reason

    @property
    def left(self) -> int:
        """Traces of which no record is in intake."""
        return sum(map(len, self.judged)) + sum(map(len, self.refused))


def accounts_of(day: Day, past: Evidence, live: Evidence, screening: Screening, now_ms: int) -> dict[str, Account]:
    """Count the day of each courier.

    `past` is all that the topics hold; `live` was opened after it and may begin `RUN_OUT_MS` before the day.
    """
    traces = _traces(day, past, live, screening.deadlines_of)
    worked_off = past.horizon_ms is None or past.horizon_ms >= day.end_ms
    final = worked_off and now_ms >= day.end_ms + SETTLED_MS
    return {
        courier: _Count(day, past, screening, found, courier).account(_keys(day, live, courier), final)
        for courier, found in traces.items()
    }


def _keys(day: Day, live: Evidence, courier: str) -> list[set[bytes | None]]:
    """Give the keys of the day's records, by partition."""
    return [{record.key for record in _until(day, live.intake(courier, number)) if day.has(record.timestamp)}
            for number in range(live.partitions)]  # fmt: skip


def _until(day: Day, records: Iterator[SourceRecord]) -> Iterator[SourceRecord]:
    for record in records:
        if record.timestamp >= day.end_ms + RUN_OUT_MS:
            return
        yield record


def _traces(day: Day, past: Evidence, live: Evidence, deadlines_of: DeadlinesOf) -> dict[str, _Traces]:
    numbers = range(live.partitions)
    found = {
        courier: _Traces([set() for _ in numbers], [{} for _ in numbers], [set() for _ in numbers])
        for courier in live.couriers
    }
    for number in numbers:
        for record in live.between(live.topics.into("outlets"), number):
            traces = found.get((record.key or b"").split(b"/", 1)[0].decode())
            if traces is not None:
                _note_pass(day, traces, record.value or b"", deadlines_of)
    for one in map(_refusal, of_intake(past.rejected(), past.topics)):
        if not day.has(one.arrival_ms):
            found[live.topics.courier_of(one.topic)].refused_before[one.partition].add(one.offset)
    for one in map(_refusal, of_intake(live.rejected(), live.topics)):
        if day.has(one.arrival_ms):
            traces = found[live.topics.courier_of(one.topic)]
            traces.twice += one.offset in traces.refused[one.partition]
            traces.refused[one.partition][one.offset] = one.reason
    return found


class _Refusal(NamedTuple):
    """Position, reason and arrival of the record that was refused, as its copy says."""

    topic: str
    partition: int
    offset: int
    reason: str
    arrival_ms: int


def _refusal(record: SourceRecord) -> _Refusal:
    said = {name: (value or b"").decode() for name, value in record.headers if name.startswith("pw_")}
    arrival_ms = epoch_ms(said["pw_rejected_at"]) or 0
    where = said["pw_topic"], int(said["pw_partition"]), int(said["pw_offset"])
    return _Refusal(*where, said["pw_reason"], arrival_ms)


def _note_pass(day: Day, traces: _Traces, value: bytes, deadlines_of: DeadlinesOf) -> None:
    hop = decode_hop(value)
    if hop.takes_back or hop.only_counts:
        return
    shipment = decode_shipment(hop.shipment)
    if not day.has(shipment.touched_ms):
        return
    if shipment.trigger == Trigger.OVERDUE:
        fallen = fell_due(shipment, deadlines_of(shipment))
        traces.overdue.update(kind.type.duty for kind in EVENT_KINDS if kind.duty in fallen)
        return
    judged, offset = traces.judged[shipment.partition], shipment.evidence[-1][2]
    traces.twice += offset in judged
    judged.add(offset)


class _Count:
    """The count of one courier's day."""

    def __init__(self, day: Day, past: Evidence, screening: Screening, traces: _Traces, courier: str) -> None:
        self._day, self._past, self._screening, self._traces, self._courier = day, past, screening, traces, courier
        self._became: Counter[str] = Counter()
        self._refused: Counter[str] = Counter()
        self._counts: Counter[tuple[str, ...]] = Counter()
        self._complete = True
        self._deleted_until_ms = 0  # of the partition in hand: what arrived before may be deleted

    def account(self, keys: Sequence[Container[bytes | None]], final: bool) -> Account:
        """Count every partition; `keys` are those of the day's records."""
        for number in range(self._past.partitions):
            self._count_partition(number, keys[number])
        became, courier, traces = self._became, self._courier, self._traces
        twice = traces.twice + self._counts[counts.DUPLICATE, courier]  # each of these has the trace of another event
        if final and self._complete:
            twice += traces.left
        open_ = became["undecided"] + became["unaccounted"] + twice
        return Account(
            courier=courier,
            date=self._day.name,
            final=final,
            complete=self._complete,
            adds_up=self._complete and not open_,
            sent=became.total() - became["moved"] + self._refused.total(),
            screened=became["screened"],
            scan_only=became["scan_only"],
            duplicate=became["duplicate"],
            heartbeats=became["heartbeats"],
            refused=self._refused.total(),
            refused_for={Reason(reason): count for reason, count in sorted(self._refused.items())},
            pending=became["pending"],
            undecided=became["undecided"],
            unaccounted=became["unaccounted"],
            twice=twice,
            corrections=self._counts[counts.CORRECTED, courier],
            late=self._counts[counts.UPLOADED_LATE, courier],
            overdue=Overdue(**{kind.type.duty: traces.overdue[kind.type.duty] for kind in EVENT_KINDS}),
        )

    def _count_partition(self, number: int, keys: Container[bytes | None]) -> None:
        replay = _Replay(self._screening.make_stage(self._past.partitions))
        before: list[SourceRecord] = []  # of the day's waybills, and not of the day
        traced: list[SourceRecord] = []
        self._deleted_until_ms = -1
        for record in _until(self._day, self._past.intake(self._courier, number)):
            if self._deleted_until_ms < 0:
                self._deleted_until_ms = record.timestamp if record.offset else 0
                self._complete &= self._deleted_until_ms < self._day.start_ms
            if not self._day.has(record.timestamp):
                if record.key in keys and self._stood_before(record):
                    before.append(record)
                    if len(before) >= BATCH:
                        replay.feed(before)
                continue
            replay.feed(before)
            reason = self._traces.of(number, record.offset)
            if reason is None:
                self._counts += replay.feed(traced).counts
                self._became[self._without_trace(record, replay.alone(record))] += 1
                continue
            if reason:
                self._refused[reason] += 1
                continue
            self._became["screened"] += 1
            traced.append(record)
            if len(traced) >= BATCH:
                self._counts += replay.feed(traced).counts
        self._counts += replay.feed(traced).counts

    def _stood_before(self, record: SourceRecord) -> bool:
        """Tell whether a record was accepted before the day began."""
        is_before = record.timestamp < self._day.start_ms
        return is_before and record.offset not in self._traces.refused_before[record.partition]

    def _without_trace(self, record: SourceRecord, outcome: Outcome) -> str:
        """Name what became of a record without a trace, by what the replay makes of it."""
        said = outcome.counts
        if outcome.moves:
            return "moved"
        if said[counts.CONSUMED, self._courier, EventType.HEARTBEAT.value]:
            return "heartbeats"
        if said[counts.DUPLICATE, self._courier]:
            return "duplicate"
        if said and not outcome.sends:
            return "scan_only"
        if self._past.horizon_ms is not None and record.timestamp >= self._past.horizon_ms:
            return "pending"
        event = self._screening.decoder.decode(record)
        if not isinstance(event, Rejected) and event.time_ms - self._screening.ahead_ms < self._deleted_until_ms:
            return "undecided"
        return "unaccounted"


class _Replay:
    """The first stage on one partition, with its state."""

    def __init__(self, stage: DutiesStage) -> None:
        self._stage = stage
        self._state: dict[bytes, bytes] = {}

    def feed(self, records: list[SourceRecord]) -> Outcome:
        """Screen records, and empty their list."""
        outcome = self._step(Batch(records[:])) if records else Outcome()
        records.clear()
        return outcome

    def alone(self, record: SourceRecord) -> Outcome:
        """Screen one record, after the deadlines that it would fire: its outcome is of nothing else."""
        self._step(Batch([], {record.topic: record.timestamp}))
        return self._step(Batch([record]))

    def _step(self, batch: Batch) -> Outcome:
        batch, outcome, _ = isolate(lambda part: self._stage.step(part, self._state), batch, 1.0)
        apply(outcome.updates, self._state)
        self._stage.commit(batch, outcome)
        return outcome
