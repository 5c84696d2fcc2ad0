"""docs/time.md keeps its word: every test and metric it names exists, and every clause names a test."""

import ast
import re
from pathlib import Path

from parcelward.counts import DECLARED

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "time.md").read_text()
TIME_METRICS = {
    "parcelward_events_late_total",
    "parcelward_events_ahead_total",
    "parcelward_events_uploaded_late_total",
    "parcelward_events_back_filled_total",
    "parcelward_events_out_of_order_total",
    "parcelward_events_duplicate_total",
    "parcelward_arrivals_backwards_total",
    "parcelward_duties_overdue_total",
    "parcelward_duties_settled_total",
}


def names_of_tests() -> set[str]:
    return {
        node.name
        for path in (ROOT / "tests").rglob("test_*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
    }


def clauses() -> list[list[str]]:
    """The cells of every row under a heading `clause`."""
    tables = re.findall(r"^\| clause \|.*\n\|[-|]+\n((?:\|.*\n)+)", PAGE, flags=re.MULTILINE)
    return [[cell.strip() for cell in row.strip("|").split("|")] for table in tables for row in table.splitlines()]


def test_every_clause_is_held_by_a_test_that_exists() -> None:
    assert len(clauses()) > 30
    known = names_of_tests()
    for clause, tests, *_ in clauses():
        named = re.findall(r"`(test_\w+)`", tests)
        assert named, clause
        assert set(named) <= known, clause


def test_every_metric_named_exists_and_every_metric_of_time_is_named() -> None:
    named = set(re.findall(r"`(parcelward_\w+)`", PAGE))
    assert named <= {metric.name for metric in DECLARED}
    assert named >= TIME_METRICS
