"""kill -9 and a new start: until the state is back, and until the first event is screened again."""

import threading
import time
from typing import Any

from tests.bench.backlog import Stored
from tests.bench.installation import Installation
from tests.bench.intake import publish_steadily
from tests.bench.worker import Worker

FEED_RATE = 1000.0
GIVE_UP_S = 120.0
LOOK_EVERY_S = 0.1
BEFORE_S = 2.0
GAUGES_S = 1.5  # until the gauges have been set once more


def kill_and_restart(installation: Installation, worker: Worker, feed: list[Stored]) -> tuple[Worker, dict[str, Any]]:
    """Kill the worker while events come in, start another at once; returns it and the figures."""
    screened, begun = threading.Event(), threading.Event()
    told = (installation.settings, feed, FEED_RATE, screened.is_set, begun.set)
    feeding = threading.Thread(target=publish_steadily, args=told)
    feeding.start()
    try:
        begun.wait(GIVE_UP_S)
        time.sleep(BEFORE_S)
        killed_at = worker.kill()
        successor = installation.worker(metrics_every_s=LOOK_EVERY_S)
        try:
            first_at = _first_screened(successor)
            time.sleep(GAUGES_S)
        except BaseException:
            successor.stop()
            raise
    finally:
        screened.set()
        feeding.join()
    return successor, _figures(successor, killed_at, first_at)


def _first_screened(worker: Worker) -> float:
    """Find when the worker had committed its first batch of screened events, as its metrics tell (0.1 s)."""
    until = time.time() + GIVE_UP_S
    while time.time() < until:
        worker.require_alive()
        for sample in worker.samples:
            if sample.total("screened_total") > 0:
                return sample.at
        time.sleep(0.05)
    raise SystemExit(f"nothing was screened within {GIVE_UP_S:.0f} s of the restart")


def _figures(worker: Worker, killed_at: float, first_at: float) -> dict[str, Any]:
    sample = next(sample for sample in worker.samples if sample.total("screened_total") > 0)
    records = sample.total("restored_records")
    seconds = max(sample.each("restore_seconds"))
    # Restoring ends before the first screening and begins `seconds` before its end; CPU in between is the restore's.
    ready = next(one.at for one in worker.samples if one.total("restored_records") >= records)
    cpu_s = worker.usage_at(ready).cpu_s - worker.usage_at(ready - seconds).cpu_s
    return {
        "live_keys": int(max(one.total("table_keys") for one in worker.samples)),
        "failover_seconds": round(first_at - killed_at, 2),
        "of_which_start_seconds": round(worker.samples[0].at - killed_at, 2),
        "of_which_restore_seconds": round(seconds, 2),
        "restored_records": int(records),
        "restore_records_per_second": round(records / seconds) if seconds else 0,
        "restore_records_per_cpu_second": round(records / cpu_s) if cpu_s > 0 else 0,
        "resident_mb_restored": round(worker.usage_at(sample.at).resident / 1e6, 1),
    }
