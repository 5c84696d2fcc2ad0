"""The tables' design has a number: whoever changes a table counts it up. The console's own tables need a migration."""

from contextlib import closing
from hashlib import sha256
from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from pydantic import SecretStr
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable

from parcelward.console.store import packing
from parcelward.console.store.database import FILE, Database, open_database
from parcelward.console.store.design import DESIGN
from parcelward.console.store.own_tables import own
from parcelward.console.store.tables import TERMS, projected
from parcelward.settings import Settings

PINNED = {1: "d6ca95b1f7511fe0", 2: "4aadb6a08b1bd9fc", 3: "77f983f326d44878", 4: "4c0f1a7be01b4d0d"}


def outline() -> str:
    """A hash of everything that makes the projected tables."""
    dialect = postgresql.dialect()
    made = [str(CreateTable(table).compile(dialect=dialect)) for table in projected.sorted_tables]
    made += [
        str(CreateIndex(index).compile(dialect=dialect))
        for table in projected.sorted_tables
        for index in sorted(table.indexes, key=lambda one: str(one.name))
    ]
    return sha256(repr((made, TERMS, packing.dictionary())).encode()).hexdigest()[:16]


def test_a_table_that_changes_makes_another_design() -> None:
    assert PINNED.get(DESIGN) == outline(), "count DESIGN up, and pin the new outline beside the old one"


def test_the_migrations_make_the_console_s_own_tables_as_they_are_declared(database: Database) -> None:
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_name": is_own})
        assert compare_metadata(context, own) == []


def test_an_empty_address_means_the_file_in_the_consoles_folder(tmp_path: Path) -> None:
    """As compose sets it for whoever has no PostgreSQL."""
    with closing(open_database(Settings(console_database=SecretStr(""), console_home=tmp_path))) as database:
        assert not database.postgresql
    assert (tmp_path / FILE).is_file()


def is_own(name: str | None, kind: str, _parents: object) -> bool:
    """True for what the console's own tables are made of."""
    return kind != "table" or name in own.tables
