"""The console's database: SQLite in a file, or PostgreSQL; opened, and brought to the newest design."""

import contextlib
import logging
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError

from parcelward.console.store.design import keep_design
from parcelward.console.store.locks import upgrading
from parcelward.console.store.transactions import write_on
from parcelward.errors import UserError
from parcelward.settings import Settings

log = logging.getLogger(__name__)

FILE = "console.sqlite"
MIGRATIONS = Path(__file__).parent / "migrations"
BUSY_MS = 10_000
CACHE_KIB = 32 * 1024
MAPPED_BYTES = 8 * 1024**3
NOTICED = "-c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3"
"""A process whose machine is gone loses its locks within half a minute."""
DRIVERS = {"sqlite": "sqlite", "postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg"}


class Database:
    """One database. `engine` is SQLAlchemy's; `reading` and `writing` are how it is used."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.postgresql = engine.dialect.name == "postgresql"

    @contextlib.contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection that sees one state of everything, whatever is written meanwhile."""
        with self.engine.connect() as connection:
            if self.postgresql:
                connection = connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            else:
                connection.exec_driver_sql("BEGIN")
            yield connection

    @contextlib.contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction: all of it, or nothing."""
        with self.engine.connect() as connection, write_on(connection):
            yield connection

    def close(self) -> None:
        """Disconnect."""
        self.engine.dispose()


def open_database(settings: Settings) -> Database:
    """Open the database that the settings name. Raises UserError when it cannot be reached or is of a newer version."""
    if settings.console_database:
        return open_url(settings.console_database.get_secret_value())
    settings.console_home.mkdir(parents=True, exist_ok=True)
    return open_url(f"sqlite:///{settings.console_home / FILE}")


def open_url(address: str) -> Database:
    """Open a database by its SQLAlchemy URL, and bring it to the newest design. Raises UserError."""
    url = _url(address)
    engine = _postgresql(url) if url.drivername.startswith("postgresql") else _sqlite(url)
    database = Database(engine)
    try:
        with engine.connect() as connection, upgrading(connection, url):
            upgrade(connection)
            keep_design(connection)
    except (SQLAlchemyError, sqlite3.Error) as error:
        engine.dispose()
        raise UserError(f"the console's database {shown(url)} cannot be opened: {_said(error)}") from None
    return database


def upgrade(connection: Connection) -> None:
    """Bring the console's own tables to the newest revision. Raises UserError if they are newer than this version."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    try:
        with write_on(connection):
            command.upgrade(config, "head")
    except CommandError as error:
        raise UserError(
            f"the console's database was made by a newer version ({error}); start that version, or delete the database"
        ) from None


def shown(url: URL) -> str:
    """Write a database's address without its password."""
    return url.render_as_string(hide_password=True)


def _url(address: str) -> URL:
    try:
        url = make_url(address)
    except ArgumentError:
        raise UserError(
            "setting console_database (environment PARCELWARD_CONSOLE_DATABASE): write postgresql://user@host/name, "
            "or sqlite:////path/to/file"
        ) from None
    driver = DRIVERS.get(url.get_backend_name())
    if driver is None:
        raise UserError(f"setting console_database: {url.get_backend_name()} is no postgresql and no sqlite")
    return url.set(drivername=driver)


def _said(error: Exception) -> str:
    """The first line of what a driver says; it holds no password."""
    origin = error.orig if isinstance(error, DBAPIError) else error
    lines = str(origin).strip().splitlines()
    return lines[0] if lines else type(error).__name__


def _postgresql(url: URL) -> Engine:
    arguments = {"connect_timeout": 10, "options": NOTICED}
    return create_engine(url, pool_size=10, max_overflow=30, pool_pre_ping=True, connect_args=arguments)


def _sqlite(url: URL) -> Engine:
    if not url.database or url.database == ":memory:":
        raise UserError("setting console_database: SQLite needs a file, since several connections use it")
    Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url, pool_size=10, max_overflow=30, connect_args={"timeout": BUSY_MS / 1000})
    event.listen(engine, "connect", _set_up)
    return engine


def _set_up(connection: Any, _record: object) -> None:
    # TRAP: by itself the driver begins a transaction at the first change only, so that a reader sees two states.
    connection.isolation_level = None
    for pragma in (
        "page_size=8192",  # an alert fits into a page or two
        "journal_mode=WAL",
        "synchronous=NORMAL",  # a power cut may take the last batches; their positions go with them
        f"busy_timeout={BUSY_MS}",
        "foreign_keys=ON",
        "secure_delete=ON",  # what a topic forgot is not to be found in the file
        f"cache_size=-{CACHE_KIB}",
        f"mmap_size={MAPPED_BYTES}",
        "temp_store=MEMORY",
    ):
        connection.execute(f"PRAGMA {pragma}")
