"""A platform with an hour of traffic, and people who may log in. Each file of tests has its own."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import count
from pathlib import Path

import pytest
from fastapi import FastAPI
from playwright.sync_api import Browser
from starlette.testclient import TestClient

from parcelward.console.api.application import PATH
from parcelward.console.judging import judging_of
from parcelward.console.people.accounts import Account, Accounts
from parcelward.console.people.keys import Keys
from parcelward.console.people.roles import Role
from parcelward.console.people.sessions import Sessions
from parcelward.console.web.app import build_app
from parcelward.console.web.security import cookie_name
from parcelward.moments import CHINA
from tests.console.browsing import opened_browser, served
from tests.console.platform import Platform

NOW_MS = int(datetime(2026, 11, 27, 15, 40, tzinfo=CHINA).timestamp() * 1000)
PASSWORD = "correct horse battery"
SHOWN = {
    Role.ANALYST: "林晓",
    Role.SUPERVISOR: "周敏",
    Role.AUDITOR: "何审",
    Role.RULE_AUTHOR: "唐规",
    Role.COURIER: "swift desk",
}


class Clock:
    """A clock that begins at NOW_MS and can be set forward."""

    def __init__(self) -> None:
        self._began, self.ahead_ms = time.monotonic(), 0

    def __call__(self) -> int:
        return NOW_MS + int((time.monotonic() - self._began) * 1000) + self.ahead_ms


@dataclass
class Console:
    """The application on a platform, its clock, and its people by their roles."""

    app: FastAPI
    platform: Platform
    clock: Clock
    people: dict[Role, Account]
    numbers: Iterator[int]

    def client(self) -> TestClient:
        """A browser of somebody who has not logged in; each has an address of its own."""
        address = f"127.0.0.{next(self.numbers) % 250 + 2}"
        return TestClient(self.app, "http://console", follow_redirects=False, client=(address, 50000))

    def visit(self, who: Role | Account) -> TestClient:
        """A browser of somebody who has logged in."""
        account = who if isinstance(who, Account) else self.people[who]
        client = self.client()
        number = Sessions(self.platform.database).open(account, self.clock())
        client.cookies.set(cookie_name(over_tls=False), number)
        client.headers["accept-language"] = "en"
        return client

    def key(self, who: Role | Account) -> str:
        """A key of somebody."""
        account = who if isinstance(who, Account) else self.people[who]
        return Keys(self.platform.database).add(account.name, f"k{next(self.numbers)}", None, self.clock())

    def program(self, who: Role | Account | str | None) -> TestClient:
        """A program with a key of somebody, with this text as its key, or with none."""
        client = self.client()
        client.base_url = client.base_url.join(PATH)
        if who is not None:
            key = who if isinstance(who, str) and not isinstance(who, Role) else self.key(who)
            client.headers["authorization"] = f"Bearer {key}"
        return client


@pytest.fixture(scope="session")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    yield from made_console(tmp_path_factory.mktemp("console") / "console.sqlite", 70)


@pytest.fixture(scope="module")
def address(console: Console) -> Iterator[str]:
    """Serve the console of a file's tests; gives its address."""
    with served(console.app) as url:
        yield url


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Open a browser for the tests of a file."""
    with opened_browser() as opened:
        yield opened


def made_console(file: object, minutes: int, lived: Callable[[Platform], None] | None = None) -> Iterator[Console]:
    """A console over a platform on which couriers and people have acted for some minutes."""
    clock = Clock()
    platform = Platform(file, clock)  # type: ignore[arg-type]
    if minutes:
        platform.live_until(NOW_MS, minutes)
    if lived is not None:
        lived(platform)
    accounts = Accounts(platform.database)
    people = {
        role: accounts.add(f"{role.value}1", SHOWN[role], role, "swift" if role is Role.COURIER else None, PASSWORD, 1)
        for role in Role
    }
    judging = replace(judging_of(platform.settings), draws=Path(str(file)).parent / "draws")
    app = build_app(platform.database, platform.topics, platform, now_ms=clock, judging=judging)
    yield Console(app, platform, clock, people, count())
    platform.close()
