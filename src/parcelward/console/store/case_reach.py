"""Reach of a decision on a case: the alerts to which the worker passed it on, and those that refused it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, select

from parcelward.cases.referral import mark_of
from parcelward.console.store.alert_page import Decided
from parcelward.console.store.case_page import SPREAD
from parcelward.console.store.database import Database
from parcelward.console.store.places import number_of
from parcelward.console.store.tables import alerts, case_members, decisions, refused_decisions

NAMED, LOOKED_AT = 20, 20
"""Alerts that refused a decision are named up to so many; so many decisions are looked at."""


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
    marks = {_mark(one): one for one in decided[-LOOKED_AT:] if one.refused is None}
    if not marks:
        return {}
    with database.reading() as connection:
        passed, refused = _passed_on(connection, case_id), _refused(connection, case_id)
        return {
            one.event_id: Reach(
                len(passed[mark]),
                max(_there(connection, case_id, one.arrived_ms), len(passed[mark])),
                tuple(refused.get(mark, {}).values())[:NAMED],
                len(refused.get(mark, {})),
            )
            for mark, one in marks.items()
            if mark in passed
        }


_MEMBERS = case_members.join(decisions, decisions.c.about == case_members.c.alert_id)


def _passed_on(connection: Connection, case_id: str) -> dict[str, set[str]]:
    """Give the alerts to which each decision was passed on, by its mark."""
    query: Any = select(decisions.c.event_id, decisions.c.about).select_from(_MEMBERS)
    query = query.where(case_members.c.case_id == case_id, decisions.c.of_case == case_id).limit(SPREAD)
    found: dict[str, set[str]] = {}
    for event_id, about in connection.execute(query):
        found.setdefault(event_id.partition(":")[0], set()).add(about)
    return found


def _refused(connection: Connection, case_id: str) -> dict[str, dict[str, NotReached]]:
    """Give the alerts that refused each decision, by its mark and their ids."""
    back = _MEMBERS.join(refused_decisions, refused_decisions.c.event_id == decisions.c.event_id)
    back = back.join(alerts, alerts.c.alert_id == decisions.c.about)
    columns = (decisions.c.event_id, decisions.c.about, alerts.c.waybill, refused_decisions.c.reason)
    query: Any = select(*columns).select_from(back).where(refused_decisions.c.reason != "doubled")
    query = query.where(case_members.c.case_id == case_id, decisions.c.of_case == case_id).limit(SPREAD)
    found: dict[str, dict[str, NotReached]] = {}
    for event_id, about, waybill, reason in connection.execute(query):
        found.setdefault(event_id.partition(":")[0], {})[about] = NotReached(about, waybill, reason)
    return found


def _there(connection: Connection, case_id: str, until_ms: int) -> int:
    """Count the alerts of a case that had arrived at a time."""
    members = case_members.join(alerts, alerts.c.alert_id == case_members.c.alert_id)
    query = select(func.count()).select_from(members).where(case_members.c.case_id == case_id)
    return connection.execute(query.where(alerts.c.number < number_of(until_ms, 0, 0))).scalar_one()


def _mark(one: Decided) -> str:
    """Give what the ids begin with under which the worker passes a decision on."""
    return mark_of(str(one.document.get("source", "")), one.event_id).hex()
