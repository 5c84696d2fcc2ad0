"""Search over everything that the console knows."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, or_, select

from parcelward.console.store.case_desk import CaseLine, case_lines
from parcelward.console.store.database import Database
from parcelward.console.store.lines import AlertBrief, brief_of, select_briefs
from parcelward.console.store.tables import alerts, cases
from parcelward.console.store.terms import searched
from parcelward.console.store.words import matching

LEAST_BEGINNING = 4
"""Characters of a waybill or an id that are enough to find what begins so."""
LONGEST = 200
_LAST = "\U0010ffff"


@dataclass(frozen=True, slots=True)
class Hits:
    """The alerts and cases that were found; `more` says that there are further alerts."""

    alerts: tuple[AlertBrief, ...]
    cases: tuple[CaseLine, ...]
    more: bool


def search(database: Database, words: str, limit: int = 20, courier: str | None = None) -> Hits:
    """Find alerts that have all of the words, the newest first, and cases by id or subject.

    A single word may be the beginning of a waybill or of an id: what begins so comes first. `courier`: only its own
    alerts, and no case.
    """
    words = words[:LONGEST].replace("\x00", " ").strip()
    terms = searched(words)
    if not terms:
        return Hits((), (), False)
    with database.reading() as connection:
        begun = _begun(connection, words, limit, courier)
        known = {one.alert_id for one in begun}
        numbers = matching(database, [*terms, *([courier.lower()] if courier else [])], limit + 1 + len(begun))
        query = select_briefs().join(numbers, numbers.c.number == alerts.c.number)
        if courier is not None:
            query = query.where(alerts.c.courier == courier)
        rows = connection.execute(query.order_by(alerts.c.number.desc())).all()
        found = [*begun, *(brief_of(row) for row in rows if row.alert_id not in known)]
        found_cases = () if courier is not None else _cases(connection, words, limit)
    return Hits(tuple(found[:limit]), found_cases, len(found) > limit)


def _begun(connection: Connection, words: str, limit: int, courier: str | None) -> list[AlertBrief]:
    if len(words) < LEAST_BEGINNING or " " in words:
        return []
    rows: list[Any] = []
    for column, word in ((alerts.c.waybill, words), (alerts.c.waybill, words.upper()), (alerts.c.alert_id, words)):
        query = select_briefs().where(_begins(column, word)).order_by(column).limit(limit)
        rows += connection.execute(query if courier is None else query.where(alerts.c.courier == courier))
    once = {row.alert_id: brief_of(row) for row in rows}
    return list(once.values())[:limit]


def _cases(connection: Connection, words: str, limit: int) -> tuple[CaseLine, ...]:
    if len(words) < LEAST_BEGINNING:
        return ()
    subjects = [f"{kind}{words}" for kind in ("", "outlet/", "operator/", "document/", "phone/", "parcel/", "courier/")]
    found = or_(_begins(cases.c.case_id, words.lower()), *(_begins(cases.c.subject, one) for one in subjects))
    rows = connection.execute(select(cases).where(found).order_by(cases.c.at_ms.desc()).limit(limit)).all()
    return case_lines(connection, rows)


def _begins(column: Any, beginning: str) -> ColumnElement[bool]:
    """The condition that a code begins so, as a range that an index has."""
    return and_(column >= beginning, column < beginning + _LAST)
