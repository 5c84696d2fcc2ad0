"""Rows leave as their records leave the topics: what a log no longer holds, no row shows."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, delete, select, update

from parcelward.console.store import tables
from parcelward.console.store.alert_rows import KNOWN, Known, Tally
from parcelward.console.store.kinds import Kind
from parcelward.console.store.loading import drop_terms, remove
from parcelward.console.store.places import place_of
from parcelward.console.store.projection import Log, Position, Projection
from parcelward.console.store.tallies import add_tallies
from parcelward.console.store.transactions import write_on

AT_ONCE = 5_000
"""Offsets that one transaction takes, so that nobody waits for it."""
_ROWS: Mapping[Kind, Any] = {
    Kind.ALERTS: tables.alert_revisions,
    Kind.INSTRUCTIONS: tables.instructions,
    Kind.ANSWERS: tables.answers,
    Kind.DECISIONS: tables.decisions,
    Kind.REFUSED: tables.refused_decisions,
}
"""Tables of what a topic keeps for a time. Compacted topics say by a record without a value what is to be forgotten."""


def take_out(connection: Connection, projection: Projection, begins: Mapping[Log, int]) -> int:
    """Remove the rows of records before each log's present begin; returns how many offsets that were."""
    taken = 0
    for log, begin in begins.items():
        while (position := projection.positions[log]).begin < begin:
            upto = min(begin, position.begin + AT_ONCE)
            kind = projection.kinds[log[0]]
            with write_on(connection):
                if kind in _ROWS:
                    _take(connection, kind, position, upto)
                connection.execute(
                    update(tables.positions).where(tables.positions.c.number == position.number).values(begin=upto)
                )
            projection.positions[log] = position._replace(begin=upto)
            taken += upto - position.begin
    return taken


def _take(connection: Connection, kind: Kind, position: Position, upto: int) -> None:
    first, last = place_of(position.number, position.begin), place_of(position.number, upto)
    if kind is Kind.ALERTS:
        _take_alerts(connection, first, last)
    places = _ROWS[kind].c.place
    connection.execute(delete(_ROWS[kind]).where(places >= first, places < last))


def _take_alerts(connection: Connection, first: int, last: int) -> None:
    """Remove the alerts whose newest revision lies there, from everything that counts or finds them."""
    table = tables.alerts
    places = select(tables.alert_revisions.c.number).where(
        tables.alert_revisions.c.place >= first, tables.alert_revisions.c.place < last
    )
    query = select(*(table.c[name] for name in KNOWN)).where(
        table.c.number.in_(places), table.c.place >= first, table.c.place < last
    )
    gone = [Known._make(row) for row in connection.execute(query)]
    counted = Tally()
    for one in gone:
        counted.add(one)
    add_tallies(connection, *Tally().without(counted))
    drop_terms(connection, [one.number for one in gone])
    remove(connection, table, "number", [one.number for one in gone])
