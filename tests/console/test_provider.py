"""Logging in by a provider of identities: a real one, and one that lies."""

import base64
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from authlib.integrations.requests_client import OAuth2Session
from joserfc import jwt
from joserfc.jwk import KeySet, OctKey, RSAKey
from playwright.sync_api import expect
from pydantic import SecretStr
from starlette.testclient import TestClient

from parcelward.console.people import provider as provider_module
from parcelward.console.people.accounts import Accounts
from parcelward.console.people.provider import Provider, ProviderError, Waiting, provider_of
from parcelward.console.people.roles import Role
from parcelward.console.web.app import build_app
from parcelward.console.web.office import Doors
from parcelward.errors import UserError
from parcelward.settings import Settings
from tests.console.browsing import CHROMIUM, opened_browser, served
from tests.console.conftest import PASSWORD, Console, made_console
from tests.console.identities import Identities, opened_identities
from tests.ports import free_port

ROLES = {"duty-lead": "supervisor", "duty": "analyst"}


@pytest.fixture(scope="module")
def identities() -> Iterator[Identities]:
    with opened_identities() as found:
        yield found


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    yield from made_console(tmp_path_factory.mktemp("provider") / "console.sqlite", 0)


def settings(issuer: str, **more: Any) -> Settings:
    named: dict[str, Any] = {
        "console_oidc_issuer": issuer,
        "console_oidc_client_id": "parcelward",
        "console_oidc_client_secret": SecretStr("a secret of two"),
        "console_oidc_roles": ROLES,
        "console_address": "http://127.0.0.1:9110",
    }
    return Settings(**(named | more))


def browser_of(console: Console, issuer: str, local: bool = True) -> TestClient:
    """A browser at a console with a provider."""
    doors = Doors(local, Provider(settings(issuer)))
    platform = console.platform
    app = build_app(platform.database, platform.topics, platform, now_ms=console.clock, doors=doors)
    return TestClient(app, "http://127.0.0.1:9110", follow_redirects=False, headers={"accept-language": "en"})


def log_in(browser: TestClient, identities: Identities, subject: str, back: str = "/desk") -> Any:
    """Go to the provider, agree there, and come back."""
    sent = browser.get("/login/provider", params={"back": back})
    assert sent.status_code == 303, sent.text
    return browser.get(identities.agree(sent.headers["location"], subject))


def test_who_comes_for_the_first_time_gets_an_account_with_the_role_of_the_provider(
    console: Console, identities: Identities
) -> None:
    identities.know("u-1", preferred_username="Wang.Lei", name="王磊", roles=["staff", "duty"])
    browser = browser_of(console, identities.issuer)
    answer = log_in(browser, identities, "u-1", "/desk?lane=red")
    assert (answer.status_code, answer.headers["location"]) == (303, "/desk?lane=red")
    assert browser.get("/desk").status_code == 200
    account = Accounts(console.platform.database).find("wang.lei")
    assert account is not None
    assert (account.role, account.shown, account.token[:8]) == (Role.ANALYST, "王磊", "console.")
    assert Accounts(console.platform.database).check("wang.lei", "") is None  # no password is right


def test_the_role_of_the_provider_counts_at_each_log_in(console: Console, identities: Identities) -> None:
    browser, names = browser_of(console, identities.issuer), []
    for roles in (["duty"], ["duty", "duty-lead"]):
        identities.know("u-2", preferred_username="zhao", roles=roles)
        log_in(browser, identities, "u-2")
        account = Accounts(console.platform.database).find("zhao")
        assert account is not None
        names.append((account.role, account.token))
    assert [role for role, _ in names] == [Role.ANALYST, Role.SUPERVISOR]
    assert names[0][1] == names[1][1]


@pytest.mark.parametrize("roles", [["guest"], [], None, 7, {"duty": 1}])
def test_who_has_no_role_stays_out(console: Console, identities: Identities, roles: Any) -> None:
    identities.know("u-3", preferred_username="guest", roles=roles)
    browser = browser_of(console, identities.issuer)
    answer = log_in(browser, identities, "u-3")
    assert answer.status_code == 403
    assert "has no role here" in answer.text
    assert browser.get("/desk").status_code == 303
    assert Accounts(console.platform.database).find("guest") is None


def test_a_disabled_account_stays_out(console: Console, identities: Identities) -> None:
    identities.know("u-4", preferred_username="former", roles="duty")
    browser = browser_of(console, identities.issuer)
    assert log_in(browser, identities, "u-4").status_code == 303
    Accounts(console.platform.database).disable("former", 1)
    assert browser.get("/desk").status_code == 303
    answer = log_in(browser, identities, "u-4")
    assert (answer.status_code, "disabled" in answer.text) == (403, True)


def test_a_name_that_is_taken_opens_nobody_elses_account(console: Console, identities: Identities) -> None:
    identities.know("u-5", preferred_username="supervisor1", roles="duty")
    log_in(browser_of(console, identities.issuer), identities, "u-5")
    own = console.people[Role.SUPERVISOR]
    accounts = [one for one in Accounts(console.platform.database).all() if one.name.startswith("supervisor1")]
    assert [(one.role, one.token == own.token) for one in accounts] == [(Role.SUPERVISOR, True), (Role.ANALYST, False)]


def test_the_browser_carries_state_nonce_and_a_challenge_and_the_cookie_is_out_of_reach(
    console: Console, identities: Identities
) -> None:
    browser = browser_of(console, identities.issuer)
    answer = browser.get("/login/provider")
    asked = parse_qs(urlsplit(answer.headers["location"]).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["scope"] == ["openid profile"]
    assert min(len(asked[name][0]) for name in ("state", "nonce", "code_challenge")) >= 43
    assert "HttpOnly" in answer.headers["set-cookie"]
    assert "a secret" not in answer.headers["location"]
    kept = Waiting.from_text(browser.cookies["parcelward-log-in"].strip('"'))
    assert kept is not None
    assert kept.verifier not in answer.headers["location"]


def test_an_answer_that_this_browser_did_not_ask_for_opens_nothing(console: Console, identities: Identities) -> None:
    identities.know("u-6", preferred_username="mallory", roles="duty")
    other = browser_of(console, identities.issuer).get("/login/provider").headers["location"]
    path = identities.agree(other, "u-6")
    for browser in (browser_of(console, identities.issuer), browser_of(console, identities.issuer)):
        assert browser.get(path).status_code == 403
        browser.get("/login/provider")  # another log-in of its own has begun
        assert "took too long or was interrupted" in browser.get(path).text


def test_an_answer_counts_once(console: Console, identities: Identities) -> None:
    identities.know("u-7", preferred_username="once", roles="duty")
    browser = browser_of(console, identities.issuer)
    path = identities.agree(browser.get("/login/provider").headers["location"], "u-7")
    assert browser.get(path).status_code == 303
    assert browser.get(path).status_code == 403


@pytest.mark.parametrize("asked", ["state=x", "code=1", "error=access_denied&state=x", "code=1&state=%C3%A9"])
def test_nonsense_opens_nothing(console: Console, identities: Identities, asked: str) -> None:
    browser = browser_of(console, identities.issuer)
    browser.cookies.set("parcelward-log-in", "bm9uc2Vuc2U=")
    assert browser.get(f"/login/return?{asked}").status_code == 403


def test_a_provider_that_is_away_is_said_and_passwords_still_work(console: Console) -> None:
    browser = browser_of(console, "http://127.0.0.1:9")
    answer = browser.get("/login/provider")
    assert (answer.status_code, "cannot be reached" in answer.text) == (502, True)
    assert browser.post("/login", data={"name": "analyst1", "password": PASSWORD}).status_code == 303


def test_passwords_can_be_turned_off(console: Console) -> None:
    browser = browser_of(console, "http://127.0.0.1:9", local=False)
    page = browser.get("/login").text
    assert "/login/provider" in page
    assert 'type="password"' not in page
    assert browser.post("/login", data={"name": "analyst1", "password": PASSWORD}).status_code == 403


def test_without_a_provider_there_is_no_way_to_one(console: Console) -> None:
    assert "/login/provider" not in console.client().get("/login").text
    assert [console.client().get(path).status_code for path in ("/login/provider", "/login/return")] == [404, 404]


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here (Debian package chromium; CI installs it)")
def test_a_browser_goes_to_another_site_and_comes_back_logged_in(console: Console, identities: Identities) -> None:
    identities.know("u-8", preferred_username="li.na", name="李娜", roles=["duty"])
    port, platform = free_port(), console.platform
    elsewhere = identities.issuer.replace("127.0.0.1", "localhost")  # another site for a browser
    door = Provider(settings(elsewhere, console_address=f"http://127.0.0.1:{port}"))
    app = build_app(
        platform.database, platform.topics, platform, now_ms=console.clock, doors=Doors(provider=door)
    )  # fmt: skip
    with served(app, port) as address, opened_browser() as browser:
        page = browser.new_page(locale="zh-CN")
        page.goto(f"{address}/desk?lane=red")
        page.get_by_role("link", name="统一身份认证登录").click()
        page.locator("input[name=sub]").fill("u-8")
        page.keyboard.press("Enter")
        page.wait_for_url("**/desk?lane=red")
        expect(page.get_by_text("李娜")).to_be_visible()


KEY, OTHER = RSAKey.generate_key(2048, {"kid": "a"}), RSAKey.generate_key(2048, {"kid": "a"})
ISSUER = "https://login.example"
WAITING = Waiting("state", "nonce", "verifier", "/")
RIGHT: dict[str, Any] = {
    "iss": ISSUER,
    "aud": "parcelward",
    "sub": "1",
    "nonce": "nonce",
    "roles": "duty",
    "exp": 2**33,
}


def lying(monkeypatch: pytest.MonkeyPatch, token: str) -> Provider:
    """A provider that gives this token for any code."""
    said = {name: f"{ISSUER}/{name}" for name in ("token_endpoint", "jwks_uri")} | {"issuer": ISSUER}
    keys = KeySet([KEY]).as_dict(private=False)
    monkeypatch.setattr(provider_module, "_read", lambda url: keys if url.endswith("jwks_uri") else said)
    monkeypatch.setattr(OAuth2Session, "fetch_token", lambda *_, **__: {"id_token": token, "access_token": "x"})
    return Provider(settings(ISSUER))


def signed(key: Any = KEY, alg: str = "RS256", **changes: Any) -> str:
    claims = {name: value for name, value in (RIGHT | {"iat": int(time.time())} | changes).items() if value is not None}
    return jwt.encode({"alg": alg, "kid": "a"}, claims, key, algorithms=[alg])


def unsigned() -> str:
    head = base64.urlsafe_b64encode(b'{"alg":"none"}').decode().rstrip("=")
    return f"{head}.{signed().split('.')[1]}."


LIES = {
    "another nonce": signed(nonce="other"),
    "no nonce": signed(nonce=None),
    "for another": signed(aud="another"),
    "for another that names us": signed(aud="another", azp="parcelward"),
    "of another": signed(iss="https://evil.example"),
    "that has ended": signed(exp=1),
    "without an end": signed(exp=None),
    "signed by another": signed(OTHER),
    "signed by the secret": signed(OctKey.import_key("a secret of two"), "HS256"),
    "signed by nobody": unsigned(),
    "that is none": "x.y.z",
}


@pytest.mark.parametrize("token", LIES.values(), ids=LIES)
def test_a_token_that_is_not_right_opens_nothing(monkeypatch: pytest.MonkeyPatch, token: str) -> None:
    with pytest.raises(ProviderError, match="problem_provider_refused"):
        lying(monkeypatch, token).finish({"code": "1", "state": "state"}, WAITING)


def test_a_right_token_opens(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = {"code": "1", "state": "state"}
    assert lying(monkeypatch, signed()).finish(asked, WAITING).role is Role.ANALYST
    with pytest.raises(ProviderError, match="refused"):
        lying(monkeypatch, signed()).finish(asked | {"iss": "https://evil.example"}, WAITING)


def test_a_role_may_lie_inside_another_claim(monkeypatch: pytest.MonkeyPatch) -> None:
    token = signed(roles=None, realm_access={"roles": ["duty-lead"]})
    lying(monkeypatch, token)
    found = Provider(settings(ISSUER, console_oidc_role_claim="realm_access.roles"))
    assert found.finish({"code": "1", "state": "state"}, WAITING).role is Role.SUPERVISOR


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"console_oidc_client_id": None}, "console_oidc_client_id"),
        ({"console_address": None}, "console_address"),
        ({"console_oidc_roles": {}}, "console_oidc_roles"),
        ({"console_oidc_issuer": "http://login.example"}, "https"),
        ({"console_oidc_issuer": None, "console_local_log_in": False}, "nobody could log in"),
    ],
)
def test_settings_that_cannot_be_are_refused_in_words(more: dict[str, Any], said: str) -> None:
    with pytest.raises(UserError, match=said):
        provider_of(settings(ISSUER, **more))
