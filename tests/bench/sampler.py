"""Runs the worker under a sampling profiler: `python -m tests.bench.sampler FILE`. For shares per stage, not for rates.

Every few milliseconds of CPU a signal asks each thread for the CPU it used since, and books it on what that thread is
doing: the innermost frame that belongs to a stage (shares.py). SIGUSR1 begins counting anew, SIGUSR2 writes FILE.
"""

import json
import signal
import sys
import threading
import time
from collections import defaultdict
from pathlib import Path
from types import FrameType

from parcelward.cli import main
from tests.bench.shares import ELSEWHERE, share_of

EVERY_S = 0.004
DEEPEST = 60
MODULES = 15


class Sampler:
    """CPU seconds by share, and by module for what belongs to no share."""

    def __init__(self, target: Path) -> None:
        self._target = target
        self._shares: defaultdict[str, float] = defaultdict(float)
        self._elsewhere: defaultdict[str, float] = defaultdict(float)
        self._used: dict[int, float] = {}
        self._since = time.process_time()

    def reset(self, *_: object) -> None:
        """Begin anew."""
        self._tick(0, None)
        self._shares.clear()
        self._elsewhere.clear()
        self._since = time.process_time()

    def write(self, *_: object) -> None:
        """Write what was counted; what no Python thread used is the threads of libraries."""
        whole = time.process_time() - self._since
        self._shares["threads of libraries"] = max(0.0, whole - sum(self._shares.values()))
        part = self._target.with_suffix(".part")
        modules = sorted(self._elsewhere.items(), key=lambda item: -item[1])[:MODULES]
        part.write_text(json.dumps({"shares": self._shares, "elsewhere": dict(modules)}))
        part.rename(self._target)

    def start(self) -> None:
        """Sample from now on; call it in the main thread."""
        signal.signal(signal.SIGUSR1, self.reset)
        signal.signal(signal.SIGUSR2, self.write)
        signal.signal(signal.SIGPROF, self._tick)
        signal.setitimer(signal.ITIMER_PROF, EVERY_S, EVERY_S)

    def _tick(self, _: int, own: FrameType | None) -> None:
        here = threading.get_ident()
        for thread, frame in sys._current_frames().items():
            try:
                used = time.clock_gettime(time.pthread_getcpuclockid(thread))
            except OSError:
                continue
            before = self._used.get(thread, used)
            self._used[thread] = used
            if used <= before:
                continue
            files = _files(own if thread == here else frame)
            share = share_of(files, main_thread=thread == here)
            self._shares[share] += used - before
            if share == ELSEWHERE and files:
                self._elsewhere[files[0]] += used - before


def _files(frame: FrameType | None) -> list[str]:
    """Source files of the frames, innermost first."""
    found: list[str] = []
    while frame is not None and len(found) < DEEPEST:
        found.append(frame.f_code.co_filename)
        frame = frame.f_back
    return found


if __name__ == "__main__":
    Sampler(Path(sys.argv[1])).start()
    sys.argv = ["parcelward", "worker"]
    main()
