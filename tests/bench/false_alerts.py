"""`python -m tests.bench.false_alerts [--seeds 3]`: which clean waybills get an alert, and by what, in several worlds.

Simulated traffic goes through the stages in memory, with the rules and the model of a worker. The labels say which
waybills are clean. Printed for each world: clean waybills, the share of them with an alert, and each rule's part.
"""

import argparse
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime

from parcelward.moments import DAY_MS
from parcelward.screening.build import build_stages
from parcelward.screening.in_memory import Pipeline, batches
from parcelward.settings import Settings, load_settings
from parcelward.simulate import Plan, Simulation, live
from parcelward.simulate.left_out import OPTIONAL_FIELDS
from parcelward.stage import Send
from parcelward.training.traffic import simulated_records

START = datetime(2026, 11, 23, tzinfo=UTC)
BATCH = 1024

WORLDS = {
    "ordinary, 2 days": Plan(start=START, waybills_per_day=12_000, outlets_per_courier=10, days=2),
    "demo, 60 s": live(Plan(start=START, days=60 / 86_400), 100, START),
    "sparse, no violations": Plan(
        start=START, waybills_per_day=4_000, outlets_per_courier=134, violation_share=0.0, walk_in_share=0.3
    ),
    "optional fields left out": Plan(
        start=START, waybills_per_day=12_000, outlets_per_courier=10, days=2, left_out_share=0.3
    ),
    f"all {len(OPTIONAL_FIELDS)} optional fields left out": Plan(
        start=START, waybills_per_day=12_000, outlets_per_courier=10, left_out_share=1.0, violation_share=0.0
    ),
}


def measure(plan: Plan, settings: Settings) -> tuple[int, Counter[str]]:
    """Count clean waybills, and those of them with an alert under each rule; under `any` all of these."""
    simulation, pipeline = Simulation(plan), Pipeline(build_stages(settings), settings.topics)
    found: dict[tuple[str, str], set[str]] = {}
    seen: set[tuple[str, str]] = set()
    now = 0
    for batch in batches(simulated_records(simulation, settings.topics), BATCH):
        now = batch[-1].timestamp
        seen.update((settings.topics.courier_of(record.topic), (record.key or b"").decode()) for record in batch)
        _note(pipeline.feed(batch).alerts, found)
    quiet = {settings.topics.intake(courier): now + DAY_MS for courier in plan.couriers}
    _note(pipeline.feed([], quiet).alerts, found)
    violations = {(label.courier, label.waybill) for label in simulation.labels()}
    clean = {waybill: rules for waybill, rules in found.items() if waybill not in violations}
    by_rule = Counter(rule for rules in clean.values() for rule in rules)
    return len(seen - violations), by_rule + Counter(any=len(clean))


def _note(alerts: Iterable[Send], found: dict[tuple[str, str], set[str]]) -> None:
    for send in alerts:
        alert = json.loads(send.value or b"")
        if alert["lane"] != "green_sampled":
            rules = found.setdefault((alert["courier"], alert["waybill"]), set())
            rules.update(finding["rule"] for finding in alert["findings"])


def main() -> None:
    """Print a line for each world and seed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--world", default="", help="only worlds whose name contains this")
    given = parser.parse_args()
    settings = load_settings()
    for name, plan in WORLDS.items():
        for seed in range(given.seeds if given.world in name else 0):
            clean, rules = measure(replace(plan, seed=101 + seed), settings)
            alerted = rules.pop("any", 0)
            by = ", ".join(f"{rule} {count}" for rule, count in rules.most_common())
            print(f"{name}, seed {101 + seed}: {clean:,} clean, {alerted} with an alert = {alerted / clean:.2%}: {by}")


if __name__ == "__main__":
    main()
