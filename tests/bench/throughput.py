"""A backlog that appears at one moment, and how fast the workers are through with it."""

from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path
from statistics import mean
from typing import Any, NamedTuple

import numpy as np

from parcelward.counts import STAGES
from tests.bench.backlog import MINUTE_MS, Backlog
from tests.bench.installation import Installation, await_drained
from tests.bench.intake import HiddenBacklog
from tests.bench.worker import Sample, Usage, Worker

WARM_UP_SHARE = 0.05
LEAST_WARM_UP = 2000
SETTLED_SHARE = 0.2  # of the backlog, until memory has what a batch in work needs
SERIES_POINTS = 24
MB = 1e6


class Drained(NamedTuple):
    """A backlog worked off: its records, when it appeared and when its last record was committed (s since epoch)."""

    begun: float
    ended: float
    records: int


def publish(
    installation: Installation, backlog: Backlog, now_ms: int, compression: str | None
) -> tuple[HiddenBacklog, int, int]:
    """Publish warm-up and hidden backlog; returns the latter and the records of both.

    The set's times move by whole minutes so that its last arrival lies just before `now_ms`.
    """
    facts = backlog.facts
    warm = min(facts.events, max(LEAST_WARM_UP, int(facts.events * WARM_UP_SHARE)))
    records = backlog.records((now_ms - facts.last_ms) // MINUTE_MS)
    hidden = HiddenBacklog(installation.settings, compression)
    hidden.publish(islice(records, warm), records)
    return hidden, warm, facts.events - warm


def work_off(
    workers: Sequence[Worker],
    hidden: HiddenBacklog,
    warm: int,
    records: int,
    on_warm: Callable[[], None] = lambda: None,
) -> Drained:
    """Warm the workers up, let the backlog appear, and wait until they are through."""
    await_drained(workers, warm)
    on_warm()
    begun = hidden.reveal()
    ended = await_drained(workers, warm + records)
    return Drained(begun, ended, records)


def figures(workers: Sequence[Worker], drained: Drained) -> dict[str, Any]:
    """Return the figures of one run; CPU, memory and counts over all workers."""
    cpu_s = sum(worker.usage_at(drained.ended).cpu_s - worker.usage_at(drained.begun).cpu_s for worker in workers)
    wall_s = drained.ended - drained.begun
    last = [worker.now for worker in workers if worker.now]
    return {
        "events": drained.records,
        "cpu_seconds": round(cpu_s, 2),
        "wall_seconds": round(wall_s, 2),
        "events_per_cpu_second": round(drained.records / cpu_s),
        "events_per_second": round(drained.records / wall_s),
        "cores_used": round(cpu_s / wall_s, 2),
        "screened": _count(last, "screened_total"),
        "refused": _count(last, "events_rejected_total"),
        "findings": _count(last, "findings_total"),
        "alerts": _count(last, "alerts_total"),
        "overdue": _count(last, "duties_overdue_total"),
        "mean_batch_records": {stage: _mean_batch(last, stage) for stage in STAGES},
        "memory": memory(workers[0], drained) if len(workers) == 1 else None,
    }


def _count(samples: Sequence[Sample], name: str) -> int:
    return int(sum(sample.total(name) for sample in samples))


def _mean_batch(samples: Sequence[Sample], stage: str) -> int:
    records = sum(sample.total("batch_records_sum", stage=stage) for sample in samples)
    return round(records / max(1.0, sum(sample.total("batch_records_count", stage=stage) for sample in samples)))


def memory(worker: Worker, drained: Drained) -> dict[str, Any]:
    """Resident memory against live keys: what a key costs, and what is left over when keys are taken out.

    `bytes_per_key` is growth over growth, so that it holds everything that came with the keys. The settled part of the
    series is fitted by a line: `fixed_mb` is where it begins, `bytes_per_key_fitted` its slope, `beyond_keys_mb` how
    far the measured memory strays from it; a backlog that costs memory would show there.
    """
    before, after = worker.usage_at(drained.begun), worker.usage_at(drained.ended)
    points = [
        (sample.taken, sample.total("table_keys"), worker.usage_at(sample.at).resident)
        for sample in worker.samples
        if drained.begun - 1 <= sample.at
    ]
    # What a batch in work needs comes in the first seconds and stays; keys are told from it by what comes after.
    later = [point for point in points if point[0] > drained.records * SETTLED_SHARE] or points
    keys = np.array([point[1] for point in later])
    resident = np.array([point[2] for point in later], dtype=float)
    gained = points[-1][1] - points[0][1]
    slope, base = np.polyfit(keys, resident, 1) if len(set(keys)) > 2 else (0.0, float(resident.mean()))
    astray = resident - (base + slope * keys)
    every = max(1, len(points) // SERIES_POINTS)
    return {
        "live_keys": int(keys[-1]),
        "keys_by_stage": {stage: int(worker.samples[-1].total("table_keys", stage=stage)) for stage in STAGES},
        "idle_mb": round(before.resident / MB, 1),
        "end_mb": round(after.resident / MB, 1),
        "peak_mb": round(max(one.resident for one in _within(worker.usage, drained)) / MB, 1),
        "bytes_per_key": round((after.resident - before.resident) / gained) if gained > 0 else 0,
        "fixed_mb": round(float(base) / MB, 1),
        "bytes_per_key_fitted": round(float(slope)),
        "beyond_keys_mb": {"least": round(float(astray.min()) / MB, 1), "most": round(float(astray.max()) / MB, 1)},
        "series": [
            {"events": int(point[0]), "keys": int(point[1]), "resident_mb": round(point[2] / MB, 1)}
            for point in (*points[:-1:every], points[-1])
        ],
    }


def _within(usage: Sequence[Usage], drained: Drained) -> list[Usage]:
    return [one for one in usage if drained.begun <= one.at <= drained.ended] or list(usage[-1:])


def middle(runs: Sequence[dict[str, Any]], name: str) -> float:
    """Median of a figure over runs; of an even number, the mean of the middle two."""
    values = sorted(float(run[name]) for run in runs)
    return mean(values[(len(values) - 1) // 2 : len(values) // 2 + 1])


def profile_path(folder: Path) -> Path:
    """Return the file that the sampler of a profiled run writes."""
    return folder / "profile.json"
