"""Keys of programs: shown once, kept as a hash, with an end; wrong ones are counted, and none is in a log."""

import logging
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from parcelward.cli.console_user import app
from parcelward.console.people.accounts import Accounts
from parcelward.console.people.attempts import MOST_OF_AN_ADDRESS, WITHIN_MS
from parcelward.console.people.keys import USED_EVERY_MS, Keys
from parcelward.console.people.roles import Role
from parcelward.console.store.database import open_url
from parcelward.errors import UserError
from parcelward.moments import DAY_MS
from tests.console.conftest import PASSWORD, Console, made_console

PATH = "/alerts"


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    yield from made_console(tmp_path_factory.mktemp("keys") / "console.sqlite", 0)


@pytest.fixture
def keys(console: Console) -> Keys:
    return Keys(console.platform.database)


def test_a_key_opens_and_the_database_has_its_hash_alone(console: Console) -> None:
    key = console.key(Role.ANALYST)
    assert re.fullmatch(r"pwk_[\w-]{43}", key)  # 256 bits
    assert console.program(key).get(PATH).status_code == 200
    file = Path(console.platform.database.engine.url.database or "")
    assert key.encode() not in b"".join(one.read_bytes() for one in file.parent.iterdir())


def end(keys: Keys, console: Console) -> None:
    console.clock.ahead_ms += DAY_MS


def revoke(keys: Keys, console: Console) -> None:
    keys.revoke("analyst1", keys.all()[-1].name, console.clock())


def disable(_keys: Keys, console: Console) -> None:
    Accounts(console.platform.database).disable("analyst1", console.clock())


@pytest.mark.parametrize("stop", [end, revoke, disable])
def test_a_key_that_is_over_opens_nothing(console: Console, keys: Keys, stop: Callable[[Keys, Console], None]) -> None:
    key = keys.add("analyst1", f"z{next(console.numbers)}", console.clock() + DAY_MS, console.clock())
    assert console.program(key).get(PATH).status_code == 200
    stop(keys, console)
    answer = console.program(key).get(PATH)
    assert (answer.status_code, answer.json()["reason"]) == (401, "wrong_key")
    Accounts(console.platform.database).enable("analyst1")


def test_wrong_keys_are_counted_and_stop_neither_right_ones_nor_people(console: Console) -> None:
    program = console.program("pwk_wrong")
    answers = [program.get(PATH) for _ in range(MOST_OF_AN_ADDRESS + 1)]
    assert [one.json()["reason"] for one in answers[-2:]] == ["wrong_key", "too_many_wrong_keys"]
    assert program.get(PATH, headers={"authorization": f"Bearer {console.key(Role.AUDITOR)}"}).status_code == 200
    log_in = program.post("http://console/login", data={"name": "auditor1", "password": PASSWORD})
    assert log_in.status_code == 303
    console.clock.ahead_ms += WITHIN_MS
    assert program.get(PATH).json()["reason"] == "wrong_key"


@pytest.mark.parametrize("header", ["", "Bearer", "Basic YTpi", "pwk_x", "Bearer \x00", "Bearer é"])
def test_anything_else_is_no_key(console: Console, header: str) -> None:
    answer = console.program(None).get(PATH, headers=[(b"authorization", header.encode())])
    assert answer.status_code == 401
    assert answer.json()["reason"] in ("no_key", "wrong_key")


def test_no_key_is_in_a_log_or_an_answer(console: Console, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    key = console.key(Role.SUPERVISOR)
    texts = [console.program(one).get(PATH).text for one in (key, key + "x")]
    assert key not in caplog.text + "".join(texts)


def test_the_last_use_is_written_down_once_an_hour(console: Console, keys: Keys) -> None:
    program = console.program(Role.RULE_AUTHOR)
    used = []
    for later_ms in (0, USED_EVERY_MS // 2, USED_EVERY_MS):
        console.clock.ahead_ms += later_ms
        program.get(PATH)
        used.append(next(one.used_ms for one in keys.all() if one.person == "rule_author1"))
    assert used[0] == used[1]
    assert used[2] is not None
    assert used[0] is not None
    assert used[2] >= used[0] + USED_EVERY_MS


@pytest.mark.parametrize(
    ("person", "name", "ends_ms", "said"),
    [
        ("nobody", "k", None, "no such account"),
        ("analyst1", "Two words", None, "name of a key"),
        ("analyst1", "k", 1, "ends after now"),
        ("analyst1", "twice", None, "a name of its own"),
    ],
)
def test_a_key_that_cannot_be_is_refused_in_words(
    console: Console, keys: Keys, person: str, name: str, ends_ms: int | None, said: str
) -> None:
    if name == "twice":
        keys.add(person, name, None, 1)
    with pytest.raises(UserError, match=said):
        keys.add(person, name, ends_ms, console.clock())


def test_keys_are_made_listed_and_revoked_by_commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"sqlite:///{tmp_path / 'console.sqlite'}"
    monkeypatch.setenv("PARCELWARD_CONSOLE_DATABASE", url)
    monkeypatch.setenv("COLUMNS", "200")

    def run(*words: str) -> str:
        result = CliRunner().invoke(app, words)
        if result.exception is not None:
            raise result.exception
        return result.stdout

    run("add", "relay", "--role", "analyst", "--no-password")
    key = run("key", "relay", "--called", "night", "--until", "2099-12-31").strip()
    database = open_url(url)
    found = Keys(database).account(key, 1)
    assert found is not None
    assert found.name == "relay"
    assert Accounts(database).check("relay", "") is None  # without a password nobody logs in
    database.close()
    assert re.search(r"relay\W+night\W.*2100-01-01 00:00.*yes", run("keys"))
    assert key not in run("keys")
    run("revoke", "relay", "night")
    assert "no, revoked" in run("keys")
    with pytest.raises(UserError, match="no key night"):
        run("revoke", "relay", "night")
