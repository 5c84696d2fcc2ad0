"""`make bench`: measures the whole worker and writes build/bench.json. docs/benchmarks.md says what each figure means.

python -m tests.bench [--events 2000000] [--only backlog,live,...] [--set NAME=VALUE]...
"""

import argparse
import logging
import sys
from pathlib import Path

from parcelward.errors import UserError
from tests.bench.backlog import FOLDER
from tests.bench.measuring import PHASES, USUAL, Wish, measure
from tests.bench.report import committed, ratios, show, write

TARGET = Path("build/bench.json")


def main() -> None:
    """Measure, print, write; compare with the committed result for the same data."""
    wish, target, compare = _wish()
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # a new topic has no leader at first; it tries again
    try:
        figures = measure(wish)
        before = committed(figures["data"]["hash"]) if compare is None else committed(compare.stem, compare.parent)
        compared = ratios(figures, before) if before is not None else {}
    except UserError as error:
        sys.exit(f"bench: {error}")
    show(figures, compared, before)
    write({**figures, "compared": compared}, target)
    print(f"  written to {target}")


def _wish() -> tuple[Wish, Path, Path | None]:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="Measure the whole worker.")
    parser.add_argument("--events", type=int, default=2_000_000, help="size of the backlog (default 2000000)")
    parser.add_argument("--runs", type=int, default=3, help="runs over the backlog; the median counts (default 3)")
    parser.add_argument("--only", default=",".join(USUAL), help=f"phases out of {','.join(PHASES)}")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a setting of the worker")
    parser.add_argument("--compression", choices=("gzip", "lz4", "snappy", "zstd"), help="of the backlog's records")
    parser.add_argument("--compare", type=Path, help="result to compare with, instead of the committed one")
    parser.add_argument("--out", type=Path, default=TARGET)
    given = parser.parse_args()
    phases = tuple(given.only.split(","))
    if unknown := set(phases) - set(PHASES):
        parser.error(f"no such phase: {', '.join(sorted(unknown))}; there are {', '.join(PHASES)}")
    settings = dict(one.split("=", 1) for one in given.set)
    return Wish(given.events, given.runs, phases, settings, given.compression, FOLDER), given.out, given.compare


if __name__ == "__main__":
    main()
