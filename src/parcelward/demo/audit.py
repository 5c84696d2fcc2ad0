"""Counts what became of every event by reading the topics again: nothing here is taken from the worker's word."""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Set
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from parcelward.contract.alerts import Alert, Lane

_VARIANT = re.compile(r"(?<=\d)[A-Z]$")
Position = tuple[str, int, int]  # topic, partition, offset
Waybill = tuple[str, str]  # courier, waybill


class IntakeRecord(NamedTuple):
    """One record of an intake topic."""

    position: Position
    courier: str
    key: str | None
    arrival_ms: int


class LedgerCount(NamedTuple):
    """What the ledger says of a waybill: events accepted, duplicates included, and passes to the later stages."""

    events: int
    passes: int


class ReadAlert(NamedTuple):
    """One alert as read back, with its record's timestamp."""

    alert: Alert
    timestamp_ms: int


class Planted(Protocol):
    """A label of the simulator."""

    @property
    def courier(self) -> str: ...
    @property
    def waybill(self) -> str: ...
    @property
    def pattern(self) -> str: ...
    @property
    def case(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Found:
    """One planted pattern: cases and waybills with it, and how many an alert named by a rule of that pattern."""

    cases: int
    cases_found: int
    waybills: int
    waybills_found: int
    waybills_alerted: int  # by any rule


@dataclass(frozen=True, slots=True)
class Clean:
    """Waybills where nothing was planted: how many, and how many of them were alerted all the same, and by what.

    The random sample of clean parcels is left out: it says of nobody that something is wrong.
    """

    waybills: int
    by_rules: int  # by a rule at least
    by_model_only: int
    by_pattern: dict[str, int]  # waybills alerted by the rules about a pattern

    @property
    def alerted(self) -> int:
        """Waybills alerted, by whatever."""
        return self.by_rules + self.by_model_only


@dataclass(frozen=True, slots=True)
class Audit:
    """The result of the count."""

    acknowledged: int
    arrived: int
    rejected: int
    screened: int
    lost: int  # acknowledged, but neither in the duty ledger nor refused; or passed on and never judged
    doubled: int  # counted more than once by the ledger, or judged more often than passed on
    alerts: int
    alerted_waybills: int
    two_ids: int  # waybills whose alerts carry different ids
    repeated: int  # alerts of the same id and revision
    rejected_by_reason: dict[str, int]
    alerts_by_rule: dict[str, int]  # waybills alerted by each rule
    alerts_by_pattern: dict[str, int]  # the same, all rules about one pattern together
    found: dict[str, Found]
    clean: Clean
    latencies_ms: list[int] = field(repr=False)  # sorted; broker's arrival of the evidence to the alert's record
    from_deadlines: int  # alerts that a deadline raised, not an event

    @property
    def complete(self) -> bool:
        """Nothing lost, nothing counted twice, one id a waybill."""
        return self.lost == 0 and self.doubled == 0 and self.two_ids == 0

    def percentile_ms(self, share: float) -> int | None:
        """Latency below which `share` (0 to 1) of the alerts lie; None without alerts."""
        if not self.latencies_ms:
            return None
        return self.latencies_ms[min(int(len(self.latencies_ms) * share), len(self.latencies_ms) - 1)]


def audit(
    acknowledged: int,
    intake: Iterable[IntakeRecord],
    rejected: Iterable[tuple[Position, str]],
    ledger_counts: Mapping[Waybill, LedgerCount],
    passes_arrived: Mapping[Waybill, int],
    alerts: Iterable[ReadAlert],
    labels: Iterable[Planted],
) -> Audit:
    """Match every intake record with a refusal (by its position) or with the duty ledger (by waybill and count).

    `ledger_counts` is what the ledger's durable state says per waybill, `passes_arrived` how often each waybill came to
    the stage that judges. What was acknowledged but is not in the intake log counts as lost, too.
    """
    refused: dict[Position, str] = dict(rejected)
    arrivals: dict[Position, int] = {}
    expected: Counter[Waybill] = Counter()
    refused_records = 0
    for record in intake:
        arrivals[record.position] = record.arrival_ms
        if record.position in refused:
            refused_records += 1
        else:
            expected[record.courier, record.key or ""] += 1
    ledger = Counter({waybill: count.events for waybill, count in ledger_counts.items()})
    passed_on = Counter({waybill: count.passes for waybill, count in ledger_counts.items()})
    judged = Counter(passes_arrived)
    missing = (expected - ledger).total() + (passed_on - judged).total() + max(0, acknowledged - len(arrivals))
    every_alert, every_label = list(alerts), list(labels)
    latencies, from_deadlines = _latencies(every_alert, arrivals)
    return Audit(
        acknowledged=acknowledged,
        arrived=len(arrivals),
        rejected=refused_records,
        screened=(expected & ledger).total(),
        lost=missing,
        doubled=(ledger - expected).total() + (judged - passed_on).total(),
        alerts=len(every_alert),
        alerted_waybills=len({_waybill(read.alert) for read in every_alert}),
        two_ids=_with_two_ids(every_alert),
        repeated=len(every_alert) - len({(read.alert.alert_id, read.alert.revision) for read in every_alert}),
        rejected_by_reason=dict(Counter(refused[place] for place in arrivals if place in refused).most_common()),
        alerts_by_rule=_waybills_by(every_alert, str),
        alerts_by_pattern=_waybills_by(every_alert, family),
        found=_found(every_alert, every_label),
        clean=_clean(every_alert, every_label, ledger_counts.keys()),
        latencies_ms=latencies,
        from_deadlines=from_deadlines,
    )


def _waybill(alert: Alert) -> Waybill:
    return alert.courier, alert.waybill


def _with_two_ids(alerts: list[ReadAlert]) -> int:
    ids: defaultdict[Waybill, set[str]] = defaultdict(set)
    for read in alerts:
        ids[_waybill(read.alert)].add(read.alert.alert_id)
    return sum(len(found) > 1 for found in ids.values())


def family(rule: str) -> str:
    """The pattern a rule belongs to: R3A and R3B are both about R3; R22 is what only the model can find."""
    return "R22" if rule == "model" else _VARIANT.sub("", rule)


def _waybills_by(alerts: list[ReadAlert], name: Callable[[str], str]) -> dict[str, int]:
    waybills: defaultdict[str, set[Waybill]] = defaultdict(set)
    for read in alerts:
        for finding in read.alert.findings:
            waybills[name(finding.rule)].add(_waybill(read.alert))
    return {rule: len(found) for rule, found in waybills.items()}


def _found(alerts: list[ReadAlert], labels: Iterable[Planted]) -> dict[str, Found]:
    rules: defaultdict[Waybill, set[str]] = defaultdict(set)
    for read in alerts:
        rules[_waybill(read.alert)] |= {family(finding.rule) for finding in read.alert.findings}
    planted: defaultdict[str, defaultdict[str, set[Waybill]]] = defaultdict(lambda: defaultdict(set))
    for label in labels:
        planted[label.pattern][label.case].add((label.courier, label.waybill))
    found = {}
    for pattern, cases in planted.items():
        waybills = set().union(*cases.values())
        hits = {waybill for waybill in waybills if pattern in rules[waybill]}
        found[pattern] = Found(
            cases=len(cases),
            cases_found=sum(bool(members & hits) for members in cases.values()),
            waybills=len(waybills),
            waybills_found=len(hits),
            waybills_alerted=sum(bool(rules[waybill]) for waybill in waybills),
        )
    return found


def _clean(alerts: list[ReadAlert], labels: Iterable[Planted], screened: Set[Waybill]) -> Clean:
    planted = {(label.courier, label.waybill) for label in labels}
    rules: defaultdict[Waybill, set[str]] = defaultdict(set)
    for read in alerts:
        if _waybill(read.alert) not in planted and read.alert.lane is not Lane.GREEN_SAMPLED:
            rules[_waybill(read.alert)] |= {finding.rule for finding in read.alert.findings}
    model_only = sum(found <= {"model"} for found in rules.values())
    return Clean(
        waybills=len(screened - planted),
        by_rules=len(rules) - model_only,
        by_model_only=model_only,
        by_pattern=dict(Counter(pattern for found in rules.values() for pattern in set(map(family, found)))),
    )


def _latencies(alerts: list[ReadAlert], arrivals: dict[Position, int]) -> tuple[list[int], int]:
    latencies, from_deadlines = [], 0
    for read in alerts:
        raised_ms = round(read.alert.raised_at.timestamp() * 1000)
        evidence = [arrivals.get((part.topic, part.partition, part.offset)) for part in read.alert.evidence]
        if raised_ms in evidence:
            latencies.append(max(0, read.timestamp_ms - raised_ms))
        else:
            from_deadlines += 1
    return sorted(latencies), from_deadlines
