"""Upgrades from each older format to today's and goes back, on a real Kafka, and prints what happened."""

import argparse
import tempfile
import time
from pathlib import Path

from parcelward.broker import LocalBroker
from tests.upgrade.run import Installation, run
from tests.upgrade.versions import FORMATS, checked_out


def main() -> None:
    """Run and print; the exit code says if anything was lost, done twice, or alerted under a second id."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--from", dest="formats", type=int, action="append", choices=FORMATS, help="default: all")
    parser.add_argument("--commit", help="another commit, instead of those that brought a format")
    parser.add_argument("--parcels", type=int, default=150, help="parcels between two steps")
    parser.add_argument("--order", choices=("rolling", "together"), action="append", help="default: both")
    chosen = parser.parse_args()
    commits = [chosen.commit] if chosen.commit else [FORMATS[one] for one in chosen.formats or FORMATS]
    bad = 0
    with tempfile.TemporaryDirectory() as home, LocalBroker(Path(home) / "kafka") as broker:
        for commit in commits:
            with checked_out(commit, Path(home)) as old:
                for order in chosen.order or ("rolling", "together"):
                    print(f"{commit}, {order}:", flush=True)
                    begun = time.monotonic()
                    folder = Path(home) / f"{commit}-{order}"
                    folder.mkdir()
                    installation = Installation(broker.bootstrap, f"{commit}-{order}.", folder, chosen.parcels)
                    story = run(installation, old, order == "together")
                    bad += sum(one.bad for one in story.counts.values())
                    print(f"  took {time.monotonic() - begun:.0f} s", flush=True)
    raise SystemExit(1 if bad else 0)


if __name__ == "__main__":
    main()
