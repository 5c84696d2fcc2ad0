"""`make bench-peers [EVENTS=1000000] [ROUNDS=3] [KILL=1]`: prints the table and writes `build/peers.json`."""

import argparse
import json
import subprocess
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

from parcelward.broker import LocalBroker
from tests.bench.peers.engines import Engine, engines, publisher
from tests.bench.peers.faults import Fault, kill_once
from tests.bench.peers.measuring import SOURCE, Bench, Figures
from tests.bench.peers.records import KEYS, PARTITIONS, Expected

RESULT = Path("build/peers.json")


def main() -> None:
    """Set up, publish, run all engines in turn, report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--kill", action="store_true", help="also kill -9 each engine once and compare its state")
    parser.add_argument("--only", default="", help="engines whose names contain one of these words, comma-separated")
    chosen = parser.parse_args()
    words = [word for word in chosen.only.split(",") if word]
    compared = [one for one in engines() if not words or any(word in one.name for word in words)]
    for engine in compared:
        engine.command()  # sets it up
    with tempfile.TemporaryDirectory() as home, LocalBroker(Path(home) / "kafka") as broker:
        bench = Bench(broker.bootstrap, Expected(chosen.events), Path(home))
        bench.create(SOURCE)
        subprocess.run([*publisher(), broker.bootstrap, SOURCE, str(chosen.events)], check=True)
        figures: dict[str, list[Figures]] = {engine.name: [] for engine in compared}
        for number in range(chosen.rounds):
            for engine in compared:
                one = bench.measure(engine)
                figures[engine.name].append(one)
                print(f"round {number + 1}: {engine.name:32} {one.events_per_cpu_second:9,.0f} / CPU s", flush=True)
        faults = {engine.name: kill_once(bench, engine) for engine in compared} if chosen.kill else {}
        bench.close()
    result = summary(compared, figures, faults) | {
        "events": chosen.events,
        "keys": KEYS,
        "partitions": PARTITIONS,
        "rounds": chosen.rounds,
    }
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(result, indent=2) + "\n")
    print(table(result))


def summary(
    compared: list[Engine], figures: dict[str, list[Figures]], faults: dict[str, Fault | None]
) -> dict[str, Any]:
    """Medians, and the ratio of ours to each, by rounds: what runs side by side shares the machine's mood."""
    ours = figures.get("Parcelward")
    found = {}
    for engine in compared:
        runs = figures[engine.name]
        fault = faults.get(engine.name)
        found[engine.name] = {
            "version": engine.version,
            "events_per_cpu_second": round(median(run.events_per_cpu_second for run in runs)),
            "events_per_second": round(median(run.events_per_second for run in runs)),
            "ours_over_it": round(
                median(
                    own.events_per_cpu_second / run.events_per_cpu_second for own, run in zip(ours, runs, strict=True)
                ),
                2,
            )
            if ours
            else None,
            "after_kill": fault._asdict() if fault else None,
        }
    return {"engines": found}


def table(result: dict[str, Any]) -> str:
    """The result as a Markdown table."""
    lines = [
        "| engine | version | events per CPU second | events per second | ours / it | after a kill -9 |",
        "|---|---|---|---|---|---|",
    ]
    for name, one in result["engines"].items():
        fault = one["after_kill"]
        after = Fault(**fault).words if fault else "not tried"
        lines.append(
            f"| {name} | {one['version']} | {one['events_per_cpu_second']:,} | {one['events_per_second']:,} "
            f"| {one['ours_over_it']} | {after} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
