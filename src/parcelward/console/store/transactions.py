"""A transaction on a connection that is there already."""

import contextlib
from collections.abc import Iterator

from sqlalchemy import Connection

ROOM_KIB = 256 * 1024
"""Memory in which a large batch is gathered before SQLite writes it; with less, each page is written several times."""


LOOKED_AT = 1_000
"""Entries of an index that SQLite looks at; a million alerts take three seconds."""


def make_room(connection: Connection) -> None:
    """Give a connection that writes large batches the memory for them."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(f"PRAGMA cache_size=-{ROOM_KIB}")


def learn_sizes(connection: Connection) -> None:
    """Let the database look how its rows are spread: without that it takes indexes that cost seconds."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(f"PRAGMA analysis_limit={LOOKED_AT}")
        connection.exec_driver_sql("ANALYZE")
    else:
        with write_on(connection):
            connection.exec_driver_sql("ANALYZE")


@contextlib.contextmanager
def write_on(connection: Connection) -> Iterator[None]:
    """Make a transaction; SQLite takes the right to write at its begin, or a reader that writes later would fail."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        connection.rollback()
        raise
    connection.commit()
