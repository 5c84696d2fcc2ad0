"""Comparing what a replay leads to with what the live run published: alerts by id and final revision, refusals."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from math import isclose
from typing import Any, NamedTuple

import msgspec
import orjson

from parcelward.stage import SourceRecord

SCORE_TOLERANCE = 1e-6
"""A score may differ in its last digits on another machine."""
EXAMPLES = 20
Position = tuple[str, int, int]  # topic, partition, offset


class Evidence(msgspec.Struct, gc=False):
    """What the comparison reads of one piece of evidence."""

    topic: str
    partition: int
    offset: int


class Finding(msgspec.Struct, gc=False):
    """What the comparison reads of a finding."""

    rule: str


class AlertHead(msgspec.Struct, gc=False):
    """What the comparison reads of an alert."""

    alert_id: str
    revision: int
    courier: str
    waybill: str
    raised_at: datetime
    rule_pack_version: str
    model_version: str | None
    findings: list[Finding]
    evidence: list[Evidence]

    @property
    def raised_ms(self) -> int:
        """When it was raised: arrival of its evidence, or the deadline; epoch ms."""
        return round(self.raised_at.timestamp() * 1000)


read_head = msgspec.json.Decoder(AlertHead).decode


class Span(NamedTuple):
    """Which alerts are compared: raised from `from_ms` on, before `to_ms` (epoch ms); None: no bound."""

    from_ms: int | None = None
    to_ms: int | None = None

    def ends_before(self, at_ms: int) -> bool:
        """Whether a time lies after the span."""
        return self.to_ms is not None and at_ms >= self.to_ms

    def begins_after(self, at_ms: int) -> bool:
        """Whether a time lies before the span."""
        return self.from_ms is not None and at_ms < self.from_ms


class Difference(NamedTuple):
    """One alert or refusal that is not equal on both sides."""

    kind: str
    what: str
    details: tuple[str, ...] = ()


@dataclass(slots=True)
class Counts:
    """How many are equal, and how many are not, in which way. `missing`: the live run lacks it; `extra`: only it."""

    equal: int = 0
    missing: int = 0
    extra: int = 0
    other_revision: int = 0
    other_content: int = 0
    repeated: int = 0

    @property
    def same(self) -> bool:
        """Whether nothing differs."""
        return not (self.missing or self.extra or self.other_revision or self.other_content or self.repeated)


@dataclass(slots=True)
class Comparison:
    """The result. `live_packs` and `live_models` count the live alerts by the version that judged them."""

    alerts: Counts = field(default_factory=Counts)
    rejected: Counts = field(default_factory=Counts)
    live_packs: Counter[str] = field(default_factory=Counter)
    live_models: Counter[str] = field(default_factory=Counter)
    before: int = 0  # alerts that rest on evidence from before the replay; not compared
    differences: list[Difference] = field(default_factory=list)

    @property
    def same(self) -> bool:
        """Whether the replay gives what the live run gave."""
        return self.alerts.same and self.rejected.same


class _Final(NamedTuple):
    head: AlertHead
    value: bytes


class AlertLog:
    """The alerts of one side. Of each id the final revision within the span is kept."""

    def __init__(self, span: Span) -> None:
        self._span = span
        self.final: dict[str, _Final] = {}
        self.repeated: Counter[tuple[str, int]] = Counter()
        self._said: set[tuple[str, int]] = set()

    def add(self, value: bytes) -> None:
        """One revision, in any order."""
        head = read_head(value)
        if self._span.ends_before(head.raised_ms):
            return
        mark = head.alert_id, head.revision
        if mark in self._said:
            self.repeated[mark] += 1
            return
        self._said.add(mark)
        known = self.final.get(head.alert_id)
        if known is None or known.head.revision < head.revision:
            self.final[head.alert_id] = _Final(head, value)

    def within(self) -> dict[str, _Final]:
        """Those whose final revision lies within the span."""
        return {name: one for name, one in self.final.items() if not self._span.begins_after(one.head.raised_ms)}


def compare_alerts(
    live: AlertLog, replayed: AlertLog, first_offsets: dict[tuple[str, int], int] | None = None
) -> Comparison:
    """Compare ids, final revisions and their content.

    `first_offsets`: per intake topic and partition, where the replay began; a live alert on earlier evidence is counted
    as `before` and left out.
    """
    result = Comparison()
    ours, theirs = replayed.within(), live.within()
    for one in theirs.values():
        result.live_packs[one.head.rule_pack_version] += 1
        result.live_models[one.head.model_version or "none"] += 1
    for alert_id in sorted(ours.keys() | theirs.keys(), key=lambda name: _moment(ours.get(name) or theirs[name])):
        said, again = theirs.get(alert_id), ours.get(alert_id)
        if said is not None and _rests_on_more(said.head, first_offsets or {}):
            result.before += 1
            continue
        _judge(result, said, again)
    result.alerts.repeated = sum(times for (name, _), times in live.repeated.items() if name in theirs)
    return result


def _moment(one: _Final) -> tuple[int, str]:
    return one.head.raised_ms, one.head.alert_id


def _rests_on_more(head: AlertHead, first_offsets: dict[tuple[str, int], int]) -> bool:
    return any(part.offset < first_offsets.get((part.topic, part.partition), 0) for part in head.evidence)


def _judge(result: Comparison, said: _Final | None, again: _Final | None) -> None:
    counts = result.alerts
    if said is None or again is None:
        one = said or again
        assert one is not None
        kind = "missing" if said is None else "extra"
        _note(result, counts, kind, one.head, (_revision(one.head),))
    elif said.head.revision != again.head.revision:
        detail = f"{_revision(said.head)} live, {_revision(again.head)} in the replay"
        _note(result, counts, "other_revision", said.head, (detail,))
    elif said.value == again.value or not (parts := tuple(differing(said.value, again.value))):
        counts.equal += 1
    else:
        _note(result, counts, "other_content", said.head, parts)


def _revision(head: AlertHead) -> str:
    rules = ", ".join(finding.rule for finding in head.findings)
    return f"revision {head.revision} ({rules or 'no finding'})"


def _note(result: Comparison, counts: Counts, kind: str, head: AlertHead, details: Sequence[str]) -> None:
    setattr(counts, kind, getattr(counts, kind) + 1)
    if len(result.differences) < EXAMPLES:
        what = f"alert {head.alert_id} of {head.courier}/{head.waybill}"
        result.differences.append(Difference(kind, what, tuple(details[:8])))


def differing(live: bytes, replayed: bytes) -> Iterator[str]:
    """Each part of two JSON values that differs, as `findings[0].values.sends_7d: 3 live, 4 in the replay`."""
    yield from _differing("", orjson.loads(live), orjson.loads(replayed))


def _differing(path: str, live: Any, replayed: Any) -> Iterator[str]:
    if isinstance(live, dict) and isinstance(replayed, dict):
        for name in dict.fromkeys([*live, *replayed]):
            yield from _differing(f"{path}.{name}".lstrip("."), live.get(name), replayed.get(name))
    elif isinstance(live, list) and isinstance(replayed, list) and len(live) == len(replayed):
        for number, (one, other) in enumerate(zip(live, replayed, strict=True)):
            yield from _differing(f"{path}[{number}]", one, other)
    elif isinstance(live, float) and isinstance(replayed, float):
        if not isclose(live, replayed, rel_tol=SCORE_TOLERANCE, abs_tol=SCORE_TOLERANCE):
            yield f"{path}: {live} live, {replayed} in the replay"
    elif live != replayed:
        yield f"{path}: {_short(live)} live, {_short(replayed)} in the replay"


def _short(value: Any) -> str:
    text = orjson.dumps(value).decode()
    return text if len(text) <= 80 else text[:77] + "..."


class RefusalLog:
    """Refused records of one side, by the position they had; of each a mark of reason, detail, key and value."""

    def __init__(self, span: Span) -> None:
        self._span = span
        self.marks: dict[Position, tuple[str, int]] = {}
        self.repeated = 0

    def add(self, record: SourceRecord | Any) -> None:
        """One refused record, as it is on the rejected topic or on its way there."""
        ours = {name: value.decode(errors="replace") for name, value in record.headers if name.startswith("pw_")}
        at_ms = round(datetime.fromisoformat(ours["pw_rejected_at"]).timestamp() * 1000)
        if self._span.ends_before(at_ms) or self._span.begins_after(at_ms):
            return
        position = ours["pw_topic"], int(ours["pw_partition"]), int(ours["pw_offset"])
        self.repeated += position in self.marks
        mark = hash((record.key, record.value, ours["pw_detail"]))
        self.marks[position] = ours["pw_reason"], mark


def compare_refusals(result: Comparison, live: RefusalLog, replayed: RefusalLog) -> None:
    """Enter into `result` how refused records compare; nothing of their content is shown."""
    counts = result.rejected
    for position in sorted(live.marks.keys() | replayed.marks.keys()):
        said, again = live.marks.get(position), replayed.marks.get(position)
        if said == again:
            counts.equal += 1
            continue
        kind = "missing" if said is None else "extra" if again is None else "other_content"
        setattr(counts, kind, getattr(counts, kind) + 1)
        if len(result.differences) < EXAMPLES:
            reasons = [one[0] if one else "not refused" for one in (said, again)]
            what = "record {}/{}/{}".format(*position)
            result.differences.append(Difference(kind, what, (f"{reasons[0]} live, {reasons[1]} in the replay",)))
    counts.repeated = live.repeated
