"""A transaction on a connection that is there already."""

import contextlib
from collections.abc import Iterator

from sqlalchemy import Connection


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
