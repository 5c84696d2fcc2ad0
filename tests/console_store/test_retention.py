"""Rows leave as their records leave the topics."""

from collections.abc import Callable

from parcelward.console.store.database import Database
from parcelward.console.store.kinds import COMPACTED
from parcelward.console.store.retention import take_out
from tests.console_store.contents import contents, project
from tests.console_store.memory_logs import TOPICS, MemoryLogs


def test_what_retention_leaves_is_what_a_store_made_anew_holds(new_database: Callable[[], Database]) -> None:
    one, other = new_database(), new_database()
    logs = MemoryLogs()
    projection = project(one, logs)
    for log, some in list(logs.logs.items()):
        if TOPICS[log[0]] not in COMPACTED:
            logs.delete(log, some[len(some) * 2 // 3].offset)
    with one.engine.connect() as connection:
        assert take_out(connection, projection, logs.begins) > 0
        assert take_out(connection, projection, logs.begins) == 0
    project(other, logs)
    assert contents(one) == contents(other)
    assert contents(one)["alerts"]
