"""The worker under measurement, as its users run it: a process, its CPU and memory, and its metrics over HTTP."""

import os
import signal
import sys
import threading
import time
import urllib.request
from bisect import bisect_left
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from prometheus_client.parser import text_string_to_metric_families

from parcelward.process.child import Child
from tests.ports import free_port

PROCESS_EVERY_S = 0.1
METRICS_EVERY_S = 1.0  # rendering them costs the worker some milliseconds
TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")
STOP_S = 60.0
Labels = tuple[tuple[str, str], ...]


class Usage(NamedTuple):
    """CPU seconds used so far and resident bytes of the process, at a time in seconds since the epoch."""

    at: float
    cpu_s: float
    resident: int


class Sample:
    """The worker's metrics at one moment."""

    def __init__(self, at: float, text: str) -> None:
        self.at = at
        self.values: dict[tuple[str, Labels], float] = {
            (one.name, tuple(sorted(one.labels.items()))): one.value
            for family in text_string_to_metric_families(text)
            for one in family.samples
        }

    def each(self, name: str, **labels: str) -> list[float]:
        """Values of a metric (its name without prefix) for all label sets that contain `labels`."""
        wanted = set(labels.items())
        return [
            value for (found, own), value in self.values.items() if found == f"parcelward_{name}" and wanted <= set(own)
        ]

    def total(self, name: str, **labels: str) -> float:
        """Their sum."""
        return sum(self.each(name, **labels))

    @property
    def taken(self) -> float:
        """Intake records taken: accepted or refused."""
        return self.total("events_consumed_total") + self.total("events_rejected_total")

    @property
    def last_commit(self) -> float:
        """Time of the last commit of any stage, seconds since the epoch."""
        return max(self.each("last_commit_timestamp_seconds"), default=0.0)


class Worker:
    """One worker process, watched from a thread; a context manager that leaves no process behind."""

    def __init__(
        self,
        environment: Mapping[str, str],
        log: Path,
        profile: Path | None = None,
        metrics_every_s: float = METRICS_EVERY_S,
    ) -> None:
        """`profile`: run it under the sampler, which writes its counts there when it is told to."""
        self._metrics_every_s = metrics_every_s
        self.port = free_port()
        self.usage: list[Usage] = []
        self.samples: list[Sample] = []
        log.parent.mkdir(parents=True, exist_ok=True)
        program = ["-m", "parcelward", "worker"] if profile is None else ["-m", "tests.bench.sampler", str(profile)]
        settings = {"PARCELWARD_HTTP_PORT": str(self.port), "PARCELWARD_LOG_LEVEL": "WARNING"}
        self.log = log
        with log.open("ab") as output:
            self._child = Child([sys.executable, *program], output, {**os.environ, **environment, **settings})
        self.started_at = time.time()
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        next_metrics = 0.0
        while not self._done.is_set():
            self._look()
            if time.time() >= next_metrics:
                self._ask()
                next_metrics = time.time() + self._metrics_every_s
            self._done.wait(PROCESS_EVERY_S)

    def _look(self) -> None:
        try:
            fields = Path(f"/proc/{self._child.pid}/stat").read_text().rsplit(")", 1)[1].split()
        except (OSError, IndexError):
            return
        cpu_s = (int(fields[11]) + int(fields[12])) / TICKS
        self.usage.append(Usage(time.time(), cpu_s, int(fields[21]) * PAGE))

    def _ask(self) -> None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=5) as answer:
                self.samples.append(Sample(time.time(), answer.read().decode()))
        except OSError:
            return

    @property
    def now(self) -> Sample | None:
        """The newest metrics; None before the first."""
        return self.samples[-1] if self.samples else None

    def usage_at(self, at: float) -> Usage:
        """CPU and memory at a time, CPU interpolated."""
        number = bisect_left(self.usage, at, key=lambda one: one.at)
        if number in (0, len(self.usage)):
            return self.usage[min(number, len(self.usage) - 1)]
        before, after = self.usage[number - 1], self.usage[number]
        share = (at - before.at) / (after.at - before.at)
        return Usage(at, before.cpu_s + share * (after.cpu_s - before.cpu_s), after.resident)

    def require_alive(self) -> None:
        """Raise SystemExit with its last words when it has ended."""
        if (code := self._child.exit_code) is not None:
            raise SystemExit(f"the worker ended with exit code {code}; see {self.log}")

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        os.kill(self._child.pid, number)

    def kill(self) -> float:
        """kill -9; returns the time."""
        at = time.time()
        self.signal(signal.SIGKILL)
        self.stop()
        return at

    def stop(self) -> None:
        """Stop it and the watching. Safe to call twice."""
        self._done.set()
        self._thread.join()
        self._child.stop(STOP_S)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
