"""Runs the drills on one machine, one after the other: `python -m tests.runbook [WORD IN ITS NAME ...]`."""

import sys
import tempfile
import time
from pathlib import Path

from tests.runbook.drills import DRILLS, Machine


def main(words: list[str]) -> None:
    """Run the drills whose names hold a word; all of them without one."""
    with tempfile.TemporaryDirectory(prefix="parcelward-runbook-") as folder:
        begun = time.monotonic()
        with Machine(Path(folder)) as machine:
            print(f"started in {time.monotonic() - begun:.0f} s", flush=True)
            for name, drill in DRILLS.items():
                if not words or any(word in name for word in words):
                    begun = time.monotonic()
                    drill(machine)
                    print(f"{name}: as the runbook says, {time.monotonic() - begun:.0f} s", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
