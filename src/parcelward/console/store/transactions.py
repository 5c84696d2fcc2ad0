"""A transaction on a connection that is there already."""

import contextlib
from collections.abc import Iterator

from sqlalchemy import Connection

ROOM_KIB = 256 * 1024
"""Memory in which a large batch is gathered before SQLite writes it; with less, each page is written several times."""


def make_room(connection: Connection) -> None:
    """Give a connection that writes large batches the memory for them."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(f"PRAGMA cache_size=-{ROOM_KIB}")


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
