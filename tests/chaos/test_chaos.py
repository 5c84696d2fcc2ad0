"""Fourteen faults against three real brokers, each kind among them: nothing lost, nothing twice, no stand-still."""

import json
import random
from pathlib import Path

from tests.chaos.run import SCREENED_WITHIN_S, Plan, run

FAULTS = 14


def test_nothing_is_lost_and_nothing_counts_twice_whatever_dies(tmp_path: Path) -> None:
    seed = random.SystemRandom().randrange(1_000_000)
    report = run(Plan(FAULTS, seed, rate=150.0, pace_s=1.5), tmp_path)
    # Printed, since pytest cuts a long value short: this is all that there is to find the fault by.
    print(json.dumps(report, indent=2, ensure_ascii=False))
    assert (report["lost"], report["twice"], report["wrong"], report["two_ids"]) == (0, 0, 0, 0), report["examples"]
    assert report["replay"]["same"], report["replay"]["differences"]
    assert report["faults"] == FAULTS
    # Each acknowledged event was looked for by its mark. Malformed ones may be alike, so counts may differ by a few.
    assert min(report["events"], report["acknowledged"]) > 0
    assert report["alerts"], "the traffic must raise alerts, or nothing is tested"
    assert report["refusals_to_start"] > 0, "a worker without its model or rules must refuse to start"
    # Other tests run beside this one; `make chaos` has the machine to itself, and holds to the bound as it is.
    assert report["screened_after_last_fault_s"] <= 4 * SCREENED_WITHIN_S, report
