"""Contents of the projected tables, without the numbers that depend on when and in which order it was read."""

from typing import Any

from sqlalchemy import Connection, select, text

from parcelward.console.store import tables
from parcelward.console.store.database import Database
from parcelward.console.store.places import log_of, offset_of
from parcelward.console.store.projection import Log, Projection
from tests.console_store.memory_logs import TOPICS, MemoryLogs

HOW_IT_WAS_READ = {"positions", "standing"}


def contents(database: Database) -> dict[str, list[Any]]:
    """Every projected row, sorted: places as positions, numbers of alerts as their ids, without marks."""
    with database.reading() as connection:
        logs = {row.number: (row.topic, row.partition) for row in connection.execute(select(tables.positions)).all()}
        named = connection.execute(select(tables.alerts.c.number, tables.alerts.c.alert_id)).all()
        ids = {row.number: row.alert_id for row in named}
        found = {
            name: sorted(_plain(row._asdict(), logs, ids) for row in connection.execute(select(table)))
            for name, table in tables.projected.tables.items()
            if name not in HOW_IT_WAS_READ
        }
        return found | {"terms": sorted(_terms(connection, database, ids))}


def _plain(row: dict[str, Any], logs: dict[int, Log], ids: dict[int, str]) -> str:
    row.pop("mark", None)
    if "place" in row:
        row["place"] = (*logs[log_of(row["place"])], offset_of(row["place"]))
    if "number" in row:
        row["number"] = ids[row["number"]]
    return repr(row)


def _terms(connection: Connection, database: Database, ids: dict[int, str]) -> list[str]:
    query = "number, array_to_string(tsvector_to_array(terms), ' ')" if database.postgresql else "rowid, terms"
    rows = connection.execute(text(f"SELECT {query} FROM alert_terms")).all()  # noqa: S608
    return [f"{ids[row[0]]} {sorted(set(row[1].split()))}" for row in rows]


def project(database: Database, logs: MemoryLogs, at_once: int = 1_000_000) -> Projection:
    """Read all logs to their end, so many records of each at once."""
    projection = Projection(TOPICS)
    with database.engine.connect() as connection:
        projection.read_positions(connection)
        fresh = {log: (logs.ids[log[0]], logs.begins[log]) for log in logs.logs if log not in projection.positions}
        projection.begin_with(connection, fresh)
        while True:
            batch = []
            for log, some in logs.logs.items():
                batch += [one for one in some if one.offset >= projection.positions[log].next][:at_once]
            if not batch:
                return projection
            read = {(one.topic, one.partition): one.offset + 1 for one in batch}
            projection.write(connection, batch, read)
