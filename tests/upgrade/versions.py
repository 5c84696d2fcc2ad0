"""Versions of the service, each in a checkout of its own, and workers of them."""

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.patience import PATIENCE_S
from tests.ports import free_port

ROOT = Path(__file__).parents[2]
FORMATS = {0: "111fea3", 1: "35c2416", 2: "e59225b"}
"""Commits by the newest format that they write: 0 as `tests/fixtures/state-0`, and early ones of 1 and 2."""


@dataclass(frozen=True)
class Version:
    """A checkout. `knows` are settings that only this version has."""

    name: str
    folder: Path
    knows: dict[str, str] = field(default_factory=dict)


TODAY = Version("today's", ROOT, {"PARCELWARD_OUTAGE_GRACE": "0"})


@contextmanager
def checked_out(commit: str, parent: Path) -> Iterator[Version]:
    """Check a commit out beside this one; it is gone afterwards."""
    folder = parent / commit
    subprocess.run(["git", "worktree", "add", "-q", "--detach", str(folder), commit], cwd=ROOT, check=True)
    try:
        yield Version(commit, folder)
    finally:
        subprocess.run(["git", "worktree", "remove", "--force", str(folder)], cwd=ROOT, check=True)


@dataclass
class Worker:
    """One worker of a version; it runs from its checkout, with the libraries of this one."""

    version: Version
    environment: dict[str, str]
    log: Path
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it is ready or has ended."""
        folder = self.version.folder
        named = {"PYTHONPATH": f"{folder / 'src'}:{folder}", "PARCELWARD_HTTP_PORT": str(self.port)}
        plain = {name: value for name, value in os.environ.items() if not name.startswith("PARCELWARD_")}
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "parcelward", "worker"],
                env=plain | self.environment | self.version.knows | named,
                cwd=folder,
                stdout=log,
                stderr=log,
            )
        end = time.monotonic() + PATIENCE_S
        while not self.is_ready and self.runs:
            assert time.monotonic() < end, f"a worker of {self.version.name} is not ready: {self.last_words}"
            time.sleep(0.2)

    @property
    def runs(self) -> bool:
        """Tell whether it is there."""
        return self.process is not None and self.process.poll() is None

    @property
    def is_ready(self) -> bool:
        """Ask it."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/ready", timeout=5) as answer:
                return int(answer.status) == 200
        except (urllib.error.HTTPError, OSError):
            return False

    @property
    def last_words(self) -> str:
        """The last line of its log."""
        lines = self.log.read_text(errors="replace").splitlines()
        return lines[-1] if lines else ""

    def stop(self) -> int:
        """Stop it in good order, if it runs; its exit code."""
        assert self.process is not None
        if self.runs:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE_S)
