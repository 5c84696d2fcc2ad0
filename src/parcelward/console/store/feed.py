"""Couriers and outlets in figures: their days, what got worse, and how they answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import Select, case, func, select, tuple_

from parcelward.console.store.database import Database
from parcelward.console.store.desk import IS_OPEN, LIMIT
from parcelward.console.store.lines import cursor_of, values_of
from parcelward.console.store.tables import accounts, answers, instructions, referrals, tallies, verdicts
from parcelward.contract.steps import ReferralState
from parcelward.moments import china_day

WEEK = 7
ANSWERS = 2_000
"""The newest answers that times are taken from."""


@dataclass(frozen=True, slots=True)
class CourierDay:
    """The account of a courier's day, as it was published."""

    courier: str
    date: str
    document: dict[str, Any]


@dataclass(frozen=True, slots=True)
class OutletWeek:
    """Alerts of an outlet in the last seven days, today among them, and in the seven before."""

    courier: str
    outlet: str
    this_week: int
    week_before: int
    red: int
    red_before: int


@dataclass(frozen=True, slots=True)
class AnswerTimes:
    """Times from an instruction to its answer, of the newest answers; and what waits: open, and overdue of it."""

    answered: int
    median_ms: int | None
    p90_ms: int | None
    waiting: int
    overdue: int


@dataclass(frozen=True, slots=True)
class RuleCount:
    """Alerts in which a rule found something since a day, and how all of its alerts ended."""

    rule: str
    alerts: int
    red: int
    outcomes: dict[str, int]


@dataclass(frozen=True, slots=True)
class Task:
    """The newest instruction to a courier about one alert; `result` of its answer, if there is one."""

    alert_id: str
    waybill: str
    outlet: str
    revision: int
    action: str
    arrived_ms: int
    answer_by_ms: int | None
    result: str | None
    document: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Tasks:
    """Some instructions, and the place behind the last; None where nothing follows."""

    lines: tuple[Task, ...]
    after: str | None


def couriers(database: Database, days: int = 14) -> tuple[CourierDay, ...]:
    """Give the accounts of the couriers' last days, the newest first."""
    with database.reading() as connection:
        dates = select(accounts.c.date).distinct().order_by(accounts.c.date.desc()).limit(days).subquery()
        query = select(accounts).join(dates, dates.c.date == accounts.c.date)
        rows = connection.execute(query.order_by(accounts.c.date.desc(), accounts.c.courier)).all()
    return tuple(CourierDay(row.courier, row.date, msgspec.json.decode(row.document)) for row in rows)


def outlet_weeks(
    database: Database, now_ms: int, courier: str | None = None, limit: int = LIMIT
) -> tuple[OutletWeek, ...]:
    """Compare each outlet's last seven days with the seven before; those that got worse most come first."""
    begin = china_day(now_ms) - WEEK + 1
    is_new = tallies.c.day >= begin

    def total(column: Any, new: bool) -> Any:
        return func.sum(case((is_new if new else ~is_new, column), else_=0))

    sums = [total(column, new) for column in (tallies.c.alerts, tallies.c.red) for new in (True, False)]
    query = select(tallies.c.courier, tallies.c.outlet, *sums).where(
        tallies.c.rule == "", tallies.c.day >= begin - WEEK, tallies.c.day < begin + WEEK
    )
    if courier is not None:
        query = query.where(tallies.c.courier == courier)
    order = (sums[0] - sums[1]).desc(), tallies.c.courier, tallies.c.outlet
    query = query.group_by(tallies.c.courier, tallies.c.outlet).order_by(*order).limit(limit)
    with database.reading() as connection:
        return tuple(
            OutletWeek(of, outlet, int(new), int(old), int(red), int(red_old))
            for of, outlet, new, old, red, red_old in connection.execute(query)
        )


def select_answers(courier: str, since_ms: int) -> Select[int, int]:
    """Select when each of a courier's newest answers came, and when it was first asked for (ms)."""
    newest = (
        select(answers.c.alert_id, answers.c.revision, answers.c.arrived_ms)
        .where(answers.c.courier == courier, answers.c.arrived_ms >= since_ms)
        .order_by(answers.c.arrived_ms.desc())
        .limit(ANSWERS)
        .subquery()
    )
    same = (instructions.c.alert_id == newest.c.alert_id) & (instructions.c.revision == newest.c.revision)
    asked = select(newest.c.arrived_ms, func.min(instructions.c.arrived_ms)).join(instructions, same)
    return asked.group_by(newest.c.alert_id, newest.c.revision, newest.c.arrived_ms)


def answer_times(database: Database, courier: str, now_ms: int, since_ms: int) -> AnswerTimes:
    """Measure how long a courier takes to answer, and what it has not answered yet."""
    is_late = (referrals.c.due_ms < now_ms) | (referrals.c.state == ReferralState.EXPIRED.value)
    asked = select(func.count(), func.sum(case((is_late, 1), else_=0))).where(
        IS_OPEN, referrals.c.courier == courier, referrals.c.asked.is_not(None)
    )
    with database.reading() as connection:
        rows = connection.execute(select_answers(courier, since_ms)).all()
        times = sorted(max(answered_ms - asked_ms, 0) for answered_ms, asked_ms in rows)
        waiting, overdue = connection.execute(asked).one()
    return AnswerTimes(len(times), _quantile(times, 0.5), _quantile(times, 0.9), waiting, int(overdue or 0))


def rule_counts(database: Database, since_ms: int) -> tuple[RuleCount, ...]:
    """Count what each rule found since a day, and how its alerts ended; the most frequent rules first."""
    counts = select(tallies.c.rule, func.sum(tallies.c.alerts), func.sum(tallies.c.red)).group_by(tallies.c.rule)
    counts = counts.where(tallies.c.day >= china_day(since_ms), tallies.c.rule > "")
    ends = select(verdicts.c.rule, verdicts.c.outcome, func.sum(verdicts.c.alerts)).where(verdicts.c.rule != "")
    with database.reading() as connection:
        outcomes: dict[str, dict[str, int]] = {}
        for rule, outcome, count in connection.execute(ends.group_by(verdicts.c.rule, verdicts.c.outcome)):
            outcomes.setdefault(rule, {})[outcome] = int(count)
        found = {rule: (int(count), int(red)) for rule, count, red in connection.execute(counts)}
    rules = sorted(found.keys() | outcomes.keys(), key=lambda rule: (-found.get(rule, (0, 0))[0], rule))
    return tuple(RuleCount(rule, *found.get(rule, (0, 0)), outcomes.get(rule, {})) for rule in rules)


def tasks(database: Database, courier: str, limit: int = LIMIT, after: str | None = None) -> Tasks:
    """List a courier's instructions, the newest of each alert, the latest first."""
    table, later = instructions, instructions.alias()
    is_newest = (
        ~select(later.c.place)
        .where(later.c.alert_id == table.c.alert_id, later.c.courier == courier, later.c.revision > table.c.revision)
        .exists()
    )
    answered = (
        select(answers.c.result)
        .where(answers.c.alert_id == table.c.alert_id, answers.c.revision >= table.c.revision)
        .order_by(answers.c.arrived_ms.desc())
        .limit(1)
        .scalar_subquery()
    )
    query = select(table, answered.label("result")).where(table.c.courier == courier, is_newest)
    if (behind := values_of(after, 2)) is not None:
        query = query.where(tuple_(table.c.arrived_ms, table.c.place) < tuple_(*behind[:2]))
    with database.reading() as connection:
        query = query.order_by(table.c.arrived_ms.desc(), table.c.place.desc())
        rows = connection.execute(query.limit(limit + 1)).all()
    last = rows[limit - 1] if len(rows) > limit else None
    return Tasks(
        tuple(map(_task, rows[:limit])), None if last is None else cursor_of([last.arrived_ms, last.place, ""])
    )


def _task(row: Any) -> Task:
    document = msgspec.json.decode(row.document)
    return Task(
        row.alert_id,
        str(document.get("waybill", "")),
        str(document.get("outlet", "")),
        row.revision,
        row.action,
        row.arrived_ms,
        row.answer_by_ms,
        row.result,
        document,
    )


def _quantile(times: Sequence[int], share: float) -> int | None:
    return times[min(int(len(times) * share), len(times) - 1)] if times else None
