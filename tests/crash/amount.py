"""The number of schedules: few for whoever waits for `make test`, more in `make check` (CRASH_SCHEDULES=2500)."""

import os

SCHEDULES = int(os.environ.get("CRASH_SCHEDULES", "1500"))


def share_of(schedules: int, most: int = 10_000) -> int:
    """Runs of another test of this ring, which has `schedules` in CI: fewer, never more, in the same proportion."""
    return -(-schedules * min(SCHEDULES, most) // most)
