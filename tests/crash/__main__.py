"""Many schedules of the crash simulation, a share for each core: `python -m tests.crash --schedules 1000000 --seed 1`.

Each process runs `test_crash.py` with a seed of its own; the exit code is 0 only if every one of them passed.
"""

import argparse
import os
import random
import subprocess
import sys
import time


def main() -> None:
    """Run them, and say how it went."""
    parser = argparse.ArgumentParser(prog="python -m tests.crash", description="Schedules against a simulated Kafka.")
    parser.add_argument("--schedules", type=int, default=1_000_000)
    drawn = random.SystemRandom().randrange(1_000_000)
    parser.add_argument("--seed", type=int, default=drawn, help="of the first process, others count on; default: drawn")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    given = parser.parse_args()
    share = -(-given.schedules // given.processes)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/crash/test_crash.py"]
    begun = time.monotonic()
    running = [
        subprocess.Popen(command, env={**os.environ, "CRASH_SCHEDULES": str(share), "CRASH_SEED": str(given.seed + n)})
        for n in range(given.processes)
    ]
    failed = sum(process.wait() != 0 for process in running)
    took = f"{(time.monotonic() - begun) / 60:.0f} min, {given.processes} processes, seeds from {given.seed}"
    print(f"{share * given.processes:,} schedules: {failed} of {given.processes} processes failed ({took})")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
