"""Reach of a decision on a case: the alerts to which the worker passed it on, and those that refused it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from parcelward.cases.referral import mark_of
from parcelward.console.store.alert_page import Decided
from parcelward.console.store.case_page import SPREAD
from parcelward.console.store.database import Database
from parcelward.console.store.places import number_of
from parcelward.console.store.tables import alerts, case_members, decisions, refused_decisions

NAMED = 20
"""Alerts that refused a decision are named up to so many."""


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


def reaches(database: Database, case_id: str, decided: Iterable[Decided]) -> dict[str, Reach]:
    """Tell how far each decision on a case reached, by the id of its event; without those that reached nothing."""
    marks = {_mark(one): one for one in decided if one.refused is None}
    if not marks:
        return {}
    of_case: Any = case_members.c.case_id == case_id
    passed: dict[str, set[str]] = {}
    refused: dict[str, dict[str, NotReached]] = {}
    with database.reading() as connection:
        members = case_members.join(decisions, decisions.c.about == case_members.c.alert_id)
        query = select(decisions.c.event_id, decisions.c.about).select_from(members)
        for event_id, about in connection.execute(query.where(of_case, decisions.c.of_case == case_id).limit(SPREAD)):
            passed.setdefault(event_id.partition(":")[0], set()).add(about)
        back = members.join(refused_decisions, refused_decisions.c.event_id == decisions.c.event_id)
        back = back.join(alerts, alerts.c.alert_id == decisions.c.about)
        columns = (decisions.c.event_id, decisions.c.about, alerts.c.waybill, refused_decisions.c.reason)
        query = select(*columns).select_from(back).where(of_case, decisions.c.of_case == case_id)
        query = query.where(refused_decisions.c.reason != "doubled").limit(SPREAD)
        for event_id, about, waybill, reason in connection.execute(query):
            named = refused.setdefault(event_id.partition(":")[0], {})
            named[about] = NotReached(about, waybill, reason)
        count = select(func.count()).select_from(
            case_members.join(alerts, alerts.c.alert_id == case_members.c.alert_id)
        )
        there = {
            mark: connection.execute(count.where(of_case, alerts.c.number < number_of(one.arrived_ms, 0, 0))).scalar()
            for mark, one in marks.items()
            if mark in passed
        }
    return {
        one.event_id: Reach(
            len(passed[mark]),
            max(int(there[mark] or 0), len(passed[mark])),
            tuple(refused.get(mark, {}).values())[:NAMED],
            len(refused.get(mark, {})),
        )
        for mark, one in marks.items()
        if mark in passed
    }


def _mark(one: Decided) -> str:
    """Give what the ids begin with under which the worker passes a decision on."""
    return mark_of(str(one.document.get("source", "")), one.event_id).hex()
