"""The audit: what people decided, the newest first, and what was refused of it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, literal_column, select, tuple_

from parcelward.console.store.alert_page import Refusal, refusals_of
from parcelward.console.store.database import Database
from parcelward.console.store.desk import LIMIT
from parcelward.console.store.lines import cursor_of, values_of
from parcelward.console.store.tables import decisions, refused_decisions
from parcelward.contract.steps import Role, StepKind

AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Decisions that are listed; None takes any. `person` is a token, `nobody_of` are tokens of whom it is none,
    `no_kind` is left out.

    A decision on a case is one line, and not one of each alert that it reached. With a `courier` it is the other way
    round: its alerts are listed, also those that a case's decision reached.
    """

    person: str | None = None
    nobody_of: tuple[str, ...] = ()
    role: Role | None = None
    kind: StepKind | None = None
    no_kind: StepKind | None = None
    courier: str | None = None
    refused: bool = False
    since_ms: int | None = None
    until_ms: int | None = None


@dataclass(frozen=True, slots=True)
class AuditLine:
    """One decision of a person, as it was sent; `about` is the id of an alert, or of a case."""

    event_id: str
    arrived_ms: int
    person: str
    role: str
    kind: str
    about: str
    is_case: bool
    of_case: str | None
    courier: str | None
    waybill: str | None
    revision: int
    decision: dict[str, Any]
    refused: Refusal | None


@dataclass(frozen=True, slots=True)
class AuditPage:
    """Some decisions, and the place behind the last; None where nothing follows."""

    lines: tuple[AuditLine, ...]
    after: str | None


def list_decisions(database: Database, wanted: AuditFilter, limit: int = LIMIT, after: str | None = None) -> AuditPage:
    """List decisions, the newest first; one that was sent twice stands where it came first."""
    earlier = decisions.alias()
    is_double = (
        select(earlier.c.place)
        .where(
            earlier.c.event_id == decisions.c.event_id,
            earlier.c.about == decisions.c.about,
            earlier.c.place < decisions.c.place,
        )
        .exists()
    )
    # The refused are few: with the index of the newest, one would walk through all others to find them.
    arrived = decisions.c.arrived_ms + literal_column("0") if wanted.refused else decisions.c.arrived_ms
    newest = (arrived, decisions.c.place)
    query = select(decisions).where(*_conditions(wanted), ~is_double)
    if (behind := values_of(after, 2)) is not None:
        query = query.where(tuple_(*newest) < tuple_(*behind[:2]))
    with database.reading() as connection:
        rows = connection.execute(query.order_by(*(key.desc() for key in newest)).limit(limit + 1)).all()
        refusals = refusals_of(connection, [row.event_id for row in rows[:limit]])
    last = rows[limit - 1] if len(rows) > limit else None
    return AuditPage(
        tuple(_line(row, refusals.get(row.event_id, [])) for row in rows[:limit]),
        None if last is None else cursor_of([last.arrived_ms, last.place, ""]),
    )


def all_decisions(database: Database, wanted: AuditFilter, most: int) -> Iterator[AuditLine]:
    """Give decisions one by one, so many at most, without holding the database in between."""
    after: str | None = None
    while most > 0:
        found = list_decisions(database, wanted, min(most, AT_ONCE), after)
        yield from found.lines
        most, after = most - len(found.lines), found.after
        if after is None:
            return


def _conditions(wanted: AuditFilter) -> list[ColumnElement[bool]]:
    table = decisions.c
    found: list[ColumnElement[bool]] = []
    for column, value in (
        (table.person, wanted.person),
        (table.role, wanted.role),
        (table.kind, wanted.kind),
        (table.courier, wanted.courier),
    ):
        if value is not None:
            found.append(column == value)
    if wanted.courier is None:
        found.append(table.of_case.is_(None))
    if wanted.nobody_of:
        found.append(table.person.not_in(wanted.nobody_of))
    if wanted.no_kind is not None:
        found.append(table.kind != wanted.no_kind)
    if wanted.since_ms is not None:
        found.append(table.arrived_ms >= wanted.since_ms)
    if wanted.until_ms is not None:
        found.append(table.arrived_ms < wanted.until_ms)
    if wanted.refused:
        refused = select(refused_decisions.c.event_id).where(refused_decisions.c.reason != "doubled")
        found.append(table.event_id.in_(refused))
    return found


def _line(row: Any, refusals: list[Refusal]) -> AuditLine:
    data = msgspec.json.decode(row.document)["data"]
    return AuditLine(
        event_id=row.event_id,
        arrived_ms=row.arrived_ms,
        person=row.person,
        role=row.role,
        kind=row.kind,
        about=row.about,
        is_case=data["about"]["kind"] == "case",
        of_case=row.of_case,
        courier=row.courier,
        waybill=data["about"].get("waybill"),
        revision=row.revision,
        decision=data["decision"],
        refused=next((one for one in refusals if one.reason != "doubled"), None),
    )
