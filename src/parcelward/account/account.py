"""The account itself: what must be there against what is there, topic by topic and key by key."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from zlib import crc32

import orjson

from parcelward.account.counting import counted
from parcelward.account.replayed import ReplayedStage, StageWiring, note_value
from parcelward.account.tally import Tally
from parcelward.stage import Send, SourceRecord
from parcelward.topics import Topics

SCORE_DIGITS = 6
"""A score may differ in its last digits: the model scores a whole batch at once."""
EXAMPLES = 12
AlertKey = tuple[str, int]  # id, revision


@dataclass(slots=True)
class Account:
    """What the count came to."""

    events: int = 0  # records of the intake topics
    passes: int = 0  # records between the stages
    rejected: int = 0
    alerts: int = 0  # revisions
    alert_ids: int = 0
    states: dict[str, int] = field(default_factory=dict)  # keys per stage
    lost: int = 0  # a record, a state value or a count that must be there and is not
    twice: int = 0  # a record that is there too often, a count that is too high, a state value that must not be there
    wrong: int = 0  # an alert or a state value that says something else although its counts are right
    two_ids: int = 0  # parcels whose alerts carry more ids than they must
    examples: list[str] = field(default_factory=list)

    @property
    def exact(self) -> bool:
        """Nothing lost, nothing counted twice, nothing different, one alert id a parcel."""
        return not (self.lost or self.twice or self.wrong or self.two_ids)

    def note(self, kind: str, count: int, what: str) -> None:
        """Count something that is off, and keep the first few as examples."""
        setattr(self, kind, getattr(self, kind) + count)
        if len(self.examples) < EXAMPLES:
            self.examples.append(f"{kind} {count}: {what}")


class Accountant:
    """Replays stage after stage and compares.

    Feed it, stage by stage, the committed records of the stage's topics and then `finish_stage`; and at any time those
    of the topics that no stage reads: alerts, refused records and changelogs.
    """

    def __init__(self, stages: Sequence[StageWiring], topics: Topics, partitions: int, seed: int = 0) -> None:
        self.account = Account()
        self._topics = topics
        self._partitions = partitions
        self._tally = Tally()
        self._alerts = _Alerts()
        self._intake = frozenset(stages[0].topics)
        self._replayed = {
            wiring.name: ReplayedStage(wiring, partitions, self._expect, seed + number)
            for number, wiring in enumerate(stages)
        }
        self._reads = {topic: self._replayed[wiring.name] for wiring in stages for topic in wiring.topics}
        self._changelogs = {topics.changelog(wiring.name): wiring.name for wiring in stages}
        self._found: dict[tuple[str, int], dict[bytes, bytes]] = defaultdict(dict)

    def read(self, record: SourceRecord) -> None:
        """The next committed record of a topic and partition."""
        stage, account = self._reads.get(record.topic), self.account
        if record.topic in self._changelogs:
            note_value(self._found[self._changelogs[record.topic], record.partition], record)
            return
        if record.topic in self._intake:
            account.events += 1
        elif record.topic == self._topics.alerts:
            self._alerts.find(record.value or b"")
        else:
            self._tally.find(record.topic, record.partition, record.key, record.value, record.headers or ())
            account.passes += stage is not None
            account.rejected += stage is None
        if stage is not None:
            stage.add(record)

    def finish_stage(self, name: str, quiet_until_ms: int | None = None) -> None:
        """All of a stage's records are read; fire the deadlines due before `quiet_until_ms` (arrival clock)."""
        self._replayed[name].finish(quiet_until_ms)

    def close(self) -> Account:
        """Everything is read: the result."""
        account = self.account
        for place, count in self._tally.missing.items():
            account.note("lost", count, f"{place.topic}/{place.partition} key {place.key!r}")
        for place, count in self._tally.surplus.items():
            account.note("twice", count, f"{place.topic}/{place.partition} key {place.key!r}")
        self._alerts.settle(account)
        for replayed in self._replayed.values():
            for number, expected in enumerate(replayed.states):
                self._compare_state(replayed.name, expected, self._found[replayed.name, number])
        return account

    def _expect(self, send: Send, own: int) -> None:
        if send.topic == self._topics.alerts:
            self._alerts.expect(send.value or b"")
            return
        partition = own if send.key is None else crc32(send.key) % self._partitions
        self._tally.expect(send.topic, partition, send.key, send.value, send.headers)

    def _compare_state(self, stage: str, expected: Mapping[bytes, bytes], found: Mapping[bytes, bytes]) -> None:
        account = self.account
        account.states[stage] = account.states.get(stage, 0) + len(found)
        for key in sorted(expected.keys() | found.keys()):
            what, must, there = f"state of {stage}, key {key!r}", expected.get(key), found.get(key)
            if there is None:
                account.note("lost", 1, f"{what} is missing")
            elif must is None:
                account.note("twice", 1, f"{what} must not be there")
            elif must != there:
                more = counted(stage, key, there) - counted(stage, key, must)
                account.note(
                    "twice" if more > 0 else "lost" if more < 0 else "wrong", abs(more) or 1, f"{what} differs"
                )


class _Alerts:
    """Alerts are compared by id and revision first, so that a repetition and another wording are told apart."""

    def __init__(self) -> None:
        self._expected: dict[AlertKey, dict[str, Any]] = {}
        self._found: dict[AlertKey, dict[str, Any]] = {}
        self._times: Counter[AlertKey] = Counter()

    def expect(self, value: bytes) -> None:
        """An alert that the replay raised."""
        alert = _comparable(value)
        self._expected[_key(alert)] = alert

    def find(self, value: bytes) -> None:
        """An alert that is on the topic."""
        alert = _comparable(value)
        self._times[_key(alert)] += 1
        self._found[_key(alert)] = alert

    def settle(self, account: Account) -> None:
        """Compare."""
        account.alerts = self._times.total()
        account.alert_ids = len({alert_id for alert_id, _ in self._found})
        for key in self._expected.keys() - self._found.keys():
            account.note("lost", 1, f"alert {key[0]}:{key[1]}")
        for key, times in self._times.items():
            surplus = times - (key in self._expected)
            if surplus:
                account.note("twice", surplus, f"alert {key[0]}:{key[1]}")
            elif self._found[key] != self._expected[key]:
                parts = [name for name, value in self._expected[key].items() if self._found[key].get(name) != value]
                account.note("wrong", 1, f"alert {key[0]}:{key[1]} differs in {', '.join(parts)}")
        expected, found = _ids(self._expected.values()), _ids(self._found.values())
        for waybill, ids in found.items():
            if len(ids) > max(1, len(expected.get(waybill, ()))):
                account.note("two_ids", 1, f"waybill {'/'.join(waybill)}: {sorted(ids)}")


def _key(alert: Mapping[str, Any]) -> AlertKey:
    return alert["alert_id"], alert["revision"]


def _ids(alerts: Iterable[Mapping[str, Any]]) -> dict[tuple[str, str], set[str]]:
    ids: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for alert in alerts:
        ids[alert["courier"], alert["waybill"]].add(alert["alert_id"])
    return ids


def _comparable(value: bytes) -> dict[str, Any]:
    alert: dict[str, Any] = orjson.loads(value)
    return {name: _rounded(part) for name, part in alert.items()}


def _rounded(part: Any) -> Any:
    if isinstance(part, float):
        return round(part, SCORE_DIGITS)
    if isinstance(part, dict):
        return {name: _rounded(inner) for name, inner in part.items()}
    if isinstance(part, list):
        return [_rounded(inner) for inner in part]
    return part


def account_for(
    stages: Sequence[StageWiring],
    topics: Topics,
    partitions: int,
    read: Callable[[Sequence[str]], Iterable[SourceRecord]],
    quiet_ms: int,
    seed: int = 0,
) -> Account:
    """The account of a whole installation; `read` gives all committed records of some topics.

    `quiet_ms` after the last event every deadline up to then must have fired.
    """
    accountant = Accountant(stages, topics, partitions, seed)
    for wiring in stages:
        newest = 0
        for record in read(wiring.topics):
            newest = max(newest, record.timestamp)
            accountant.read(record)
        accountant.finish_stage(wiring.name, newest + quiet_ms if wiring is stages[0] else None)
    rejected = [topics.rejected(topics.courier_of(topic)) for topic in stages[0].topics]
    for record in read([topics.alerts, *rejected, *(topics.changelog(wiring.name) for wiring in stages)]):
        accountant.read(record)
    return accountant.close()
