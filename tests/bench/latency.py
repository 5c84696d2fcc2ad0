"""A steady rate: how long an event waits for its alert, and what the worker uses.

An event counts from when it was due to be published, so that a publisher that stalls does not hide what it delays; its
alert counts when a reader of committed records has it.
"""

import os
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from parcelward.process.child import Child
from tests.bench.backlog import MINUTE_MS, Backlog, Stored
from tests.bench.installation import Installation, await_drained
from tests.bench.intake import publish_steadily
from tests.bench.worker import Worker

SETTLE_S = 3.0
SHARES = {"p50": 0.5, "p99": 0.99, "p99.9": 0.999}


class LiveEvents:
    """Live traffic dealt out in portions, its times moved to when it is published."""

    def __init__(self, backlog: Backlog) -> None:
        self._events = backlog.facts.events
        self._backlog = backlog
        self._dealt = 0

    def portion(self, wanted: int, now_ms: int) -> list[Stored]:
        """The next records, at most `wanted`, the first of them arriving in the minute before `now_ms`."""
        wanted = min(wanted, self._events - self._dealt)
        first = next(islice(self._backlog.records(), self._dealt, None), None)
        if first is None:
            return []
        shift = (now_ms - first.arrival_ms) // MINUTE_MS
        found = list(islice(self._backlog.records(shift), self._dealt, self._dealt + wanted))
        self._dealt += wanted
        return found


class AlertReader:
    """A process of its own that notes when which alert could be read; a context manager."""

    def __init__(self, installation: Installation) -> None:
        self._folder = tempfile.TemporaryDirectory(dir=installation.folder)
        self._notes = Path(self._folder.name) / "alerts"
        log = (installation.folder / "reader.log").open("ab")
        command = [sys.executable, "-m", "tests.bench.alert_reader", str(self._notes)]
        with log:
            self._child = Child(command, log, {**os.environ, **installation.environment})
        while not self._notes.exists():
            if self._child.exit_code is not None:
                raise SystemExit(f"the reader of alerts ended; see {installation.folder / 'reader.log'}")
            time.sleep(0.05)

    def read(self) -> list[tuple[float, list[str]]]:
        """Read the alerts: when each was read (seconds since the epoch) and the ids of the events it rests on."""
        lines = self._notes.read_text().splitlines()
        return [(float(at), ids) for at, *ids in (line.split("\t") for line in lines)]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._child.stop(5)
        self._folder.cleanup()


def steady(installation: Installation, worker: Worker, records: list[Stored], rate: float) -> dict[str, Any]:
    """Publish `records` at `rate` a second to a worker that is idle, and see how it does."""
    assert worker.now is not None, "the worker runs"
    before = worker.now.taken
    with AlertReader(installation) as reader:
        begun, due_of, latest_s = publish_steadily(installation.settings, records, rate)
        ended = time.time()
        await_drained([worker], int(before) + len(records), SETTLE_S)
        waits = waited(reader.read(), due_of)
    used = worker.usage_at(ended).cpu_s - worker.usage_at(begun).cpu_s
    return {
        "events_per_second": round(len(records) / (ended - begun)),
        "events": len(records),
        "alerts": len(waits),
        "share_of_a_core": round(used / (ended - begun), 3),
        "publisher_late_ms": round(latest_s * 1000),
        **{f"{name}_ms": round(at_share(waits, share) * 1000) for name, share in SHARES.items() if waits},
    }


def waited(alerts: Iterable[tuple[float, Sequence[str]]], due_of: Mapping[str, float]) -> list[float]:
    """Seconds from event to alert, sorted: for each alert that rests on an event of ours, from the newest of them."""
    found = []
    for at, events in alerts:
        due = max((due_of[event] for event in events if event in due_of), default=None)
        if due is not None:
            found.append(at - due)
    return sorted(found)


def at_share(ordered: Sequence[float], share: float) -> float:
    """The value that `share` of them do not exceed."""
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
