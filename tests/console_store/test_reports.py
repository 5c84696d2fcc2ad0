"""Figures of couriers and of a shift, on both databases: they are those of the topics."""

from collections import Counter
from datetime import date

import msgspec

from parcelward.console.store.audit import AuditFilter, all_decisions
from parcelward.console.store.courier_days import courier_codes, courier_days, last_heard
from parcelward.console.store.database import Database
from parcelward.console.store.duty import coming_back, count_decisions
from parcelward.moments import DAY_MS
from tests.chaos.recorded import SETTINGS
from tests.console.accounts import account
from tests.console_store.contents import project
from tests.console_store.memory_logs import MemoryLogs
from tests.console_store.test_desk import ALERTS


def test_days_of_a_courier_are_those_of_its_accounts(database: Database) -> None:
    logs = MemoryLogs()
    for number in (21, 22, 23):
        day = account("swift", date(2026, 11, number), sent=100 + number)
        logs.append(SETTINGS.topics.accounts("swift"), msgspec.json.encode(day), day["date"].encode())
    project(database, logs)
    assert [one.sent for one in courier_days(database)["swift"]] == [121, 122, 123]
    assert [one.sent for one in courier_days(database, days=2)["swift"]] == [122, 123]
    assert set(courier_codes(database)) == {one["courier"] for one in ALERTS.values()} | {"swift"}


def test_a_courier_was_last_told_something_when_its_newest_instruction_came(desk: Database) -> None:
    for courier in SETTINGS.couriers:
        told = MemoryLogs().logs.items()
        topic = SETTINGS.topics.instructions(courier)
        times = [
            one.timestamp
            for log, some in told
            if log[0] == topic
            for one in some
            if b'"proceed"' not in (one.value or b"")
        ]
        assert last_heard(desk, courier).told_ms == max(times, default=None)


def test_decisions_of_a_shift_are_counted_once_by_person_and_kind(desk: Database) -> None:
    lines = list(all_decisions(desk, AuditFilter(), 10_000))
    for since_ms, person in ((0, None), (lines[5].arrived_ms, None), (0, lines[0].person)):
        fits = [one for one in lines if one.arrived_ms >= since_ms and person in (None, one.person)]
        counts = count_decisions(desk, since_ms, person)
        expected = Counter((one.person, one.kind) for one in fits)
        assert {(who, kind): n for who, kinds in counts.items() for kind, n in kinds.items()} == expected


def test_each_snooze_that_still_holds_comes_back_at_its_end(desk: Database) -> None:
    now_ms = max(one.arrived_ms for one in all_decisions(desk, AuditFilter(), 1))
    back = coming_back(desk, now_ms, now_ms + 30 * DAY_MS)
    assert all(one.line.step == "snooze" and one.until_ms > now_ms for one in back.alerts)
    assert all(one.snoozed_until_ms is not None and one.snoozed_until_ms >= now_ms for one in back.cases)
    assert coming_back(desk, now_ms, now_ms).alerts == ()
