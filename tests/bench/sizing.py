"""Brokers, partitions, workers, memory and disk on paper, from a result of the benchmark: the tables of docs/sizing.md.

Run: python -m tests.bench.sizing build/bench.json (that is `make sizing`)
"""

import json
import math
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

PARCELS_RECORD_DAY = 777e6  # the nation, 2025
PARCELS_MEAN_DAY = 198.95e9 / 365  # 2025
EVENTS_PER_PARCEL = 2
BUSY_HOUR = 2.5  # times the day's mean
LOADED = 0.6  # of a core, so that a restart or a burst is caught up with
REPLICAS = 3
INTAKE_DAYS = 7
PARTITIONS_PER_WORKER = 4  # as measured; a power of two in all, so that workers can double
LEAST_BROKERS = 3  # of one core or more
SWEEP_DAYS = 1  # what is absent waits so long for the sweep (expiry.LAG_MS)
PROFILE_DAYS = 7 + 7  # longest window of a profile, or how long a photo is remembered; and max_event_age


class Place(NamedTuple):
    """Somebody who runs an installation: share of the nation's parcels."""

    name: str
    share: float


PLACES = (Place("a city, 1 % of the nation", 0.01), Place("a large courier, 20 %", 0.2), Place("the nation", 1.0))
LEDGER_DAYS = (3, 30)


def rows(figures: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """One row per place and length of the ledger."""
    run = figures["runs"][-1]
    by_stage = run["memory"]["keys_by_stage"]  # of one day's waybills
    others = (by_stage["senders"] + by_stage["outlets"]) / by_stage["duties"]
    cost, disk = run["broker"], run["broker"]["disk_bytes_per_event"]
    broker_us = cost["cpu_us_per_event_published"] + cost["cpu_us_per_event_worked_off"]
    for place in PLACES:
        rate = PARCELS_RECORD_DAY * place.share * EVENTS_PER_PARCEL / 86_400 * BUSY_HOUR
        cores = rate / figures["events_per_cpu_second"] / LOADED
        for days in LEDGER_DAYS:
            keys = PARCELS_MEAN_DAY * place.share * (days + SWEEP_DAYS + (PROFILE_DAYS + SWEEP_DAYS) * others)
            memory = keys * figures["bytes_per_key"]
            intake = PARCELS_MEAN_DAY * place.share * EVENTS_PER_PARCEL * disk["intake"] * INTAKE_DAYS * REPLICAS
            changelog = keys * disk["changelogs"] * run["events"] / run["memory"]["live_keys"] * REPLICAS
            cpu_s = rate * broker_us * REPLICAS / 1e6
            yield {
                "place": place.name,
                "events/s, busy hour": round(rate),
                "worker cores": math.ceil(cores),
                "broker cores": max(LEAST_BROKERS, math.ceil(cpu_s / LOADED)),
                "partitions": 2 ** math.ceil(math.log2(max(1, math.ceil(cores)) * PARTITIONS_PER_WORKER)),
                "ledger": f"{days} days",
                "live keys": f"{keys / 1e6:,.0f} M",
                "state": f"{memory / 1e9:,.0f} GB",
                "disk of all brokers": f"{(intake + changelog) / 1e12:,.1f} TB",
            }


def main() -> None:
    """Print the table as Markdown."""
    result = Path(sys.argv[1])
    figures = json.loads(result.read_text()) if result.is_file() else {}
    if "runs" not in figures:
        sys.exit(f"{result} is not the result of a whole benchmark; run `make bench` without BENCH, it writes one")
    table = list(rows(figures))
    print("| " + " | ".join(table[0]) + " |")
    print("|---" * len(table[0]) + "|")
    for row in table:
        print("| " + " | ".join(f"{value:,}" if isinstance(value, int) else value for value in row.values()) + " |")


if __name__ == "__main__":
    main()
