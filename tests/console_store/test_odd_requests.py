"""Requests with what a database does not take, on both databases: none is a fault of the server."""

from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from parcelward.console.api.application import PATH
from parcelward.console.people.accounts import Accounts
from parcelward.console.people.keys import Keys
from parcelward.console.people.roles import Role
from parcelward.console.people.sessions import Sessions
from parcelward.console.store.database import Database
from parcelward.console.web.app import build_app
from parcelward.console.web.security import cookie_name, masked
from parcelward.topics import Topics

NOW_MS = 1_764_229_200_000
LONG = "x" * 4_000
ODD = ("a%00b", LONG, "%F0%9F%9A%9A", "%ED%A0%80", "..%2F..", "%27%22%3B--")


class Nobody:
    """Takes no letters: nothing here is ever sent."""

    def send(self, topic: str, key: str, event: dict[str, Any]) -> None:
        raise AssertionError(f"sent to {topic}")


@pytest.fixture
def browser(database: Database) -> Iterator[TestClient]:
    """A supervisor's browser, which is also a program with a key; its form token is in the header `csrf`."""
    app = build_app(database, Topics(), Nobody(), now_ms=lambda: NOW_MS)
    account = Accounts(database).add("zhou", "周敏", Role.SUPERVISOR, None, None, NOW_MS)
    sessions = Sessions(database)
    number = sessions.open(account, NOW_MS)
    with TestClient(app, "http://console", follow_redirects=False, raise_server_exceptions=False) as client:
        client.cookies.set(cookie_name(over_tls=False), number)
        visitor = sessions.visitor(number, NOW_MS)
        assert visitor is not None
        client.headers["csrf"] = masked(visitor)
        client.headers["authorization"] = f"Bearer {Keys(database).add('zhou', 'k', None, NOW_MS)}"
        yield client


def test_no_odd_id_in_a_path_is_a_fault(browser: TestClient) -> None:
    places = ("/alerts/{}", "/alerts/{}/news?revision=1", "/cases/{}", "/rules/{}", "/looking/{}", "/checks/draws/{}")
    paths = [one.format(odd) for one in places for odd in ODD]
    paths += [f"{PATH}/{one}/{odd}" for one in ("alerts", "cases", "decisions") for odd in ODD]
    answers = {path: browser.get(path).status_code for path in paths}
    assert {path: status for path, status in answers.items() if status >= 500} == {}


def test_no_odd_filter_is_a_fault(browser: TestClient) -> None:
    places = {
        "/desk": ("view", "lane", "state", "courier", "outlet", "rule", "q", "case", "after", "sent"),
        "/desk/news": ("shown", "since", "mark", "q"),
        "/cases/x": ("after", "list", "sent"),
        "/alerts/x": ("list", "sent"),
        "/audit": ("person", "role", "kind", "courier", "day", "after", "from", "to"),
        "/audit.csv": ("person", "courier", "day"),
        "/duty": ("person", "day"),
        "/couriers": ("courier",),
        "/couriers/credit": ("courier",),
        "/login": ("back",),
    }
    paths = [f"{path}?{name}={odd}" for path, names in places.items() for name in names for odd in ODD]
    answers = {path: browser.get(path).status_code for path in paths}
    assert {path: status for path, status in answers.items() if status >= 500} == {}


def test_no_odd_form_is_a_fault(browser: TestClient) -> None:
    forms = {
        "/login": ("name", "password", "back"),
        "/desk/views": ("of", "name", "list"),
        "/desk/decide": ("one", "to", "words", "form"),
        "/alerts/x/decide": ("to", "words", "form", "sent"),
        "/cases/x/decide": ("to", "words", "form"),
        "/cases/x/decide-some": ("to", "words", "form"),
    }
    token, statuses = browser.headers["csrf"], {}
    for path, names in forms.items():
        for odd in ("a\x00b", LONG, "🚚"):
            for do in ("save", "rename", "remove", "start") if path == "/desk/views" else ("",):
                said = {"csrf": token, "do": do, **dict.fromkeys(names, odd)}
                statuses[path, odd[:9], do] = browser.post(path, data=said).status_code
    assert {asked: status for asked, status in statuses.items() if status >= 500} == {}
