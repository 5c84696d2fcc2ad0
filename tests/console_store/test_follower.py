"""A console follows the topics: one projects at a time, and what does not fit what was read is read anew, and said."""

import contextlib
import time
from collections.abc import Callable, Collection, Iterator
from typing import Any

import pytest
from sqlalchemy import text, update

from parcelward.console.store import follower
from parcelward.console.store.database import Database, open_url
from parcelward.console.store.follower import Follower
from parcelward.console.store.projection import Log
from parcelward.console.store.retention import take_out
from parcelward.console.store.tables import standing
from parcelward.settings import Settings
from tests.chaos.recorded import SETTINGS
from tests.console_store.contents import contents, project
from tests.console_store.memory_logs import MemoryLogs
from tests.patience import PATIENCE_S
from tests.postgres import Postgres

ALERTS = SETTINGS.topics.alerts
UNREACHABLE = SETTINGS.model_copy(update={"kafka": "127.0.0.1:1"})


@pytest.fixture(autouse=True)
def _quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follower, "CHECK_S", 0.1)
    monkeypatch.setattr(follower, "CERTAIN_S", 0.05)


@contextlib.contextmanager
def following(database: Database, logs: MemoryLogs) -> Iterator[Follower]:
    """A console that follows."""
    one = Follower(UNREACHABLE, database, logs.reader)
    one.start()
    try:
        yield one
    finally:
        one.stop()


def until(happens: Callable[[], bool]) -> None:
    """Wait for a condition."""
    deadline = time.monotonic() + PATIENCE_S
    while not happens():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def is_whole(one: Follower) -> bool:
    """True once everything is read."""
    progress = one.progress()
    return progress.ready and progress.behind == 0


def follow(database: Database, logs: MemoryLogs) -> None:
    """Read everything that is there, and end."""
    with following(database, logs) as one:
        until(lambda: one.progress().projecting and is_whole(one))


def test_it_reads_what_is_there_and_what_comes_and_wakes_who_waits(new_database: Callable[[], Database]) -> None:
    one, other = new_database(), new_database()
    logs = MemoryLogs()
    project(other, logs)
    with following(one, logs) as console:
        until(lambda: is_whole(console))
        assert contents(one) == contents(other)
        mark = console.wait(0, 0)
        value = logs.logs[ALERTS, 0][0].value
        assert value is not None
        logs.append(ALERTS, value.replace(b'"alert_id":"', b'"alert_id":"new-'))
        assert console.wait(mark, PATIENCE_S) > mark
    assert len(contents(one)["alerts"]) == len(contents(other)["alerts"]) + 1


class Growing(MemoryLogs):
    """Logs to which something is added whenever it is asked where they end."""

    def reader(self, settings: Settings) -> "Growing":
        made = Growing({})
        made.__dict__ |= super().reader(settings).__dict__
        return made

    def bounds(self, logs: Collection[Log]) -> dict[Log, tuple[int, int]]:
        self.append(ALERTS, b"{}")
        return super().bounds(logs)


def test_it_is_certain_of_a_moment_although_records_come_without_end(database: Database) -> None:
    with following(database, Growing()) as one:
        until(lambda: one.progress().ready)
        certain_ms = one.progress().certain_ms
        until(lambda: one.progress().certain_ms > certain_ms)
        assert one.progress().behind > 0
        assert one.progress().certain_ms < time.time() * 1000


def test_one_of_two_consoles_projects_and_the_other_takes_over(new_url: Callable[[], str]) -> None:
    url, logs = new_url(), MemoryLogs()
    first, second = open_url(url), open_url(url)
    with following(second, logs) as standby:
        until(lambda: is_whole(standby))
        with following(first, logs) as other:
            assert standby.progress().projecting
            until(lambda: other.wait(0, 0.1) > 0)
            assert not other.progress().projecting
            standby.stop()
            until(lambda: other.progress().projecting)
            mark = other.wait(0, 0)
            value = logs.logs[ALERTS, 0][0].value
            assert value is not None
            logs.append(ALERTS, value.replace(b'"alert_id":"', b'"alert_id":"new-'))
            assert other.wait(mark, PATIENCE_S) > mark
    first.close()
    second.close()


def test_a_console_that_loses_its_database_connection_projects_no_more_until_it_has_the_lock_again(
    postgres: Postgres,
) -> None:
    """As when it dies: the lock goes with the connection, and somebody goes on."""
    url, logs = postgres.new_database(), MemoryLogs()
    first, second = open_url(url), open_url(url)
    with following(first, logs) as one, following(second, logs) as other:
        until(lambda: one.progress().projecting or other.progress().projecting)
        with first.engine.connect() as connection:
            cut = "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'"
            assert connection.execute(text(cut)).scalars().all() == [True]
        mark = max(one.wait(0, 0), other.wait(0, 0))
        value = logs.logs[ALERTS, 0][0].value
        assert value is not None
        logs.append(ALERTS, value.replace(b'"alert_id":"', b'"alert_id":"new-'))
        assert one.wait(mark, PATIENCE_S) > mark
        assert other.wait(mark, PATIENCE_S) > mark
        until(lambda: one.progress().projecting != other.progress().projecting)
        until(lambda: is_whole(one))
    fresh = open_url(postgres.new_database())
    project(fresh, logs)
    assert contents(first) == contents(fresh)
    for database in (first, second, fresh):
        database.close()


def test_a_fault_of_ours_is_said_and_tried_again(
    database: Database, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    faults = iter([ZeroDivisionError("as if")])
    working = take_out

    def fail_once(*given: Any) -> int:
        for fault in faults:
            raise fault
        return working(*given)

    monkeypatch.setattr("parcelward.console.store.follower.take_out", fail_once)
    logs = MemoryLogs()
    with following(database, logs) as one:
        until(lambda: one.progress().projecting and is_whole(one))
        assert one.progress().certain_ms > 0
    assert "console_projection_failed" in caplog.text
    assert "ZeroDivisionError" in caplog.text


def test_a_log_that_is_another_one_is_read_anew_and_said(
    new_database: Callable[[], Database], caplog: pytest.LogCaptureFixture
) -> None:
    def make_anew(logs: MemoryLogs) -> None:
        logs.make_anew(ALERTS)

    def cut_short(logs: MemoryLogs) -> None:
        del logs.logs[ALERTS, 0][2:]

    def lose(logs: MemoryLogs) -> None:
        log = (ALERTS, 0)
        last = logs.logs[log][-1]
        logs.logs[log] = [last._replace(offset=last.offset + 10)]
        logs.begins[log] = last.offset + 5

    for happens, said in (
        (make_anew, "its topic was made anew"),
        (cut_short, "and ends at 2"),
        (lose, "4 records were deleted before they were read"),
    ):
        one, other, logs = new_database(), new_database(), MemoryLogs()
        follow(one, logs)
        happens(logs)
        follow(one, logs)
        assert said in caplog.text
        project(other, logs)
        assert contents(one) == contents(other)


def test_whoever_was_away_for_longer_than_deletions_are_kept_reads_anew(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    logs = MemoryLogs()
    follow(database, logs)
    topic = SETTINGS.topics.referrals
    for log in logs.logs:  # compaction has taken the alert's records, and the deletion after them
        if log[0] == topic:
            last = logs.logs[log][-1].key
            gone = next(record.key for record in logs.logs[log] if record.key != last)
            logs.logs[log][:] = [record for record in logs.logs[log] if record.key != gone]
    with database.writing() as connection:
        connection.execute(update(standing).values(at_ms=int(time.time() * 1000) - 25 * 3_600_000))
    before = len(contents(database)["referrals"])
    follow(database, logs)
    assert "for 25 h nobody has read" in caplog.text
    assert len(contents(database)["referrals"]) < before
