"""The comparison in numbers and as a table."""

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from tests.bench.peers.engines import OURS, Engine
from tests.bench.peers.faults import Fault
from tests.bench.peers.figures import Figures

Round = dict[str, Figures]
"""Figures of one round by engine; one that failed is missing."""


def summary(compared: Sequence[Engine], rounds: Sequence[Round], faults: Mapping[str, Fault | None]) -> dict[str, Any]:
    """Medians, every run, and ours over each by rounds: what runs side by side shares the machine's mood."""
    return {
        "rounds": len(rounds),
        "engines": {engine.name: _line(engine, rounds, faults.get(engine.name)) for engine in compared},
    }


def _line(engine: Engine, rounds: Sequence[Round], fault: Fault | None) -> dict[str, Any]:
    runs = [one[engine.name] for one in rounds if engine.name in one]
    pairs = [(one[OURS], one[engine.name]) for one in rounds if OURS in one and engine.name in one]
    by_cpu = [ours.events_per_cpu_second / its.events_per_cpu_second for ours, its in pairs]
    by_wall = [ours.events_per_second / its.events_per_second for ours, its in pairs]
    return {
        "version": engine.version,
        "events_per_cpu_second": round(_median([run.events_per_cpu_second for run in runs])),
        "events_per_second": round(_median([run.events_per_second for run in runs])),
        "ours_over_it": round(_median(by_cpu), 2),
        "ours_over_it_by_wall": round(_median(by_wall), 2),
        "ours_over_it_in_each": [[round(cpu, 2), round(wall, 2)] for cpu, wall in zip(by_cpu, by_wall, strict=True)],
        "peak_mb": round(_median([run.peak_mb for run in runs])),
        "first_alert_s": round(_median([run.first_alert_s for run in runs]), 1),
        "runs": [run._asdict() for run in runs],
        "after_kill": fault._asdict() if fault else None,
    }


def _median(values: Sequence[float]) -> float:
    return median(values) if values else 0.0


def table(result: Mapping[str, Any]) -> str:
    """The result as a Markdown table; in brackets the least and the most of the rounds."""
    lines = [
        "| engine | version | events per CPU s | ours / it | events/s | ours / it | MB | first alert, s | kill -9 |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name, one in result["engines"].items():
        fault = one["after_kill"]
        by_cpu, by_wall = zip(*one["ours_over_it_in_each"], strict=True) if one["ours_over_it_in_each"] else ((), ())
        lines.append(
            f"| {name} | {one['version']} "
            f"| {one['events_per_cpu_second']:,} | {_ratio(one['ours_over_it'], by_cpu)} "
            f"| {one['events_per_second']:,} | {_ratio(one['ours_over_it_by_wall'], by_wall)} "
            f"| {one['peak_mb']:,} | {one['first_alert_s']} "
            f"| {Fault(**fault).words if fault else 'not tried'} |"
        )
    return "\n".join(lines)


def _ratio(middle: float, each: Sequence[float]) -> str:
    if not each:
        return "-"
    return f"{middle:.2f} ({min(each):.2f}-{max(each):.2f})" if len(each) > 1 else f"{middle:.2f}"
