"""Runs a courier's process through a fault, and counts what arrived: lost, twice in the ledger, out of order."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from parcelward.broker import LocalBroker
from parcelward.cluster.reader import TopicReader
from parcelward.counts import CONSUMED, DUPLICATE
from parcelward.screening.build import build_stages
from parcelward.screening.in_memory import Pipeline
from parcelward.settings import Settings
from parcelward.stage import Record
from tests.patience import PATIENCE_S


@dataclass
class Courier:
    """A courier with a spool of its own, under its own topic prefix."""

    settings: Settings
    folder: Path
    events: int
    per_second: float
    most_bytes: int | None = None
    process: "subprocess.Popen[str] | None" = None
    said: list[str] = field(default_factory=list)

    @property
    def taken(self) -> int:
        """Events that were taken so far, by the process's own record."""
        log = self.folder / "taken"
        return log.read_bytes().count(b"\n") if log.exists() else 0

    def start(self) -> None:
        """Start the process; returns when its publisher is there."""
        told = {"events": self.events, "per_second": self.per_second, "most_bytes": self.most_bytes}
        paths = {"spool": str(self.folder / "spool"), "taken": str(self.folder / "taken")}
        settings = {"PARCELWARD_KAFKA": self.settings.kafka, "PARCELWARD_TOPIC_PREFIX": self.settings.topic_prefix}
        environment = os.environ | settings | {"COURIER": json.dumps(told | paths)}
        with (self.folder / "errors").open("ab") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.publisher_faults.courier"],
                env=environment,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
        assert self.process.stdout is not None
        self.said.append(self.process.stdout.readline().strip())
        assert self.said[-1] == "started", (self.folder / "errors").read_text()

    def kill(self) -> None:
        """End the process at once."""
        assert self.process is not None
        self.process.kill()
        self._ended()

    def finish(self) -> int:
        """Let the process publish the rest and deliver; returns its exit code."""
        assert self.process is not None
        return self._ended()

    def _ended(self) -> int:
        assert self.process is not None
        rest, _ = self.process.communicate(timeout=20 * PATIENCE_S)
        self.said += rest.split()
        code = self.process.returncode
        self.process = None
        return code

    def await_taken(self, number: int, patience_s: float = PATIENCE_S) -> None:
        """Wait until so many events were taken."""
        until = time.monotonic() + patience_s
        while self.taken < number:
            assert time.monotonic() < until, f"only {self.taken} of {number} events were taken"
            assert self.process is not None
            assert self.process.poll() is None, (self.folder / "errors").read_text()
            time.sleep(0.02)


@contextmanager
def away(broker: LocalBroker) -> Iterator[None]:
    """Kill the broker, with requests under way; it is back after the block."""
    os.kill(broker.pid, signal.SIGKILL)
    broker.stop()
    yield
    broker.start()


@dataclass(frozen=True)
class Count:
    """Counts of a run: events taken, of these lost; records on the topic; screened, screened twice; out of order."""

    taken: int
    lost: int
    records: int
    screened: int
    twice: int
    disordered: int


def counted(courier: Courier) -> Count:
    """Read the topic, and screen what is on it."""
    with TopicReader(courier.settings, [courier.settings.topics.intake("swift")]) as reader:
        records: list[Any] = list(reader.read_to_end())
    first_seen: dict[int, int] = {}
    last: dict[bytes, int] = {}
    disordered = 0
    for place, record in enumerate(records):
        number = int(dict(record.headers)["ce_id"].removeprefix(b"n-"))
        if number in first_seen:
            continue  # sent again; the ledger knows it
        first_seen[number] = place
        disordered += number < last.get(record.key, -1)
        last[record.key] = number
    pipeline = Pipeline(build_stages(courier.settings), courier.settings.topics, courier.settings.partitions)
    counts = pipeline.feed(
        [Record(r.topic, r.partition, r.offset, r.timestamp, r.key, r.value, r.headers) for r in records]
    ).counts
    consumed = sum(count for key, count in counts.items() if key[0] == CONSUMED)
    screened = consumed - sum(count for key, count in counts.items() if key[0] == DUPLICATE)
    taken = courier.taken
    lost = len(set(range(taken)) - first_seen.keys())
    return Count(taken, lost, len(records), screened, screened - len(first_seen), disordered)


def broker_away(broker: LocalBroker, courier: Courier, seconds: float) -> Count:
    """The broker is away for so long while the courier goes on."""
    courier.start()
    courier.await_taken(courier.events // 10)
    with away(broker):
        time.sleep(seconds)
    assert courier.finish() == 0, (courier.folder / "errors").read_text()
    return counted(courier)


def hour_away(broker: LocalBroker, courier: Courier) -> Count:
    """The broker is away while the events of an hour are taken, as fast as they are taken."""
    courier.start()
    courier.await_taken(courier.events // 50)
    with away(broker):
        courier.await_taken(courier.events, 20 * PATIENCE_S)
    assert courier.finish() == 0, (courier.folder / "errors").read_text()
    return counted(courier)


def killed(broker: LocalBroker, courier: Courier, times: int, random: Random) -> Count:
    """The courier's process is killed at random times while it takes events; once the broker is away too."""
    for number in range(times):
        courier.start()
        courier.await_taken(courier.events * (number + 1) // (times + 2))
        time.sleep(random.uniform(0, 0.3))
        if number == times // 2:
            with away(broker):
                time.sleep(random.uniform(0, 0.3))
                courier.kill()
        else:
            courier.kill()
    courier.start()
    assert courier.finish() == 0, (courier.folder / "errors").read_text()
    return counted(courier)


def disk_full(broker: LocalBroker, courier: Courier) -> Count:
    """The broker is away until no more fits on the disk; then it is back."""
    courier.start()
    with away(broker):
        before = -1
        while before < courier.taken or courier.taken == 0:
            before = courier.taken
            time.sleep(2)
    assert courier.finish() == 0, (courier.folder / "errors").read_text()
    assert "full" in courier.said
    return counted(courier)
