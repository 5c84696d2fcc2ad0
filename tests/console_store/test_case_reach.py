"""Reach of a decision on a large case, on both databases."""

from typing import Any

from sqlalchemy import insert

from parcelward.cases.referral import mark_of
from parcelward.console.store.alert_page import Decided
from parcelward.console.store.case_reach import reaches
from parcelward.console.store.database import Database
from parcelward.console.store.tables import case_members, decisions, refused_decisions

ALERTS, REFUSED = 2_300, 30
SOURCE = "/parcelward/console"


def test_a_decision_on_a_large_case_counts_all_that_it_reached(database: Database) -> None:
    first, second = (_write(database, f"decision-{number}", number) for number in (1, 2))
    found = reaches(database, "case", [first, second])
    assert {name: (one.passed_on, one.refused_count) for name, one in found.items()} == {
        "decision-1": (ALERTS, REFUSED),
        "decision-2": (ALERTS, REFUSED),
    }


def test_a_decision_that_reached_nothing_is_left_out(database: Database) -> None:
    assert reaches(database, "case", [_decided("decision-1")]) == {}


def _decided(event_id: str) -> Decided:
    return Decided(event_id, 1_800_000_000_000, "acknowledge", "analyst", "token", 1, None, {"source": SOURCE}, None)


def _write(database: Database, event_id: str, number: int) -> Decided:
    """Write what the worker passes on of a decision, and that some of it was refused."""
    mark = mark_of(SOURCE, event_id).hex()
    ids = [f"alert-{one}" for one in range(ALERTS)]
    said: dict[str, Any] = {"of_case": "case", "revision": 1, "role": "analyst", "person": "token"}
    said |= {"kind": "acknowledge", "arrived_ms": 1, "document": b"{}"}
    told: dict[str, Any] = {"reason": "stale", "detail": "", "of_topic": "", "of_partition": 0, "of_offset": 0}
    begin = number * 10_000
    with database.writing() as rows:
        if number == 1:
            place = {"case_id": "case", "over": 0, "lane": 1, "severity": 1, "due_ms": 1}
            rows.execute(insert(case_members), [place | {"alert_id": one} for one in ids])
        passed = [{"place": begin + at, "event_id": f"{mark}:{one}", "about": one} for at, one in enumerate(ids)]
        rows.execute(insert(decisions), [said | one for one in passed])
        refused = [{"place": begin + at, "event_id": f"{mark}:{ids[at]}", "arrived_ms": 1} for at in range(REFUSED)]
        rows.execute(insert(refused_decisions), [told | one for one in refused])
    return _decided(event_id)
