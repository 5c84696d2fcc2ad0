"""Tallies that are kept beside the rows, since counting a million rows takes longer than a page may."""

from collections import Counter
from typing import Any

from sqlalchemy import Connection, tuple_

from parcelward.console.store import tables
from parcelward.console.store.loading import portions, put
from parcelward.moments import china_day

TallyKey = tuple[str, str, int, str]
"""Courier, outlet, day in China, rule; the rule "" counts each alert once."""
VerdictKey = tuple[str, str, str, str]
"""Courier, outlet, rule, outcome."""
_LOOKED_UP = 500


def tally_keys(courier: str, outlet: str, raised_ms: int, rules: str) -> list[TallyKey]:
    """The tallies in which an alert counts; its rules are apart by spaces."""
    day = china_day(raised_ms)
    return [(courier, outlet, day, rule) for rule in ("", *rules.split())]


def verdict_keys(courier: str, outlet: str, outcome: str | None, rules: str) -> list[VerdictKey]:
    """The tallies of outcomes in which an alert counts; none before it has one."""
    return [] if outcome is None else [(courier, outlet, rule, outcome) for rule in ("", *rules.split())]


def add_tallies(connection: Connection, alerts: Counter[TallyKey], red: Counter[TallyKey]) -> None:
    """Add to the tallies of alerts; one that comes to nothing is removed."""
    changed = [key for key in alerts if alerts[key] or red[key]]
    table = tables.tallies
    there = _present(connection, table, changed)
    rows = []
    for key in changed:
        before, before_red = there.get(key, (0, 0))
        rows.append((*key, before + alerts[key], before_red + red[key]))
    _write(connection, table, rows)


def add_verdicts(connection: Connection, counts: Counter[VerdictKey]) -> None:
    """Add to the tallies of outcomes."""
    changed = [key for key in counts if counts[key]]
    there = _present(connection, tables.verdicts, changed)
    _write(connection, tables.verdicts, [(*key, there.get(key, (0,))[0] + counts[key]) for key in changed])


def _present(connection: Connection, table: Any, keys: list[Any]) -> dict[Any, tuple[int, ...]]:
    columns = tuple(table.primary_key.columns)
    found: dict[Any, tuple[int, ...]] = {}
    for some in portions(keys, _LOOKED_UP):
        for row in connection.execute(table.select().where(tuple_(*columns).in_(some))):
            found[tuple(row[: len(columns)])] = tuple(row[len(columns) :])
    return found


def _write(connection: Connection, table: Any, rows: list[tuple[Any, ...]]) -> None:
    columns = tuple(table.primary_key.columns)
    put(connection, table, [row for row in rows if row[len(columns)] > 0])
    gone = [row[: len(columns)] for row in rows if row[len(columns)] <= 0]
    for some in portions(gone, _LOOKED_UP):
        connection.execute(table.delete().where(tuple_(*columns).in_(some)))
