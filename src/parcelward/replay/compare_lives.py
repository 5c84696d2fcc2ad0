"""Compares what became of the alerts: instructions, referrals and cases, by id and revision."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from typing import NamedTuple

import orjson

from parcelward.moments import epoch_ms
from parcelward.replay.compare import EVERYTHING, Comparison, Counts, Span, differing
from parcelward.stage import Send, SourceRecord
from parcelward.topics import Topics

LAST_KEPT = 8
"""Revisions kept of each alert and case: from the newest that the span has to the newest there is, it is few."""

CASES_LAG_MS = 120_000


class Said(NamedTuple):
    """One revision of something, as one side said it: when what led to it arrived (epoch ms), and its value."""

    at_ms: int
    value: bytes


class LifeLog:
    """Instructions, referrals and cases of one side. Of referrals and cases the last revisions are kept."""

    def __init__(self, topics: Topics) -> None:
        self._topics = topics
        self.instructions: dict[str, dict[int, Said]] = {}
        self.referrals: defaultdict[str, dict[int, Said]] = defaultdict(dict)
        self.cases: defaultdict[str, dict[int, Said]] = defaultdict(dict)
        self.repeated: Counter[tuple[str, str]] = Counter()
        """Times that a revision was added again, by the kind and the id in the event."""

    def add(self, record: SourceRecord | Send) -> None:
        """Add what was published, in any order; whatever is none of these, or deletes, is passed over."""
        if record.value is None:
            return
        topics = self._topics
        if record.topic == topics.referrals:
            self._enter("referrals", self.referrals, record)
        elif record.topic == topics.cases:
            self._enter("cases", self.cases, record)
        elif record.topic.startswith(topics.instructions("")):
            headers = dict(record.headers)
            name = headers["ce_id"].decode()
            if name in self.instructions:
                self.repeated["instructions", name] += 1
            revision = int(name.rpartition(":")[2])
            self.instructions[name] = {revision: Said(_at_ms(headers), record.value)}

    def _enter(self, kind: str, kept: defaultdict[str, dict[int, Said]], record: SourceRecord | Send) -> None:
        headers = dict(record.headers)
        name, _, revision = headers["ce_id"].decode().rpartition(":")
        mine, number = kept[name], int(revision)
        if number in mine:
            self.repeated[kind, f"{name}:{revision}"] += 1
        mine[number] = Said(_at_ms(headers), record.value or b"")
        if len(mine) > LAST_KEPT:
            del mine[min(mine)]


def _at_ms(headers: dict[str, bytes]) -> int:
    return epoch_ms(headers["ce_time"].decode()) or 0


class Passed(NamedTuple):
    """Things that cannot be compared: those that began before the recording, and those that go on after its horizon."""

    unknown: Callable[[str | None, str | None], bool] = lambda alert_id, case_id: False
    horizon_ms: int | None = None

    def begin_of_what_goes_on(self, kind: str) -> float:
        """Give the arrival, epoch ms, from which on the live run may have been further, or less far, than the replay.

        A case is fed by alerts of all partitions, which do not stand at one time.
        """
        if self.horizon_ms is None:
            return float("inf")
        return self.horizon_ms - (CASES_LAG_MS if kind == "cases" else 0)


EVERYTHING_KNOWN = Passed()


def compare_lives(
    result: Comparison, live: LifeLog, replayed: LifeLog, span: Span = EVERYTHING, passed: Passed = EVERYTHING_KNOWN
) -> None:
    """Compare both sides, and enter the differences into `result`."""
    for kind, counts, theirs, ours in (
        ("instructions", result.instructions, live.instructions, replayed.instructions),
        ("referrals", result.referrals, live.referrals, replayed.referrals),
        ("cases", result.cases, live.cases, replayed.cases),
    ):
        _compare(_Kind(result, kind, counts, span, passed), theirs, ours)
        for (of, name), times in live.repeated.items():
            if of == kind:
                result.note(counts, "repeated", f"{kind.removesuffix('s')} {name}", (), times)


class _Kind(NamedTuple):
    result: Comparison
    name: str
    counts: Counts
    span: Span
    passed: Passed

    def unknown(self, key: str) -> bool:
        """Tell whether the recording begins after something did."""
        if self.name == "cases":
            return self.passed.unknown(None, key)
        return self.passed.unknown(key.partition(":")[0], None)


def _compare(kind: _Kind, theirs: dict[str, dict[int, Said]], ours: dict[str, dict[int, Said]]) -> None:
    end_ms = kind.passed.begin_of_what_goes_on(kind.name)
    for key in sorted(theirs.keys() | ours.keys()):
        said, again = theirs.get(key, {}), ours.get(key, {})
        goes_on = any(one.at_ms >= end_ms for one in (*said.values(), *again.values()))
        if kind.unknown(key):
            kind.result.before += 1
        elif not goes_on:
            _judge(kind, said, again)


def _judge(kind: _Kind, said: dict[int, Said], again: dict[int, Said]) -> None:
    """Compare the newest revision within the span of one alert, case or instruction."""
    theirs, ours = _newest(kind.span, said), _newest(kind.span, again)
    if theirs is None and ours is None:
        return
    if ours is None:
        assert theirs is not None
        kind.result.note(kind.counts, "extra", _name(kind, said[theirs]), (f"revision {theirs}",))
    elif theirs is None and said and min(said) > ours:
        return  # the live run's revision is compacted away: a later one, from after the span, has taken its place
    elif theirs is None:
        kind.result.note(kind.counts, "missing", _name(kind, again[ours]), (f"revision {ours}",))
    elif theirs != ours:
        details = (f"{_step(theirs, said[theirs])} live, {_step(ours, again[ours])} in the replay",)
        kind.result.note(kind.counts, "other_revision", _name(kind, said[theirs]), details)
    elif said[theirs].value == again[ours].value or not (parts := tuple(_parts(said[theirs], again[ours]))):
        kind.counts.equal += 1
    else:
        kind.result.note(kind.counts, "other_content", _name(kind, said[theirs]), parts)


def _newest(span: Span, revisions: dict[int, Said]) -> int | None:
    within = [number for number, one in revisions.items() if not span.ends_before(one.at_ms)]
    newest = max(within, default=None)
    return None if newest is None or span.begins_after(revisions[newest].at_ms) else newest


def _parts(one: Said, other: Said) -> Iterator[str]:
    return differing(one.value, other.value)


def _name(kind: _Kind, one: Said) -> str:
    body = orjson.loads(one.value)
    if kind.name == "cases":
        return f"case {body['case_id']} about {body['theme']} of {body['subject_kind']}"
    what = "instruction to" if kind.name == "instructions" else "referral of"
    return f"{what} {body['courier']}/{body['waybill']}, alert {body['alert_id']}"


def _step(revision: int, one: Said) -> str:
    body = orjson.loads(one.value)
    what = body.get("step") or body.get("state") or body.get("action")
    return f"revision {revision} ({what})"
