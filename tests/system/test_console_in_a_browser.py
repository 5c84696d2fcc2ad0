"""From red to released in a real browser on a real Kafka, and the console is killed in between."""

import base64
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.console.browsing import CHROMIUM, opened_browser
from tests.patience import PATIENCE_S
from tests.ports import free_port
from tests.system.events import real_name
from tests.system.service import Service, await_true

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here (Debian package chromium; CI installs it)")
WAYBILL, PASSWORD = "SF0000000000001", "a long pass phrase"
WORDS = "called the outlet: a toy, no detonator"
EVIL = (
    "<script>document.title='ran'</script>",
    "<img src=x onerror=\"document.title='ran'\">",
    "\"><svg onload=document.title='ran'>",
    "</textarea><iframe srcdoc='<script>parent.document.title=1</script>'>",
    "<a href=javascript:document.title='ran'>x</a>",
)
"""Goods names of a courier that wishes harm."""
IMPOSSIBLE = {"kind": "person", "document_type": "resident_id", "document_number": "110101199003078510"}
"""A sender whose document cannot be: each parcel raises an alert."""
FILM = os.environ.get("FILM")
"""A folder: pictures of each step are put there."""


class Console:
    """The console as a process on one port: it can be killed and started again."""

    def __init__(self, service: Service) -> None:
        self._environment, self.port = service.environment, free_port()
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Start it and wait until it listens."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "parcelward", "console", "--port", str(self.port)],
            env=self._environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        assert "console at " in self._process.stdout.readline()

    def end(self, how: signal.Signals) -> None:
        """End it: in good order, or as a power cut would."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(PATIENCE_S)
            self._process.stdout.close()  # type: ignore[union-attr]
            self._process = None


@contextmanager
def looked_at(console: Console) -> Iterator[Page]:
    """Open a browser's page on the console."""
    with opened_browser() as browser:
        context = browser.new_context(
            base_url=f"http://127.0.0.1:{console.port}", locale="en-GB", viewport={"width": 1360, "height": 900}
        )
        context.set_default_timeout(60_000)
        yield context.new_page()


def picture(page: Page, name: str) -> None:
    """Take a picture, where one is wanted."""
    if FILM:
        taken = page.context.new_cdp_session(page).send("Page.captureScreenshot", {"format": "webp", "quality": 80})
        (Path(FILM) / f"{name}.webp").write_bytes(base64.b64decode(taken["data"]))


def log_in(page: Page) -> None:
    page.goto("/desk")
    page.get_by_label("Name").fill("lin")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url("**/desk")


def test_from_red_to_released_though_the_console_is_killed(start_service, tmp_path):
    service = start_service(console_home=str(tmp_path / "console"), console_metrics_port=str(free_port()))
    added = service.command(
        "console-user", "add", "lin", "--role", "supervisor", "--shown", "Lin", stdin=PASSWORD + "\n"
    )
    assert added.returncode == 0, added.stderr
    console = Console(service)
    console.start()
    try:
        with looked_at(console) as page:
            log_in(page)
            service.publish([real_name(WAYBILL, goods={"name": "雷管"})])
            page.get_by_role("link", name=re.compile("new or changed: show")).click()
            picture(page, "1-arrived")
            page.locator("tr:not(.case) .what a").first.click()
            expect(page.locator("main")).to_contain_text("held")
            picture(page, "2-alert")
            page.get_by_role("button", name="Take it").click()
            expect(page.get_by_text("Your decision counts")).to_be_visible()
            courier_answers(service)
            expect(page.get_by_text("It has changed since you opened it")).to_be_visible()
            page.reload()
            page.get_by_label("false alarm").check()
            page.get_by_label("let it go").check()
            page.get_by_label("Comment").first.fill(WORDS)
            picture(page, "3-filled-in")

            console.end(signal.SIGKILL)
            expect(page.get_by_text("The console has not answered since")).to_be_visible()
            page.get_by_role("button", name="Decide", exact=True).click()
            expect(page.get_by_label("Comment").first).to_have_value(WORDS)
            picture(page, "4-console-away")
            console.start()
            expect(page.get_by_text("The console has not answered since")).to_be_hidden()
            page.get_by_role("button", name="Decide", exact=True).click()
            expect(page.locator("main")).to_contain_text(WORDS)
            await_true(lambda: instructions(service)[-1] == "release", "the courier is told")
            page.reload()
            expect(page.get_by_role("heading", level=1)).to_have_text(
                "Decided: false alarm. Nothing is left to decide."
            )
            expect(page.locator("main")).to_contain_text("The courier was last told: release")
            picture(page, "5-released")
            assert_nothing_of_it_runs(page, service)
    finally:
        console.end(signal.SIGTERM)
    taken = [(one["outcome"], one["comment"]) for one in decisions(service) if one["kind"] == "outcome"]
    assert taken == [("false_alarm", WORDS)]
    assert instructions(service)[-1] == "release"
    assert service.read(f"{service.prefix}refused.decisions") == []


def assert_nothing_of_it_runs(page: Page, service: Service) -> None:
    """Let a courier send goods that are scripts, and see that they are text on the desk and on their alerts."""
    names = {f"SF00000000001{number:02}": f"汽油{evil}" for number, evil in enumerate(EVIL)}
    service.publish([real_name(waybill, goods={"name": name}, sender=IMPOSSIBLE) for waybill, name in names.items()])
    for waybill in names:
        await_true(partial(waybill_is_listed, page, waybill), f"{waybill} is listed")
        page.locator("tr:not(.case) .what a").first.click()
        expect(page.locator("main")).to_contain_text("document.title")
        assert "ran" not in page.title()
        assert page.locator("main img, main iframe, main script, main a[href^=javascript]").count() == 0


def waybill_is_listed(page: Page, waybill: str) -> bool:
    """Tell whether the desk has found the alert of a waybill."""
    page.goto(f"/desk?view=all&q={waybill}")
    return page.locator("tr:not(.case) .what a").count() == 1


def courier_answers(service: Service) -> None:
    """Let the courier do what it was told."""
    await_true(lambda: instructions(service) != [], "the courier is told")
    done = service.command("answer", "swift", WAYBILL, "done", "--text", "kept at the counter")
    assert done.returncode == 0, done.stdout + done.stderr


def instructions(service: Service) -> list[str]:
    """Give what the courier was told about the parcel, in order."""
    told = [json.loads(one.value) for one in service.read(f"{service.prefix}instructions.swift")]
    return [one["action"] for one in told if one["waybill"] == WAYBILL]


def decisions(service: Service) -> list[dict[str, str]]:
    """Give what people decided, in order. A letter that lay in the wrong partition was moved: it is there twice."""
    letters = [json.loads(one.value) for one in service.read(f"{service.prefix}decisions")]
    return list({one["id"]: one["data"]["decision"] for one in letters}.values())
