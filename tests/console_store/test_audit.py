"""The audit lists what people sent: each decision once, the newest first, by an index."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import msgspec
import pytest
from sqlalchemy import event

from parcelward.console.store.audit import AuditFilter, AuditLine, all_decisions, list_decisions
from parcelward.console.store.database import Database
from parcelward.contract.steps import Role, StepKind
from tests.chaos.recorded import SETTINGS
from tests.console_store.memory_logs import MemoryLogs

EVERYTHING = 100_000


def sent() -> dict[tuple[str, str], dict[str, Any]]:
    """Decisions on the topic, by its event and what it is about, read without the store."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for log, some in MemoryLogs().logs.items():
        for record in some if log[0] == SETTINGS.topics.decisions else ():
            said = msgspec.json.decode(record.value or b"{}")
            if (event_id := dict(record.headers).get("ce_id")) is not None:  # passed on by the worker: binary mode
                said = {"id": event_id.decode(), "data": said}
            if "data" not in said:  # no decision, and refused as that
                continue
            about = said["data"]["about"]
            found.setdefault((said["id"], about.get("alert_id") or about.get("case_id")), said["data"])
    return found


def test_each_decision_is_listed_once_with_the_newest_first(desk: Database) -> None:
    expected = {key for key, data in sent().items() if not data.get("of_case")}
    lines = list(all_decisions(desk, AuditFilter(), EVERYTHING))
    assert len(lines) == len(expected) > 0
    assert {(one.event_id, one.about) for one in lines} == expected
    times = [one.arrived_ms for one in lines]
    assert times == sorted(times, reverse=True)


def test_pages_follow_each_other_without_a_gap(desk: Database) -> None:
    whole, after = list_decisions(desk, AuditFilter(), EVERYTHING).lines, None
    found: list[AuditLine] = []
    while True:
        page = list_decisions(desk, AuditFilter(), 3, after)
        found += page.lines
        if (after := page.after) is None:
            break
    assert tuple(found) == whole
    assert len(list(all_decisions(desk, AuditFilter(), 2))) == 2
    assert list_decisions(desk, AuditFilter(), 3, "no place").lines == whole[:3]


FILTERS: dict[str, tuple[Callable[[AuditLine], AuditFilter], Callable[[AuditLine, AuditLine], bool]]] = {
    "person": (lambda one: AuditFilter(person=one.person), lambda one, chosen: one.person == chosen.person),
    "elsewhere": (lambda one: AuditFilter(nobody_of=(one.person,)), lambda one, chosen: one.person != chosen.person),
    "role": (lambda one: AuditFilter(role=Role(one.role)), lambda one, chosen: one.role == chosen.role),
    "kind": (lambda one: AuditFilter(kind=StepKind(one.kind)), lambda one, chosen: one.kind == chosen.kind),
    "no kind": (lambda one: AuditFilter(no_kind=StepKind(one.kind)), lambda one, chosen: one.kind != chosen.kind),
    "since": (
        lambda one: AuditFilter(since_ms=one.arrived_ms),
        lambda one, chosen: one.arrived_ms >= chosen.arrived_ms,
    ),
    "until": (lambda one: AuditFilter(until_ms=one.arrived_ms), lambda one, chosen: one.arrived_ms < chosen.arrived_ms),
    "refused": (lambda _: AuditFilter(refused=True), lambda one, _: one.refused is not None),
}


@pytest.mark.parametrize("name", FILTERS)
def test_a_filter_takes_what_it_says(desk: Database, name: str) -> None:
    wanted, fits = FILTERS[name]
    whole = list_decisions(desk, AuditFilter(), EVERYTHING).lines
    chosen = whole[len(whole) // 2]
    expected = [one for one in whole if fits(one, chosen)]
    assert list(list_decisions(desk, wanted(chosen), EVERYTHING).lines) == expected
    assert name == "until" or expected


def test_a_courier_has_the_decisions_on_its_alerts(desk: Database) -> None:
    expected = {key for key, data in sent().items() if data["about"].get("courier") == "swift"}
    assert {
        (one.event_id, one.about) for one in all_decisions(desk, AuditFilter(courier="swift"), EVERYTHING)
    } == expected


def test_no_filter_reads_all_rows(desk: Database) -> None:
    """On SQLite, which says in words how it looks; an index that holds all that is filtered by may be walked."""
    if desk.postgresql:
        pytest.skip("PostgreSQL walks a table of so few rows")
    asked: list[str] = []

    def listen(*given: Any) -> None:
        asked.append(_filled(given[2], given[3]))

    event.listen(desk.engine, "before_cursor_execute", listen)
    chosen = list_decisions(desk, AuditFilter(), 1).lines[0]
    filters = [of(chosen) for of, _ in FILTERS.values()] + [AuditFilter(), AuditFilter(courier="swift")]
    for wanted in [*filters, *(replace(one, refused=True) for one in filters)]:
        list_decisions(desk, wanted, 50)
    event.remove(desk.engine, "before_cursor_execute", listen)
    with desk.engine.connect() as connection:
        for statement in (one for one in asked if "FROM decisions" in one):
            rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}")
            plan = [row.detail for row in rows if not row.detail.endswith("refused_decisions")]  # they are few
            assert [one for one in plan if one.startswith("SCAN") and "INDEX" not in one] == []
            assert not any("ORDER BY" in one for one in plan) or "refused_decisions" in statement, plan


def _filled(statement: str, values: tuple[object, ...]) -> str:
    for value in values:
        statement = statement.replace("?", f"'{value}'" if isinstance(value, str) else str(value), 1)
    return statement
