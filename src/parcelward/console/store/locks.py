"""Locks of a database: one process at a time upgrades it, and one at a time projects into it."""

import contextlib
import fcntl
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import URL, Connection, text

UPGRADE = 0x70775F75706772
PROJECT = 0x70775F70726F6A


@contextlib.contextmanager
def upgrading(connection: Connection, url: URL) -> Iterator[None]:
    """Wait until nobody else upgrades this database."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": UPGRADE})
        connection.commit()
        try:
            yield
        finally:
            connection.rollback()
            connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": UPGRADE})
            connection.commit()
        return
    with Path(f"{url.database}.upgrade").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def projecting(connection: Connection) -> Iterator[bool]:
    """Try to become the one that projects; gives False where another process is.

    On PostgreSQL the lock belongs to this very connection: whoever loses it can write nothing more, either.
    """
    if connection.dialect.name == "postgresql":
        got = bool(connection.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": PROJECT}).scalar())
        connection.commit()
        try:
            yield got
        finally:
            if got and not connection.invalidated and not connection.closed:
                with contextlib.suppress(Exception):
                    connection.rollback()
                    connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": PROJECT})
                    connection.commit()
        return
    with Path(f"{connection.engine.url.database}.projector").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True
