"""The meaning of a search in SQL, on each database."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, FromClause, column, func, select, text

from parcelward.console.store.columns import Number
from parcelward.console.store.database import Database
from parcelward.console.store.tables import alerts
from parcelward.console.store.terms import searched

LOOKED_AT = 2_000
"""The newest alerts with some words that a list looks through."""
_SQLITE = "SELECT rowid AS number FROM alert_terms WHERE alert_terms MATCH :match ORDER BY rowid DESC LIMIT :most"
_POSTGRESQL = "SELECT number FROM alert_terms WHERE terms @@ CAST(:match AS tsquery) ORDER BY number DESC LIMIT :most"


def matching(database: Database, terms: Sequence[str], most: int, before: int | None = None) -> FromClause:
    """The numbers of the newest alerts that have all of these terms; there must be one."""
    if database.postgresql:
        statement, match = _POSTGRESQL, " & ".join(f"'{term}'" for term in terms)
        bound = " AND number < :before"
    else:
        statement, match = _SQLITE, " AND ".join(f'"{term}"' for term in terms)
        bound = " AND rowid < :before"
    values: dict[str, object] = {"match": match, "most": most}
    if before is not None:
        statement, values["before"] = statement.replace(" ORDER BY", f"{bound} ORDER BY"), before
    return text(statement).bindparams(**values).columns(column("number", Number)).subquery()


def is_found(database: Database, alert_id: ColumnElement[str], words: str) -> ColumnElement[bool]:
    """The condition that an alert has these words, among the newest that have them."""
    terms = searched(words)
    if not terms:
        return text("1 = 0")  # type: ignore[return-value]
    found = matching(database, terms, LOOKED_AT)
    ids = select(alerts.c.alert_id).join(found, found.c.number == alerts.c.number)
    if database.postgresql:  # as an array it is found once; as a subquery it may be found anew for each row
        return alert_id == func.any(func.array(ids.scalar_subquery()))
    return alert_id.in_(ids)
