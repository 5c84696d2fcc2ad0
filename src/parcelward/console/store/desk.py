"""The desk's list of alerts: what is due, whose it is, what is over."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, Table, and_, case, func, literal_column, select, tuple_

from parcelward.console.store.database import Database
from parcelward.console.store.lines import (
    Line,
    cursor_behind,
    cursor_of,
    line_of,
    lines_of,
    ordered,
    select_lines,
    values_of,
)
from parcelward.console.store.ranks import LANE_RANKS, LANES, SEVERITY_RANKS
from parcelward.console.store.tables import case_members, referrals, standing
from parcelward.console.store.words import is_found
from parcelward.contract.alerts import Lane, Severity
from parcelward.contract.steps import ReferralState

COUNTED = 10_000
"""Counts end here: beyond, a page says "10,000+"."""
GROUPED = 200_000
WALKED = 20_000
"""Alerts that a list of all, or of what is over, looks at."""
LIMIT = 50
IS_OPEN = referrals.c.over == literal_column("0")  # written out, or no database takes the index of open ones
_URGENT = (referrals.c.lane, referrals.c.severity, referrals.c.due_ms, referrals.c.alert_id)
_NEWEST = (referrals.c.at_ms, referrals.c.alert_id)
# What is open is few, and has an index of its own: by that of an outlet one would read all that is over.
_OUTLET = referrals.c.outlet.concat("")


class View(StrEnum):
    """Part of the list. The first three hold what is open."""

    DUE = "due"
    MINE = "mine"
    UNCLAIMED = "unclaimed"
    ALL = "all"
    OVER = "over"


OPEN_VIEWS = frozenset((View.DUE, View.MINE, View.UNCLAIMED))


@dataclass(frozen=True, slots=True)
class DeskFilter:
    """Alerts that are listed; None takes any. `severity` is the least, `me` the token of whoever looks."""

    view: View = View.DUE
    me: str | None = None
    lane: Lane | None = None
    severity: Severity | None = None
    state: ReferralState | None = None
    courier: str | None = None
    outlet: str | None = None
    rule: str | None = None
    assigned_to: str | None = None
    case: str | None = None
    held: bool | None = None
    words: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """Some lines, and the place behind the last; None where nothing follows. `looked_back_to_ms`: the list ends before
    it is full, since so many alerts were looked at; older ones follow behind `after`."""

    lines: tuple[Line, ...]
    after: str | None
    looked_back_to_ms: int | None = None


class Count(NamedTuple):
    """A count; `more`: there are at least so many."""

    number: int
    more: bool


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The alerts before and after one in its list."""

    previous: str | None
    next: str | None


def list_alerts(database: Database, wanted: DeskFilter, limit: int = LIMIT, after: str | None = None) -> Page:
    """List alerts: what is open the most urgent first, all others the newest step first.

    Of all others `WALKED` are looked at, so that a page comes soon, whatever it asks for.
    """
    is_open = wanted.view in OPEN_VIEWS
    keys = _URGENT if is_open else _NEWEST
    query = ordered(select(*keys).where(*_conditions(database, wanted)), keys, after, descending=not is_open)
    with database.reading() as connection:
        end = None if is_open else walk_end(connection, wanted, values_of(after, 1))
        if end is not None:
            query = query.where(tuple_(*keys) >= tuple_(*end))
        rows = connection.execute(query.limit(limit + 1)).all()
        lines = lines_of(connection, [row.alert_id for row in rows[:limit]])
    if end is not None and len(rows) <= limit:
        return Page(lines, cursor_of(end), end[0])
    return Page(lines, cursor_behind(rows, limit, keys))


def count_views(database: Database, wanted: DeskFilter) -> dict[View, Count]:
    """Count the alerts of each view, among as many as are looked at; up to `COUNTED`."""
    mine = referrals.c.assigned_to == (wanted.me or "")
    of_open = (_count_if(mine), _count_if(referrals.c.assigned_to.is_(None)), func.count())
    opened = select(*of_open).where(*_conditions(database, replace(wanted, view=View.DUE)))
    all_wanted = replace(wanted, view=View.ALL)
    others = select(_count_if(referrals.c.over == literal_column("1")), func.count())
    others = others.where(*_conditions(database, all_wanted))
    with database.reading() as connection:
        end = walk_end(connection, all_wanted, None)
        if end is not None:
            others = others.where(tuple_(*_NEWEST) >= tuple_(*end))
        mine, unclaimed, due = connection.execute(opened).one()
        over, everything = connection.execute(others).one()
    is_more = end is not None
    return {
        View.DUE: count_of(due),
        View.MINE: count_of(mine),
        View.UNCLAIMED: count_of(unclaimed),
        View.ALL: count_of(everything, is_more),
        View.OVER: count_of(over, is_more),
    }


def count_of(found: Any, is_more: bool = False) -> Count:
    """Make a count of what was found, up to `COUNTED`; none of nothing that a sum gives."""
    number = int(found or 0)
    return Count(min(number, COUNTED), is_more or number >= COUNTED)


def count_alerts(database: Database, wanted: DeskFilter) -> int:
    """Count the alerts of a list, up to `COUNTED`."""
    with database.reading() as connection:
        return int(connection.execute(counted(referrals, _conditions(database, wanted))).scalar_one())


def count_by(database: Database, wanted: DeskFilter, what: str) -> dict[str, int]:
    """Count open alerts by `lane`, `state`, `courier` or `outlet`, the most first."""
    column = referrals.c[what]
    shown = select(column).where(*_conditions(database, replace(wanted, view=View.DUE))).limit(GROUPED).subquery()
    query = select(shown.c[what], func.count()).group_by(shown.c[what]).order_by(func.count().desc(), shown.c[what])
    with database.reading() as connection:
        found: Sequence[Any] = connection.execute(query).all()
    return {LANES[name].value if what == "lane" else name: count for name, count in found}


def neighbours(database: Database, wanted: DeskFilter, alert_id: str) -> Neighbours:
    """Find what stands before and after an alert in a list, even if it is none of its lines any more."""
    is_open = wanted.view in OPEN_VIEWS
    keys = _URGENT if is_open else _NEWEST
    conditions = _conditions(database, wanted)
    with database.reading() as connection:
        here = connection.execute(select(*keys).where(referrals.c.alert_id == alert_id)).first()
        if here is None:
            return Neighbours(None, None)
        above = select(referrals.c.alert_id).where(*conditions, tuple_(*keys) > tuple_(*here))
        below = select(referrals.c.alert_id).where(*conditions, tuple_(*keys) < tuple_(*here))
        if not is_open:
            if (top := walk_end(connection, wanted, here, upwards=True)) is not None:
                above = above.where(tuple_(*keys) <= tuple_(*top))
            if (end := walk_end(connection, wanted, here)) is not None:
                below = below.where(tuple_(*keys) >= tuple_(*end))
        higher = connection.execute(above.order_by(*keys).limit(1)).scalar()
        lower = connection.execute(below.order_by(*(key.desc() for key in keys)).limit(1)).scalar()
    return Neighbours(lower, higher) if is_open else Neighbours(higher, lower)


def newest_mark(database: Database) -> int:
    """Number of the last batch that was written."""
    with database.reading() as connection:
        return int(connection.execute(select(standing.c.mark)).scalar_one())


def count_news(database: Database, wanted: DeskFilter, since: int) -> int:
    """Count the alerts of a list that came or changed after a mark, up to `COUNTED`."""
    # What is open is few: with the mark's own index, an old mark would read all that changed since.
    mark = referrals.c.mark + literal_column("0") if wanted.view in OPEN_VIEWS else referrals.c.mark
    conditions = [*_conditions(database, wanted), mark > since]
    with database.reading() as connection:
        return int(connection.execute(counted(referrals, conditions)).scalar_one())


def changed(database: Database, ids: Sequence[str], since: int) -> tuple[Line, ...]:
    """Give those of some alerts that changed after a mark."""
    query = select_lines().where(referrals.c.alert_id.in_(list(ids)), referrals.c.mark > since)
    with database.reading() as connection:
        return tuple(map(line_of, connection.execute(query.order_by(referrals.c.alert_id))))


def counted(table: Table, conditions: Sequence[ColumnElement[bool]]) -> Select[Any]:
    """Count the rows of a table, up to `COUNTED`."""
    found: Any = select(literal_column("1").label("one")).select_from(table).where(*conditions).limit(COUNTED)
    return select(func.count()).select_from(found.subquery())


def walk_end(
    connection: Connection, wanted: DeskFilter, start: Sequence[Any] | None, upwards: bool = False
) -> tuple[Any, ...] | None:
    """Find where a walk through all alerts ends, from a place on: None where it comes to the last of them.

    It goes along one outlet, or everything, as the indexes do.
    """
    if wanted.words.strip() or wanted.rule is not None or wanted.case is not None:
        return None  # these name the alerts that are looked at
    query = select(*_NEWEST)
    if wanted.outlet is not None:
        query = query.where(referrals.c.outlet == wanted.outlet)
    if start is not None:
        here, there = tuple_(*_NEWEST), tuple_(*start)
        query = query.where(here > there if upwards else here < there)
    query = query.order_by(*(key if upwards else key.desc() for key in _NEWEST))
    found = connection.execute(query.limit(1).offset(WALKED)).first()
    return None if found is None else tuple(found)


def _count_if(condition: ColumnElement[bool]) -> ColumnElement[Any]:
    return func.sum(case((condition, 1), else_=0))


def _conditions(database: Database, wanted: DeskFilter) -> list[ColumnElement[bool]]:
    table = referrals.c
    found: list[ColumnElement[bool]] = [*_of_view(wanted)]
    outlet = _OUTLET if wanted.view in OPEN_VIEWS else table.outlet
    exactly: tuple[tuple[ColumnElement[Any], object], ...] = (
        (table.courier, wanted.courier),
        (outlet, wanted.outlet),
        (table.assigned_to, wanted.assigned_to),
        (table.state, wanted.state),
        (table.lane, None if wanted.lane is None else LANE_RANKS[wanted.lane]),
        (table.held, None if wanted.held is None else int(wanted.held)),
    )
    for column, value in exactly:
        if value is not None:
            found.append(column == value)
    if wanted.severity is not None:
        found.append(table.severity <= SEVERITY_RANKS[wanted.severity])
    if wanted.rule is not None:
        found.append(table.rules.contains(f" {wanted.rule} ", autoescape=True))
        if wanted.view not in OPEN_VIEWS:  # there may be a million to look through
            found.append(is_found(database, table.alert_id, wanted.rule))
    if wanted.case is not None:
        members = select(case_members.c.alert_id).where(case_members.c.case_id == wanted.case)
        found.append(table.alert_id.in_(members))
    if wanted.words.strip():
        found.append(is_found(database, table.alert_id, wanted.words))
    return found


def _of_view(wanted: DeskFilter) -> list[ColumnElement[bool]]:
    match wanted.view:
        case View.ALL:
            return []
        case View.OVER:
            return [referrals.c.over == literal_column("1")]
        case View.MINE:
            return [and_(IS_OPEN, referrals.c.assigned_to == (wanted.me or ""))]
        case View.UNCLAIMED:
            return [and_(IS_OPEN, referrals.c.assigned_to.is_(None))]
        case View.DUE:
            return [IS_OPEN]
