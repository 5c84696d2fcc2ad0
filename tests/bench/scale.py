"""The same backlog for one worker and for two, and a second worker that joins while the first is at work."""

import time
from collections.abc import Mapping
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path
from typing import Any

from tests.bench import throughput
from tests.bench.backlog import Backlog
from tests.bench.installation import await_drained, install, taken
from tests.bench.worker import Worker

READY_S = 90.0
PARTITIONS = 4
JOIN_AT_SHARE = 0.25


def scale_out(
    kafka: str, folder: Path, backlog: Backlog, settings: Mapping[str, str], compression: str | None
) -> dict[str, Any]:
    """A row per number of workers, and what joining cost."""
    chosen = {"partitions": str(PARTITIONS), **settings}
    rows = []
    for count in (1, 2):
        print(f"scale: {count} worker{'s' * (count > 1)} ...", flush=True)
        installation = install(kafka, f"scale{count}.", folder, chosen)
        hidden, warm, rest = throughput.publish(installation, backlog, _now_ms(), compression)
        with ExitStack() as stack:
            stack.callback(hidden.close)
            workers = [stack.enter_context(installation.worker()) for _ in range(count)]
            _await_shared(workers, int(chosen["partitions"]))
            figures = throughput.figures(workers, throughput.work_off(workers, hidden, warm, rest))
        installation.remove()
        kept = ("events_per_second", "events_per_cpu_second", "cores_used")
        rows.append(
            {"partitions": int(chosen["partitions"]), "workers": count, **{name: figures[name] for name in kept}}
        )
    return {"rows": rows, "joining": _join(kafka, folder, backlog, chosen, compression)}


def _await_shared(workers: list[Worker], partitions: int) -> None:
    """Wait until every worker owns its share of the partitions of every stage."""
    until = time.time() + READY_S
    while time.time() < until:
        for worker in workers:
            worker.require_alive()
        owned = [worker.now.each("partitions_assigned") if worker.now else [] for worker in workers]
        if all(len(each) == 3 and min(each) >= partitions // len(workers) for each in owned):
            return
        time.sleep(0.1)
    raise SystemExit(f"the partitions were not shared within {READY_S:.0f} s")


def _join(
    kafka: str, folder: Path, backlog: Backlog, settings: Mapping[str, str], compression: str | None
) -> dict[str, Any]:
    """Start a second worker when a quarter is done; count what both took, and the longest pause between commits."""
    print("scale: a second worker joins ...", flush=True)
    installation = install(kafka, "join.", folder, settings)
    hidden, warm, rest = throughput.publish(installation, backlog, _now_ms(), compression)
    with ExitStack() as stack:
        stack.callback(hidden.close)
        workers = [stack.enter_context(installation.worker())]
        await_drained(workers, warm)
        hidden.reveal()
        while taken(workers) < warm + JOIN_AT_SHARE * rest:
            workers[0].require_alive()
            time.sleep(0.1)
        joined_at = time.time()
        workers.append(stack.enter_context(installation.worker()))
        ended = await_drained(workers, warm + rest)
        by_worker = [int(worker.now.taken) if worker.now else 0 for worker in workers]
        pause = longest_pause(workers, joined_at, ended)
    installation.remove()
    return {
        "published": warm + rest,
        "taken_by_worker": by_worker,
        "taken": sum(by_worker),
        "longest_pause_seconds": pause,
    }


def longest_pause(workers: list[Worker], since: float, until: float) -> float:
    """Longest time without a commit of any worker, as the metrics tell it (seconds)."""
    commits = sorted({sample.last_commit for worker in workers for sample in worker.samples})
    commits = [since, *(at for at in commits if since < at < until), until]
    return round(max(later - earlier for earlier, later in pairwise(commits)), 2)


def _now_ms() -> int:
    return int(time.time() * 1000)
