"""Saved views: each person's own, found again by a name, with the count of the list that they lead to."""

import re
from itertools import count
from urllib.parse import urlencode

import pytest
from playwright.sync_api import expect
from starlette.testclient import TestClient

from parcelward.console.people.accounts import Account, Accounts
from parcelward.console.people.roles import Role
from parcelward.console.people.views import MOST, Views
from parcelward.console.store.desk import DeskFilter, View, count_views
from parcelward.console.web.wanted import Wanted
from parcelward.contract.alerts import Lane
from tests.console.browsing import CHROMIUM, opened_browser, served
from tests.console.conftest import PASSWORD, Console
from tests.console.screenshots import opened
from tests.console.test_rights import csrf_of

RED_SWIFT = "lane=red&courier=swift"
numbers = count()


@pytest.fixture
def person(console: Console) -> Account:
    """Somebody who has saved nothing yet."""
    name = f"views{next(numbers)}"
    return Accounts(console.platform.database).add(name, name, Role.ANALYST, None, PASSWORD, 1)


@pytest.fixture
def browser(console: Console, person: Account) -> TestClient:
    return console.visit(person)


def press(browser: TestClient, do: str, query: str = RED_SWIFT, **fields: str) -> str:
    """Press a button of the form; gives the address that follows, or the page that says what is wrong."""
    answer = browser.post("/desk/views", data={"csrf": csrf_of(browser), "list": query, "do": do, **fields})
    return answer.headers["location"] if answer.status_code == 303 else answer.text


def tabs_of(page: str) -> list[tuple[str, str]]:
    """Addresses and words of the saved views on a page."""
    found = re.search(r'aria-label="Saved views">(.*?)</nav>', page, re.DOTALL)
    links = re.findall(r'<a href="([^"]+)"[^>]*>(.*?)</a>', found[1] if found else "", re.DOTALL)
    return [(path.replace("&amp;", "&"), re.sub(r"<[^>]+>", "", said)) for path, said in links]


def test_a_filter_is_saved_under_a_name_and_counts_what_it_lists(console: Console, browser: TestClient) -> None:
    assert press(browser, "save", name="红色·swift") == f"/desk?{RED_SWIFT}"
    listed = count_views(console.platform.database, DeskFilter(lane=Lane.RED, courier="swift"))[View.DUE].number
    assert tabs_of(browser.get("/desk").text) == [(f"/desk?{RED_SWIFT}", f"红色·swift {listed}")]
    assert 'aria-current="page"' in browser.get(f"/desk?{RED_SWIFT}").text.split("Saved views")[1].split("</nav>")[0]


def test_a_view_is_renamed_and_removed(browser: TestClient) -> None:
    press(browser, "save", name="first")
    press(browser, "rename", of="first", name="second")
    assert [said.split()[0] for _, said in tabs_of(browser.get("/desk").text)] == ["second"]
    press(browser, "remove", of="second")
    assert tabs_of(browser.get("/desk").text) == []


def test_a_person_begins_with_one_view_until_it_is_taken_back(browser: TestClient) -> None:
    press(browser, "save", name="one")
    press(browser, "save", "view=unclaimed", name="two")
    for name, begins in (("one", f"/desk?{RED_SWIFT}"), ("two", "/desk?view=unclaimed")):
        press(browser, "start", of=name)
        assert browser.get("/").headers["location"] == begins
    press(browser, "start_plainly", of="two")
    assert browser.get("/").headers["location"] == "/desk"


@pytest.mark.parametrize(
    ("name", "said"), [("", "1 to 30 characters"), ("x" * 31, "1 to 30 characters"), ("there", "a view of this name")]
)
def test_a_name_that_cannot_be_one_is_refused_in_words(browser: TestClient, name: str, said: str) -> None:
    press(browser, "save", name="there")
    press(browser, "save", "view=mine", name="other")
    assert said in press(browser, "save", name=name)
    assert said in press(browser, "rename", of="other", name=name)
    assert len(tabs_of(browser.get("/desk").text)) == 2


def test_nobody_saves_more_views_than_can_be_counted(console: Console, person: Account, browser: TestClient) -> None:
    for number in range(MOST):
        press(browser, "save", name=f"view {number}")
    assert "the most one may have" in press(browser, "save", name="one more")
    assert len(Views(console.platform.database).of(person.name)) == MOST


def test_views_are_each_person_s_own(console: Console, browser: TestClient) -> None:
    press(browser, "save", name="mine alone")
    other = console.visit(Role.AUDITOR)
    press(other, "remove", of="mine alone")
    press(other, "start", of="mine alone")
    assert "mine alone" not in other.get("/desk").text
    assert "mine alone" in browser.get("/desk").text
    assert other.get("/").headers["location"] == "/desk"


def test_what_is_saved_is_a_filter_and_nothing_else(browser: TestClient) -> None:
    evil = urlencode({"lane": "red", "back": "//evil.example", "q": "<script>"})
    press(browser, "save", evil, name="<b>bold</b>")
    page = browser.get("/desk").text
    assert "<b>bold" not in page
    assert [path for path, _ in tabs_of(page)] == [f"/desk?{Wanted.from_text(evil).text}"]
    assert "evil.example" not in page


def test_counts_that_would_take_long_are_left_out(browser: TestClient) -> None:
    for query in ("view=all", "view=over", "q=swift"):
        press(browser, "save", query, name=query)
    assert [said for _, said in tabs_of(browser.get("/desk").text)] == ["view=all", "view=over", "q=swift"]


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here (Debian package chromium; CI installs it)")
def test_by_keyboard_a_filter_is_saved_and_lists_follow_on_each_other(console: Console) -> None:
    with served(console.app) as url, opened_browser() as chromium:
        page = opened(chromium, console, url, Role.SUPERVISOR, "en", False, False)
        page.goto("/desk?lane=red")
        page.keyboard.press("v")
        page.keyboard.type("red, all of it")
        page.keyboard.press("Enter")
        tab = page.get_by_role("link", name=re.compile("^red, all of it"))
        expect(tab).to_have_attribute("aria-current", "page")
        page.keyboard.press("[")
        page.wait_for_url("**view=over")
        page.keyboard.press("]")
        expect(tab).to_have_attribute("aria-current", "page")
