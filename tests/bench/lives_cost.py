"""`python -m tests.bench.lives_cost`: CPU that the lives of alerts add to the pipeline in memory.

Measured within one run, so that other work on the machine slows down both sides: the time spent in the stages behind
the alert and on the instruction that leaves with it, against all the rest.
"""

import argparse
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from parcelward.cases.life import Life
from parcelward.screening.build import build_stages
from parcelward.screening.in_memory import Pipeline, batches
from parcelward.settings import load_settings
from parcelward.simulate import Plan, Simulation
from parcelward.training.traffic import simulated_records

START = datetime(2026, 11, 23, tzinfo=UTC)
BATCH = 512


def main() -> None:
    """Print a line for each run, and the state that is kept for an alert."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=24_000)
    parser.add_argument("--violations", type=float, default=0.08, help="share of planted cases; about a sixth alerts")
    parser.add_argument("--runs", type=int, default=5)
    given = parser.parse_args()
    settings = load_settings()
    stages = build_stages(settings)
    plan = Plan(start=START, waybills_per_day=200_000, outlets_per_courier=40, seed=7, violation_share=given.violations)
    traffic = islice(simulated_records(Simulation(plan), settings.topics), given.events)
    records = [list(batch) for batch in batches(traffic, BATCH)]
    spent: Counter[str] = Counter()
    timed(spent, Life, "first_instruction")
    for _ in range(given.runs):
        spent.clear()
        line, alerts = Pipeline(stages, settings.topics), 0
        for name in ("referrals", "cases"):
            for cell in line.cells[name]:
                timed(spent, cell.stage, "step")
                timed(spent, cell.stage, "commit")
        begun = time.process_time()
        for batch in records:
            alerts += len(line.feed(batch).alerts)
        whole, added = time.process_time() - begun, sum(spent.values())
        print(
            f"{given.events:,} events, {alerts} alerts ({alerts / given.events:.1%}): {added / (whole - added):.1%}"
            f" more CPU, {added / alerts * 1e6:.0f} us for each alert; state of one {size_of(line, 'referrals')}"
            f" bytes, and {size_of(line, 'cases')} of its case"
        )


def timed(spent: Counter[str], owner: Any, name: str) -> None:
    """Add up the CPU seconds of a method."""
    plain: Callable[..., Any] = getattr(owner, name)

    def method(*arguments: Any) -> Any:
        begun = time.process_time()
        try:
            return plain(*arguments)
        finally:
            spent[name] += time.process_time() - begun  # type: ignore[assignment]  # seconds, not a count

    setattr(owner, name, method)


def size_of(line: Pipeline, stage: str) -> int:
    """Give the bytes of state for one open alert, keys included."""
    held = [len(key) + len(value) for cell in line.cells[stage] for key, value in cell.state.items()]
    alerts = sum(len(cell.state) for cell in line.cells["referrals"])
    return sum(held) // alerts


if __name__ == "__main__":
    main()
