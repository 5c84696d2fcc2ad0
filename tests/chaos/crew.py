"""The workers, and what an operations team does for them: start what has ended, add one, take one away."""

import os
import signal
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from parcelward.broker.local import free_port
from parcelward.leash import Leashed

RESTART_AFTER_S = 0.5
REFUSAL = "parcelward: "  # how a worker begins the sentence about what it needs


@dataclass
class Slot:
    """One place for a worker: what runs there, and what has to happen to it."""

    name: str
    log: Path
    state_dir: Path | None = None  # in memory without
    port: int = field(default_factory=lambda: free_port(0))
    child: Leashed | None = None
    wanted: bool = True
    paused: bool = False
    start_at: float = 0.0
    said: int = 0  # bytes of the log that are older than the worker that runs now

    @property
    def runs(self) -> bool:
        """Whether a worker is there, paused or not."""
        return self.child is not None and self.child.exit_code is None

    def new_words(self) -> str:
        """What the present worker has logged."""
        if not self.log.exists():
            return ""
        with self.log.open("rb") as log:
            log.seek(self.said)
            return log.read().decode(errors="replace")


class Crew:
    """A supervisor over `parcelward worker` processes; call `look_after` often, from the thread that made it.

    With a `disk` every other worker, beginning with the first, keeps its state there, the rest in memory.
    """

    def __init__(self, environment: Mapping[str, str], folder: Path, disk: Path | None = None) -> None:
        self._environment = {**os.environ, **environment}
        self._folder = folder
        self._disk = disk
        self.slots: list[Slot] = []
        self.starts = 0
        self.endings: Counter[str] = Counter()
        self.refusals: list[str] = []

    def join(self) -> Slot:
        """One more worker."""
        number = len(self.slots) + 1
        slot = Slot(f"worker-{number}", self._folder / f"worker-{number}.log")
        if self._disk is not None and number % 2:
            slot.state_dir = self._disk / slot.name
        self.slots.append(slot)
        self._start(slot)
        return slot

    def leave(self, slot: Slot) -> None:
        """Stop one in good order, for good."""
        slot.wanted = False
        self.send(slot, signal.SIGTERM)

    def send(self, slot: Slot, number: signal.Signals) -> None:
        """Send a signal to the worker of a slot, if one runs."""
        if slot.child is not None and slot.child.exit_code is None:
            slot.child.process.send_signal(number)

    @property
    def wanted(self) -> list[Slot]:
        """The slots in which a worker should run."""
        return [slot for slot in self.slots if slot.wanted]

    @property
    def running(self) -> list[Slot]:
        """The wanted slots in which one runs that is not paused."""
        return [slot for slot in self.wanted if slot.runs and not slot.paused]

    def look_after(self) -> None:
        """Start again what has ended."""
        now = time.monotonic()
        for slot in self.slots:
            child = slot.child
            if child is not None and child.exit_code is not None:
                self._note_end(slot, child.exit_code)
                child.stop(0)
                slot.child, slot.paused = None, False
                slot.start_at = now + RESTART_AFTER_S
            if slot.child is None and slot.wanted and now >= slot.start_at:
                self._start(slot)

    def screened(self) -> float | None:
        """Shipments that the running workers have judged since their starts; None when none can be asked."""
        told = [value for slot in self.running if (value := _screened(slot.port)) is not None]
        return sum(told) if told else None

    def stop(self) -> list[int]:
        """Stop all in good order; their exit codes."""
        children = [slot.child for slot in self.slots if slot.child is not None]
        for slot in self.slots:
            slot.wanted = False
            self.send(slot, signal.SIGCONT)
            self.send(slot, signal.SIGTERM)
        return [child.stop(40) for child in children]

    def _start(self, slot: Slot) -> None:
        self.starts += 1
        slot.said = slot.log.stat().st_size if slot.log.exists() else 0
        told = self._environment | {"PARCELWARD_HTTP_PORT": str(slot.port)}
        if slot.state_dir is not None:
            told["PARCELWARD_STATE_DIR"] = str(slot.state_dir)
        with slot.log.open("ab") as log:
            slot.child = Leashed([sys.executable, "-m", "parcelward", "worker"], log, told)

    def _note_end(self, slot: Slot, code: int) -> None:
        if code < 0:
            self.endings[f"signal {-code}"] += 1
            return
        self.endings[f"exit {code}"] += 1
        refusal = next((line for line in slot.new_words().splitlines() if line.startswith(REFUSAL)), None)
        if refusal is not None:
            self.refusals.append(refusal.removeprefix(REFUSAL))


def _screened(port: int) -> float | None:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=0.5) as answer:
            page = answer.read().decode()
    except OSError:
        return None
    lines = [line for line in page.splitlines() if line.startswith("parcelward_screened_total")]
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines)
