"""Workers under test: as a process that can be killed, and inside the test."""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from pathlib import Path

from parcelward.settings import Settings
from streams.app import build_app
from streams.engine.faust_app import ScreeningApp
from streams.engine.partition import StagePlan
from streams.lifecycle import run_app
from tests.engine_kit.counting import Notes
from tests.patience import PATIENCE_S

ROOT = Path(__file__).resolve().parents[2]


class CountingWorker:
    """A worker process that runs the counting stage."""

    def __init__(self, settings: Settings, log: Path) -> None:
        values = settings.model_dump(
            mode="json", include={"kafka", "topic_prefix", "couriers", "partitions", "state_dir"}
        )
        values["session_timeout"] = settings.session_timeout.total_seconds()
        values["commit_every"] = settings.commit_every.total_seconds()
        values["couriers"] = list(values["couriers"])
        self.log = log
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.engine_kit.counting"],
                cwd=ROOT,
                env=os.environ | {"COUNTING_SETTINGS": json.dumps(values)},
                stdout=output,
                stderr=output,
            )

    def kill(self) -> None:
        """kill -9."""
        self.process.kill()
        self.process.wait()

    def pause(self) -> None:
        """SIGSTOP."""
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """SIGCONT."""
        self.process.send_signal(signal.SIGCONT)

    def stop(self) -> int:
        """SIGTERM; returns the exit code."""
        self.process.terminate()
        return self.process.wait(PATIENCE_S)


@contextlib.contextmanager
def counting_workers(settings: Settings, folder: Path) -> Iterator[Callable[[], CountingWorker]]:
    """Starts worker processes; none outlives the block."""
    started: list[CountingWorker] = []

    def start() -> CountingWorker:
        started.append(CountingWorker(settings, folder / f"worker-{len(started)}.log"))
        return started[-1]

    try:
        yield start
    finally:
        for worker in started:
            worker.kill()


class Running:
    """A worker inside the test."""

    def __init__(self, app: ScreeningApp, notes: Notes) -> None:
        self.app = app
        self.notes = notes
        self.stop = asyncio.Event()
        self.task = asyncio.ensure_future(run_app(app, self.stop))

    async def until(self, condition: Callable[[], bool], seconds: float = PATIENCE_S) -> None:
        """Wait for a condition; a worker that stops meanwhile fails the test with its own error."""
        deadline = time.monotonic() + seconds
        while not condition():
            if self.task.done():
                self.task.result()
                raise AssertionError("the worker stopped")
            assert time.monotonic() < deadline, "the awaited condition did not come about"
            await asyncio.sleep(0.02)

    async def failure(self, seconds: float = PATIENCE_S) -> BaseException | None:
        """Wait for the worker to stop by itself; returns the error it stopped with."""
        await asyncio.wait([self.task], timeout=seconds)
        return self.task.exception()


@contextlib.asynccontextmanager
async def running(settings: Settings, plans: Sequence[StagePlan]) -> AsyncIterator[Running]:
    """Run a worker inside the test, stopped in good order at the end."""
    notes = Notes()
    worker = Running(build_app(settings, plans, notes), notes)
    try:
        yield worker
    finally:
        worker.stop.set()
        await asyncio.wait([worker.task])
    if not worker.task.cancelled() and worker.task.exception() is None:
        worker.task.result()
