"""The order in which things are measured, on one broker."""

import json
import signal
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from parcelward.broker import LocalBroker
from parcelward.settings import load_settings
from tests.bench import throughput
from tests.bench.backlog import Backlog, day_plan, live_plan
from tests.bench.broker_cost import broker_cpu_s, disk_bytes
from tests.bench.installation import Installation, install
from tests.bench.latency import LiveEvents, steady
from tests.bench.recovery import FEED_RATE, kill_and_restart
from tests.bench.report import machine
from tests.bench.rules_cost import rules_cost
from tests.bench.scale import scale_out
from tests.bench.shares import SHARES
from tests.bench.worker import Worker

USUAL = ("backlog", "live", "recovery", "profile", "rules")
PHASES = (*USUAL, "scale")
LOW_RATE = 1000.0
SECONDS = (2.0, 30.0)  # least and most of a steady phase
EVENTS_PER_LIVE_SECOND = 20_000  # a larger backlog gives longer steady phases
MOST_HALF_RATE = 15_000
FEED_S = (20, 60)
PROFILED_EVENTS = 400_000


@dataclass(frozen=True)
class Wish:
    """A wish to measure; `settings` differ from the worker's defaults."""

    events: int
    runs: int
    phases: tuple[str, ...]
    settings: Mapping[str, str]
    compression: str | None
    folder: Path

    @property
    def steady_s(self) -> float:
        """Length of a steady phase."""
        return min(SECONDS[1], max(SECONDS[0], self.events / EVENTS_PER_LIVE_SECOND))

    @property
    def feed(self) -> int:
        """Events that come in during the recovery, at most."""
        return int(FEED_RATE * FEED_S[self.events > PROFILED_EVENTS])


def measure(wish: Wish) -> dict[str, Any]:
    """All figures of the chosen phases."""
    backlog = Backlog("day", day_plan(wish.events), wish.folder)
    print("simulating the backlog, or reading it where it was kept ...", flush=True)
    facts = backlog.facts
    figures: dict[str, Any] = {
        "data": {"hash": facts.data, "events": facts.events, "waybills": facts.waybills, "refused": facts.refused},
        "machine": machine(),
        "settings": dict(wish.settings),
        "compression": wish.compression or "none",
    }
    with TemporaryDirectory(prefix="kafka-", dir=wish.folder) as home, LocalBroker(Path(home)) as broker:
        if "backlog" in wish.phases:
            figures |= _backlog_and_after(wish, broker, backlog)
        if "profile" in wish.phases:
            figures |= _profile(wish, broker.bootstrap)
        if "scale" in wish.phases:
            figures["scale"] = scale_out(broker.bootstrap, wish.folder, backlog, wish.settings, wish.compression)
    if "rules" in wish.phases:
        print("rules: 10 and 100 in turn ...", flush=True)
        figures["rules"] = rules_cost(load_settings(**wish.settings), backlog)
        figures["rules_100_over_10"] = figures["rules"]["ratio"]
    return figures


def _backlog_and_after(wish: Wish, broker: LocalBroker, backlog: Backlog) -> dict[str, Any]:
    """The runs over the backlog; the last one's worker, with all its keys, goes on to the steady rates and the kill."""
    runs: list[dict[str, Any]] = []
    figures: dict[str, Any] = {"runs": runs}
    for number in range(1, wish.runs + 1):
        with ExitStack() as stack:
            installation, worker = _one_run(wish, broker, backlog, number, runs, stack)
            if number == wish.runs:
                figures |= _headline(runs) | _with_all_keys(wish, installation, worker, runs, stack)
        installation.remove()
    return figures


def _one_run(
    wish: Wish, broker: LocalBroker, backlog: Backlog, number: int, runs: list[dict[str, Any]], stack: ExitStack
) -> tuple[Installation, Worker]:
    print(f"run {number} of {wish.runs}: publishing ...", end=" ", flush=True)
    installation = install(broker.bootstrap, f"run{number}.", wish.folder, wish.settings)
    idle_s = broker_cpu_s(broker)
    hidden, warm, rest = throughput.publish(installation, backlog, _now_ms(), wish.compression)
    stack.callback(hidden.close)
    print("working it off ...", end=" ", flush=True)
    worker = stack.enter_context(installation.worker())
    published_s = broker_cpu_s(broker)
    run = throughput.figures([worker], throughput.work_off([worker], hidden, warm, rest))
    run["broker"] = {
        "cpu_us_per_event_published": round((published_s - idle_s) / (warm + rest) * 1e6, 1),
        "cpu_us_per_event_worked_off": round((broker_cpu_s(broker) - published_s) / (warm + rest) * 1e6, 1),
        "disk_bytes_per_event": {
            kind: round(size / (warm + rest), 1)
            for kind, size in disk_bytes(broker.home, installation.settings.topics).items()
        },
    }
    runs.append(run)
    print(f"{runs[-1]['events_per_cpu_second']:,} events per CPU second", flush=True)
    return installation, worker


def _headline(runs: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "events_per_cpu_second": throughput.middle(runs, "events_per_cpu_second"),
        "events_per_second": throughput.middle(runs, "events_per_second"),
        "bytes_per_key": throughput.middle([run["memory"] for run in runs], "bytes_per_key"),
        "resident_mb": runs[-1]["memory"]["end_mb"],
        "mean_batch_records": runs[-1]["mean_batch_records"],
    }


def _with_all_keys(
    wish: Wish, installation: Installation, worker: Worker, runs: list[dict[str, Any]], stack: ExitStack
) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    if not {"live", "recovery"} & set(wish.phases):
        return figures
    half = throughput.middle(runs, "events_per_second") / 2
    low, high = int(LOW_RATE * wish.steady_s), int(min(half, MOST_HALF_RATE) * wish.steady_s)
    live = LiveEvents(Backlog("live", live_plan(low + high + wish.feed), wish.folder))
    if "live" in wish.phases:
        print(f"steady: {LOW_RATE:,.0f} and {half:,.0f} events/s, {wish.steady_s:.0f} s each ...", flush=True)
        at_low = steady(installation, worker, live.portion(low, _now_ms()), LOW_RATE)
        at_half = steady(installation, worker, live.portion(high, _now_ms()), half)
        figures |= {
            "live": {"at_1000": at_low, "at_half": at_half},
            "share_of_a_core_at_1000": at_low["share_of_a_core"],
        }
        figures |= {name.replace("_ms", "_alert_ms"): at_half[name] for name in at_half if name.startswith("p9")}
        figures["p50_alert_ms"] = at_half.get("p50_ms")
    if "recovery" in wish.phases:
        print("kill -9 and a new start ...", flush=True)
        successor, recovery = kill_and_restart(installation, worker, live.portion(wish.feed, _now_ms()))
        stack.enter_context(successor)
        figures["recovery"] = recovery
        figures |= {name: recovery[name] for name in ("failover_seconds", "restore_records_per_second")}
    return figures


def _profile(wish: Wish, kafka: str) -> dict[str, Any]:
    """Shares of the worker's CPU by kind of work, in a run of its own under the sampler."""
    backlog = Backlog("day", day_plan(min(wish.events, PROFILED_EVENTS)), wish.folder)
    backlog.facts  # noqa: B018 - simulated before the clock runs
    print("profile: publishing and working it off under the sampler ...", flush=True)
    target = throughput.profile_path(wish.folder)
    target.unlink(missing_ok=True)
    installation = install(kafka, "profile.", wish.folder, wish.settings)
    hidden, warm, rest = throughput.publish(installation, backlog, _now_ms(), wish.compression)
    with installation.worker(target) as worker:
        drained = throughput.work_off([worker], hidden, warm, rest, lambda: worker.signal(signal.SIGUSR1))
        worker.signal(signal.SIGUSR2)
        while not target.exists():
            worker.require_alive()
            time.sleep(0.05)
    hidden.close()
    installation.remove()
    sampled = json.loads(target.read_text())
    shares = {**dict.fromkeys(SHARES, 0.0), **sampled["shares"]}
    whole = sum(shares.values())
    return {
        "share_of_cpu": {name: round(seconds / whole, 3) for name, seconds in shares.items()},
        "profile": {
            "events": drained.records,
            "us_per_event": {name: round(cpu_s / drained.records * 1e6, 2) for name, cpu_s in shares.items()},
            "elsewhere": {
                "/".join(Path(name).parts[-2:]): round(seconds / whole, 3)
                for name, seconds in sampled["elsewhere"].items()
            },
        },
    }


def _now_ms() -> int:
    return int(time.time() * 1000)
