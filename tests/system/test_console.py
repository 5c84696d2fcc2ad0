"""The console as its people have it: accounts by a command, a process, pages, and a decision that the worker takes."""

import json
import re
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from html import unescape

import httpx2

from tests.patience import PATIENCE_S
from tests.ports import free_port
from tests.postgres import Postgres
from tests.system.events import real_name
from tests.system.service import Service, await_true

WAYBILL = "SF0000000000001"
PASSWORD = "a long pass phrase"
HIDDEN = re.compile(r'<input type="hidden" name="([a-z]+)" value="([^"]*)">')


@contextmanager
def running(service: Service, **settings: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run the console; gives the process and its address."""
    process = subprocess.Popen(
        [sys.executable, "-m", "parcelward", "console", "--port", "0"],
        env=service.environment | settings,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        yield process, process.stdout.readline().split("console at ")[1].strip()
    finally:
        process.kill()
        process.wait()
        process.stdout.close()  # type: ignore[union-attr]


@contextmanager
def console(service: Service) -> Iterator[httpx2.Client]:
    """Run the console; gives a browser."""
    with running(service) as (process, address):
        with httpx2.Client(base_url=address, follow_redirects=True, timeout=60) as browser:
            yield browser
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_S) == 0


def test_an_alert_is_decided_in_the_console_and_the_worker_takes_it(start_service, tmp_path):
    port = free_port()
    service = start_service(console_home=str(tmp_path / "console"), console_metrics_port=str(port))
    named = service.command(
        "console-user", "add", "lin", "--role", "supervisor", "--shown", "林", stdin=PASSWORD + "\n"
    )
    assert named.returncode == 0, named.stderr
    token = re.search(r"token (console\.\S{22})", named.stdout)
    assert token is not None
    files = [one for one in (tmp_path / "console").iterdir() if one.is_file()]
    assert files
    assert all(not one.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO) for one in files)

    service.publish([real_name(WAYBILL, goods={"name": "雷管"})])
    with console(service) as browser:
        entered = browser.post("/login", data={"name": "lin", "password": PASSWORD})
        assert entered.status_code == 200, entered.text
        await_true(lambda: WAYBILL in browser.get("/desk").text, "the alert is on the desk")
        (path,) = set(re.findall(r'href="(/alerts/[^"?]+)', browser.get("/desk").text))
        page = browser.get(path).text
        form = next(one for one in page.split("<form")[1:] if 'value="outcome"' in one)
        fields = {name: unescape(value) for name, value in HIDDEN.findall(form)}
        chosen = {"outcome": "dangerous_goods", "parcel": "keep", "words": "已通知公安机关", "then": "stay"}
        answer = browser.post(f"{path}/decide", data=fields | chosen)
        await_true(lambda: "已判定" in browser.get(path).text, "the decision is on the page")
        assert "您的决定" in answer.text
        assert "已通知公安机关" in browser.get(path).text
        assert (
            'parcelward_console_decisions_total{fate="sent"} 1.0' in httpx2.get(f"http://127.0.0.1:{port}/metrics").text
        )
    newest = json.loads(service.read(f"{service.prefix}referrals")[-1].value)
    assert (newest["state"], newest["outcome"], newest["person"]) == ("decided", "dangerous_goods", token[1])


def test_a_second_console_goes_on_when_the_first_is_killed(start_service, tmp_path):
    with Postgres() as postgres:
        service = start_service(
            console_home=str(tmp_path / "console"), console_database=postgres.new_database(), console_metrics_port="0"
        )
        named = service.command(
            "console-user", "add", "lin", "--role", "analyst", "--shown", "林", stdin=PASSWORD + "\n"
        )
        assert named.returncode == 0, named.stderr
        with running(service) as (first, one), running(service) as (_, other), httpx2.Client(timeout=60) as browser:
            entered = browser.post(f"{one}/login", data={"name": "lin", "password": PASSWORD})
            assert entered.status_code == 303, entered.text
            service.publish([real_name(WAYBILL, goods={"name": "雷管"})])
            await_true(lambda: WAYBILL in browser.get(f"{one}/desk").text, "the first shows the alert")
            await_true(lambda: WAYBILL in browser.get(f"{other}/desk").text, "the second shows it, too")
            first.kill()
            first.wait(PATIENCE_S)
            service.publish([real_name("SF0000000000002", goods={"name": "汽油"})])
            await_true(lambda: "SF0000000000002" in browser.get(f"{other}/desk").text, "the other one goes on")
