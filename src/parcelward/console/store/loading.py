"""Writes many rows of a table at once, as quickly as each database can."""

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Connection, Float, LargeBinary, SmallInteger, Table
from sqlalchemy.types import Integer, TypeEngine

Row = Sequence[Any]
TERMS_OF = "alert_terms"
_LOOKED_UP = 20_000


def put(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Write rows, each in the order of the table's columns; one of a key that is there takes its place.

    No two of the rows may have the same key.
    """
    _insert(connection, table, rows, "{0} = excluded.{0}")


def add(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Write rows of counts; those of a key that is there are added to it."""
    _insert(connection, table, rows, "{0} = {1}.{0} + excluded.{0}")


def _insert(connection: Connection, table: Table, rows: Sequence[Row], change: str) -> None:
    if not rows:
        return
    columns, found, action = _parts(table, change)
    if connection.dialect.name == "sqlite":
        marks = ", ".join("?" * len(table.columns))
        statement = f"INSERT INTO {table.name} ({columns}) VALUES ({marks})"
    else:
        names, types = [column.name for column in table.columns], [_copied(column.type) for column in table.columns]
        _copy(connection, table.name, names, types, rows)
        statement = f"INSERT INTO {table.name} ({columns}) SELECT {columns} FROM incoming_{table.name}"
    statement += f" ON CONFLICT ({found}) {action}"
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(statement, list(map(tuple, rows)))
    else:
        connection.exec_driver_sql(statement)


@cache
def _parts(table: Table, change: str) -> tuple[str, str, str]:
    """The columns of a table, its key, and what happens to a row whose key is there."""
    keys = [column.name for column in table.primary_key.columns]
    others = [column.name for column in table.columns if column.name not in keys]
    sets = ", ".join(change.format(_quoted(name), table.name) for name in others)
    columns = ", ".join(_quoted(column.name) for column in table.columns)
    return columns, ", ".join(map(_quoted, keys)), f"DO UPDATE SET {sets}" if sets else "DO NOTHING"


def put_terms(connection: Connection, rows: Sequence[tuple[int, str]]) -> None:
    """Write the terms of alerts, by their numbers, in place of those that are there."""
    if not rows:
        return
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(f"INSERT OR REPLACE INTO {TERMS_OF} (rowid, terms) VALUES (?, ?)", list(rows))
        return
    _copy(connection, TERMS_OF, ["number", "terms"], ["int8", "text"], rows)
    connection.exec_driver_sql(
        f"INSERT INTO {TERMS_OF} SELECT number, array_to_tsvector(array_remove(string_to_array(terms, ' '), ''))"
        f" FROM incoming_{TERMS_OF} ON CONFLICT (number) DO UPDATE SET terms = excluded.terms"
    )


def drop_terms(connection: Connection, numbers: Iterable[int]) -> None:
    """Remove the terms of alerts."""
    key = "rowid" if connection.dialect.name == "sqlite" else "number"
    for some in portions(list(numbers)):
        connection.exec_driver_sql(f"DELETE FROM {TERMS_OF} WHERE {key} IN ({', '.join(map(str, some))})")


def portions(items: Sequence[Any], size: int = _LOOKED_UP) -> Iterable[Sequence[Any]]:
    """Cut a sequence into parts that fit one statement."""
    return (items[at : at + size] for at in range(0, len(items), size))


def look_up(connection: Connection, table: Table, names: Sequence[str], keys: Sequence[Any]) -> list[Row]:
    """Read some columns of the rows whose first named column is one of the keys."""
    columns, first = ", ".join(map(_quoted, names)), _quoted(names[0])
    found: list[Row] = []
    for some in portions(keys):
        if connection.dialect.name == "sqlite":
            marks = ", ".join("?" * len(some))
            got = connection.exec_driver_sql(
                f"SELECT {columns} FROM {table.name} WHERE {first} IN ({marks})", tuple(some)
            )
        else:
            got = connection.exec_driver_sql(
                f"SELECT {columns} FROM {table.name} WHERE {first} = ANY(%s)", (list(some),)
            )
        found += got.all()
    return found


def remove(connection: Connection, table: Table, name: str, keys: Sequence[Any]) -> None:
    """Delete the rows whose named column is one of the keys."""
    for some in portions(keys):
        if connection.dialect.name == "sqlite":
            marks = ", ".join("?" * len(some))
            connection.exec_driver_sql(f"DELETE FROM {table.name} WHERE {_quoted(name)} IN ({marks})", tuple(some))
        else:
            connection.exec_driver_sql(f"DELETE FROM {table.name} WHERE {_quoted(name)} = ANY(%s)", (list(some),))


def _copy(connection: Connection, table: str, names: Sequence[str], types: Sequence[str], rows: Sequence[Row]) -> None:
    """Bring rows into a table of the session's own, from which one statement takes them over."""
    columns = ", ".join(f"{_quoted(name)} {kind}" for name, kind in zip(names, types, strict=True))
    connection.exec_driver_sql(f"CREATE TEMP TABLE IF NOT EXISTS incoming_{table} ({columns}) ON COMMIT DELETE ROWS")
    connection.exec_driver_sql(f"TRUNCATE incoming_{table}")
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(f"COPY incoming_{table} FROM STDIN (FORMAT BINARY)") as copy:
        copy.set_types(types)
        for row in rows:
            copy.write_row(row)


def _copied(kind: TypeEngine[Any]) -> str:
    if isinstance(kind, SmallInteger):
        return "int2"
    if isinstance(kind, Integer):
        return "int8"
    if isinstance(kind, Float):
        return "float8"
    return "bytea" if isinstance(kind, LargeBinary) else "text"


def _quoted(name: str) -> str:
    return f'"{name}"'
