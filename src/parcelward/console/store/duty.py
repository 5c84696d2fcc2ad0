"""Shift hand-over: what was put off and comes back soon, and how people's decisions add up."""

from dataclasses import dataclass
from datetime import datetime

import msgspec
from sqlalchemy import Connection, func, select

from parcelward.console.store.case_desk import CaseLine, case_lines
from parcelward.console.store.database import Database
from parcelward.console.store.lines import Line, line_of, select_lines
from parcelward.console.store.tables import cases, decisions, referrals, refused_decisions
from parcelward.contract.steps import StepKind
from parcelward.moments import DAY_MS, ms_of

LONGEST_MS = 30 * DAY_MS
"""Nothing is put off for longer."""
READ = 2_000
"""Decisions to put something off that are read, the newest."""
COUNTED = 10_000


@dataclass(frozen=True, slots=True)
class PutOff:
    """An alert that was put off, until when, and by whom."""

    line: Line
    until_ms: int
    person: str


@dataclass(frozen=True, slots=True)
class ComingBack:
    """Cases and alerts whose snooze ends soon, the soonest first."""

    cases: tuple[CaseLine, ...]
    alerts: tuple[PutOff, ...]


def count_decisions(database: Database, since_ms: int, person: str | None = None) -> dict[str, dict[str, int]]:
    """Count what people decided since a time, by person and kind: each event once, up to `COUNTED` events."""
    table = decisions.c
    some = select(table.person, table.kind, table.event_id).where(table.arrived_ms >= since_ms, table.of_case.is_(None))
    if person is not None:
        some = some.where(table.person == person)
    of = some.distinct().limit(COUNTED).subquery().c
    query = select(of.person, of.kind, func.count()).group_by(of.person, of.kind).order_by(of.person, of.kind)
    found: dict[str, dict[str, int]] = {}
    with database.reading() as connection:
        for who, kind, count in connection.execute(query):
            found.setdefault(who, {})[kind] = count
    return found


def coming_back(database: Database, now_ms: int, until_ms: int, person: str | None = None) -> ComingBack:
    """Find the snoozes that end in between; of a person those that it decided, and the cases that it has."""
    ends = cases.c.snoozed_until_ms
    query = select(cases).where(ends >= now_ms, ends < until_ms, cases.c.over == 0)
    if person is not None:
        query = query.where(cases.c.assigned_to == person)
    with database.reading() as connection:
        lines = case_lines(connection, connection.execute(query.order_by(ends, cases.c.case_id)).all())
        snoozes = {about: one for about, one in _snoozes(connection, now_ms).items() if now_ms <= one[0] < until_ms}
        # Still put off is an alert of which nothing came since: its newest step is the snooze.
        still = select_lines().where(referrals.c.alert_id.in_(snoozes), referrals.c.step == StepKind.SNOOZE.value)
        alerts = [PutOff(line_of(row), *snoozes[row.alert_id]) for row in connection.execute(still)]
    own = [one for one in alerts if person in (None, one.person)]
    return ComingBack(lines, tuple(sorted(own, key=lambda one: (one.until_ms, one.line.alert_id))))


def _snoozes(connection: Connection, now_ms: int) -> dict[str, tuple[int, str]]:
    """Read the newest decision to put off of each alert: until when, and who."""
    table = decisions.c
    query = select(table.about, table.person, table.document).where(
        table.arrived_ms >= now_ms - LONGEST_MS, table.kind == StepKind.SNOOZE.value, table.of_case.is_(None)
    )
    refused = select(refused_decisions.c.place).where(
        refused_decisions.c.event_id == table.event_id, refused_decisions.c.reason != "doubled"
    )
    query = query.where(~refused.exists())
    found: dict[str, tuple[int, str]] = {}
    for row in connection.execute(query.order_by(table.arrived_ms.desc()).limit(READ)):
        until = str(msgspec.json.decode(row.document)["data"]["decision"].get("until", ""))
        try:
            found.setdefault(row.about, (ms_of(datetime.fromisoformat(until)), row.person))
        except (ValueError, TypeError):  # a worker refuses it
            continue
    return found
