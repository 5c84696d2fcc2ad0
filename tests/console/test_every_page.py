"""Every page in a real browser: nothing serious in the way of who sees or moves otherwise, and little to transfer."""

from collections.abc import Callable, Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from parcelward.console.people.roles import Role
from parcelward.console.people.sessions import Sessions
from parcelward.console.store.case_desk import CaseFilter, list_cases
from parcelward.console.store.desk import DeskFilter, list_alerts
from parcelward.console.web.security import cookie_name
from tests.bench.console_store import Traffic
from tests.console.browsing import CHROMIUM
from tests.console.conftest import Console, made_console
from tests.console.platform import Platform

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here (Debian package chromium; CI installs it)")
FIRST_BYTES, LATER_BYTES = 500_000, 60_000
OPEN = 10_000
SERIOUS = ("serious", "critical")
CONTRAST = {"runOnly": ["color-contrast"]}
"""What another language and dark colours may change."""


def with_many(platform: Platform) -> None:
    """Let 10,000 older alerts be open, too."""
    traffic = Traffic(OPEN, OPEN, case_count=200)
    platform.publish_all(traffic.cases())
    for topic in ("alerts", "referrals"):
        for batch in traffic.batches(topic):
            platform.publish_all(batch)


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    yield from made_console(tmp_path_factory.mktemp("pages") / "console.sqlite", 40, with_many)


@pytest.fixture
def look(chromium: Browser, console: Console, address: str) -> Iterator[Callable[[Role, str, bool], Page]]:
    """Opens pages of somebody who has logged in."""
    contexts = []

    def opened(role: Role, language: str = "en-GB", dark: bool = False) -> Page:
        context = chromium.new_context(
            base_url=address, locale=language, color_scheme="dark" if dark else "light", reduced_motion="reduce"
        )
        contexts.append(context)
        context.set_default_timeout(60_000)
        number = Sessions(console.platform.database).open(console.people[role], console.clock())
        context.add_cookies([{"name": cookie_name(over_tls=False), "value": number, "url": address}])
        return context.new_page()

    yield opened
    for context in contexts:
        context.close()


def pages(console: Console) -> list[str]:
    """The pages of a supervisor."""
    store = console.platform.database
    newest = list_alerts(store, DeskFilter(), 1).lines[0]
    case = max(list_cases(store, CaseFilter()).lines, key=lambda one: one.count)
    return [
        "/desk",
        "/desk?view=all&lane=red",
        f"/alerts/{newest.alert_id}",
        f"/cases/{case.case_id}",
        "/couriers",
        "/couriers?courier=swift",
        "/couriers/credit?courier=swift",
        "/rules",
        "/rules/R1",
        "/model",
        "/checks",
        "/audit",
        "/duty?person=-",
        "/design",
    ]


@pytest.mark.parametrize(
    ("language", "dark", "looks_at"), [("en-GB", False, {}), ("zh-CN", True, CONTRAST)], ids=["light", "dark"]
)
def test_nothing_serious_is_in_anybodys_way(
    look: Callable[..., Page], console: Console, language: str, dark: bool, looks_at: dict[str, object]
) -> None:
    page = look(Role.SUPERVISOR, language, dark)
    courier = look(Role.COURIER, language, dark)
    found = []
    for reader, path in [*((page, one) for one in pages(console)), (courier, "/parcels")]:
        reader.goto(path)
        reader.evaluate("for (const one of document.querySelectorAll('main details')) one.open = true")
        for problem in Axe().run(reader, options={"resultTypes": ["violations"], **looks_at}).response["violations"]:
            if problem["impact"] in SERIOUS:
                found += [f"{path}: {problem['id']}: {node['html'][:200]}" for node in problem["nodes"]]
    assert found == [], "\n".join(found)


def test_a_page_transfers_little(look: Callable[..., Page], console: Console) -> None:
    page = look(Role.SUPERVISOR)
    network, transferred = page.context.new_cdp_session(page), [0]
    network.send("Network.enable")
    network.on("Network.loadingFinished", lambda event: transferred.append(event["encodedDataLength"]))
    sizes = {}
    for path in pages(console):
        transferred.clear()
        page.goto(path, wait_until="load")
        page.wait_for_timeout(100)
        sizes[path] = sum(transferred)
    first, *later = sizes.values()
    assert 0 < first <= FIRST_BYTES, sizes
    assert max(later) <= LATER_BYTES, sizes


def test_ten_thousand_open_alerts_are_walked_page_by_page_and_by_keyboard(
    look: Callable[..., Page], console: Console
) -> None:
    page = look(Role.SUPERVISOR)
    page.goto("/desk")
    assert page.locator("#count-due").inner_text() == "10,000+"
    seen = set[str]()
    for _ in range(4):
        shown = [tick.get_attribute("value") or "" for tick in page.locator("tbody input[name=one]").all()]
        alerts = {one for one in shown if one.startswith("alert:")}
        assert len(alerts) == 50
        assert not alerts & seen
        seen |= alerts
        left = page.url
        page.keyboard.press("n")
        page.wait_for_url(lambda url: url != left)  # noqa: B023 - waited for here
    page.goto("/desk?view=due&lane=red")
    for key in ("j", "j", "Enter"):
        page.keyboard.press(key)
    page.wait_for_url("**/alerts/*")
    walked = [page.url]
    for _ in range(3):
        page.keyboard.press("j")
        page.wait_for_url(lambda url: url not in walked)
        walked.append(page.url)
    page.keyboard.press("k")
    page.wait_for_url(walked[-2])
