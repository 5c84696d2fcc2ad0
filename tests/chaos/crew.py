"""The workers, and what an operations team does for them: start what has ended, add one, take one away."""

import os
import signal
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from parcelward.process.child import Child
from tests.ports import free_port

RESTART_AFTER_S = 0.5
STOP_S = 60.0  # a worker whose brokers are away takes 45 s at most
FAILED = "exit 1"
REFUSAL = "parcelward: "  # how a worker begins the sentence about what it needs


@dataclass
class Slot:
    """One place for a worker: what runs there, and what has to happen to it."""

    name: str
    log: Path
    state_dir: Path | None = None  # in memory without
    port: int = field(default_factory=free_port)
    child: Child | None = None
    wanted: bool = True
    paused: bool = False
    start_at: float = 0.0
    said: int = 0  # bytes of the log that are older than the worker that runs now
    expected: set[int] = field(default_factory=set)  # exit codes that what was done to it explains

    @property
    def runs(self) -> bool:
        """Tell whether a worker is there, paused or not."""
        return self.child is not None and self.child.exit_code is None

    def new_words(self) -> str:
        """Return what the present worker has logged."""
        if not self.log.exists():
            return ""
        with self.log.open("rb") as log:
            log.seek(self.said)
            return log.read().decode(errors="replace")


@dataclass(frozen=True)
class Unexpected:
    """A worker that ended as nothing that was done to it explains, what it said last, and where its log is kept."""

    worker: str
    ended: str
    said: str
    log: str


class Crew:
    """A supervisor over `parcelward worker` processes; call `look_after` often, from the thread that made it.

    With a `disk` every other worker, beginning with the first, keeps its state there, the rest in memory. A worker may
    refuse to go on if it names one of the `fragile` paths. Logs of workers that end in an unexpected way go to `keep`.
    """

    def __init__(
        self,
        environment: Mapping[str, str],
        folder: Path,
        disk: Path | None = None,
        fragile: Sequence[Path] = (),
        keep: Path | None = None,
    ) -> None:
        self._environment = {**os.environ, **environment}
        self._folder = folder
        self._disk = disk
        self._fragile = tuple(map(str, fragile))
        self._keep = keep or folder / "unexpected"
        self.slots: list[Slot] = []
        self.starts = 0
        self.endings: Counter[str] = Counter()
        self.refusals: list[str] = []
        self.unexpected: list[Unexpected] = []
        self.held = False  # nobody is started

    def join(self) -> Slot:
        """One more worker."""
        number = len(self.slots) + 1
        slot = Slot(f"worker-{number}", self._folder / f"worker-{number}.log")
        if self._disk is not None and number % 2:
            slot.state_dir = self._disk / slot.name
        self.slots.append(slot)
        if not self.held:
            self._start(slot)
        return slot

    def leave(self, slot: Slot) -> None:
        """Stop one in good order, for good."""
        slot.wanted = False
        self.send(slot, signal.SIGTERM)

    def send(self, slot: Slot, number: signal.Signals) -> None:
        """Send a signal to the worker of a slot, if one runs."""
        child = slot.child
        if child is None or child.exit_code is not None:
            return
        if number is signal.SIGKILL:
            slot.expected.add(-number)
        if number is signal.SIGTERM:
            slot.expected.add(0)
            if not _catches(child.pid, number):  # its first line was not reached: this is no worker yet
                slot.expected.add(-number)
        child.process.send_signal(number)

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
            if slot.child is None and slot.wanted and not self.held and now >= slot.start_at:
                self._start(slot)

    def screened(self) -> float | None:
        """Shipments that the running workers have judged since their starts; None when none can be asked."""
        told = [value for slot in self.running if (value := _screened(slot.port)) is not None]
        return sum(told) if told else None

    def stop(self) -> list[int]:
        """Stop all in good order; their exit codes."""
        for slot in self.slots:
            slot.wanted = False
            self.send(slot, signal.SIGCONT)
            self.send(slot, signal.SIGTERM)
        codes = []
        for slot in self.slots:
            child, slot.child = slot.child, None
            if child is not None:
                codes.append(child.stop(STOP_S))
                self._judge_end(slot, codes[-1])
        return codes

    def _start(self, slot: Slot) -> None:
        self.starts += 1
        slot.expected = set()
        slot.said = slot.log.stat().st_size if slot.log.exists() else 0
        told = self._environment | {"PARCELWARD_HTTP_PORT": str(slot.port)}
        if slot.state_dir is not None:
            told["PARCELWARD_STATE_DIR"] = str(slot.state_dir)
        with slot.log.open("ab") as log:
            slot.child = Child([sys.executable, "-m", "parcelward", "worker"], log, told)

    def _note_end(self, slot: Slot, code: int) -> None:
        self.endings[_ending(code)] += 1
        refusal = _refusal(slot.new_words())
        if code > 0 and refusal is not None:
            self.refusals.append(refusal)
        self._judge_end(slot, code)

    def _judge_end(self, slot: Slot, code: int) -> None:
        words = slot.new_words()
        refusal = _refusal(words) or ""
        refused = code == 2 and any(path in refusal for path in self._fragile)
        if code in slot.expected or refused:
            return
        self._keep.mkdir(parents=True, exist_ok=True)
        kept = self._keep / f"{slot.name}-{len(self.unexpected) + 1}.log"
        kept.write_text(words)
        said = refusal or (words.splitlines() or [""])[-1]
        self.unexpected.append(Unexpected(slot.name, _ending(code), said[:300], str(kept)))

    def accused(self) -> list[dict[str, Any]]:
        """The unexpected endings as they are reported."""
        return [asdict(one) for one in self.unexpected]


def _ending(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit {code}"


def _refusal(words: str) -> str | None:
    """The sentence about what a worker needs, if it said one."""
    said = next((line for line in words.splitlines() if line.startswith(REFUSAL)), None)
    return None if said is None else said.removeprefix(REFUSAL)


def _catches(pid: int, number: signal.Signals) -> bool:
    """Tell whether a process has a handler for a signal."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return True
    caught = next((line.split()[1] for line in lines if line.startswith("SigCgt")), "0")
    return bool(int(caught, 16) >> (number - 1) & 1)


def _screened(port: int) -> float | None:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=0.5) as answer:
            page = answer.read().decode()
    except OSError:
        return None
    lines = [line for line in page.splitlines() if line.startswith("parcelward_screened_total")]
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines)
