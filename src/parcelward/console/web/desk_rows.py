"""Rows of the desk: cases and single alerts in one order, the most urgent first."""

from collections.abc import Sequence
from typing import NamedTuple

from parcelward.console.store.case_desk import CaseFilter, CaseLine, list_cases
from parcelward.console.store.database import Database
from parcelward.console.store.desk import OPEN_VIEWS, View
from parcelward.console.store.lines import Line
from parcelward.console.store.ranks import SEVERITY_RANKS
from parcelward.contract.alerts import Lane

CASES_READ, CASES_SHOWN = 100, 8
NEVER_DUE = 1 << 62


class Group(NamedTuple):
    """Rows of one urgency."""

    name: str
    rows: Sequence[CaseLine | Line]


def shown_cases(database: Database, wanted: CaseFilter) -> list[CaseLine]:
    """Give the cases that stand among the alerts. One with a single alert is listed as that alert."""
    read = list_cases(database, wanted, CASES_READ).lines
    if wanted.view in OPEN_VIEWS:  # of the gravest the oldest come first: those that still have a deadline are newer
        newest = list_cases(database, wanted, CASES_READ, newest=True).lines
        read = tuple(sorted({one.case_id: one for one in (*read, *newest)}.values(), key=_urgency))
    return [one for one in read if one.count > 1][:CASES_SHOWN]


def groups_of(view: View, cases: Sequence[CaseLine], alerts: Sequence[Line]) -> list[Group]:
    """Part what is open into what is red and what has time; of other views nothing is due."""
    if view not in OPEN_VIEWS:
        parts = [Group("newest", (*cases, *alerts))]
    else:
        both: list[CaseLine | Line] = [*cases, *alerts]
        rows = sorted(both, key=_urgency)
        red = [one for one in rows if one.lane is Lane.RED]
        parts = [Group("red", red), Group("shift", [one for one in rows if one.lane is not Lane.RED])]
    return [one for one in parts if one.rows]


def _urgency(one: CaseLine | Line) -> tuple[bool, int, int, bool]:
    """Order the graver first, then what is due soonest; what has no deadline any more comes behind what has one, since
    nobody can still be in time for it; a case stands before an alert.
    """
    due = NEVER_DUE if one.due_ms is None else one.due_ms
    return one.lane is not Lane.RED, SEVERITY_RANKS[one.severity], due, not isinstance(one, CaseLine)
