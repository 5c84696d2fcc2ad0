"""One chaos run: `python -m tests.chaos.run --faults 200 --seed 1` (that is `make chaos`); writes build/chaos.json."""

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from kafka.errors import KafkaError

from parcelward.broker import LocalCluster
from parcelward.cluster.admin import ensure_topics
from parcelward.demo.backlog import Backlog
from parcelward.errors import UserError
from parcelward.model.card import resolve_release
from parcelward.process.child import Child
from parcelward.rules.pack import BUILT_IN
from parcelward.settings import Settings, load_settings
from tests.chaos.couriers import MARK_BYTES
from tests.chaos.crew import FAILED, Crew
from tests.chaos.faults import Doing, Fault, Kind, Saboteur, counts, schedule
from tests.chaos.retention import Retention
from tests.chaos.summary import summary

ROOT = Path(__file__).parents[2]
RATE = 200.0  # events/s
SPOOLED = 0.2  # share of them that a publisher with a spool sends, which is killed
PACE_S = 2.0  # mean time between the beginnings of two faults
WORKERS = 2
PROGRESS_S = 20.0  # a fault waits at most so long for the workers to have screened something since the one before
READY_S = 120.0
SCREENED_WITHIN_S = 30.0
DRAIN_S = 180.0
TELL_EVERY_S = 10.0
COURIERS_STOP_S = 60.0
DESK_S = 10.0  # at least, for people to react to what the last deadlines raise
DISK_MB = 192
FAULT_S = 6.0  # what a fault takes on 2 cores, all in all: 200 took 1050 s and 1400 s
SETTINGS: dict[str, Any] = {
    "couriers": "swift,orient",
    "partitions": "3",
    "replication": "3",
    "session_timeout": "3",
    "commit_every": "0.2",
    "inspection_due": "8",
    "real_name_due": "8",
    # Longer than a record may lie in a log unseen: until a follower that stands still is left behind, or a leader is
    # replaced. See docs/reliability.md.
    "idle_grace": "15",
    # A replay does not wait for what couriers kept while Kafka was away: here it has to give the very same.
    "outage_grace": "0",
    # What retention ate is passed over, and said; the oracle takes no other excuse.
    "gaps": "go_on",
    "sampled_share": "0.005",
    # Alerts live fast: each deadline passes within the run, and many a letter comes too late.
    "acknowledge_due": {"critical": "4s", "high": "5s", "medium": "6s", "low": "7s"},
    "decide_due": {"critical": "5s", "high": "6s", "medium": "7s", "low": "8s"},
    "answer_due": {"critical": "3s", "high": "4s", "medium": "5s", "low": "6s"},
    "settle_after": "5s",
}


@dataclass(frozen=True)
class Plan:
    """Plan of a run."""

    faults: int
    seed: int
    rate: float = RATE
    pace_s: float = PACE_S


class Installation:
    """Three brokers, the couriers and the workers on one folder; what is to be looked at afterwards goes to `keep`."""

    def __init__(self, plan: Plan, folder: Path, keep: Path | None, stack: ExitStack) -> None:
        self.plan = plan
        self.folder = folder
        self.files = {Kind.MODEL_AWAY: folder / "model", Kind.RULES_AWAY: folder / "rules.yaml"}
        shutil.copytree(_released_model(), self.files[Kind.MODEL_AWAY])
        self.files[Kind.RULES_AWAY].write_bytes(BUILT_IN.read_bytes())
        self.cluster = stack.enter_context(LocalCluster(folder / "kafka"))
        told = SETTINGS | {"kafka": self.cluster.bootstrap, "security_protocol": "PLAINTEXT"}
        told |= {"model": str(self.files[Kind.MODEL_AWAY]), "rule_pack": str(self.files[Kind.RULES_AWAY])}
        self.environment = {
            f"PARCELWARD_{name.upper()}": value if isinstance(value, str) else json.dumps(value)
            for name, value in told.items()
        }
        self.settings: Settings = load_settings(**told)
        ensure_topics(self.settings)
        disk = mounted_disk(folder / "disk", stack)
        if disk is not None:
            self.files[Kind.FULL_DISK] = disk
        self.crew = Crew(self.environment, folder, disk, list(self.files.values()), keep)
        stack.callback(self.crew.stop)
        self.acknowledged = folder / "acknowledged"  # a file for each process of couriers
        self.acknowledged.mkdir()
        self.retention = Retention(self.settings, folder / "eaten")
        self.letters = folder / "letters"  # what people wrote, as far as it was acknowledged
        self._couriers: list[Child] = []
        self._desk: Child | None = None
        self._killed_couriers = 0
        stack.callback(self.stop_couriers)

    @property
    def possible(self) -> list[Kind]:
        """Kinds of faults that can be done here: a disk of our own needs the right to mount one."""
        return [kind for kind in Kind if kind is not Kind.FULL_DISK or kind in self.files]

    def start_couriers(self) -> None:
        """Begin to publish: couriers that publish again what was not acknowledged, and some that have a spool; and the
        people who answer and decide."""
        self._couriers = [self._start_couriers(1 - SPOOLED, 0, None), self._start_spooled()]
        self.start_desk(self.plan.seed, from_start=True)

    def start_desk(self, seed: int, *, from_start: bool) -> None:
        """Let people react: to all that there is, or to what comes from now on."""
        told = {"seed": seed, "acknowledged": str(self.letters), "from_start": from_start}
        self._desk = self._start("tests.chaos.desk", {"CHAOS_DESK": json.dumps(told)})

    def stop_desk(self) -> None:
        """Let people go home. Raises RuntimeError when they do not."""
        desk, self._desk = self._desk, None
        # SIGTERM: it was told to stop before it had begun.
        if desk is not None and desk.stop(COURIERS_STOP_S) not in (0, -signal.SIGTERM):
            raise RuntimeError(f"the desk failed: {(self.folder / 'desk.log').read_text()[-2000:]}")

    def kill_spooled(self) -> None:
        """Kill the publisher with a spool at once, and start another one on the same spool."""
        plain, spooled = self._couriers
        spooled.process.kill()
        spooled.stop(0)
        self._killed_couriers += 1
        self._couriers = [plain, self._start_spooled()]

    def _start_spooled(self) -> Child:
        return self._start_couriers(SPOOLED, 1 + self._killed_couriers, self.folder / "spool")

    def _start_couriers(self, share: float, number: int, spool: Path | None) -> Child:
        """Start a process that publishes parcels of its own."""
        told = {
            "rate": self.plan.rate * share,
            "seed": self.plan.seed + 1_000_000 * number,
            "acknowledged": str(self.acknowledged / f"{number}"),
            "spool": None if spool is None else str(spool),
        }
        return self._start("tests.chaos.couriers", {"CHAOS_COURIERS": json.dumps(told)})

    def _start(self, module: str, told: dict[str, str]) -> Child:
        with (self.folder / f"{module.rpartition('.')[2]}.log").open("ab") as log:
            environment = {**os.environ, **self.environment, **told, "PYTHONPATH": str(ROOT)}
            return Child([sys.executable, "-m", module], log, environment)

    def stop_couriers(self) -> None:
        """Publish the rest and wait for its acknowledgement; people go home. Raises RuntimeError when that fails."""
        couriers, self._couriers = self._couriers, []
        codes = [one.stop(COURIERS_STOP_S) for one in couriers]
        if any(codes):
            raise RuntimeError(f"the couriers failed: {(self.folder / 'couriers.log').read_text()[-2000:]}")
        self.stop_desk()

    def begun(self) -> int:
        """Events acknowledged so far."""
        return sum(path.stat().st_size // MARK_BYTES for path in self.acknowledged.iterdir())


class Conductor:
    """Plays the schedule against an installation, one step after the other in one thread."""

    def __init__(self, installation: Installation, say: Any) -> None:
        self._at = installation
        self._say = say
        at = installation
        self._saboteur = Saboteur(at.cluster, at.crew, at.files, at.retention, at.kill_spooled)
        self._under_way: list[Doing] = []
        self.done: list[Kind] = []
        self.refused = 0

    def play(self, faults: list[Fault]) -> None:
        """Do all of them, and put everything right."""
        told = time.monotonic()
        for number, fault in enumerate(faults, 1):
            self._await_progress(time.monotonic() + fault.after_s, 0.0 if fault.upon_another else PROGRESS_S)
            while (doing := self._saboteur.begin(fault, time.monotonic(), self._under_way)) is None:
                self._turn()
            self.done.append(doing.kind)
            self._under_way.append(doing)
            if time.monotonic() - told > TELL_EVERY_S or number == len(faults):
                told = time.monotonic()
                self._say(f"{number:4} faults, {self._at.begun():8,} events acknowledged, last: {doing.kind}")
        while self._under_way:
            self._turn()

    def _await_progress(self, earliest: float, patience_s: float) -> None:
        """Wait until `earliest`, and then until the workers have screened something, for at most `patience_s`."""
        patience, before = earliest + patience_s, self._at.crew.screened()
        while (now := time.monotonic()) < patience:
            self._turn()
            if now >= earliest and (screened := self._at.crew.screened()) is not None:
                if before is not None and screened != before:
                    return
                before = screened

    def _turn(self) -> None:
        time.sleep(0.05)
        self._at.crew.look_after()
        now = time.monotonic()
        for doing in [one for one in self._under_way if one.is_over(now)]:
            self._under_way.remove(doing)
            doing.put_right()


def run(plan: Plan, folder: Path, say: Any = print, keep: Path | None = None) -> dict[str, Any]:
    """The whole run; returns the report. Logs of workers that ended in an unexpected way are left in `keep`."""
    begun = time.monotonic()
    with ExitStack() as stack:
        installation = Installation(plan, folder, keep, stack)
        crew = installation.crew
        for _ in range(WORKERS):
            crew.join()
        installation.start_couriers()
        _await(lambda: bool(crew.screened()), READY_S, "a worker screens", crew.look_after)
        say(f"the first shipments are screened after {time.monotonic() - begun:.0f} s; the faults begin")
        conductor = Conductor(installation, say)
        conductor.play(schedule(plan.faults, plan.seed, plan.pace_s, installation.possible))
        after_s = _await_rest(installation, say)
        codes = crew.stop()
        say("the oracle reads and replays everything ...")
        audit = _ask_oracle(installation)
    report = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "seed": plan.seed,
        "faults": len(conductor.done),
        "by_kind": counts(iter(conductor.done)),
        "seconds": round(time.monotonic() - begun),
        "screened_after_last_fault_s": after_s,
        "worker_starts": crew.starts,
        "worker_endings": dict(crew.endings),
        "refusals_to_start": len(crew.refusals),
        "stopped_in_good_order": codes.count(0) == len(codes),
        "unexpected_endings": crew.accused(),
        "acknowledged": installation.begun(),
        **audit,
    }
    in_time = after_s is not None and after_s <= SCREENED_WITHIN_S
    # A worker may fail and be started again; it may not hang, crash or refuse to start without a reason.
    report["passed"] = bool(audit.get("exact")) and in_time and all(end.ended == FAILED for end in crew.unexpected)
    return report


def _await_rest(installation: Installation, say: Any) -> float | None:
    """Seconds from the last fault until everything published is screened; None when it takes too long.

    A last wave of events shows that no partition stands still. Then the deadlines of what was published last pass, and
    people react to what they raise.
    """
    crew, settings = installation.crew, installation.settings
    over = time.monotonic()
    for _ in range(WORKERS - len(crew.wanted)):
        crew.join()
    _pause(3.0, crew)
    installation.stop_couriers()
    published = time.monotonic()
    try:
        _await(lambda: _is_empty(settings), DRAIN_S, "everything is screened", crew.look_after)
    except RuntimeError as error:
        say(str(error))
        return None
    took = round(time.monotonic() - over, 1)
    say(f"everything is screened {took} s after the last fault; now the deadlines of the last parcels pass ...")
    installation.start_desk(installation.plan.seed + 1, from_start=False)
    grace = max(settings.inspection_due, settings.real_name_due) + settings.idle_grace
    _pause(max(DESK_S, grace / timedelta(seconds=1) + 5 - (time.monotonic() - published)), crew)
    installation.stop_desk()
    _await(lambda: _is_empty(settings), DRAIN_S, "what the deadlines raised is screened", crew.look_after)
    return took


def _is_empty(settings: Settings) -> bool:
    try:
        backlog = Backlog(settings)
    except (KafkaError, OSError):
        return False
    try:
        return backlog.is_empty()
    except KafkaError:
        return False
    finally:
        backlog.close()


def _pause(seconds: float, crew: Crew) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        crew.look_after()
        time.sleep(0.05)


def _await(condition: Any, seconds: float, what: str, meanwhile: Any) -> None:
    end = time.monotonic() + seconds
    while not condition():
        meanwhile()
        if time.monotonic() > end:
            raise RuntimeError(f"did not come about within {seconds:.0f} s: {what}")
        time.sleep(0.1)


def _ask_oracle(installation: Installation) -> dict[str, Any]:
    """Run the oracle as a process of its own, and read what it says."""
    asked = subprocess.run(
        [sys.executable, "-m", "tests.chaos.oracle", str(installation.folder)],
        cwd=ROOT,
        env={**os.environ, **installation.environment},
        capture_output=True,
        text=True,
        check=False,
    )
    if not asked.stdout:
        raise RuntimeError(f"the oracle failed: {asked.stderr[-3000:]}")
    said: dict[str, Any] = json.loads(asked.stdout)
    return said


def _released_model() -> Path:
    model = load_settings().model
    assert model is not None
    return resolve_release(model)


def mounted_disk(folder: Path, stack: ExitStack) -> Path | None:
    """A small disk of its own, unmounted at the end; None where mounting is not allowed."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m", "parcelward-chaos", str(folder)]
    try:
        if subprocess.run(command, capture_output=True, check=False).returncode != 0:
            return None
    except FileNotFoundError:
        return None
    stack.callback(subprocess.run, ["umount", "--lazy", str(folder)], check=False, capture_output=True)
    return folder


@contextmanager
def work_folder() -> Iterator[Path]:
    """A folder that is left where it is when something goes wrong."""
    folder = Path(tempfile.mkdtemp(prefix="parcelward-chaos-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(
        description="Real faults against a real installation; exit code 0: nothing is off."
    )
    parser.add_argument("--faults", type=int, default=200)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1_000_000), help="default: drawn")
    parser.add_argument("--rate", type=float, default=RATE, help="events/s")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "chaos.json")
    wish = parser.parse_args()
    print(f"{wish.faults} faults, about {1 + wish.faults * FAULT_S / 60:.0f} min; seed {wish.seed}", flush=True)
    begun = time.monotonic()

    def say(what: str) -> None:
        print(f"{time.monotonic() - begun:6.0f} s  {what}", flush=True)

    keep = wish.out.parent / "chaos"
    shutil.rmtree(keep, ignore_errors=True)
    with work_folder() as folder:
        say(f"work folder {folder}")
        try:
            report = run(Plan(wish.faults, wish.seed, wish.rate), folder, say, keep)
        except UserError as error:
            print(f"chaos: {error}", file=sys.stderr)
            return 2
        wish.out.parent.mkdir(parents=True, exist_ok=True)
        wish.out.write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n")
        print(f"\n{summary(report, SCREENED_WITHIN_S)}\n    all figures: {wish.out}", flush=True)
        if not report["passed"]:
            print(f"    logs and topics are left in {folder}", flush=True)
            os._exit(1)
    return 0


if __name__ == "__main__":
    sys.exit(main())
