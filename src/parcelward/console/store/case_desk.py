"""The desk's list of cases."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, func, select

from parcelward.console.store.database import Database
from parcelward.console.store.desk import LIMIT, OPEN_VIEWS, Count, View, count_of, counted
from parcelward.console.store.lines import Words, cursor_behind, ordered
from parcelward.console.store.ranks import LANE_RANKS, LANES, SEVERITIES
from parcelward.console.store.tables import NEVER, case_members, cases
from parcelward.contract.alerts import Lane, Severity
from parcelward.contract.steps import ReferralState

_URGENT = (cases.c.lane, cases.c.severity, cases.c.last_ms, cases.c.case_id)
_NEWEST = (cases.c.at_ms, cases.c.case_id)


@dataclass(frozen=True, slots=True)
class CaseFilter:
    """Cases that are listed; None takes any. `attention`: those that ask for a person."""

    view: View = View.DUE
    me: str | None = None
    lane: Lane | None = None
    theme: str | None = None
    courier: str | None = None
    subject: str | None = None
    attention: bool | None = None


@dataclass(frozen=True, slots=True)
class CaseLine:
    """One case in a list; `due_ms` is the soonest of its open alerts."""

    case_id: str
    revision: int
    subject: str
    subject_kind: str
    theme: str
    state: ReferralState
    attention: bool
    lane: Lane
    severity: Severity
    action: str
    count: int
    open: int
    red: int
    escalated: int
    withdrawn: int
    first_ms: int
    last_ms: int
    at_ms: int
    assigned_to: str | None
    snoozed_until_ms: int | None
    over_budget: bool
    outcome: str | None
    couriers: tuple[str, ...]
    rules: dict[str, int]
    summary: Words
    mark: int
    due_ms: int | None


@dataclass(frozen=True, slots=True)
class CasePage:
    """Some cases, and the place behind the last; None where nothing follows."""

    lines: tuple[CaseLine, ...]
    after: str | None


class _Rules(msgspec.Struct, gc=False):
    rules: dict[str, int] = {}


_read_rules = msgspec.json.Decoder(_Rules).decode


def list_cases(
    database: Database, wanted: CaseFilter, limit: int = LIMIT, after: str | None = None, newest: bool = False
) -> CasePage:
    """List cases: what is open the gravest first, all others, or with `newest` all, the newest first."""
    is_open = wanted.view in OPEN_VIEWS and not newest
    keys = _URGENT if is_open else _NEWEST
    query = ordered(select(cases).where(*_conditions(wanted)), keys, after, descending=not is_open)
    with database.reading() as connection:
        rows = connection.execute(query.limit(limit + 1)).all()
        lines = case_lines(connection, rows[:limit])
    return CasePage(lines, cursor_behind(rows, limit, keys))


def count_case_views(database: Database, wanted: CaseFilter) -> dict[View, Count]:
    """Count the cases of each view, up to `COUNTED`."""
    with database.reading() as connection:
        return {
            view: count_of(connection.execute(counted(cases, _conditions(replace(wanted, view=view)))).scalar_one())
            for view in View
        }


def case_lines(connection: Connection, rows: Sequence[Any]) -> tuple[CaseLine, ...]:
    """Make lines of rows of `cases`, in their order."""
    opened = [row for row in rows if not row.over]
    due = _soonest(connection, [row.case_id for row in opened])
    return tuple(_line(row, due.get(row.case_id)) for row in rows)


def _soonest(connection: Connection, ids: Sequence[str]) -> dict[str, int]:
    """Find when the first open alert of each case is due."""
    member = case_members.c
    query = select(member.case_id, func.min(member.due_ms)).where(member.case_id.in_(ids), member.over == 0)
    rows: Sequence[Any] = connection.execute(query.group_by(member.case_id)).all() if ids else ()
    return {case_id: soonest for case_id, soonest in rows if soonest != NEVER}


def _line(row: Any, due_ms: int | None) -> CaseLine:
    return CaseLine(
        case_id=row.case_id,
        revision=row.revision,
        subject=row.subject,
        subject_kind=row.subject_kind,
        theme=row.theme,
        state=ReferralState(row.state),
        attention=bool(row.attention),
        lane=LANES[row.lane],
        severity=SEVERITIES[row.severity],
        action=row.action,
        count=row.count,
        open=row.open,
        red=row.red,
        escalated=row.escalated,
        withdrawn=row.withdrawn,
        first_ms=row.first_ms,
        last_ms=row.last_ms,
        at_ms=row.at_ms,
        assigned_to=row.assigned_to,
        snoozed_until_ms=row.snoozed_until_ms,
        over_budget=bool(row.over_budget),
        outcome=row.outcome,
        couriers=tuple(row.couriers.split()),
        rules=_read_rules(row.document).rules,
        summary=Words(row.zh, row.en),
        mark=row.mark,
        due_ms=due_ms,
    )


def _conditions(wanted: CaseFilter) -> list[ColumnElement[bool]]:
    table, found = cases.c, []
    match wanted.view:
        case View.OVER:
            found.append(table.over == 1)
        case View.MINE:
            found += [table.over == 0, table.assigned_to == (wanted.me or "")]
        case View.UNCLAIMED:
            found += [table.over == 0, table.assigned_to.is_(None)]
        case View.DUE:
            found.append(table.over == 0)
    for column, value in (
        (table.lane, None if wanted.lane is None else LANE_RANKS[wanted.lane]),
        (table.theme, wanted.theme),
        (table.subject, wanted.subject),
        (table.attention, None if wanted.attention is None else int(wanted.attention)),
    ):
        if value is not None:
            found.append(column == value)
    if wanted.courier is not None:
        found.append((" " + table.couriers + " ").contains(f" {wanted.courier} ", autoescape=True))
    return found
