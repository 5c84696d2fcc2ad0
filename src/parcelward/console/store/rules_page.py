"""Figures of rules: their alerts by day, how people decided on them, what is open, and which outlets have most."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sqlalchemy import Select, func, literal_column, select

from parcelward.console.store.courier_days import courier_codes
from parcelward.console.store.database import Database
from parcelward.console.store.desk import GROUPED, IS_OPEN
from parcelward.console.store.page_indexes import HAS_OUTCOME
from parcelward.console.store.ranks import LANE_RANKS
from parcelward.console.store.tables import alerts, referrals, tallies
from parcelward.console.store.terms import searched
from parcelward.console.store.words import LOOKED_AT, matching
from parcelward.contract.alerts import Lane
from parcelward.contract.steps import OutcomeKind
from parcelward.moments import china_day, china_day_begin
from parcelward.outcomes.intervals import Figure, Stratum, weighted_share
from parcelward.outcomes.verdicts import CONFIRMING

SPAN = 60
"""Days of decisions, today and whole ones before it: the end of an alert is kept for so long."""
DECIDED = 10_000
"""The newest decided alerts that are looked at."""
EXAMPLES = 5
OUTLETS = 8
RED = LANE_RANKS[Lane.RED]


@dataclass(slots=True)
class RuleEnds:
    """Ends of the decided alerts of a rule; `decided` and `right` by red (True) and not red."""

    decided: Counter[bool] = field(default_factory=Counter)
    right: Counter[bool] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)

    def add(self, is_red: bool, outcome: str, count: int) -> None:
        """Count alerts that ended so; only a confirmed one and a false alarm say if the rule was right."""
        self.outcomes[outcome] += count
        if outcome in CONFIRMING:
            self.right[is_red] += count
        if outcome in CONFIRMING or outcome == OutcomeKind.FALSE_ALARM:
            self.decided[is_red] += count


@dataclass(frozen=True, slots=True)
class Decided:
    """Ends by rule, of alerts that were decided since a day."""

    since_day: int
    count: int
    is_cut: bool
    by_rule: dict[str, RuleEnds]


@dataclass(frozen=True, slots=True)
class RuleDays:
    """Alerts of a rule, and red ones, by day in China."""

    alerts: Counter[int]
    red: Counter[int]


@dataclass(frozen=True, slots=True)
class OutletHits:
    """Alerts of a rule at one outlet."""

    courier: str
    outlet: str
    alerts: int


class FalseAlarm(NamedTuple):
    """An alert that people took for a false alarm."""

    alert_id: str
    courier: str
    waybill: str


@dataclass(frozen=True, slots=True)
class HitOutlets:
    """Outlets with most of the newest `alerts` of a rule."""

    alerts: int
    outlets: tuple[OutletHits, ...]


def decided(database: Database, now_ms: int) -> Decided:
    """Count how the newest decided alerts ended, those of `SPAN` days, `DECIDED` at most."""
    newest = _newest_decided(now_ms).subquery()
    ended = newest.c.rules, newest.c.lane == literal_column(str(RED)), newest.c.outcome
    query = select(*ended, func.count(), func.min(newest.c.at_ms)).group_by(*ended)
    with database.reading() as connection:
        rows = connection.execute(query).all()
    found: dict[str, RuleEnds] = {}
    for rules, is_red, outcome, alerts_so, _ in rows:
        for rule in rules.split():
            found.setdefault(rule, RuleEnds()).add(bool(is_red), outcome, alerts_so)
    count = sum(row[3] for row in rows)
    is_cut = count == DECIDED
    since_day = china_day(min(row[4] for row in rows)) if is_cut else _first_day(now_ms)
    return Decided(since_day, count, is_cut, found)


def _first_day(now_ms: int) -> int:
    return china_day(now_ms) - SPAN + 1


def _newest_decided(now_ms: int) -> Select[Any]:
    table = referrals.c
    query = select(table.at_ms, table.alert_id, table.rules, table.lane, table.outcome)
    query = query.where(HAS_OUTCOME, table.at_ms >= china_day_begin(_first_day(now_ms)))
    return query.order_by(table.at_ms.desc()).limit(DECIDED)


def false_alarms(database: Database, rule: str, now_ms: int) -> list[FalseAlarm]:
    """Find the newest false alarms of a rule, among the newest decided alerts."""
    newest = _newest_decided(now_ms).subquery()
    of_rule = newest.c.outcome == OutcomeKind.FALSE_ALARM, newest.c.rules.contains(f" {rule} ", autoescape=True)
    ids = select(newest.c.alert_id).where(*of_rule).order_by(newest.c.at_ms.desc()).limit(EXAMPLES).subquery()
    query = select(referrals.c.alert_id, referrals.c.courier, referrals.c.waybill)
    query = query.join(ids, ids.c.alert_id == referrals.c.alert_id).order_by(referrals.c.at_ms.desc())
    with database.reading() as connection:
        return [FalseAlarm(*row) for row in connection.execute(query)]


def rule_days(database: Database, since_day: int) -> dict[str, RuleDays]:
    """Count the alerts of each rule by day. Those in which later records left nothing of it are not among them."""
    codes = courier_codes(database)
    query = (
        select(tallies.c.rule, tallies.c.day, func.sum(tallies.c.alerts), func.sum(tallies.c.red))
        .where(tallies.c.courier.in_(codes), tallies.c.outlet == "", tallies.c.day >= since_day, tallies.c.rule > "")
        .group_by(tallies.c.rule, tallies.c.day)
    )
    found: dict[str, RuleDays] = {}
    with database.reading() as connection:
        for rule, day, count, red in connection.execute(query):
            days = found.setdefault(rule, RuleDays(Counter(), Counter()))
            days.alerts[day], days.red[day] = int(count), int(red)
    return found


def precision(days: RuleDays | None, ends: RuleEnds | None, since_day: int) -> Figure:
    """Estimate how many of a rule's alerts are right: each decided one stands for all of its lane since that day."""
    if ends is None:
        return Figure(0, 0)
    red = sum(count for day, count in days.red.items() if day >= since_day) if days else 0
    total = sum(count for day, count in days.alerts.items() if day >= since_day) if days else 0
    counts = {True: red, False: total - red}
    return weighted_share(
        [
            Stratum(max(counts[is_red], ends.decided[is_red]), ends.decided[is_red], ends.right[is_red])
            for is_red in (True, False)
            if counts[is_red] or ends.decided[is_red]
        ]
    )


def open_by_rule(database: Database) -> Counter[str]:
    """Count the open alerts of each rule."""
    shown = select(referrals.c.rules).where(IS_OPEN).limit(GROUPED).subquery()
    found: Counter[str] = Counter()
    with database.reading() as connection:
        query = select(shown.c.rules, func.count(literal_column("1"))).group_by(shown.c.rules)
        for rules, count in connection.execute(query):
            for rule in rules.split():
                found[rule] += count
    return found


def hit_outlets(database: Database, rule: str) -> HitOutlets:
    """Find the outlets with most alerts of a rule, among its newest `LOOKED_AT`."""
    terms = searched(rule)
    if not terms:
        return HitOutlets(0, ())
    newest = matching(database, terms, LOOKED_AT)
    query = select(alerts.c.courier, alerts.c.outlet, alerts.c.rules).join(newest, newest.c.number == alerts.c.number)
    with database.reading() as connection:
        rows = [(courier, outlet) for courier, outlet, rules in connection.execute(query) if rule in rules.split()]
    most = sorted(Counter(rows).items(), key=lambda one: (-one[1], one[0]))[:OUTLETS]
    return HitOutlets(len(rows), tuple(OutletHits(*where, count) for where, count in most))
