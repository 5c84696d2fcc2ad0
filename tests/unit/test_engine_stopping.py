"""A worker that has to stop does so, whatever fails on the way out, and with the exit code that it means."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from streams.lifecycle import run_app
from tests.patience import PATIENCE_S


class App:
    """An app whose assignment cannot be given up."""

    def __init__(self) -> None:
        self.assignment = self
        self.failed, self._crashed = asyncio.Event(), asyncio.Event()
        self.fault = self.crash_reason = None
        self.done: list[str] = []

    async def start(self) -> None:
        await asyncio.sleep(0.01)
        self.done.append("started")

    async def finish(self) -> None:
        self.done.append("finished")

    async def give_up(self) -> None:
        raise OSError("no space left on device")

    def close(self) -> None:
        self.done.append("closed")

    async def stop(self) -> None:
        self.done.append("stopped")


def test_the_group_is_left_although_giving_up_failed() -> None:
    """Its tasks do not let themselves be cancelled: the process would go on for ever, with its place in the group."""
    app: Any = App()

    async def scenario() -> None:
        stop = asyncio.Event()
        stop.set()
        with pytest.raises(OSError, match="no space"):
            await run_app(app, stop)

    asyncio.run(scenario())
    assert app.done == ["finished", "started", "stopped"], "a start that is under way is not cut off"


def test_what_does_not_end_by_itself_is_ended() -> None:
    code = "import threading; from streams.lifecycle import end_within; end_within(0.1, 3); threading.Event().wait()"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=PATIENCE_S).returncode == 3


def catches_sigterm(process: subprocess.Popen[bytes]) -> bool:
    assert process.poll() is None, "it ended by itself"
    lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
    caught = next(int(line.split()[1], 16) for line in lines if line.startswith("SigCgt"))
    return bool(caught >> (signal.SIGTERM - 1) & 1)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_worker_that_is_told_to_stop_while_it_loads_ends_with_0(unused_port: int) -> None:
    told = os.environ | {"PARCELWARD_KAFKA": f"127.0.0.1:{unused_port}"}
    process = subprocess.Popen([sys.executable, "-m", "parcelward", "worker"], env=told, stderr=subprocess.PIPE)
    while not catches_sigterm(process):
        time.sleep(0.001)
    process.terminate()
    assert process.communicate(timeout=PATIENCE_S)[1] == b""
    assert process.returncode == 0
