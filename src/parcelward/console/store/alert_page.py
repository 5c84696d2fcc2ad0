"""Everything about one alert, and what became of one decision."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import Connection, select

from parcelward.console.store.case_desk import CaseLine, case_lines
from parcelward.console.store.database import Database
from parcelward.console.store.lines import AlertBrief, Line, brief_of, line_of, select_briefs, select_lines
from parcelward.console.store.packing import unpacked
from parcelward.console.store.places import log_of, offset_of
from parcelward.console.store.tables import (
    alert_revisions,
    alerts,
    answers,
    case_members,
    cases,
    decisions,
    instructions,
    positions,
    referrals,
    refused_decisions,
    steps,
)
from parcelward.console.store.terms import operator_term
from parcelward.console.store.words import matching

MOST = 500
"""Entries of one kind that a page shows, the newest."""
EARLIER = 5
EARLIER_COUNTED = 1_000


@dataclass(frozen=True, slots=True)
class Position:
    """Position of a record."""

    topic: str
    partition: int
    offset: int


@dataclass(frozen=True, slots=True)
class Revision:
    """One revision of an alert, as it stood on its topic."""

    revision: int
    arrived_ms: int
    document: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Step:
    """One step in the life of an alert, and the state that it led to."""

    revision: int
    state: str
    step: str | None
    by: str
    person: str | None
    at_ms: int
    level: int
    assigned_to: str | None


@dataclass(frozen=True, slots=True)
class Entry:
    """An instruction or an answer, as it stood on its topic."""

    arrived_ms: int
    document: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Refusal:
    """The reason why a decision was refused, and where the alert or the case stood then."""

    reason: str
    detail: str
    state: str | None
    revision: int | None
    assigned_to: str | None


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision of a person, and its refusal, if it was refused."""

    event_id: str
    arrived_ms: int
    kind: str
    role: str
    person: str
    revision: int
    of_case: str | None
    document: dict[str, Any]
    refused: Refusal | None


@dataclass(frozen=True, slots=True)
class AlertView:
    """Everything about one alert. Without `line` and `referral` nobody follows it up; without `alert` its record is
    gone, and only where it stands is known."""

    line: Line | None
    alert: dict[str, Any] | None
    referral: dict[str, Any] | None
    revisions: tuple[Revision, ...]
    steps: tuple[Step, ...]
    instructions: tuple[Entry, ...]
    answers: tuple[Entry, ...]
    decisions: tuple[Decided, ...]
    cases: tuple[CaseLine, ...]
    position: Position | None


@dataclass(frozen=True, slots=True)
class Earlier:
    """Other alerts that share something, the newest; counted up to `EARLIER_COUNTED`."""

    count: int
    alerts: tuple[AlertBrief, ...]


@dataclass(frozen=True, slots=True)
class Fate:
    """Fate of a decision: `unknown`, `sent`, `counted` or `refused`."""

    state: str
    refusal: Refusal | None = None


def alert(database: Database, alert_id: str) -> AlertView | None:
    """Give everything about an alert; None if no topic knows it."""
    with database.reading() as connection:
        row = connection.execute(select_lines().where(referrals.c.alert_id == alert_id)).first()
        found = connection.execute(select(alerts.c.number, alerts.c.place).where(alerts.c.alert_id == alert_id)).first()
        if row is None and found is None:
            return None
        document = connection.execute(select(referrals.c.document).where(referrals.c.alert_id == alert_id)).scalar()
        revisions = () if found is None else _revisions(connection, found.number)
        newest = max(revisions, key=lambda one: one.revision, default=None)
        return AlertView(
            line=None if row is None else line_of(row),
            alert=None if newest is None else newest.document,
            referral=None if document is None else _plain(unpacked(document)),
            revisions=revisions,
            steps=_steps(connection, alert_id),
            instructions=_entries(connection, instructions, alert_id),
            answers=_entries(connection, answers, alert_id),
            decisions=decisions_about(connection, alert_id),
            cases=_cases(connection, alert_id),
            position=None if found is None else _position(connection, found.place),
        )


def earlier(database: Database, alert_id: str) -> dict[str, Earlier]:
    """Find other alerts of the same document, phone, operator, outlet and waybill; without what is unknown here."""
    with database.reading() as connection:
        row = connection.execute(select(alerts).where(alerts.c.alert_id == alert_id)).first()
        if row is None:
            return {}
        terms = {
            "document": row.document_token,
            "phone": row.phone_token,
            "operator": None if row.operator is None else operator_term(row.courier, row.operator),
            "outlet": f"{row.courier}/{row.outlet}",
            "waybill": row.waybill,
        }
        return {
            what: _earlier(database, connection, term.lower(), row.number)
            for what, term in terms.items()
            if term is not None
        }


def _earlier(database: Database, connection: Connection, term: str, number: int) -> Earlier:
    found = matching(database, [term], EARLIER_COUNTED + 1)
    numbers = [one for one in connection.execute(select(found.c.number)).scalars() if one != number]
    newest = sorted(numbers, reverse=True)[:EARLIER]
    rows = connection.execute(select_briefs().where(alerts.c.number.in_(newest)).order_by(alerts.c.number.desc()))
    return Earlier(min(len(numbers), EARLIER_COUNTED), tuple(map(brief_of, rows)))


def decision(database: Database, event_id: str) -> Fate:
    """Say what became of a decision, by the id of its event.

    Of one on a case, and of a comment, nothing tells that it counted: it stays `sent`, unless it is refused.
    """
    with database.reading() as connection:
        sent = _sent(connection, event_id)
        refusals = refusals_of(connection, [event_id])
        # Pressed twice, it comes back once as a double, although it counted.
        refusal = next((one for one in refusals.get(event_id, ()) if one.reason != "doubled"), None)
        if refusal is not None:
            return Fate("refused", refusal)
        if sent is None:
            return Fate("unknown")
        return Fate("counted" if _has_counted(connection, sent) else "sent")


def _sent(connection: Connection, event_id: str) -> Any:
    """Give the row of a decision, the first of those with its id."""
    query = select(decisions).where(decisions.c.event_id == event_id).order_by(decisions.c.arrived_ms).limit(1)
    return connection.execute(query).first()


def _has_counted(connection: Connection, sent: Any) -> bool:
    """Tell whether a decision led to the step after the revision that it was made on.

    Of several alike that one person made on one revision the first counts; the worker refuses the others.
    """
    table, step = decisions.c, steps.c
    earlier: Any = select(table.place).where(
        table.about == sent.about,
        table.revision == sent.revision,
        table.kind == sent.kind,
        table.person == sent.person,
        table.event_id != sent.event_id,
        table.arrived_ms <= sent.arrived_ms,
        table.place < sent.place,
    )
    taken: Any = select(step.place).where(
        step.alert_id == sent.about,
        step.revision == sent.revision + 1,
        step.step == sent.kind,
        step.person == sent.person,
    )
    return (
        connection.execute(taken.limit(1)).first() is not None and connection.execute(earlier.limit(1)).first() is None
    )


def decision_of(database: Database, event_id: str) -> tuple[str, int, dict[str, Any]] | None:
    """Give who took a decision, on which revision, and what was chosen; None where no topic knows it."""
    with database.reading() as connection:
        row = _sent(connection, event_id)
    return None if row is None else (row.person, row.revision, _plain(row.document)["data"]["decision"])


def decisions_about(connection: Connection, about: str) -> tuple[Decided, ...]:
    """Give the decisions on an alert or a case, the newest last, each event once."""
    query = select(decisions).where(decisions.c.about == about)
    rows = connection.execute(query.order_by(decisions.c.arrived_ms.desc()).limit(MOST)).all()
    refusals = refusals_of(connection, [row.event_id for row in rows])
    once = {row.event_id: row for row in rows}  # of those that came twice the first
    return tuple(
        Decided(
            row.event_id,
            row.arrived_ms,
            row.kind,
            row.role,
            row.person,
            row.revision,
            row.of_case,
            _plain(row.document),
            next((one for one in refusals.get(row.event_id, ()) if one.reason != "doubled"), None),
        )
        for row in reversed(once.values())
    )


def refusals_of(connection: Connection, ids: Sequence[str]) -> dict[str, list[Refusal]]:
    """Give the refusals of decisions, by the ids of their events."""
    found: dict[str, list[Refusal]] = {}
    table = refused_decisions
    for row in connection.execute(select(table).where(table.c.event_id.in_(list(ids))).order_by(table.c.place)):
        refusal = Refusal(row.reason, row.detail, row.state, row.revision, row.assigned_to)
        found.setdefault(row.event_id, []).append(refusal)
    return found


def _revisions(connection: Connection, number: int) -> tuple[Revision, ...]:
    table = alert_revisions
    query = select(table).where(table.c.number == number).order_by(table.c.place.desc()).limit(MOST)
    once = {row.revision: row for row in connection.execute(query)}
    found = [once[revision] for revision in sorted(once)]
    return tuple(Revision(row.revision, row.arrived_ms, _plain(unpacked(row.document))) for row in found)


def _steps(connection: Connection, alert_id: str) -> tuple[Step, ...]:
    query = select(steps).where(steps.c.alert_id == alert_id).order_by(steps.c.revision.desc()).limit(MOST)
    once = {row.revision: row for row in connection.execute(query)}
    return tuple(
        Step(row.revision, row.state, row.step, row.by, row.person, row.at_ms, row.level, row.assigned_to)
        for row in reversed(once.values())
    )


def _entries(connection: Connection, table: Any, alert_id: str) -> tuple[Entry, ...]:
    query = select(table.c.arrived_ms, table.c.document).where(table.c.alert_id == alert_id)
    rows = connection.execute(query.order_by(table.c.arrived_ms.desc(), table.c.place.desc()).limit(MOST)).all()
    return tuple(Entry(row.arrived_ms, _plain(row.document)) for row in reversed(rows))


def _cases(connection: Connection, alert_id: str) -> tuple[CaseLine, ...]:
    query = select(cases).join(case_members, case_members.c.case_id == cases.c.case_id)
    rows = connection.execute(query.where(case_members.c.alert_id == alert_id).order_by(cases.c.case_id)).all()
    return case_lines(connection, rows)


def _position(connection: Connection, place: int) -> Position | None:
    row = connection.execute(
        select(positions.c.topic, positions.c.partition).where(positions.c.number == log_of(place))
    ).first()
    return None if row is None else Position(row.topic, row.partition, offset_of(place))


def _plain(document: bytes) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.json.decode(document)
    return found
