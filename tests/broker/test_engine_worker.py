"""`parcelward worker` as operators meet it: its pages, its logs, its exit codes."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from parcelward.cluster.admin import ensure_topics
from parcelward.settings import Settings
from tests.engine_kit.kafka import await_true, publish, read_all
from tests.patience import PATIENCE_S
from tests.ports import free_port

CANARY = "canary-13912345678"


def get(port: int, page: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{page}", timeout=2) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read().decode()
    except OSError:
        return 0, ""


class Worker:
    """A worker process with the product's own stages."""

    def __init__(self, kafka: str, prefix: str, port: int, log: Path) -> None:
        self.log, self.port = log, port
        self.settings = Settings(kafka=kafka, topic_prefix=prefix, couriers=("swift",), partitions=2)
        told = {"KAFKA": kafka, "TOPIC_PREFIX": prefix, "COURIERS": "swift", "PARTITIONS": "2", "LOG_LEVEL": "DEBUG"}
        environment = {f"PARCELWARD_{name}": value for name, value in (told | {"HTTP_PORT": str(port)}).items()}
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "parcelward", "worker"], env=os.environ | environment, stderr=output
            )

    def says(self, page: str) -> tuple[int, str]:
        """Ask for a page, but not before the worker listens: a client of a free port may connect to itself, and so take
        the port away from the worker."""
        return get(self.port, page) if "serving metrics" in self.log.read_text() else (0, "")

    def ready(self) -> bool:
        assert self.process.poll() is None, self.log.read_text()
        return self.says("/ready")[0] == 200

    def assigned(self) -> int:
        """Partitions of the first stage that it says it owns; 9 before it says anything."""
        page = self.says("/metrics")[1]
        found = re.search(r'^parcelward_partitions_assigned{stage="duties"} (\d+)', page, re.MULTILINE)
        return int(found[1]) if found else 9

    def stopped_by_many_signals(self) -> int:
        """SIGTERM again and again until it has ended; the exit code."""
        deadline = time.monotonic() + PATIENCE_S
        while self.process.poll() is None:
            assert time.monotonic() < deadline, "it does not end"
            self.process.send_signal(signal.SIGTERM)
            time.sleep(0.005)
        return self.process.returncode


@pytest.fixture
def worker(kafka: str, topic_prefix: str, unused_port: int, tmp_path: Path) -> Iterator[Worker]:
    """A worker that is about to start; killed at the end if it still runs."""
    made = Worker(kafka, topic_prefix, unused_port, tmp_path / "worker.log")
    yield made
    made.process.kill()
    made.process.wait()


def test_worker_gets_ready_refuses_bad_records_logs_no_value_and_stops_in_good_order(worker: Worker) -> None:
    await_true(worker.ready)
    assert json.loads(get(worker.port, "/ready")[1]) == {
        "ready": True,
        "broken": [],
        "checks": dict.fromkeys(("broker", "tables"), True),
    }
    assert get(worker.port, "/health")[0] == 200
    topic = worker.settings.topics.intake("swift")
    bad = (CANARY.encode(), f'{{"phone": "{CANARY}"'.encode())
    publish(worker.settings, topic, [(number % 2, *bad) for number in range(20)])
    rejected = worker.settings.topics.rejected("swift")
    await_true(lambda: len(read_all(worker.settings, rejected)) == 20)
    await_true(lambda: 'parcelward_lag_records{partition="1",stage="duties"} 0.0' in get(worker.port, "/metrics")[1])
    assert "parcelward_events_rejected_total" in get(worker.port, "/metrics")[1]
    assert worker.stopped_by_many_signals() == 0
    lines = worker.log.read_text().splitlines()
    assert all(isinstance(json.loads(line), dict) for line in lines)
    assert not [line for line in lines if "canary" in line or "13912345678" in line]


@pytest.mark.parametrize("said", ["serving metrics", "[^-BatchConsumer]: Starting", "outlets]: Starting"])
def test_worker_that_is_told_to_stop_while_it_starts_stops_in_good_order(worker: Worker, said: str) -> None:
    await_true(lambda: said in worker.log.read_text(), pause_s=0.005)
    assert worker.stopped_by_many_signals() == 0
    assert "stopped in good order" in worker.log.read_text()
    assert "Traceback" not in worker.log.read_text()


def test_worker_without_partitions_is_ready_too(worker: Worker, tmp_path: Path) -> None:
    """A third worker over two partitions has nothing to do, and must not be taken for broken."""
    await_true(worker.ready)
    others = [
        Worker(worker.settings.kafka, worker.settings.topic_prefix, free_port(), tmp_path / f"other-{number}.log")
        for number in range(2)
    ]
    try:
        everyone = (worker, *others)
        await_true(lambda: sum(one.assigned() for one in everyone) == 2 and 0 in [one.assigned() for one in everyone])
        await_true(lambda: all(one.ready() for one in everyone))
    finally:
        for other in others:
            other.process.terminate()
            assert other.process.wait(PATIENCE_S) == 0


def test_port_that_is_taken_is_named(kafka: str, topic_prefix: str, tmp_path: Path) -> None:
    ensure_topics(Settings(kafka=kafka, topic_prefix=topic_prefix, couriers=("swift",), partitions=2))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = Worker(kafka, topic_prefix, port, tmp_path / "worker.log")
        assert refused.process.wait(PATIENCE_S) == 2
    last = refused.log.read_text().splitlines()[-1]
    assert last.startswith(f"parcelward: /metrics cannot be served on 127.0.0.1:{port}")
    assert "http_port" in last
