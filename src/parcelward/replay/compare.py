"""Compares the results of a replay with those of the live run: alerts by id and revision, refusals by position.

What became of the alerts is compared in `compare_lives`.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from math import isclose
from types import MappingProxyType
from typing import Any, NamedTuple

import msgspec
import orjson

from parcelward.contract.steps import StepReason
from parcelward.stage import Send, SourceRecord

SCORE_TOLERANCE = 1e-6
"""A score may differ in its last digits on another machine."""
EXAMPLES = 20
Position = tuple[str, int, int]  # topic, partition, offset


class EvidenceHead(msgspec.Struct, gc=False):
    """One piece of evidence, as far as the comparison reads it."""

    topic: str
    partition: int
    offset: int


class FindingHead(msgspec.Struct, gc=False):
    """One finding, as far as the comparison reads it."""

    rule: str


class ControlHead(msgspec.Struct, gc=False):
    """A control period that an alert names, as far as the comparison reads it."""

    id: str
    version: int
    hash: str

    @property
    def name(self) -> str:
        """Id, version and hash, as `Controls.names` has it."""
        return f"{self.id} version {self.version} ({self.hash})"


class AlertHead(msgspec.Struct, gc=False):
    """One alert, as far as the comparison reads it."""

    alert_id: str
    revision: int
    courier: str
    waybill: str
    raised_at: datetime
    rule_pack_version: str
    model_version: str | None
    findings: list[FindingHead]
    evidence: list[EvidenceHead]
    rule_pack_hash: str | None = None
    controls: list[ControlHead] = []

    @property
    def rule_pack(self) -> str:
        """Version and hash of the rule pack that judged; an alert of before the hash has the version alone."""
        return " ".join(filter(None, (self.rule_pack_version, self.rule_pack_hash)))

    @property
    def raised_ms(self) -> int:
        """Time at which it was raised: arrival of its evidence, or the deadline; epoch ms."""
        return round(self.raised_at.timestamp() * 1000)

    @property
    def name(self) -> str:
        """Name of the alert in the comparison."""
        return f"alert {self.alert_id} of {self.courier}/{self.waybill}"


read_head = msgspec.json.Decoder(AlertHead).decode


class Span(NamedTuple):
    """Span of the alerts that are compared: raised from `from_ms` on, before `to_ms` (epoch ms); None: no bound."""

    from_ms: int | None = None
    to_ms: int | None = None

    def ends_before(self, at_ms: int) -> bool:
        """Tell whether a time lies after the span."""
        return self.to_ms is not None and at_ms >= self.to_ms

    def begins_after(self, at_ms: int) -> bool:
        """Tell whether a time lies before the span."""
        return self.from_ms is not None and at_ms < self.from_ms


class Difference(NamedTuple):
    """One alert or refusal that is not equal on both sides."""

    kind: str
    what: str
    details: tuple[str, ...] = ()


EVERYTHING = Span()
COMPARED = ("alerts", "rejected", "instructions", "referrals", "cases")
"""Kinds of results that are counted and compared, as `Comparison` names them."""
AlertKey = tuple[str, int]  # id, and revision or, where only the final one is kept, 0
Waybill = tuple[str, str]  # courier, waybill


@dataclass(slots=True)
class Counts:
    """Numbers of equal and of different ones. `missing`: the live run lacks it; `extra`: only the live run has it."""

    equal: int = 0
    missing: int = 0
    extra: int = 0
    other_revision: int = 0
    other_content: int = 0
    repeated: int = 0

    @property
    def same(self) -> bool:
        """True when nothing differs."""
        return not (self.missing or self.extra or self.other_revision or self.other_content or self.repeated)


@dataclass(slots=True)
class Comparison:
    """Result of a comparison.

    `live_packs`, `live_models` and `live_controls` count the live alerts by what judged them, `controls` those of the
    replay by their control periods.
    """

    alerts: Counts = field(default_factory=Counts)
    rejected: Counts = field(default_factory=Counts)  # events, answers and decisions
    instructions: Counts = field(default_factory=Counts)
    referrals: Counts = field(default_factory=Counts)
    cases: Counts = field(default_factory=Counts)
    live_packs: Counter[str] = field(default_factory=Counter)
    live_models: Counter[str] = field(default_factory=Counter)
    live_controls: Counter[str] = field(default_factory=Counter)
    controls: Counter[str] = field(default_factory=Counter)
    before: int = 0  # what the live run published and rests on records from before the replay; not compared
    differences: list[Difference] = field(default_factory=list)

    @property
    def same(self) -> bool:
        """True when the replay gives the results of the live run."""
        return all(counts.same for counts in (getattr(self, kind) for kind in COMPARED))

    def note(self, counts: Counts, kind: str, what: str, details: Sequence[str], times: int = 1) -> None:
        """Count a difference, and keep the first few as examples."""
        setattr(counts, kind, getattr(counts, kind) + times)
        if len(self.differences) < EXAMPLES:
            self.differences.append(Difference(kind, what, tuple(details[:8])))


class _Said(NamedTuple):
    head: AlertHead
    value: bytes


class AlertLog:
    """The alerts of one side. For each id the final revision within the span is kept, or every one."""

    def __init__(self, span: Span = EVERYTHING, every_revision: bool = False) -> None:
        self._span = span
        self._every_revision = every_revision
        self._kept: dict[AlertKey, _Said] = {}
        self._times: Counter[AlertKey] = Counter()

    def add(self, value: bytes) -> None:
        """Add one revision, in any order."""
        head = read_head(value)
        if self._span.ends_before(head.raised_ms):
            return
        mark = head.alert_id, head.revision
        self._times[mark] += 1
        key = mark if self._every_revision else (head.alert_id, 0)
        known = self._kept.get(key)
        if known is None or known.head.revision < head.revision:
            self._kept[key] = _Said(head, value)

    @property
    def revisions(self) -> int:
        """Number of those added, repeated ones included."""
        return self._times.total()

    @property
    def ids(self) -> dict[Waybill, set[str]]:
        """The alert ids of each waybill that has any."""
        found: defaultdict[Waybill, set[str]] = defaultdict(set)
        for one in self._kept.values():
            found[one.head.courier, one.head.waybill].add(one.head.alert_id)
        return found

    def within(self) -> dict[AlertKey, _Said]:
        """Give those kept that lie within the span."""
        return {key: one for key, one in self._kept.items() if not self._span.begins_after(one.head.raised_ms)}

    @property
    def repeated(self) -> dict[AlertKey, int]:
        """Ids and revisions that were added again, and how often."""
        return {mark: times - 1 for mark, times in self._times.items() if times > 1}


def compare_alerts(
    live: AlertLog, replayed: AlertLog, first_offsets: Mapping[tuple[str, int], int] = MappingProxyType({})
) -> Comparison:
    """Compare the alerts that both logs keep: ids, revisions and their content.

    `first_offsets` has the offset at which the replay began, per intake topic and partition. A live alert on earlier
    evidence is counted as `before` and left out.
    """
    result = Comparison()
    ours, theirs = replayed.within(), live.within()
    for one in theirs.values():
        result.live_packs[one.head.rule_pack] += 1
        result.live_models[one.head.model_version or "none"] += 1
        result.live_controls.update(control.name for control in one.head.controls)
    for one in ours.values():
        result.controls.update(control.name for control in one.head.controls)
    for key in sorted(ours.keys() | theirs.keys(), key=lambda key: _moment(ours.get(key) or theirs[key])):
        said, again = theirs.get(key), ours.get(key)
        if said is not None and _rests_on_more(said.head, first_offsets):
            result.before += 1
            continue
        _judge(result, said, again)
    heads = {alert_id: one.head for (alert_id, _), one in theirs.items()}
    for (alert_id, revision), times in live.repeated.items():
        if alert_id in heads:
            result.note(result.alerts, "repeated", heads[alert_id].name, (f"revision {revision}",), times)
    return result


def _moment(one: _Said) -> tuple[int, str, int]:
    return one.head.raised_ms, one.head.alert_id, one.head.revision


def _rests_on_more(head: AlertHead, first_offsets: Mapping[tuple[str, int], int]) -> bool:
    return any(part.offset < first_offsets.get((part.topic, part.partition), 0) for part in head.evidence)


def _judge(result: Comparison, said: _Said | None, again: _Said | None) -> None:
    counts = result.alerts
    if said is None or again is None:
        one = said or again
        assert one is not None
        kind = "missing" if said is None else "extra"
        result.note(counts, kind, one.head.name, (_revision(one.head),))
    elif said.head.revision != again.head.revision:
        detail = f"{_revision(said.head)} live, {_revision(again.head)} in the replay"
        result.note(counts, "other_revision", said.head.name, (detail,))
    elif said.value == again.value or not (parts := tuple(differing(said.value, again.value))):
        counts.equal += 1
    else:
        result.note(counts, "other_content", said.head.name, parts)


def _revision(head: AlertHead) -> str:
    rules = ", ".join(finding.rule for finding in head.findings)
    return f"revision {head.revision} ({rules or 'no finding'})"


def differing(live: bytes, replayed: bytes) -> Iterator[str]:
    """Give each part in which two JSON values differ.

    >>> list(differing(b'{"findings": [{"weight": 3}]}', b'{"findings": [{"weight": 4}]}'))
    ['findings[0].weight: 3 live, 4 in the replay']
    """
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


def _own_headers(headers: Sequence[tuple[str, bytes]]) -> dict[str, str]:
    return {name: value.decode(errors="replace") for name, value in headers if name.startswith("pw_")}


def refused_position(headers: Sequence[tuple[str, bytes]]) -> Position:
    """Read the position in the intake of a refused record from the headers added to it."""
    ours = _own_headers(headers)
    return ours["pw_topic"], int(ours["pw_partition"]), int(ours["pw_offset"])


_STANDING = frozenset(("pw_detail", "pw_state", "pw_revision", "pw_assigned_to"))
"""Headers of a refused letter that say where its alert stood."""


class RefusalLog:
    """Refused records of one side by their position in the intake: the reason of each, and a hash of all it holds."""

    def __init__(self, span: Span = EVERYTHING) -> None:
        self._span = span
        self.marks: dict[Position, tuple[str, int]] = {}
        self.stale: dict[Position, tuple[int, int]] = {}  # the revision that stood then, and a hash of all else
        self.repeated: Counter[Position] = Counter()

    def add(self, record: SourceRecord | Send) -> None:
        """Add one refused record, as it is on the rejected topic or on its way there."""
        ours = _own_headers(record.headers)
        at_ms = round(datetime.fromisoformat(ours["pw_rejected_at"]).timestamp() * 1000)
        if self._span.ends_before(at_ms) or self._span.begins_after(at_ms):
            return
        position = refused_position(record.headers)
        if position in self.marks:
            self.repeated[position] += 1
        mark = hash((record.key, record.value, *map(tuple, record.headers)))
        self.marks[position] = ours["pw_reason"], mark
        if ours["pw_reason"] == StepReason.STALE:
            rest = [tuple(header) for header in record.headers if header[0] not in _STANDING]
            self.stale[position] = int(ours["pw_revision"]), hash((record.key, record.value, *rest))

    @property
    def records(self) -> int:
        """Number of those added, repeated ones included."""
        return len(self.marks) + self.repeated.total()

    @property
    def reasons(self) -> Counter[str]:
        """Number of records refused for each reason."""
        return Counter(reason for reason, _ in self.marks.values())


def compare_refusals(
    result: Comparison,
    live: RefusalLog,
    replayed: RefusalLog,
    first_offsets: Mapping[tuple[str, int], int] = MappingProxyType({}),
) -> None:
    """Compare refused records and enter the differences into `result`; none of their content is shown.

    `first_offsets`: as for alerts. A refused record is kept longer than the intake record that it was.
    """
    counts = result.rejected
    for position in sorted(live.marks.keys() | replayed.marks.keys()):
        said, again = live.marks.get(position), replayed.marks.get(position)
        if said is not None and position[2] < first_offsets.get(position[:2], 0):
            result.before += 1
            continue
        if said == again or _came_later(live.stale.get(position), replayed.stale.get(position)):
            counts.equal += 1
            continue
        kind = "missing" if said is None else "extra" if again is None else "other_content"
        reasons = [one[0] if one else "not refused" for one in (said, again)]
        result.note(counts, kind, _record(position), (f"{reasons[0]} live, {reasons[1]} in the replay",))
    for position, times in live.repeated.items():
        result.note(counts, "repeated", _record(position), (live.marks[position][0],), times)


def _came_later(said: tuple[int, int] | None, again: tuple[int, int] | None) -> bool:
    """Tell whether a letter was stale in both runs, and live at a later revision.

    A quiet topic may fire a deadline before a letter is fetched that is older than it. No topic holds that order.
    """
    return said is not None and again is not None and said[1] == again[1] and said[0] > again[0]


def _record(position: Position) -> str:
    return "record {}/{}/{}".format(*position)
