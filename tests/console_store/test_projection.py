"""Records become rows: the same rows however they come, once each, with the positions, and whatever they hold."""

from collections.abc import Callable
from random import Random

import msgspec
import pytest
from sqlalchemy import func, select, update

from parcelward.console.store import tables
from parcelward.console.store.database import Database, open_url
from parcelward.console.store.design import DESIGN, keep_design
from parcelward.console.store.feed import couriers
from parcelward.console.store.own_tables import design, views
from parcelward.console.store.projection import OvertakenError, Projection
from parcelward.errors import UserError
from tests.chaos.recorded import SETTINGS
from tests.console_store.contents import contents, project
from tests.console_store.memory_logs import MemoryLogs
from tests.postgres import Postgres

ALERTS, REFERRALS, CASES, DECISIONS = (
    SETTINGS.topics.alerts,
    SETTINGS.topics.referrals,
    SETTINGS.topics.cases,
    SETTINGS.topics.decisions,
)


def unreadable(projection: Projection) -> int:
    """Records that were left out."""
    return sum(one.unreadable for one in projection.positions.values())


def count(database: Database, table: str) -> int:
    """Rows of a projected table."""
    with database.reading() as connection:
        return connection.execute(select(func.count()).select_from(tables.projected.tables[table])).scalar_one()


def test_a_store_that_was_deleted_is_made_again_equal(new_database: Callable[[], Database]) -> None:
    """In one go, or a few records of each log at a time, after a restart at each."""
    one, other = new_database(), new_database()
    project(one, MemoryLogs())
    assert {name for name, rows in contents(one).items() if not rows} <= {"accounts", "verdicts"}
    project(other, MemoryLogs(), at_once=7)
    assert contents(one) == contents(other)


def test_both_databases_hold_the_same(tmp_path: object, postgres: Postgres) -> None:
    one, other = open_url(f"sqlite:///{tmp_path}/one.sqlite"), open_url(postgres.new_database())
    for database in (one, other):
        project(database, MemoryLogs())
    assert contents(one) == contents(other)
    one.close()
    other.close()


def test_rows_and_positions_are_written_together_or_not_at_all(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    logs = MemoryLogs()
    project(database, logs)
    before = contents(database)
    value = logs.logs[ALERTS, 0][0].value
    assert value is not None
    logs.append(ALERTS, value.replace(b'"alert_id":"', b'"alert_id":"new-'))

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr("parcelward.console.store.projection.Projection._move", die)
        with pytest.raises(KeyboardInterrupt):
            project(database, logs)
    assert contents(database) == before
    project(database, logs)
    assert count(database, "alerts") == len(before["alerts"]) + 1


def test_a_second_projector_writes_nothing_over_the_first(database: Database) -> None:
    logs = MemoryLogs()
    late = project(database, MemoryLogs({log: [] for log in logs.logs}))
    project(database, logs)
    before = contents(database)
    with database.engine.connect() as connection, pytest.raises(OvertakenError):
        late.write(connection, logs.logs[ALERTS, 0], {(ALERTS, 0): len(logs.logs[ALERTS, 0])})
    assert contents(database) == before


@pytest.mark.parametrize(("topic", "history"), [(ALERTS, "alert_revisions"), (REFERRALS, "steps"), (CASES, None)])
def test_what_comes_late_or_again_changes_nothing_but_the_history(
    database: Database, topic: str, history: str | None
) -> None:
    logs = MemoryLogs()
    project(database, logs)
    before = contents(database)
    for (of, partition), some in list(logs.logs.items()):
        if of == topic:
            first = next(one for one in some if one.value and b'"revision":1,' in one.value)
            logs.append(topic, first.value, first.key or b"", partition)
            logs.append(topic, some[-2].value, some[-2].key or b"", partition)
    project(database, logs)
    after = contents(database)
    changed = {name for name in before if before[name] != after[name]}
    assert changed == ({history} if history else set())


NONSENSE = {
    "no JSON": b"{",
    "no UTF-8": b'{"alert_id": "\xff"}',
    "another thing": b'{"alert_id": 7}',
    "a list": b"[]",
    "deep": b"[" * 100_000,
    "no value": None,
    "a character that no database takes": b'{"alert_id": "\\u0000"}',
    "half a character": b'{"alert_id": "\\ud800"}',
    "no bytes": b"",
}


def test_what_cannot_be_read_is_counted_and_left_out(database: Database, caplog: pytest.LogCaptureFixture) -> None:
    logs = MemoryLogs()
    had = unreadable(project(database, logs))
    before = contents(database)
    added = 0
    for topic in (ALERTS, REFERRALS, CASES, DECISIONS, "instructions.swift", "answers.swift"):
        for name, value in NONSENSE.items():
            if value is not None or topic not in (REFERRALS, CASES):
                logs.append(topic, value, name.encode())
                added += 1
    caplog.clear()
    after = project(database, logs)
    assert contents(database) == before
    assert unreadable(after) == had + added
    assert "console_record_skipped topic=alerts partition=0" in caplog.text


def test_a_record_that_the_database_refuses_is_left_out_and_the_others_are_written(database: Database) -> None:
    """PostgreSQL has a bound for an entry of an index, and SQLite has none."""
    logs, draw = MemoryLogs(), Random(1)
    project(database, logs)
    value = next(one.value for one in logs.logs[REFERRALS, 0] if one.value)
    rules = ["".join(chr(draw.randrange(0x4E00, 0x9FFF)) for _ in range(120)) for _ in range(8)]
    for name, added in (("good", {}), ("large", {"rules": rules}), ("fine", {})):
        one = msgspec.json.decode(value) | {"alert_id": name, "revision": 1} | added
        logs.append(REFERRALS, msgspec.json.encode(one), name.encode())
    had, before = unreadable(project(database, MemoryLogs({}))), count(database, "referrals")
    after = project(database, logs)
    assert count(database, "referrals") == before + (2 if database.postgresql else 3)
    assert unreadable(after) == had + database.postgresql


def test_a_record_without_a_value_takes_the_rows_away(database: Database) -> None:
    logs = MemoryLogs()
    project(database, logs)
    for (topic, partition), some in list(logs.logs.items()):
        if topic in (REFERRALS, CASES):
            for key in {one.key for one in some}:
                logs.append(topic, None, key or b"", partition)
    project(database, logs)
    assert [count(database, name) for name in ("referrals", "steps", "cases", "case_members", "verdicts")] == [0] * 5
    assert count(database, "alerts") > 0


def test_accounts_of_couriers_are_there_until_they_are_deleted(database: Database) -> None:
    logs = MemoryLogs()
    for courier, date in (("swift", "2026-11-22"), ("swift", "2026-11-23"), ("orient", "2026-11-23")):
        value = {"courier": courier, "date": date, "sent": 7}
        logs.append(SETTINGS.topics.accounts(courier), msgspec.json.encode(value), date.encode())
    project(database, logs)
    assert [(one.courier, one.date) for one in couriers(database)] == [
        ("orient", "2026-11-23"),
        ("swift", "2026-11-23"),
        ("swift", "2026-11-22"),
    ]
    assert couriers(database)[0].document["sent"] == 7
    logs.append(SETTINGS.topics.accounts("swift"), None, b"2026-11-23")
    project(database, logs)
    assert [(one.courier, one.date) for one in couriers(database, days=1)] == [("orient", "2026-11-23")]


def test_tables_of_another_design_are_made_anew_and_the_people_stay(database: Database) -> None:
    project(database, MemoryLogs())
    with database.writing() as connection:
        connection.execute(views.insert().values(person="li", name="red", query="lane=red", created_at=1))
        connection.execute(update(design).values(number=DESIGN - 1))
    with database.engine.connect() as connection:
        keep_design(connection)
    assert count(database, "alerts") == count(database, "positions") == 0
    with database.reading() as connection:
        assert connection.execute(select(views.c.name)).scalar_one() == "red"


def test_a_store_of_a_newer_version_is_left_alone(database: Database) -> None:
    project(database, MemoryLogs())
    with database.writing() as connection:
        connection.execute(update(design).values(number=DESIGN + 1))
    with database.engine.connect() as connection, pytest.raises(UserError, match="newer version"):
        keep_design(connection)
    assert count(database, "alerts") > 0


def test_a_store_that_is_opened_again_is_as_it_was(new_url: Callable[[], str]) -> None:
    url = new_url()
    database = open_url(url)
    project(database, MemoryLogs())
    before = contents(database)
    database.close()
    again = open_url(url)
    assert contents(again) == before
    again.close()
