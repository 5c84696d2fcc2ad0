"""The order in which a live run took in what came to its alerts: alerts, answers and decisions of one partition.

Each topic has its order. Between topics the arrivals decide, unless the live run fetched one topic late: what it made
of an alert says in which order it took things in. A step has the arrival of what led to it, and a revision; a refusal
has the revision that stood then. Where that one is a deadline later than the record that was refused, something else
about the alert has fired it before.
"""

from collections import defaultdict, deque
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple
from zlib import crc32

import msgspec

from parcelward.contract.steps import StepReason
from parcelward.replay.compare import Position, refused_position
from parcelward.replay.recording import Entry
from parcelward.stage import SourceRecord
from parcelward.topics import Topics

_UNKNOWN = StepReason.UNKNOWN.value.encode()
Rank = float
"""Place of a record among those of its alert: a revision, or half a one more for what was refused at it."""


class _About(msgspec.Struct, frozen=True, gc=False):
    alert_id: str | None = None
    case_id: str | None = None


class _Data(msgspec.Struct, frozen=True, gc=False):
    alert_id: str | None = None
    about: _About = _About()


class _Event(msgspec.Struct, gc=False):
    data: _Data = _Data()
    alert_id: str | None = None
    about: _About = _About()


_decode = msgspec.json.Decoder(_Event).decode


class About(NamedTuple):
    """The alert or the case that a record is about; neither where it does not say."""

    alert_id: str | None = None
    case_id: str | None = None


def about(record: SourceRecord) -> About:
    """Read what an alert, an answer or a decision is about, whichever way it carries its event."""
    try:
        event = _decode(record.value or b"")
    except msgspec.DecodeError:
        return About()
    data = event.data
    alert_id = event.alert_id or data.alert_id or event.about.alert_id or data.about.alert_id
    return About(alert_id, event.about.case_id or data.about.case_id)


def revisions_refused(refused: Iterable[SourceRecord], topics: Topics) -> dict[Position, Rank | None]:
    """Give for each refused answer or decision the revision at which it was refused.

    It is 0 where the alert was not known yet, and None where the record could not be read: it came to no alert.
    """
    intake, found = topics.intake(""), dict[Position, Rank | None]()
    for record in refused:
        place = refused_position(record.headers)
        if not place[0].startswith(intake):
            headers = dict(record.headers)
            revision = headers.get("pw_revision") or (b"0" if headers["pw_reason"] == _UNKNOWN else None)
            found[place] = None if revision is None else float(revision)
    return found


class LiveArrivals:
    """Puts the records of a partition in the order in which the live run took them in."""

    def __init__(
        self, topics: Topics, partitions: int, entries: Iterable[Entry], refused: Mapping[Position, Rank | None]
    ) -> None:
        self._alerts, self._partitions, self._refused = topics.alerts, partitions, refused
        found: defaultdict[str, dict[int, int]] = defaultdict(dict)
        for one in entries:
            if one.alert_id:
                found[one.alert_id][one.revision] = one.at_ms
        self._arrivals: Mapping[str, Mapping[int, int]] = found  # by alert and revision
        self._steps: dict[tuple[str, int], deque[int]] = {}  # revisions by alert and arrival, in order
        for alert_id, arrivals in found.items():
            for revision in sorted(arrivals):
                self._steps.setdefault((alert_id, arrivals[revision]), deque()).append(revision)

    def in_order(self, logs: Sequence[Sequence[SourceRecord]]) -> Iterator[SourceRecord]:
        """Merge the logs of one partition, in the order of the stage's topics."""
        ranks = self._ranks(logs)
        firing = self._firing(logs, ranks)
        fires = set(firing.values())
        waiting: defaultdict[str, list[Rank]] = defaultdict(list)
        for alert_id, rank in ranks.values():
            waiting[alert_id].append(rank)
        for mine in waiting.values():
            mine.sort()

        def may_go(head: SourceRecord | None) -> bool:
            """Tell whether nothing of the record's alert that the live run took in before it waits."""
            assert head is not None
            alert_id, rank = ranks.get(place := _place(head), ("", 0.0))
            return (not alert_id or waiting[alert_id][0] >= rank) and firing.get(place) not in fires

        queues = [_Queue(place, log) for place, log in enumerate(logs)]
        while heads := sorted((queue for queue in queues if queue.head is not None), key=_arrival):
            record = next((one for one in heads if may_go(one.head)), heads[0]).take()
            place = _place(record)
            fires.discard(place)
            if (named := ranks.pop(place, None)) is not None:
                waiting[named[0]].remove(named[1])
            yield record

    def _ranks(self, logs: Sequence[Sequence[SourceRecord]]) -> dict[Position, tuple[str, Rank]]:
        """Give the alert and the rank of each record that has left a trace."""
        ranks: dict[Position, tuple[str, Rank]] = {}
        for record in (record for log in logs for record in log):
            place, alert_id = _place(record), about(record).alert_id
            if alert_id is None or self._leaves(record):
                continue
            if place in self._refused:
                if (revision := self._refused[place]) is not None:
                    ranks[place] = alert_id, revision + 0.5
            elif steps := self._steps.get((alert_id, record.timestamp)):
                ranks[place] = alert_id, float(steps.popleft())
        return ranks

    def _firing(
        self, logs: Sequence[Sequence[SourceRecord]], ranks: Mapping[Position, tuple[str, Rank]]
    ) -> dict[Position, Position]:
        """Give for each record that was refused after a deadline later than itself the record that has fired it.

        That one is about the same alert, has arrived after the deadline, and has led to no step. A deadline that a
        quiet topic has fired is not among them.
        """
        led_to = set(ranks.values())
        late: defaultdict[str, list[tuple[SourceRecord, Rank]]] = defaultdict(list)
        for record in (record for log in logs for record in log if _place(record) in self._refused):
            alert_id, rank = ranks.get(_place(record), ("", 0.0))
            revision = int(rank)
            is_deadline = (alert_id, float(revision)) not in led_to
            if is_deadline and record.timestamp < self._arrivals.get(alert_id, {}).get(revision, 0):
                late[alert_id].append((record, rank))
        firing: dict[Position, Position] = {}
        for other in (record for log in logs for record in log if late and not self._leaves(record)):
            place, alert_id = _place(other), about(other).alert_id or ""
            for record, rank in late.get(alert_id, ()):
                after = other.timestamp > self._arrivals[alert_id][int(rank)] and other.topic != record.topic
                if after and ranks.get(place, (alert_id, rank))[1] == rank:
                    firing.setdefault(_place(record), place)
        return firing

    def _leaves(self, record: SourceRecord) -> bool:
        """Tell whether a record lies in a wrong partition, so that it is moved, unread."""
        return record.topic != self._alerts and crc32(record.key or b"") % self._partitions != record.partition


class _Queue:
    """One topic's log: its next record, and the arrival up to which it has been read. Its clock never goes back."""

    def __init__(self, place: int, log: Iterable[SourceRecord]) -> None:
        self.place, self._rest, self.reached_ms = place, iter(log), 0
        self.head: SourceRecord | None = None
        self._advance()

    def take(self) -> SourceRecord:
        record = self.head
        assert record is not None
        self._advance()
        return record

    def _advance(self) -> None:
        self.head = next(self._rest, None)
        if self.head is not None:
            self.reached_ms = max(self.reached_ms, self.head.timestamp)


def _arrival(queue: _Queue) -> tuple[int, int]:
    return queue.reached_ms, queue.place


def _place(record: SourceRecord) -> Position:
    return record.topic, record.partition, record.offset


def begun(alerts: Collection[SourceRecord]) -> set[str]:
    """Give the ids of the alerts whose first revision is here."""
    return {head.alert_id for head in map(_first, alerts) if head.revision == 1}


class _First(msgspec.Struct, gc=False):
    alert_id: str
    revision: int


def _first(record: SourceRecord) -> _First:
    return _decode_first(record.value or b"")


_decode_first = msgspec.json.Decoder(_First).decode
