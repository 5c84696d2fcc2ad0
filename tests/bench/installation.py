"""One installation for a measurement: topics under a prefix of their own, and workers with the same settings."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from parcelward.cluster.admin import delete_topics
from parcelward.settings import Settings, load_settings
from tests.bench.intake import make_topics
from tests.bench.worker import METRICS_EVERY_S, Worker

QUIET_S = 2.5  # without a commit: everything is done, the deadlines that an idle partition fires included
STUCK_S = 120.0
POLL_S = 0.1


@dataclass(frozen=True)
class Installation:
    """Settings of the workers, as settings and as their environment."""

    settings: Settings
    environment: Mapping[str, str]
    folder: Path

    def worker(self, profile: Path | None = None, metrics_every_s: float = METRICS_EVERY_S) -> Worker:
        """Start a worker."""
        return Worker(self.environment, self.folder / "worker.log", profile, metrics_every_s)

    def remove(self) -> None:
        """Delete its topics."""
        delete_topics(self.settings)


def install(kafka: str, prefix: str, folder: Path, chosen: Mapping[str, str]) -> Installation:
    """Make the topics of a new installation; `chosen` are settings that differ from the defaults."""
    overrides: dict[str, str] = {"kafka": kafka, "topic_prefix": prefix, **chosen}
    settings = load_settings(**overrides)
    make_topics(settings)
    return Installation(settings, {f"PARCELWARD_{name.upper()}": value for name, value in overrides.items()}, folder)


def taken(workers: Sequence[Worker]) -> float:
    """Intake records that the workers have taken."""
    return sum(worker.now.taken for worker in workers if worker.now)


def await_drained(workers: Sequence[Worker], records: int, quiet_s: float = QUIET_S) -> float:
    """Wait until the workers took `records` and did what followed; returns the time of the last commit.

    Raises SystemExit when a worker ends or nothing moves for long.
    """
    seen, moved_at = 0.0, time.time()
    while True:
        for worker in workers:
            worker.require_alive()
        last = max((worker.now.last_commit for worker in workers if worker.now), default=0.0)
        newest = min((worker.now.at if worker.now else 0.0 for worker in workers), default=0.0)
        if last > seen:
            seen, moved_at = last, time.time()
        if taken(workers) >= records and newest - seen > quiet_s:
            return seen
        if time.time() - moved_at > STUCK_S:
            raise SystemExit(f"nothing moved for {STUCK_S:.0f} s: {taken(workers):,.0f} of {records:,} records taken")
        time.sleep(POLL_S)
