"""Compares the alerts with what the simulator planted, and measures how long they took."""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from parcelward.contract.alerts import Alert, Lane
from parcelward.replay.compare import Position, Waybill

_VARIANT = re.compile(r"(?<=\d)[A-Z]$")


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
    """Waybills where nothing was planted: their number, and how many of them were alerted all the same, and by what.

    The random sample of clean parcels is left out: its alerts say of nobody that something is wrong.
    """

    waybills: int
    by_rules: int  # by a rule at least
    by_model_only: int
    by_pattern: dict[str, int]  # waybills alerted by the rules about a pattern

    @property
    def alerted(self) -> int:
        """Waybills alerted, by rules or by the model."""
        return self.by_rules + self.by_model_only


@dataclass(frozen=True, slots=True)
class Findings:
    """Everything that the demo tells of the alerts."""

    alerted_waybills: int
    alerts_by_rule: dict[str, int]  # waybills alerted by each rule
    alerts_by_pattern: dict[str, int]  # the same, all rules about one pattern together
    found: dict[str, Found]
    clean: Clean
    latencies_ms: list[int] = field(repr=False)  # sorted; broker's arrival of the evidence to the alert's record
    from_deadlines: int  # alerts that a deadline raised, not an event

    def percentile_ms(self, share: float) -> int | None:
        """Give the latency below which `share` (0 to 1) of the alerts lie; None without alerts."""
        if not self.latencies_ms:
            return None
        return self.latencies_ms[min(int(len(self.latencies_ms) * share), len(self.latencies_ms) - 1)]


def findings(
    alerts: Sequence[ReadAlert], labels: Sequence[Planted], arrivals: Mapping[Position, int], screened: Set[Waybill]
) -> Findings:
    """Compare alerts with labels.

    `arrivals` has the arrival (epoch ms) of the record at each intake position, `screened` the waybills screened.
    """
    latencies, from_deadlines = _latencies(alerts, arrivals)
    return Findings(
        alerted_waybills=len({_waybill(read.alert) for read in alerts}),
        alerts_by_rule=_waybills_by(alerts, str),
        alerts_by_pattern=_waybills_by(alerts, family),
        found=_found(alerts, labels),
        clean=_clean(alerts, labels, screened),
        latencies_ms=latencies,
        from_deadlines=from_deadlines,
    )


def _waybill(alert: Alert) -> Waybill:
    return alert.courier, alert.waybill


def family(rule: str) -> str:
    """Give the pattern that a rule is about.

    >>> family("R3A"), family("R3B"), family("model")
    ('R3', 'R3', 'R22')
    """
    return "R22" if rule == "model" else _VARIANT.sub("", rule)


def _waybills_by(alerts: Sequence[ReadAlert], name: Callable[[str], str]) -> dict[str, int]:
    waybills: defaultdict[str, set[Waybill]] = defaultdict(set)
    for read in alerts:
        for finding in read.alert.findings:
            waybills[name(finding.rule)].add(_waybill(read.alert))
    return {rule: len(found) for rule, found in waybills.items()}


def _found(alerts: Sequence[ReadAlert], labels: Sequence[Planted]) -> dict[str, Found]:
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


def _clean(alerts: Sequence[ReadAlert], labels: Sequence[Planted], screened: Set[Waybill]) -> Clean:
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


def _latencies(alerts: Sequence[ReadAlert], arrivals: Mapping[Position, int]) -> tuple[list[int], int]:
    latencies, from_deadlines = [], 0
    for read in alerts:
        raised_ms = round(read.alert.raised_at.timestamp() * 1000)
        evidence = [arrivals.get((part.topic, part.partition, part.offset)) for part in read.alert.evidence]
        if raised_ms in evidence:
            latencies.append(max(0, read.timestamp_ms - raised_ms))
        else:
            from_deadlines += 1
    return sorted(latencies), from_deadlines
