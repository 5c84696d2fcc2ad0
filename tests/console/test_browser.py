"""A real browser: the life of an alert by mouse and by keyboard, two people at once, and what comes from outside."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from parcelward.console.people.roles import Role
from parcelward.console.people.sessions import Sessions
from parcelward.console.store.desk import DeskFilter, View, list_alerts
from parcelward.console.web.security import cookie_name
from tests.builders import real_name, record
from tests.console.browsing import CHROMIUM
from tests.console.conftest import NOW_MS, PASSWORD, Console, made_console
from tests.console.platform import Platform

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here (Debian package chromium; CI installs it)")
EVIL = [
    "<script>document.title='ran'</script>汽油",
    "汽油<img src=x onerror=\"document.title='ran'\">",
    "汽油\"><svg onload=document.title='ran'>",
    "汽油{{7*7}}${7*7}'-document.title='ran'-'",
    "汽油</textarea></title><iframe srcdoc='<script>parent.document.title=1</script>'>",
    "汽油<a href=javascript:document.title='ran'>x</a>\u202e",
]
"""Goods names of a courier that wishes harm."""


def send_goods(platform: Platform, names: list[str], at_ms: int, begin: int) -> None:
    """Let a courier accept parcels with these goods, from a document that cannot be: each raises an alert."""
    data = [
        real_name(f"SF99{begin + number:011}", goods={"name": name}, sender={"document_number": "110101199003070000"})
        for number, name in enumerate(names)
    ]
    platform.feed([platform.placed(record(one, at=at_ms)) for one in data], at_ms)


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    file = tmp_path_factory.mktemp("browser") / "console.sqlite"
    yield from made_console(file, 25, lambda platform: send_goods(platform, EVIL, NOW_MS, 0))


@pytest.fixture
def page(chromium: Browser, address: str) -> Iterator[Page]:
    """A page of somebody who has not logged in. Nothing may fail in it, and nothing may be refused by its policy."""
    context = chromium.new_context(base_url=address, locale="en-GB")
    context.set_default_timeout(60_000)
    opened, said = context.new_page(), list[str]()
    opened.on("pageerror", lambda error: said.append(str(error)))
    opened.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    opened.on("dialog", lambda dialog: said.append(f"a dialog opened: {dialog.message}"))
    yield opened
    context.close()
    assert said == []


def enter(page: Page, console: Console, role: Role, address: str) -> None:
    """Be logged in, and look at the desk."""
    number = Sessions(console.platform.database).open(console.people[role], console.clock())
    page.context.add_cookies([{"name": cookie_name(over_tls=False), "value": number, "url": address}])
    page.goto("/desk")
    expect(page.get_by_role("navigation", name="Lists")).to_be_visible()


def test_an_alert_is_found_and_decided_by_mouse(page: Page, console: Console) -> None:
    page.goto("/desk")
    page.get_by_label("Name").fill("analyst1")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("link", name=re.compile("^Unclaimed")).click()
    page.locator("tr:not(.case) .what a").first.click()
    waybill = page.locator("p .code").first.inner_text()
    page.get_by_role("button", name="Take it").click()
    expect(page.get_by_text("Your decision counts")).to_be_visible()
    page.get_by_label("false alarm").check()
    page.get_by_label("let it go").check()
    page.get_by_label("Comment").first.fill("looked at again: a filter, no petrol")
    page.get_by_role("button", name="Decide, then next").click()
    expect(page.get_by_text("Your decision counts")).to_be_visible()
    decided = list_alerts(console.platform.database, DeskFilter(view=View.ALL, words=waybill)).lines
    assert [(one.state, one.outcome) for one in decided] == [("decided", "false_alarm")]


def test_an_alert_is_found_and_decided_by_keyboard_alone(page: Page, console: Console) -> None:
    page.goto("/desk?view=unclaimed&lane=yellow&state=raised")
    page.keyboard.type("supervisor1")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/desk?*")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    for key in "jjk":
        page.keyboard.press(key)
    expect(page.locator("tr.here")).to_have_count(1)
    page.keyboard.press("Enter")
    page.wait_for_url("**/alerts/*")
    alert_id = page.url.split("/alerts/")[1].split("?")[0]
    for key in "4gw":
        page.keyboard.press(key)
    page.keyboard.type("checked by phone: j k d")
    page.keyboard.press("Escape")
    page.keyboard.press("s")
    expect(page.get_by_text("Your decision counts")).to_be_visible()
    assert alert_id in page.url
    expect(page.get_by_text("checked by phone: j k d").first).to_be_visible()


def test_what_arrives_waits_behind_a_button_and_nothing_moves(page: Page, console: Console, address: str) -> None:
    enter(page, console, Role.ANALYST, address)
    ticks = page.locator("tbody input[name=one]")
    for number in (1, 2):
        ticks.nth(number).check()
    order = [tick.get_attribute("value") for tick in ticks.all()]
    send_goods(console.platform, ["汽油 petrol", "烟花爆竹"], console.clock(), 100)
    button = page.get_by_role("link", name=re.compile("new or changed: show"))
    expect(button).to_be_visible()
    assert [tick.get_attribute("value") for tick in ticks.all()] == order
    assert [tick.is_checked() for tick in ticks.all()[:4]] == [False, True, True, False]
    expect(page.locator("[data-chosen]")).to_have_text("2")
    button.click()
    expect(page.get_by_text("SF9900000000100").first).to_be_visible()


def test_all_of_one_table_are_ticked_and_none_of_another(page: Page, console: Console, address: str) -> None:
    enter(page, console, Role.ANALYST, address)
    red, rest = page.locator("table.list").nth(0), page.locator("table.list").nth(1)
    red.get_by_label("Choose all").check()
    assert all(tick.is_checked() for tick in red.locator("input[name=one]").all())
    assert not any(tick.is_checked() for tick in rest.locator("input[name=one]").all())
    expect(page.locator("[data-chosen]")).to_have_text(str(red.locator("input[name=one]").count()))


def test_a_second_person_sees_who_has_it_without_loading_the_page(
    page: Page, chromium: Browser, console: Console, address: str
) -> None:
    line = list_alerts(console.platform.database, DeskFilter(view=View.UNCLAIMED)).lines[0]
    enter(page, console, Role.SUPERVISOR, address)
    page.goto(f"/alerts/{line.alert_id}")
    other = chromium.new_context(base_url=address, locale="en-GB").new_page()
    enter(other, console, Role.ANALYST, address)
    other.goto(f"/alerts/{line.alert_id}")
    expect(other.get_by_text("Also looking at it: 周敏")).to_be_visible()
    expect(page.get_by_text("Also looking at it: 林晓")).to_be_visible()
    other.get_by_role("button", name="Take it").click()
    expect(page.get_by_text("It has changed since you opened it")).to_be_visible()
    expect(page.locator("#news")).to_contain_text("林晓")
    other.context.close()


def test_what_comes_from_outside_is_shown_as_text_and_never_runs(page: Page, console: Console, address: str) -> None:
    lines = list_alerts(console.platform.database, DeskFilter(view=View.ALL), 500).lines
    evil = [line for line in lines if line.goods and "document.title" in line.goods]
    assert len(evil) == len(EVIL)
    enter(page, console, Role.ANALYST, address)
    for line in evil:
        page.goto(f"/alerts/{line.alert_id}")
        expect(page.locator("body")).to_contain_text(line.goods.replace("\u202e", "\\u202e") if line.goods else "")
        assert_nothing_ran(page)
    page.locator("summary", has_text="Add a note").click()
    page.get_by_label("Comment", exact=True).last.fill(" ".join(EVIL)[:500])
    page.get_by_role("button", name="Add a note").click()
    expect(page.get_by_text("Your decision is sent, and was not refused")).to_be_visible()
    assert_nothing_ran(page)
    page.goto("/desk?view=all")
    assert_nothing_ran(page)


def assert_nothing_ran(page: Page) -> None:
    assert "ran" not in page.title()
    assert page.locator("main img, main iframe, main svg[onload], main a[href^=javascript]").count() == 0


def test_a_narrow_screen_needs_no_sideways_scrolling(page: Page, console: Console, address: str) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    enter(page, console, Role.ANALYST, address)
    line = list_alerts(console.platform.database, DeskFilter()).lines[0]
    for path in ("/desk", f"/alerts/{line.alert_id}", f"/cases/{line.cases[0]}", "/design"):
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, path
