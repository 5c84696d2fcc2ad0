"""Reach of a decision on a case: the alerts to which the worker passed it on, and those that refused it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, func, select

from parcelward.cases.referral import mark_of
from parcelward.console.store.alert_page import Decided
from parcelward.console.store.database import Database
from parcelward.console.store.places import number_of
from parcelward.console.store.tables import alerts, case_members, decisions, refused_decisions

NAMED, LOOKED_AT = 20, 20
"""Alerts that refused a decision are named up to so many; so many decisions are looked at."""
_BACK = decisions.join(refused_decisions, refused_decisions.c.event_id == decisions.c.event_id)


@dataclass(frozen=True, slots=True)
class NotReached:
    """An alert that refused the decision of its case, and the reason."""

    alert_id: str
    waybill: str
    reason: str


@dataclass(frozen=True, slots=True)
class Reach:
    """Reach of one decision: it was passed on to `passed_on` of the `there` alerts that the case had then."""

    passed_on: int
    there: int
    refused: tuple[NotReached, ...]
    refused_count: int

    @property
    def counted(self) -> int:
        """Count the alerts on which it was taken."""
        return self.passed_on - self.refused_count


def reaches(database: Database, case_id: str, decided: Sequence[Decided]) -> dict[str, Reach]:
    """Tell how far the newest decisions on a case reached, by the id of their event; without what reached nothing."""
    found = {}
    with database.reading() as connection:
        for one in decided[-LOOKED_AT:]:
            if one.refused is None and (reach := _reach(connection, case_id, one)) is not None:
                found[one.event_id] = reach
    return found


def _reach(connection: Connection, case_id: str, one: Decided) -> Reach | None:
    passed_on = _count(connection, decisions, _is_of(one, case_id))
    if not passed_on:
        return None
    refused = refused_decisions.c.reason != "doubled"
    columns = (decisions.c.about, alerts.c.waybill, refused_decisions.c.reason)
    named: Any = select(*columns).select_from(_BACK.join(alerts, alerts.c.alert_id == decisions.c.about))
    named = named.where(_is_of(one, case_id), refused).distinct().order_by(decisions.c.about).limit(NAMED)
    return Reach(
        passed_on,
        max(_there(connection, case_id, one.arrived_ms), passed_on),
        tuple(NotReached(*row) for row in connection.execute(named)),
        _count(connection, _BACK, _is_of(one, case_id) & refused),
    )


def _is_of(one: Decided, case_id: str) -> ColumnElement[bool]:
    """Tell what the worker passed on of a decision: these ids are its mark, a colon, and the alert's id."""
    mark = mark_of(str(one.document.get("source", "")), one.event_id).hex()
    column = decisions.c.event_id
    return (column > f"{mark}:") & (column < f"{mark};") & (decisions.c.of_case == case_id)  # ";" follows ":"


def _count(connection: Connection, source: FromClause, condition: ColumnElement[bool]) -> int:
    """Count different ids: a record may stand on its topic twice."""
    query = select(func.count(decisions.c.event_id.distinct())).select_from(source).where(condition)
    return connection.execute(query).scalar_one()


def _there(connection: Connection, case_id: str, until_ms: int) -> int:
    """Count the alerts of a case that had arrived at a time."""
    members = case_members.join(alerts, alerts.c.alert_id == case_members.c.alert_id)
    query = select(func.count()).select_from(members).where(case_members.c.case_id == case_id)
    return connection.execute(query.where(alerts.c.number < number_of(until_ms, 0, 0))).scalar_one()
