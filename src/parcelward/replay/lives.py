"""Runs what came to the alerts through the last two stages again: referrals and cases.

The alerts are those that the live run published, so a fault of the stages before shows there and not here again.
Deadlines fire as of their own time. How far the live run has come with them is seen by those that still run there.
"""

from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import chain, islice
from typing import Protocol
from zlib import crc32

import msgspec

from parcelward.moments import ms_of
from parcelward.poison import isolate
from parcelward.replay.arrivals import LiveArrivals, Rank, about, begun
from parcelward.replay.compare import Position
from parcelward.replay.recording import Entry, FollowedRecording, entry_of, letter_topics
from parcelward.screening.aside import set_aside
from parcelward.screening.build import Stages
from parcelward.screening.in_memory import Cell
from parcelward.stage import Batch, Outcome, Record, SourceRecord, apply
from parcelward.topics import Topics

AT_ONCE = 500
STILL_TO_COME_MS = 120_000
"""A deadline this close to the live run's last sign of life may not have fired there: it waits for idle topics."""


class Cuts(Protocol):
    """A way to cut records into batches."""

    def next_of(self, records: Iterator[SourceRecord]) -> list[SourceRecord]:
        """Cut off the next batch; empty at the end."""
        ...


class InCases(Protocol):
    """The order in which entries come to the cases of a partition."""

    def release(self, topic: str, partition: int, sent: Sequence[Record]) -> Sequence[SourceRecord]:
        """Add what was sent; give what is to be entered now."""
        ...

    def end(self, partition: int) -> Sequence[SourceRecord]:
        """Give the rest: everything was sent."""
        ...


class EvenCuts:
    """Cuts batches of one size."""

    def next_of(self, records: Iterator[SourceRecord]) -> list[SourceRecord]:
        """Cut off the next batch; empty at the end."""
        return list(islice(records, AT_ONCE))


class LiveEntries:
    """The entries in the order of the live run. What waits there is not entered here.

    What is older than all that it tells of comes as it is sent. Others that it did not make come at the end, but not
    those from `until_ms` on: it may just have been about to.
    """

    def __init__(self, entries: Sequence[Sequence[Entry]], until_ms: int) -> None:
        self._until_ms = until_ms
        self._told = [{one._replace(waits=False) for one in mine} for mine in entries]
        self._begin_ms = [mine[0].at_ms if mine else 0 for mine in entries]
        self._live = [deque(one for one in mine if not one.waits) for mine in entries]
        self._waits = [{one._replace(waits=False) for one in mine if one.waits} for mine in entries]
        self._sent: list[dict[Entry, Record]] = [{} for _ in entries]

    def release(self, topic: str, partition: int, sent: Sequence[Record]) -> Sequence[SourceRecord]:
        """Add what was sent; give the entries that come next in the live run, as far as they were sent."""
        waiting, live, ready = self._sent[partition], self._live[partition], list[SourceRecord]()
        for record in sent:
            entry = entry_of(record)
            if entry.at_ms < self._begin_ms[partition] and entry not in self._told[partition]:
                ready.append(record)
            elif entry not in self._waits[partition]:
                waiting[entry] = record
        while live and live[0] in waiting:
            ready.append(waiting.pop(live.popleft()))
        return ready

    def end(self, partition: int) -> Sequence[SourceRecord]:
        """Give the rest: first what the live run also made, in its order."""
        waiting, live = self._sent[partition], self._live[partition]
        ready = [waiting.pop(one) for one in dict.fromkeys(live) if one in waiting]
        ready += [record for entry, record in waiting.items() if entry.at_ms < self._until_ms]
        live.clear()
        waiting.clear()
        return ready


class _Asked(msgspec.Struct, gc=False):
    answer_by: datetime | None = None


class _Standing(msgspec.Struct, gc=False):
    """A referral, as far as its deadlines are read."""

    alert_id: str
    revision: int
    courier: str
    waybill: str
    due_by: datetime | None = None
    asked: _Asked | None = None

    @property
    def due_ms(self) -> int | None:
        """The next deadline that runs."""
        times = (self.due_by, None if self.asked is None else self.asked.answer_by)
        return min((ms_of(one) for one in times if one is not None), default=None)


_decode_standing = msgspec.json.Decoder(_Standing).decode


class OpenDeadlines:
    """The deadlines that still run in the live run, by its referrals, and its last sign of life."""

    def __init__(self, topics: Topics) -> None:
        self._referrals = topics.referrals
        self._newest: dict[str, _Standing] = {}
        self.alive_ms = 0

    def add(self, record: SourceRecord) -> None:
        """Add what the live run published."""
        self.alive_ms = max(self.alive_ms, record.timestamp)
        if record.topic != self._referrals or record.value is None:
            return
        one = _decode_standing(record.value)
        known = self._newest.get(one.alert_id)
        if known is None or known.revision < one.revision:
            self._newest[one.alert_id] = one

    def first(self, partitions: int) -> dict[tuple[str, int], int]:
        """Give the earliest one by courier and partition, epoch ms: all before it have fired."""
        found: dict[tuple[str, int], int] = {}
        for one in self._newest.values():
            if (due_ms := one.due_ms) is not None:
                where = one.courier, crc32(one.waybill.encode()) % partitions
                found[where] = min(due_ms, found.get(where, due_ms))
        return found


class LivesRerun:
    """One replay of what became of the alerts; iterate `results` once."""

    def __init__(
        self,
        recording: FollowedRecording,
        stages: Stages,
        alerts: Sequence[SourceRecord],
        deadlines: OpenDeadlines,
        refused: Mapping[Position, Rank | None],
        entries: Sequence[Sequence[Entry]],
        in_cases: InCases,
        cuts: Cuts | None = None,
        slack_ms: int = STILL_TO_COME_MS,
        see: Callable[[SourceRecord], None] = lambda record: None,
    ) -> None:
        """`refused` and `entries` are those of the live run: they tell in which order it took things in.

        A deadline that is overdue by more than `slack_ms` at the last sign of life has fired, or should have. `see` is
        called with every answer and decision.
        """
        self._recording, self._alerts, self._deadlines = recording, alerts, deadlines
        self._in_cases, self._cuts, self._slack_ms, self._see = in_cases, cuts or EvenCuts(), slack_ms, see
        self._topics, self._partitions, self._make = recording.topics, recording.partitions, stages.make["referrals"]
        numbers = range(self._partitions)
        self.cells = {
            name: [Cell(stages.make[name](self._partitions)) for _ in numbers] for name in ("referrals", "cases")
        }
        self._order = LiveArrivals(self._topics, self._partitions, chain.from_iterable(entries), refused)
        self.unknown = Unknown(alerts, entries)
        self.left_out: set[Position] = set()
        """Records about what began before the recording."""

    def results(self) -> Iterator[Outcome]:
        """Give what both stages send, piece by piece; what goes from the first to the second is not among it."""
        numbers = range(self._partitions)
        streams = {number: self._order.in_order(self._logs(number)) for number in numbers}
        first = self._deadlines.first(self._partitions)
        while streams:
            for number in tuple(streams):
                if batch := self._cuts.next_of(streams[number]):
                    yield from self._follow(number, Batch(batch))
                else:
                    del streams[number]
                    yield from self._fire(number, first)
        while rest := [(number, left) for number in numbers if (left := self._in_cases.end(number))]:
            for number, left in rest:
                yield from self._enter(self._run("cases", number, Batch(left)))

    def _logs(self, number: int) -> list[list[SourceRecord]]:
        """Read what came to a partition's alerts, by topic in the order of the stage's topics."""
        horizon_ms = self._recording.horizon_ms
        logs = [[record for record in self._alerts if record.partition == number]]
        for topic in letter_topics(self._recording):
            log = []
            for record in self._recording.letters(topic, number):
                self._see(record)
                if self.unknown.concerns(record):
                    self.left_out.add((record.topic, record.partition, record.offset))
                else:
                    log.append(record)
            logs.append(log)
        return [[one for one in log if horizon_ms is None or one.timestamp < horizon_ms] for log in logs]

    def _fire(self, number: int, first: Mapping[tuple[str, int], int]) -> Iterator[Outcome]:
        """Fire the deadlines of each courier up to where the live run has fired them.

        A new stage knows of no clock but what it is told, so that nothing of another courier fires.
        """
        alive_ms, horizon_ms, topics = self._deadlines.alive_ms, self._recording.horizon_ms, self._topics
        cell = self.cells["referrals"][number]
        for courier in self._recording.couriers:
            until = first.get((courier, number), alive_ms + 1)
            # One that lags may be late with its deadlines, too.
            until = max(until, alive_ms - self._slack_ms) if horizon_ms is None else min(until, horizon_ms)
            cell.stage = self._make(self._partitions)
            cell.stage.restore(cell.state)
            sources = (topics.alerts, topics.answers(courier), topics.decisions)
            yield from self._follow(number, Batch([], dict.fromkeys(sources, until)))

    def _follow(self, number: int, batch: Batch) -> Iterator[Outcome]:
        yield from self._enter(self._run("referrals", number, batch))

    def _enter(self, outcome: Outcome) -> Iterator[Outcome]:
        """Give an outcome, and enter into the cases what it sends there; these send to one another, too."""
        topic, waiting = self._topics.into("cases"), deque([outcome])
        while waiting:
            outcome, told = waiting.popleft(), defaultdict[int, list[Record]](list)
            for send in outcome.sends:
                if send.topic == topic:
                    where = crc32(send.key or b"") % self._partitions
                    told[where].append(Record(topic, where, 0, 0, send.key, send.value, send.headers))
            outcome.sends = [send for send in outcome.sends if send.topic != topic]
            yield outcome
            for where, sent in told.items():
                waiting.append(self._run("cases", where, Batch(self._in_cases.release(topic, where, sent))))

    def _run(self, stage: str, number: int, batch: Batch) -> Outcome:
        cell = self.cells[stage][number]
        batch, outcome, poisoned = isolate(lambda part: cell.stage.step(part, cell.state), batch)
        for record, error in poisoned:
            if stage == "cases":
                raise error
            send, _ = set_aside(self._topics, record, error)
            outcome.sends.append(send)
        apply(outcome.updates, cell.state)
        cell.stage.commit(batch, outcome)
        return outcome


class Unknown:
    """Alerts and cases that began before the recording does: nobody can say what must have become of them."""

    def __init__(self, alerts: Sequence[SourceRecord], entries: Sequence[Sequence[Entry]]) -> None:
        first: dict[int, int] = {}
        for record in alerts:
            first[record.partition] = min(record.offset, first.get(record.partition, record.offset))
        self.late = any(first.values())
        """Alerts are missing at the beginning."""
        self._begun = begun(alerts) if self.late else set[str]()
        notes = [one for mine in entries for one in mine if one.alert_id] if self.late else []
        self._cases = {one.case_id for one in notes} - {one.case_id for one in notes if one.alert_id not in self._begun}

    def has(self, alert_id: str | None, case_id: str | None) -> bool:
        """Tell whether an alert, or a case, is one of them."""
        if not self.late:
            return False
        return (case_id not in self._cases) if alert_id is None else (alert_id not in self._begun)

    def concerns(self, record: SourceRecord) -> bool:
        """Tell whether an answer or a decision is about one of them."""
        return self.late and self.has(*about(record))
