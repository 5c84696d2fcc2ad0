"""Logging in: what is refused, when one must wait, how long a session lasts, and what the browser is told."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from parcelward.console.people.accounts import Accounts
from parcelward.console.people.attempts import MOST_OF_AN_ACCOUNT, MOST_OF_AN_ADDRESS, WITHIN_MS
from parcelward.console.people.roles import Role
from parcelward.console.people.sessions import ENDS_AFTER_MS, IDLE_MS
from parcelward.console.serving import is_over_tls
from parcelward.console.web.app import build_app
from parcelward.contract.patterns import TOKEN_PATTERN
from parcelward.errors import UserError
from parcelward.settings import Settings
from tests.console.conftest import PASSWORD, Console, made_console


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    yield from made_console(tmp_path_factory.mktemp("log_in") / "console.sqlite", 0)


def log_in(browser: TestClient, name: str = "analyst1", password: str = PASSWORD) -> int:
    return browser.post("/login", data={"name": name, "password": password, "back": "/design"}).status_code


def test_the_right_password_leads_to_where_one_wanted_to_go(console: Console) -> None:
    browser = console.client()
    asked = browser.get("/desk?lane=red")
    assert asked.headers["location"] == "/login?back=%2Fdesk%3Flane%3Dred"
    answer = browser.post("/login", data={"name": "Analyst1 ", "password": PASSWORD, "back": "/desk?lane=red"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/desk?lane=red")
    assert browser.get("/desk?lane=red").status_code == 200


@pytest.mark.parametrize("back", ["//evil.example/", "https://evil.example/", "/\\evil.example", "javascript:alert(1)"])
def test_nobody_is_led_to_another_site(console: Console, back: str) -> None:
    answer = console.client().post("/login", data={"name": "auditor1", "password": PASSWORD, "back": back})
    assert answer.headers["location"] == "/"
    assert console.client().get("/language/en", params={"back": back}).headers["location"] == "/"


def test_a_wrong_name_and_a_wrong_password_are_told_alike(console: Console) -> None:
    texts = []
    for name in ("rule_author1", "rule_author2"):
        answer = console.client().post("/login", data={"name": name, "password": "wrong"})
        assert answer.status_code == 401
        texts.append(answer.text.replace(name, "NAME").split("<main")[1])
    assert texts[0] == texts[1]


def test_an_account_waits_after_some_failures_even_with_the_right_password(console: Console) -> None:
    for _ in range(MOST_OF_AN_ACCOUNT):
        assert log_in(console.client(), password="wrong") == 401
    assert log_in(console.client()) == 429
    console.clock.ahead_ms += WITHIN_MS
    assert log_in(console.client()) == 303


def test_an_address_waits_after_many_failures(console: Console) -> None:
    browser = console.client()
    for number in range(MOST_OF_AN_ADDRESS):
        assert log_in(browser, name=f"nobody{number}", password="x" * 201) == 401
    assert log_in(browser) == 429
    assert log_in(console.client()) == 303


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(console: Console) -> None:
    answer = console.client().post("/login", data={"name": "supervisor1", "password": PASSWORD})
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Secure" not in cookie


def test_over_tls_the_cookie_never_travels_in_the_clear(console: Console) -> None:
    app = build_app(console.platform.database, console.platform.topics, console.platform, True, console.clock)
    browser = TestClient(app, "https://console", follow_redirects=False)
    answer = browser.post("/login", data={"name": "supervisor1", "password": PASSWORD})
    assert answer.headers["set-cookie"].startswith("__Host-parcelward=")
    assert "Secure" in answer.headers["set-cookie"]
    assert "max-age" in answer.headers["strict-transport-security"]


@pytest.mark.parametrize("later_ms", [IDLE_MS, ENDS_AFTER_MS])
def test_a_session_ends(console: Console, later_ms: int) -> None:
    browser = console.visit(Role.ANALYST)
    assert browser.get("/design").status_code == 200
    console.clock.ahead_ms += later_ms + 1
    assert browser.get("/design").status_code == 303


def test_news_that_a_page_asks_by_itself_keep_no_session_alive(console: Console) -> None:
    by_itself, by_hand = console.visit(Role.ANALYST), console.visit(Role.ANALYST)
    for _ in range(3):
        console.clock.ahead_ms += IDLE_MS // 2 - 1000
        by_itself.get("/desk/news?mark=0")
        by_hand.get("/design")
    assert by_itself.get("/design").status_code == 303
    assert by_hand.get("/design").status_code == 200


def test_a_page_whose_session_is_over_is_loaded_again(console: Console) -> None:
    answer = console.client().get("/desk/news?mark=0", headers={"HX-Request": "true"})
    assert (answer.status_code, answer.headers["hx-refresh"]) == (204, "true")


def test_logging_out_ends_the_session_for_good(console: Console) -> None:
    browser = console.visit(Role.ANALYST)
    kept = dict(browser.cookies)
    csrf = browser.get("/design").text.split('name="csrf" value="')[1].split('"')[0]
    assert browser.post("/logout", data={"csrf": csrf}).headers["location"] == "/login"
    browser.cookies.update(kept)
    assert browser.get("/design").status_code == 303


def test_a_disabled_account_is_out_at_once(console: Console) -> None:
    accounts = Accounts(console.platform.database)
    left = accounts.add("left", "Left", Role.ANALYST, None, PASSWORD, 1)
    browser = console.visit(left)
    assert browser.get("/design").status_code == 200
    accounts.disable("left", 2)
    assert browser.get("/design").status_code == 303
    assert log_in(console.client(), "left") == 401
    accounts.enable("left")
    assert log_in(console.client(), "left") == 303


def test_passwords_are_kept_as_argon2id_and_tokens_fit_the_contract(console: Console) -> None:
    file = Path(console.platform.database.engine.url.database or "")
    stored = b"".join(one.read_bytes() for one in file.parent.iterdir())
    assert b"$argon2id$" in stored
    assert PASSWORD.encode() not in stored
    assert all(re.fullmatch(TOKEN_PATTERN, one.token) for one in Accounts(console.platform.database).all())


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"name": "Ann Lee"}, "log-in name"),
        ({"name": "analyst1"}, "taken"),
        ({"password": "short"}, "12 to 200"),
        ({"role": Role.COURIER}, "names its courier"),
        ({"courier": "swift"}, "names its courier"),
        ({"shown": " "}, "1 to 40"),
    ],
)
def test_an_account_that_cannot_be_is_refused_in_words(console: Console, changes: dict[str, str], said: str) -> None:
    values = {"name": "ann", "shown": "Ann", "role": Role.ANALYST, "courier": None, "password": PASSWORD, "now_ms": 1}
    with pytest.raises(UserError, match=said):
        Accounts(console.platform.database).add(**(values | changes))  # type: ignore[arg-type]


HEADERS = {
    "from another site": {"sec-fetch-site": "cross-site"},
    "from a sister site": {"sec-fetch-site": "same-site"},
    "of another origin": {"origin": "http://evil.example"},
    "of no origin that is told": {"origin": "null"},
}


@pytest.mark.parametrize("headers", HEADERS.values(), ids=HEADERS)
def test_a_form_that_another_site_sends_is_refused(console: Console, headers: dict[str, str]) -> None:
    answer = console.client().post("/login", data={"name": "analyst1", "password": PASSWORD}, headers=headers)
    assert answer.status_code == 403


def test_a_form_without_an_end_is_refused(console: Console) -> None:
    answer = console.client().post("/login", content=b"name=" + b"a" * 300_000)
    assert answer.status_code == 403


def test_every_answer_says_what_a_page_may_load(console: Console) -> None:
    for path in ("/login", "/nothing", "/static/design.css", "/desk"):
        headers = console.client().get(path).headers
        assert "default-src 'none'" in headers["content-security-policy"], path
        assert "unsafe" not in headers["content-security-policy"], path
        assert headers["x-content-type-options"] == "nosniff", path
    assert console.client().get("/login").headers["cache-control"] == "no-store"


def test_pages_leave_a_machine_by_tls_alone() -> None:
    assert not is_over_tls(Settings())
    assert is_over_tls(Settings(console_host="10.0.0.7", console_certificate=Path("console.pem")))
    with pytest.raises(UserError, match="set console_certificate"):
        is_over_tls(Settings(console_host="10.0.0.7"))
