"""The faults: each begins, lasts, and is put right again; and a seeded schedule of them."""

import contextlib
import signal
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from random import Random

from parcelward.broker import LocalCluster
from tests.chaos.crew import Crew
from tests.chaos.retention import Retention


class Kind(StrEnum):
    """Kind of a fault."""

    KILL_WORKER = "worker: kill -9"
    STOP_WORKER = "worker: SIGTERM"
    PAUSE_WORKER = "worker: stands still past its session timeout"
    JOIN = "worker: one more joins"
    LEAVE = "worker: one leaves"
    KILL_BROKER = "broker: kill -9 and start again"
    SLOW_BROKER = "broker: stands still for a moment"
    LOST_BROKER = "broker: stands still past its session timeout"
    MODEL_AWAY = "model file disappears, a worker is killed"
    RULES_AWAY = "rule file disappears, a worker is killed"
    FULL_DISK = "disk of the state folder is full, its worker is killed"
    EATEN = "retention deletes unread records, all workers are killed"
    KILL_COURIER = "publisher with a spool: kill -9"


# How often, relative to one another; and how long each lasts in seconds (least, most).
SHARES = {
    Kind.KILL_WORKER: (5, (0, 0)),
    Kind.STOP_WORKER: (3, (0, 0)),
    Kind.PAUSE_WORKER: (4, (4, 8)),
    Kind.JOIN: (2, (0, 0)),
    Kind.LEAVE: (2, (0, 0)),
    Kind.KILL_BROKER: (2, (0.5, 6)),
    Kind.SLOW_BROKER: (2, (1, 3)),
    Kind.LOST_BROKER: (1, (5, 9)),
    Kind.MODEL_AWAY: (1, (0, 25)),
    Kind.RULES_AWAY: (1, (0, 25)),
    Kind.FULL_DISK: (2, (2, 8)),
    Kind.EATEN: (1, (1, 4)),
    Kind.KILL_COURIER: (3, (0, 0)),
}
OF_BROKERS = (Kind.KILL_BROKER, Kind.SLOW_BROKER, Kind.LOST_BROKER)
ONE_AT_A_TIME = (*OF_BROKERS, Kind.EATEN)  # records are deleted by the brokers' own hand
OF_FILES = (Kind.MODEL_AWAY, Kind.RULES_AWAY)
MOST_WORKERS = 3
UPON_ANOTHER = 0.5  # share of faults that strike before the service has recovered from the one before


@dataclass(frozen=True)
class Fault:
    """One entry of the schedule: how long after the one before (s), what, how long (s), and a draw for the target.

    `upon_another`: it does not wait until the workers have screened something since the one before.
    """

    after_s: float
    kind: Kind
    lasts_s: float
    target: float
    upon_another: bool


def schedule(count: int, seed: int, pace_s: float, possible: Iterable[Kind] = tuple(Kind)) -> list[Fault]:
    """`count` faults at random times, every possible kind among the first ones so that no run is without it."""
    chance = Random(seed)
    shares = {kind: SHARES[kind][0] for kind in possible}
    kinds = list(shares)
    chance.shuffle(kinds)
    kinds += chance.choices(list(shares), list(shares.values()), k=max(0, count - len(kinds)))
    return [
        Fault(
            chance.expovariate(1 / pace_s),
            kind,
            chance.uniform(*SHARES[kind][1]),
            chance.random(),
            chance.random() < UPON_ANOTHER,
        )
        for kind in kinds[:count]
    ]


class Doing:
    """A fault under way: `until` is when it is put right; `done` says that it may be before (something was seen)."""

    def __init__(self, kind: Kind, until: float, right: Callable[[], None], done: Callable[[], bool] | None = None):
        self.kind = kind
        self.until = until
        self.put_right = right
        self._done = done

    def is_over(self, now: float) -> bool:
        """Tell whether it is time to put the fault right."""
        return now >= self.until or (self._done is not None and self._done())


class Saboteur:
    """Does what the schedule says to the brokers, the workers and the files."""

    def __init__(
        self,
        cluster: LocalCluster,
        crew: Crew,
        files: dict[Kind, Path],
        retention: Retention,
        kill_courier: Callable[[], None],
    ) -> None:
        self._cluster = cluster
        self._crew = crew
        self._files = files
        self._retention = retention
        self._kill_courier = kill_courier

    def begin(self, fault: Fault, now: float, under_way: list[Doing]) -> Doing | None:
        """Begin a fault; None when it has to wait: for a worker that runs, or for the one broker that is away."""
        if fault.kind in ONE_AT_A_TIME:
            if any(one.kind in ONE_AT_A_TIME for one in under_way):
                return None
            return self._eat(fault, now) if fault.kind is Kind.EATEN else self._broker(fault, now)
        if fault.kind is Kind.KILL_COURIER:
            self._kill_courier()
            return Doing(fault.kind, now, _nothing)
        running = self._crew.running
        if fault.kind is Kind.FULL_DISK:
            on_disk = [slot for slot in self._crew.running if slot.state_dir is not None]
            if not on_disk or any(one.kind is Kind.FULL_DISK for one in under_way):
                return None
            ballast = fill(self._files[fault.kind])
            self._crew.send(on_disk[int(fault.target * len(on_disk))], signal.SIGKILL)
            return Doing(fault.kind, now + fault.lasts_s, ballast.unlink)
        if fault.kind is Kind.JOIN:
            if len(self._crew.wanted) >= MOST_WORKERS:
                return self._leave(now, fault)
            self._crew.join()
            return Doing(fault.kind, now, _nothing)
        if not running:
            return None
        if fault.kind is Kind.LEAVE:
            return self._leave(now, fault)
        slot = running[int(fault.target * len(running))]
        if fault.kind is Kind.PAUSE_WORKER:
            slot.paused = True
            self._crew.send(slot, signal.SIGSTOP)

            def go_on() -> None:
                slot.paused = False
                self._crew.send(slot, signal.SIGCONT)

            return Doing(fault.kind, now + fault.lasts_s, go_on)
        if fault.kind in OF_FILES:
            if any(one.kind in OF_FILES for one in under_way):
                return None
            return self._file(fault, now)
        self._crew.send(slot, signal.SIGKILL if fault.kind is Kind.KILL_WORKER else signal.SIGTERM)
        return Doing(fault.kind, now, _nothing)

    def _leave(self, now: float, fault: Fault) -> Doing | None:
        wanted, running = self._crew.wanted, self._crew.running
        if not running:
            return None
        if len(wanted) == 1:  # somebody has to be left
            self._crew.join()
            return Doing(Kind.JOIN, now, _nothing)
        # The first stays: with a disk it is the one that is sure to have its state there.
        leaving = [slot for slot in running if slot is not self._crew.slots[0]]
        if not leaving:
            return None
        self._crew.leave(leaving[int(fault.target * len(leaving))])
        return Doing(Kind.LEAVE, now, _nothing)

    def _broker(self, fault: Fault, now: float) -> Doing:
        number = self._cluster.numbers[int(fault.target * len(self._cluster.numbers))]
        if fault.kind is Kind.KILL_BROKER:
            self._cluster.kill(number)
            return Doing(fault.kind, now + fault.lasts_s, lambda: self._cluster.launch(number))
        self._cluster.pause(number)
        return Doing(fault.kind, now + fault.lasts_s, lambda: self._cluster.go_on(number))

    def _eat(self, fault: Fault, now: float) -> Doing | None:
        """Kill all workers, and let none start until unread records were deleted."""
        if not self._crew.running:
            return None
        self._crew.held = True
        for slot in self._crew.slots:
            self._crew.send(slot, signal.SIGKILL)

        def eat() -> None:
            self._retention.eat(fault.target)
            self._crew.held = False

        return Doing(fault.kind, now + fault.lasts_s, eat)

    def _file(self, fault: Fault, now: float) -> Doing:
        """Take a file away and kill a worker: its next start has to refuse, naming the file, the others go on."""
        path = self._files[fault.kind]
        away = path.with_name(path.name + ".away")
        path.rename(away)
        before = len(self._crew.refusals)
        running = self._crew.running
        self._crew.send(running[int(fault.target * len(running))], signal.SIGKILL)

        def refused() -> bool:
            return any(str(path) in said for said in self._crew.refusals[before:])

        return Doing(fault.kind, now + fault.lasts_s + 30, lambda: _put_back(away, path), refused)


def fill(disk: Path) -> Path:
    """Write to a disk until it is full; returns the file to delete."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while file.write(bytes(65_536)):
            pass
    return ballast


def _put_back(away: Path, path: Path) -> None:
    away.rename(path)


def _nothing() -> None:
    """It is over at once."""


def counts(kinds: Iterator[Kind]) -> dict[str, int]:
    """Count the faults of each kind."""
    found = dict.fromkeys(map(str, Kind), 0)
    for kind in kinds:
        found[str(kind)] += 1
    return found
