"""The worker of the demo: a process of its own, watched and started again when it dies."""

import os
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path

from parcelward.errors import UserError
from parcelward.process.child import Child

READY_S = 90.0
STOP_S = 20.0
MOST_RESTARTS = 20
OWN_WORDS = "parcelward: "  # how the command line begins a sentence about what is wrong


class SupervisedWorker:
    """`parcelward worker` with the given settings on top of this process's environment; logs go to `log_path`."""

    def __init__(self, environment: Mapping[str, str], port: int, log_path: Path) -> None:
        self._environment = {**os.environ, **environment}
        self._port = port
        self.log_path = log_path
        self.restarts = 0
        self._child: Child | None = None

    @property
    def metrics_address(self) -> str:
        """Address of the worker's metrics."""
        return f"http://127.0.0.1:{self._port}/metrics"

    @property
    def pid(self) -> int:
        """Process id of the worker that runs now."""
        assert self._child is not None, "not started"
        return self._child.pid

    def start(self) -> None:
        """Start it; returns at once."""
        self.log_path.parent.mkdir(parents=True, exist_ok=True)
        with self.log_path.open("ab") as log:
            self._child = Child([sys.executable, "-m", "parcelward", "worker"], log, self._environment)

    def await_ready(self, interrupted: Callable[[float], bool]) -> None:
        """Return when /ready says so, or when interrupted. Raises UserError when the worker ends or takes too long."""
        deadline = time.monotonic() + READY_S
        while not interrupted(0.1):
            if self._child is None or self._child.exit_code is not None:
                raise UserError(f"the worker ended at its start: {self.last_words()} (log: {self.log_path})")
            if self.is_ready():
                return
            if time.monotonic() > deadline:
                raise UserError(f"the worker was not ready within {READY_S:.0f} s; see {self.log_path}")

    def is_ready(self) -> bool:
        """Ask /ready; True when it answers with 200."""
        return answers(self._port, "/ready")

    def revive(self) -> str | None:
        """Start it again if it has died, and say so; None while it lives. Raises UserError when it dies too often."""
        if self._child is None or self._child.exit_code is None:
            return None
        ended = self._child.exit_code
        self._child.stop(0)
        self.restarts += 1
        if self.restarts > MOST_RESTARTS:
            raise UserError(f"the worker died {self.restarts} times: {self.last_words()} (log: {self.log_path})")
        self.start()
        how = f"was killed by signal {-ended}" if ended < 0 else f"ended with exit code {ended}"
        return f"the worker {how}; started again as process {self.pid}"

    def stop(self) -> None:
        """Stop it in good order, killed after 20 s. Safe to call twice."""
        if self._child is not None:
            self._child.stop(STOP_S)
            self._child = None

    def last_words(self) -> str:
        """Find the sentence with which it ended, or else the last line of its log."""
        try:
            lines = self.log_path.read_text(errors="replace").splitlines()
        except OSError:
            lines = []
        # A sentence of our own may go on over lines: an error in a rule pack shows the place.
        for number in range(len(lines) - 1, max(len(lines) - 10, 0) - 1, -1):
            if lines[number].startswith(OWN_WORDS):
                return "\n".join([lines[number].removeprefix(OWN_WORDS), *lines[number + 1 :]])
        return next((line.strip()[:300] for line in reversed(lines) if line.strip()), "it said nothing")


def answers(port: int, path: str) -> bool:
    """Ask a server on this machine; True when it answers with 200."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=1) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
