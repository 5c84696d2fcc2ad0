"""The design of the tables that are made from topics. They have no migrations: another design is filled anew.

The console's own tables, which no topic holds, go by Alembic (`migrations`).
"""

import logging

from sqlalchemy import Connection, insert, inspect, select, text, update

from parcelward.console.store import page_indexes as _page_indexes  # noqa: F401 - its indexes belong to the tables
from parcelward.console.store.own_tables import design
from parcelward.console.store.tables import TERMS, projected, standing
from parcelward.console.store.transactions import write_on
from parcelward.errors import UserError

log = logging.getLogger(__name__)

DESIGN = 4
"""Count it up whenever a table, or what is written into one, changes: a test says so."""
FOUND_BY = "alert_terms"


def keep_design(connection: Connection) -> None:
    """Make the projected tables, if they are not there. Raises UserError for newer ones."""
    with write_on(connection):
        found = connection.execute(select(design.c.number)).scalar()
        if found == DESIGN:
            return
        if found is not None and found > DESIGN:
            raise UserError(
                f"the console's tables are of design {found}, and this version knows {DESIGN}: a newer version has "
                "made them; start that version, or delete the database"
            )
        if found is None:
            connection.execute(insert(design).values(one=1, number=DESIGN))
        else:
            log.warning("console_tables_made_anew design=%d before=%d: all topics are read again", DESIGN, found)
            connection.execute(update(design).values(number=DESIGN))
        make_anew(connection)


def clear(connection: Connection) -> None:
    """Delete every projected row; part of the caller's transaction. Whoever reads meanwhile sees the rows until then.

    TRAP: on PostgreSQL whoever waits for a table that is dropped or truncated finds it empty, and no row it relies on.
    """
    if connection.dialect.name == "sqlite":
        make_anew(connection)
        return
    for name in (*projected.tables, FOUND_BY):
        if name != standing.name:
            connection.execute(text(f"DELETE FROM {name}"))
    connection.execute(update(standing).values(behind=0, at_ms=0))


def make_anew(connection: Connection) -> None:
    """Drop the projected tables and make them again, without rows; part of the caller's transaction."""
    there = set(inspect(connection).get_table_names())
    for name in (*projected.tables, FOUND_BY):
        if name in there:
            connection.execute(text(f"DROP TABLE {name}"))
    projected.create_all(connection)
    for statement in TERMS[connection.dialect.name]:
        connection.exec_driver_sql(statement)
    connection.execute(insert(standing).values(one=1, mark=0, behind=0, at_ms=0))
