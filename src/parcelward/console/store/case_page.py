"""Everything about one case."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import select, tuple_

from parcelward.console.store.alert_page import Decided, decisions_about
from parcelward.console.store.case_desk import CaseLine, case_lines
from parcelward.console.store.database import Database
from parcelward.console.store.desk import LIMIT, Neighbours, Page
from parcelward.console.store.lines import cursor_behind, lines_of, ordered
from parcelward.console.store.tables import alerts, case_members, cases

SPREAD = 2_000
"""Alerts of a case that its spread looks at, the gravest."""
_GRAVEST = tuple(case_members.c[name] for name in ("over", "lane", "severity", "due_ms", "alert_id"))


@dataclass(frozen=True, slots=True)
class CaseView:
    """A case as its topic says it, and the decisions on it."""

    line: CaseLine
    document: dict[str, Any]
    decisions: tuple[Decided, ...]


@dataclass(frozen=True, slots=True)
class Spread:
    """Times (ms) at which the alerts of a case were raised, in order; counts by courier and outlet, the most first."""

    raised_ms: tuple[int, ...]
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


def walk(database: Database, case_id: str, alert_id: str) -> Neighbours:
    """Find what stands before and after an alert in the list of its case."""
    return Neighbours(_beside(database, case_id, alert_id, up=True), _beside(database, case_id, alert_id))


def next_open(database: Database, case_id: str, alert_id: str) -> str | None:
    """Find the next alert in the list of a case that is still open, also before the one that is looked at."""
    behind = _beside(database, case_id, alert_id, still_open=True)
    if behind is not None:
        return behind
    query = _listed(case_id).where(case_members.c.over == 0, case_members.c.alert_id != alert_id)
    with database.reading() as connection:
        return connection.execute(query.order_by(*_GRAVEST).limit(1)).scalar()


def _listed(case_id: str) -> Any:
    return select(case_members.c.alert_id).where(case_members.c.case_id == case_id)


def _beside(
    database: Database, case_id: str, alert_id: str, *, up: bool = False, still_open: bool = False
) -> str | None:
    with database.reading() as connection:
        places = select(*_GRAVEST).where(case_members.c.case_id == case_id, case_members.c.alert_id == alert_id)
        here = connection.execute(places).first()
        if here is None:
            return None
        keys, place = tuple_(*_GRAVEST), tuple_(*here)
        query = _listed(case_id).where(keys < place if up else keys > place)
        if still_open:
            query = query.where(case_members.c.over == 0)
        order = [key.desc() for key in _GRAVEST] if up else list(_GRAVEST)
        found: str | None = connection.execute(query.order_by(*order).limit(1)).scalar()
        return found


def spread(database: Database, case_id: str) -> Spread:
    """List when the alerts of a case were raised, and count them by outlet."""
    query = (
        select(alerts.c.courier, alerts.c.outlet, alerts.c.raised_ms)
        .select_from(case_members)
        .join(alerts, alerts.c.alert_id == case_members.c.alert_id)
        .where(case_members.c.case_id == case_id)
        .order_by(*_GRAVEST)
        .limit(SPREAD)
    )
    with database.reading() as connection:
        rows = connection.execute(query).all()
    outlets = Counter((row.courier, row.outlet) for row in rows)
    placed = sorted(outlets.items(), key=lambda one: (-one[1], one[0]))
    return Spread(tuple(sorted(row.raised_ms for row in rows)), tuple((*place, count) for place, count in placed))
