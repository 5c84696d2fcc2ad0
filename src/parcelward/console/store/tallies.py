"""Tallies that are kept beside the rows, since counting a million rows takes longer than a page may."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Table, delete

from parcelward.console.store import tables
from parcelward.console.store.loading import add
from parcelward.moments import china_day

TallyKey = tuple[str, str, int, str]
"""Courier, outlet, day in China, rule: an outlet's alerts with the rule "", a rule's with the outlet ""."""
VerdictKey = tuple[str, str, str, str]
"""Courier, outlet, rule, outcome: the same way."""


def tally_keys(courier: str, outlet: str, raised_ms: int, rules: str) -> list[TallyKey]:
    """The tallies in which an alert counts; its rules are apart by spaces."""
    day = china_day(raised_ms)
    return [(courier, outlet, day, ""), *[(courier, "", day, rule) for rule in rules.split()]]


def verdict_keys(courier: str, outlet: str, outcome: str | None, rules: str) -> list[VerdictKey]:
    """The tallies of outcomes in which an alert counts; none before it has one."""
    if outcome is None:
        return []
    return [(courier, outlet, "", outcome), *[(courier, "", rule, outcome) for rule in rules.split()]]


def add_tallies(connection: Connection, alerts: Counter[TallyKey], red: Counter[TallyKey]) -> None:
    """Add to the tallies of alerts; one that comes to nothing is removed."""
    rows = [(*key, alerts[key], red[key]) for key in alerts if alerts[key] or red[key]]
    _add(connection, tables.tallies, rows)


def add_verdicts(connection: Connection, counts: Counter[VerdictKey]) -> None:
    """Add to the tallies of outcomes."""
    _add(connection, tables.verdicts, [(*key, count) for key, count in counts.items() if count])


def _add(connection: Connection, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
    add(connection, table, rows)
    at = len(table.primary_key.columns)
    if any(row[at] < 0 for row in rows):
        connection.execute(delete(table).where(table.c.alerts <= 0))
