"""Everything about one case."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import select

from parcelward.console.store.alert_page import Decided, decisions_about
from parcelward.console.store.case_desk import CaseLine, case_lines
from parcelward.console.store.database import Database
from parcelward.console.store.desk import LIMIT, Page
from parcelward.console.store.lines import cursor_behind, lines_of, ordered
from parcelward.console.store.tables import alerts, case_members, cases
from parcelward.moments import HOUR_MS

SPREAD = 5_000
"""Alerts of a case that its spread looks at."""
_GRAVEST = tuple(case_members.c[name] for name in ("over", "lane", "severity", "due_ms", "alert_id"))


@dataclass(frozen=True, slots=True)
class CaseView:
    """A case as its topic says it, and the decisions on it."""

    line: CaseLine
    document: dict[str, Any]
    decisions: tuple[Decided, ...]


@dataclass(frozen=True, slots=True)
class Spread:
    """Alerts of a case by the hour (ms) in which they were raised, and by courier and outlet, the most first."""

    by_hour: tuple[tuple[int, int], ...]
    by_outlet: tuple[tuple[str, str, int], ...]


def case(database: Database, case_id: str) -> CaseView | None:
    """Give everything about a case; None if no topic knows it."""
    with database.reading() as connection:
        row = connection.execute(select(cases).where(cases.c.case_id == case_id)).first()
        if row is None:
            return None
        (line,) = case_lines(connection, [row])
        return CaseView(line, msgspec.json.decode(row.document), decisions_about(connection, case_id))


def members(database: Database, case_id: str, limit: int = LIMIT, after: str | None = None) -> Page:
    """List the alerts of a case: those that are open before those that are over, the gravest first."""
    places = ordered(select(*_GRAVEST).where(case_members.c.case_id == case_id), _GRAVEST, after)
    with database.reading() as connection:
        found = connection.execute(places.limit(limit + 1)).all()
        lines = lines_of(connection, [one.alert_id for one in found[:limit]])
    return Page(lines, cursor_behind(found, limit, _GRAVEST))


def spread(database: Database, case_id: str) -> Spread:
    """Count the alerts of a case over time and outlets."""
    query = (
        select(alerts.c.courier, alerts.c.outlet, alerts.c.raised_ms)
        .select_from(case_members)
        .join(alerts, alerts.c.alert_id == case_members.c.alert_id)
        .where(case_members.c.case_id == case_id)
        .limit(SPREAD)
    )
    hours: Counter[int] = Counter()
    outlets: Counter[tuple[str, str]] = Counter()
    with database.reading() as connection:
        for courier, outlet, raised_ms in connection.execute(query):
            outlets[courier, outlet] += 1
            hours[raised_ms // HOUR_MS * HOUR_MS] += 1
    placed = sorted(outlets.items(), key=lambda one: (-one[1], one[0]))
    return Spread(tuple(sorted(hours.items())), tuple((*place, count) for place, count in placed))
