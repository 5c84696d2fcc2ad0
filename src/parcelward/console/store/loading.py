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
    if not rows:
        return
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(_replacing(table), list(map(tuple, rows)))
        return
    names, types = [column.name for column in table.columns], [_copied(column.type) for column in table.columns]
    keys = {column.name for column in table.primary_key.columns}
    _copy(connection, table.name, names, types, rows)
    others = ", ".join(f"{_quoted(name)} = excluded.{_quoted(name)}" for name in names if name not in keys)
    action = f"DO UPDATE SET {others}" if others else "DO NOTHING"
    columns, found = ", ".join(map(_quoted, names)), ", ".join(map(_quoted, sorted(keys)))
    connection.exec_driver_sql(
        f"INSERT INTO {table.name} ({columns}) SELECT {columns} FROM incoming_{table.name}"
        f" ON CONFLICT ({found}) {action}"
    )


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


@cache
def _replacing(table: Table) -> str:
    names = [_quoted(column.name) for column in table.columns]
    return f"INSERT OR REPLACE INTO {table.name} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"


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
