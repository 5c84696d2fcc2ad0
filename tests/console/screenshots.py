"""Takes pictures of the pages: `python -m tests.console.screenshots FOLDER`."""

import sys
import tempfile
from datetime import timedelta
from pathlib import Path
from random import Random

from playwright.sync_api import Browser, Page

from parcelward.console.people.roles import Role
from parcelward.console.people.sessions import Sessions
from parcelward.console.people.views import Views
from parcelward.console.store.case_desk import CaseFilter, list_cases
from parcelward.console.store.desk import DeskFilter, View, list_alerts
from parcelward.console.web.security import cookie_name
from parcelward.draws.announcement import rendered, sha256
from parcelward.moments import CHINA, utc
from parcelward.settings import Settings
from tests.console.accounts import account
from tests.console.browsing import opened_browser, served
from tests.console.conftest import NOW_MS, Console, made_console
from tests.console.draw_files import GOING_ON, write_draws
from tests.console.history import decide_most, live_days
from tests.console.platform import Platform

WIDE, NARROW = {"width": 1360, "height": 900}, {"width": 390, "height": 844}
MINUTES = 150


def opened(browser: Browser, console: Console, url: str, role: Role, language: str, dark: bool, narrow: bool) -> Page:
    """Open a browser's page of somebody who has logged in."""
    context = browser.new_context(
        base_url=url,
        locale="zh-CN" if language == "zh" else "en-GB",
        color_scheme="dark" if dark else "light",
        viewport=NARROW if narrow else WIDE,  # type: ignore[arg-type]
    )
    number = Sessions(console.platform.database).open(console.people[role], console.clock())
    context.add_cookies([{"name": cookie_name(over_tls=False), "value": number, "url": url}])
    return context.new_page()


def taken(console: Console, url: str, folder: Path) -> None:
    """Take all pictures."""
    store = console.platform.database
    lines = list_alerts(store, DeskFilter()).lines
    gravest = max(lines[:20], key=lambda line: (len(line.rules), line.answered is not None))
    scored = next((line for line in lines if "model" in line.rules), gravest)
    case = max(list_cases(store, CaseFilter()).lines, key=lambda one: one.count)
    everything = list_alerts(store, DeskFilter(view=View.ALL), 500).lines
    travelled, counted = (next(line for line in everything if rule in line.rules) for rule in ("R7", "R9"))
    pages = {
        "desk": "/desk",
        "desk-all": "/desk?view=all&lane=red",
        "alert": f"/alerts/{gravest.alert_id}",
        "score": f"/alerts/{scored.alert_id}",
        "case": f"/cases/{case.case_id}",
        "travelled": f"/alerts/{travelled.alert_id}",
        "counted": f"/alerts/{counted.alert_id}",
        "couriers": "/couriers",
        "credit": "/couriers/credit?courier=swift",
        "courier": "/couriers?courier=swift",
        "audit": "/audit",
        "duty": "/duty?person=-",
        "design": "/design",
    }
    with opened_browser() as browser:
        in_all_looks(console, browser, url, folder, pages)
        page = opened(browser, console, url, Role.ANALYST, "en", False, False)
        page.goto("/desk?view=unclaimed")
        for number in (0, 2, 3):
            page.locator("tbody input[name=one]").nth(number).check()
        page.locator(".bar summary").click()
        page.screenshot(path=folder / "many-en-light.png")
        page.context.close()
        parts(
            console,
            browser,
            url,
            folder,
            {"course": pages["alert"], "places": pages["travelled"], "profiles": pages["counted"]},
        )
        parcels(console, browser, url, folder)
        printed(console, browser, url, folder)
        plain = browser.new_page(base_url=url, viewport=WIDE, locale="zh-CN")  # type: ignore[arg-type]
        plain.goto("/login")
        plain.screenshot(path=folder / "login-zh-light.png")


def parts(console: Console, browser: Browser, url: str, folder: Path, drawn: dict[str, str]) -> None:
    """Take what is drawn on the page of an alert, each part for itself."""
    page = opened(browser, console, url, Role.SUPERVISOR, "en", False, False)
    for name, path in drawn.items():
        page.goto(path)
        page.locator(f"section[aria-labelledby={name}-head]").screenshot(path=folder / f"{name}-en-light.png")
    page.context.close()


def in_all_looks(console: Console, browser: Browser, url: str, folder: Path, pages: dict[str, str]) -> None:
    """Take pages in both languages, light and dark, wide and narrow."""
    for language, dark, narrow in (
        ("en", False, False),
        ("zh", True, False),
        ("zh", False, False),
        ("zh", False, True),
    ):
        page = opened(browser, console, url, Role.SUPERVISOR, language, dark, narrow)
        for name, path in pages.items():
            page.goto(path)
            look = f"{name}-{language}-{'dark' if dark else 'light'}{'-narrow' if narrow else ''}"
            page.screenshot(path=folder / f"{look}.png", full_page=not name.startswith("desk"))
        page.context.close()


def looked_back(platform: Platform) -> None:
    """Let two weeks be there of which people decided most, with many random checks."""
    platform.settings = Settings(sampled_share=0.02)
    live_days(platform, NOW_MS, 13, 14)
    platform.live_until(NOW_MS, 60)
    decide_most(platform)


def figures(console: Console, url: str, folder: Path) -> None:
    """Take the pages that look back over weeks."""
    draws = write_draws(console.app.state.office.judging.draws)
    number = sha256(rendered(draws[GOING_ON]))[:16]
    pages = {"rules": "/rules", "rule": "/rules/R3", "model": "/model", "checks": "/checks"}
    with opened_browser() as browser:
        in_all_looks(console, browser, url, folder, {**pages, "draw": f"/checks/draws/{number}"})


def told(platform: Platform) -> None:
    """Let accounts of two weeks be there: swift sends half, harbor has many refused, orient misses the newest."""
    draw = Random(3)
    newest = utc(NOW_MS).astimezone(CHINA).date() - timedelta(days=1)
    for number, courier in enumerate(platform.settings.couriers):
        for back in range(14):
            if courier == "orient" and back == 0:
                continue
            usual = 5200 - 900 * number + draw.randrange(-300, 300)
            sent = usual // 2 if courier == "swift" and back == 0 else usual
            refused = draw.randrange(160, 190) if courier == "harbor" and back == 0 else draw.randrange(20, 60)
            document = account(courier, newest - timedelta(days=back), sent, refused, draw.randrange(10, 40))
            platform.publish(platform.topics.accounts(courier), document["date"], document)
    platform.live_until(NOW_MS, MINUTES)


def save_views(console: Console) -> None:
    """Let the supervisor have saved two views."""
    views, person = Views(console.platform.database), console.people[Role.SUPERVISOR].name
    views.save(person, "红色·swift", "lane=red&courier=swift", 1)
    views.save(person, "R3", "rule=R3", 2)


def parcels(console: Console, browser: Browser, url: str, folder: Path) -> None:
    """Take the page of a courier."""
    page = opened(browser, console, url, Role.COURIER, "zh", False, False)
    page.goto("/parcels")
    page.screenshot(path=folder / "parcels-zh-light.png")
    page.context.close()


def printed(console: Console, browser: Browser, url: str, folder: Path) -> None:
    """Take the duty report as it comes out of a printer."""
    page = opened(browser, console, url, Role.SUPERVISOR, "zh", False, False)
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 760, "height": 1075})
    page.goto("/duty?person=-")
    page.screenshot(path=folder / "duty-zh-print.png", full_page=True)
    page.context.close()


if __name__ == "__main__":
    target = Path(sys.argv[1])
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as home:
        for made in made_console(Path(home) / "console.sqlite", 0, told):
            save_views(made)
            with served(made.app) as address:
                taken(made, address, target)
        for made in made_console(Path(home) / "weeks.sqlite", 0, looked_back):
            with served(made.app) as address:
                figures(made, address, target)
