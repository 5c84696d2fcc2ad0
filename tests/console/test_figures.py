"""The console's metrics: what was asked and decided, how far the tables are, and the page that serves it all."""

import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from starlette.testclient import TestClient

from parcelward.console.figures import new_metrics, served, take, taken
from parcelward.console.people.sessions import IDLE_MS, Sessions
from parcelward.console.store.database import open_url
from parcelward.console.store.follower import Follower
from parcelward.console.web.app import build_app
from parcelward.errors import UserError
from parcelward.metrics import Metrics
from parcelward.settings import Settings
from tests.console.conftest import Console, made_console
from tests.console_store.memory_logs import MemoryLogs
from tests.console_store.test_follower import UNREACHABLE
from tests.patience import PATIENCE_S
from tests.ports import free_port


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    yield from made_console(tmp_path_factory.mktemp("figures") / "console.sqlite", 0)


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(f"parcelward_console_{name}", labels)


def test_each_request_is_counted_by_its_route_and_status(console: Console) -> None:
    platform, metrics = console.platform, new_metrics()
    app = build_app(platform.database, platform.topics, platform, now_ms=console.clock, metrics=metrics)
    browser = TestClient(app, "http://console", follow_redirects=False)
    for path in ("/login", "/login", "/desk?q=SF0000000000001", "/no/such/page", "/static/live.js"):
        browser.get(path)
    browser.post("/login", headers={"sec-fetch-site": "cross-site"})
    counted = {
        (sample.labels["route"], sample.labels["status"]): sample.value
        for family in metrics.registry.collect()
        for sample in family.samples
        if sample.name == "parcelward_console_requests_total"
    }
    assert counted == {
        ("login", "200"): 2,
        ("desk", "303"): 1,
        ("none", "404"): 1,
        ("static", "200"): 1,
        ("none", "403"): 1,
    }
    assert value(metrics, "request_seconds_count", route="login") == 2


def test_figures_say_how_far_the_tables_are_and_that_nobody_projects_without_a_database(tmp_path: Path) -> None:
    file, metrics = tmp_path / "console.sqlite", new_metrics()
    database = open_url(f"sqlite:///{file}")
    follower, sessions = Follower(UNREACHABLE, database, MemoryLogs().reader), Sessions(database)
    take(metrics, follower, sessions, 0)
    assert (value(metrics, "projecting"), value(metrics, "certain_timestamp_seconds")) == (0, 0)
    follower.start()
    with taken(metrics, follower, sessions, lambda: 0):
        deadline = time.monotonic() + PATIENCE_S
        while not (follower.progress().ready and follower.progress().projecting):
            assert time.monotonic() < deadline
            time.sleep(0.02)
    take(metrics, follower, sessions, 0)
    assert (value(metrics, "projecting"), value(metrics, "behind_records")) == (1, 0)
    assert value(metrics, "certain_timestamp_seconds") == follower.progress().certain_ms / 1000
    assert value(metrics, "unreadable_records") == follower.progress().unreadable
    follower.stop()
    database.close()
    file.unlink()
    take(metrics, follower, sessions, 0)
    assert (value(metrics, "projecting"), value(metrics, "behind_records")) == (0, 0)


def test_sessions_are_counted_until_they_are_over(console: Console) -> None:
    sessions, begun = Sessions(console.platform.database), console.clock()
    before = sessions.count(begun)
    for account in console.people.values():
        sessions.open(account, begun)
    assert sessions.count(begun) == before + len(console.people)
    assert sessions.count(begun + IDLE_MS + 1) == 0


def test_the_page_is_served_and_a_port_that_is_taken_is_named() -> None:
    metrics, settings = new_metrics(), Settings(console_metrics_port=free_port())
    with served(settings, metrics) as port:
        page = httpx2.get(f"http://127.0.0.1:{port}/metrics").text
        assert 'parcelward_console_decisions_total{fate="sent"} 0.0' in page
        assert "process_start_time_seconds" in page
        with pytest.raises(UserError, match=f"{port} .*set console_metrics_port"), served(settings, metrics):
            pass
