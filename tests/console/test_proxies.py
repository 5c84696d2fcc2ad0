"""Proxies in front of the console: those that the settings name are believed, and nobody else is."""

from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import ValidationError
from starlette.testclient import TestClient

from parcelward.console.people.attempts import MOST_OF_AN_ADDRESS, WITHIN_MS
from parcelward.console.serving import server_config
from parcelward.settings import Settings
from tests.console.conftest import PASSWORD, Console, made_console

INGRESS, PERSON, NEIGHBOUR = "10.42.3.4", "203.0.113.7", "203.0.113.8"


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    yield from made_console(tmp_path_factory.mktemp("proxies") / "console.sqlite", 0)


def browser_of(console: Console, trusted: str, address: str = INGRESS) -> TestClient:
    """A browser whose requests reach the web server from an address, when all failures before are forgotten."""
    console.clock.ahead_ms += WITHIN_MS
    config = server_config(Settings(console_trusted_proxies=trusted), console.app)
    config.load()
    application: Any = config.loaded_app
    return TestClient(application, "http://console", follow_redirects=False, client=(address, 50000))


def log_in(browser: TestClient, said: str, password: str = PASSWORD, name: str = "auditor1") -> int:
    form = {"name": name, "password": password}
    return browser.post("/login", data=form, headers={"x-forwarded-for": said}).status_code


def fail(browser: TestClient, said: str) -> None:
    """Fail as often as an address may; no password is tried that could be right."""
    for number in range(MOST_OF_AN_ADDRESS):
        assert log_in(browser, said, "x" * 201, f"nobody{number}") == 401


@pytest.mark.parametrize("trusted", ["10.42.0.0/16", "10.0.0.7, 10.42.3.4"])
def test_behind_a_proxy_wrong_passwords_are_counted_for_each_address(console: Console, trusted: str) -> None:
    browser = browser_of(console, trusted)
    fail(browser, PERSON)
    assert log_in(browser, PERSON) == 429
    assert log_in(browser, f"{NEIGHBOUR}, {PERSON}") == 429  # the proxy wrote the last one, whatever came before
    assert log_in(browser, NEIGHBOUR) == 303


@pytest.mark.parametrize(("trusted", "address"), [("", INGRESS), ("10.42.0.0/16", "10.43.0.1")])
def test_nobody_else_is_believed(console: Console, trusted: str, address: str) -> None:
    browser = browser_of(console, trusted, address)
    fail(browser, PERSON)
    assert log_in(browser, NEIGHBOUR) == 429


@pytest.mark.parametrize("trusted", ["*", "ingress", "10.42.0.1/16"])
def test_what_is_no_address_is_refused_in_words(trusted: str) -> None:
    with pytest.raises(ValidationError, match="no address and no network"):
        Settings(console_trusted_proxies=trusted)
