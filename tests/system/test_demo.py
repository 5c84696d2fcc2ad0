"""The demo counts every event, survives the death of its worker, and leaves nothing behind."""

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from kafka.admin import KafkaAdminClient

from tests.patience import PATIENCE_S

ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("PARCELWARD_")}


class Demo:
    """`parcelward demo` and what it prints."""

    def __init__(self, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "parcelward", "demo", *arguments],
            env=ENVIRONMENT | {"COLUMNS": "160"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.said = ""
        self._watchdog = threading.Timer(PATIENCE_S, self.process.kill)
        self._watchdog.start()

    def read_until(self, word: str) -> str:
        """The line with the word."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said += line
            if word in line:
                return line
        raise AssertionError(f"the demo ended without saying {word!r}:\n{self.said}")

    def rest(self) -> int:
        """Read on to the end; the exit code."""
        assert self.process.stdout is not None
        self.said += self.process.stdout.read()
        return self.process.wait()

    def close(self) -> None:
        """End it, whatever happened."""
        self._watchdog.cancel()
        self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()


@pytest.fixture
def demos() -> Iterator[list[Demo]]:
    started: list[Demo] = []
    yield started
    for demo in started:
        demo.close()


def word_in(text: str, pattern: str) -> str:
    found = re.search(pattern, text)
    assert found, f"{pattern} not in:\n{text}"
    return found.group(1)


def number_in(text: str, pattern: str) -> int:
    return int(word_in(text, pattern).replace(",", ""))


def typed(line: str) -> subprocess.CompletedProcess[str]:
    """A line that was printed, as somebody would paste it into a new terminal."""
    return subprocess.run(
        ["sh", "-c", line], env=ENVIRONMENT, capture_output=True, text=True, timeout=PATIENCE_S, check=False
    )


def first_page(address: str, password: str) -> str:
    """Log in to the console; the page that somebody sees first."""
    with httpx2.Client(base_url=address, follow_redirects=True, timeout=PATIENCE_S, trust_env=False) as client:
        page = client.post("/login", data={"name": "duty", "password": password}, headers={"origin": address})
    assert page.status_code == 200, page.text
    return page.text


def children_of(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def test_killed_worker_is_started_again_and_nothing_is_lost(kafka: str, demos: list[Demo]) -> None:
    demo = Demo("--seconds", "14", "--rate", "60", "--seed", "7", "--kafka", kafka)
    demos.append(demo)
    worker = number_in(demo.read_until("worker   process"), r"process (\d+)")
    look_with = Path(word_in(demo.read_until("parcelward alerts"), r"PARCELWARD_CONFIG=(\S+) "))
    told = look_with.read_text()
    assert f'kafka = "{kafka}"' in told
    assert 'topic_prefix = "demo-' in told
    demo.read_until("R14")
    os.kill(worker, signal.SIGKILL)
    second = number_in(demo.read_until("was killed by signal 9"), r"process (\d+)")
    assert demo.rest() == 0, demo.said
    published = number_in(demo.said, r"acknowledged │ +([\d,]+)")
    screened = number_in(demo.said, r"duty ledger\) +│ +([\d,]+)")
    rejected = number_in(demo.said, r"rejected +│ +([\d,]+)")
    assert published == screened + rejected
    assert rejected > 0
    assert number_in(demo.said, r"lost +│ +(\d+)") == 0
    assert number_in(demo.said, r"counted twice +│ +(\d+)") == 0
    assert number_in(demo.said, r"two alert ids +│ +(\d+)") == 0
    assert number_in(demo.said, r"restarts +│ +(\d+)") == 1
    assert number_in(demo.said, r"clean waybills +│ +[\d,]+ of ([\d,]+)") > 100
    assert not is_running(worker)
    assert not is_running(second)
    admin = KafkaAdminClient(bootstrap_servers=kafka)
    left = [topic for topic in admin.list_topics() if topic.startswith("demo-")]
    admin.close()
    assert left == []
    assert not look_with.exists()


def test_demo_without_end_can_be_looked_at_and_leaves_no_process(demos: list[Demo]) -> None:
    demo = Demo("--rate", "30", "--you-decide")
    demos.append(demo)
    console = demo.read_until("console  http")
    look = [demo.read_until(f"parcelward {command}").strip() for command in ("alerts", "rejected", "replay")]
    demo.read_until("alerts follow")
    seen = typed(f"{look[0]} --max 1")
    assert seen.returncode == 0, seen.stderr
    assert " do: " in seen.stdout
    refused, replayed = typed(look[1]), typed(look[2])
    assert refused.returncode == 0, refused.stderr
    assert replayed.returncode == 0, replayed.stdout + replayed.stderr
    desk = first_page(word_in(console, r"(http://\S+)"), word_in(console, r"password (\S+)"))
    assert "SF" in desk or "YT" in desk or "JT" in desk, "its alerts wait for whoever looks"
    children = children_of(demo.process.pid)
    assert len(children) == 3, "broker, worker and console"
    demo.process.send_signal(signal.SIGINT)
    assert demo.rest() == 0, demo.said
    assert "Traceback" not in demo.said
    assert not [child for child in children if is_running(child)]
