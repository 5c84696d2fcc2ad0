"""Runs every fault at full length, and prints the table of docs/reliability.md."""

import argparse
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from random import Random

from parcelward.broker import LocalBroker
from parcelward.cluster.admin import ensure_topics
from parcelward.settings import Settings
from tests.publisher_faults.run import Count, Courier, broker_away, disk_full, hour_away, killed

Fault = tuple[int, float, int | None, Callable[[LocalBroker, Courier], Count]]
"""Events, events a second, most bytes of a file, and the fault."""


def all_faults(part: int, random: Random) -> dict[str, Fault]:
    """The faults, each at a part of its length."""
    hour, times = 360_000 // part, 50 // part
    return {
        f"broker away {30 // part} s": (600 // part, 20, None, partial(broker_away, seconds=30 / part)),
        f"broker away {180 // part} s": (2_000 // part, 10, None, partial(broker_away, seconds=180 / part)),
        f"broker away while {hour:,} events are taken: an hour at {hour // 3600}/s": (hour, 1e9, None, hour_away),
        f"kill -9, {times} times": (15_000 // part, 200, None, partial(killed, times=times, random=random)),
        "disk full while the broker is away": (3_000 // part, 1e9, 1_000_000, disk_full),
    }


def main() -> None:
    """Run and print; the exit code says if anything was lost, screened twice or out of order."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--short", action="store_true", help="a tenth of each time")
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    faults = all_faults(10 if chosen.short else 1, Random(chosen.seed))
    bad = 0
    print("| fault | taken | lost | records on the topic | twice in the ledger | out of order | took |")
    print("|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as home, LocalBroker(Path(home)) as broker:
        for number, (name, (events, per_second, most_bytes, run)) in enumerate(faults.items()):
            settings = Settings(kafka=broker.bootstrap, topic_prefix=f"f{number}.", couriers=("swift",), model=None)
            ensure_topics(settings)
            folder = Path(home) / f"courier-{number}"
            folder.mkdir()
            begun = time.monotonic()
            count = run(broker, Courier(settings, folder, events, per_second, most_bytes))
            bad += count.lost + count.twice + count.disordered
            print(
                f"| {name} | {count.taken:,} | {count.lost} | {count.records:,} | {count.twice} | {count.disordered} "
                f"| {time.monotonic() - begun:.0f} s |",
                flush=True,
            )
    raise SystemExit(1 if bad else 0)


if __name__ == "__main__":
    main()
