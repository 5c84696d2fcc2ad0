"""One run of one engine: started, watched from outside, stopped."""

import math
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from kafka import KafkaConsumer, TopicPartition
from kafka.admin import KafkaAdminClient, NewTopic

from parcelward.process.child import Child
from tests.bench.peers.engines import Engine
from tests.bench.peers.figures import Figures, Look, figures
from tests.bench.peers.job import Job
from tests.bench.peers.records import PARTITIONS, Expected

SOURCE = "peers.source"
SESSION_MS = 10_000
LOOK_S = 0.1
SLOW_S = 20.0
"""A slow engine is measured for so long from its first alert on, instead of to the end."""
SETTLED_S = 6.0
"""Nothing more is coming: longer than any of the engines waits between two commits."""
GIVE_UP_S = 120.0
"""Without a further alert; a transaction of a process that was killed is open for 60 s."""


class FailedError(Exception):
    """The engine did not do the job."""


class Sight(NamedTuple):
    """An engine as it is seen from outside: `alerts` is the committed end of its topic, commit markers included."""

    at: float
    cpu: float
    alerts: int
    peak_mb: float


class Bench:
    """A prepared source topic and how engines are run on it."""

    def __init__(self, kafka: str, expected: Expected, home: Path) -> None:
        self.kafka = kafka
        self.expected = expected
        self.home = home
        self._runs = 0
        self.admin = KafkaAdminClient(bootstrap_servers=kafka)
        # What is written in a transaction counts once it is committed.
        self._ends = KafkaConsumer(bootstrap_servers=kafka, isolation_level="read_committed")

    def create(self, *topics: str) -> None:
        """Create topics."""
        self.admin.create_topics([NewTopic(topic, PARTITIONS, 1) for topic in topics])

    def close(self) -> None:
        """Disconnect."""
        self.admin.close()
        self._ends.close()

    def job(self, engine: Engine) -> Job:
        """A job with new topics, a new group and a new folder."""
        self._runs += 1
        app = f"peers{self._runs}"
        changelog = engine.changelog(app) if engine.changelog else ""
        alerts = f"{app}.alerts"
        self.create(alerts, *([changelog] if changelog and not engine.makes_changelog else []))
        folder = tempfile.mkdtemp(dir=self.home)
        return Job(self.kafka, SOURCE, alerts, changelog, app, PARTITIONS, SESSION_MS, folder, engine.exactly_once)

    @contextmanager
    def started(self, engine: Engine, job: Job, *, killed: bool = False) -> Iterator[Child]:
        """The engine's process, stopped at the end; only one that is to be `killed` may have ended before."""
        log = self.home / f"{job.app}.log"
        with log.open("ab") as output:
            process = Child(engine.command(), output, env=os.environ | job.environment())
        try:
            yield process
            if process.exit_code is not None and not killed:
                lines = log.read_text(errors="replace").splitlines()[-15:]
                raise FailedError(f"{engine.name} ended by itself:\n" + "\n".join(lines))
        finally:
            process.stop(60)

    def look(self, process: Child, job: Job) -> Sight:
        """The engine now. CPU is that of all its threads; each of these engines is one process."""
        parts = [TopicPartition(job.alerts, number) for number in range(PARTITIONS)]
        alerts = sum(self._ends.end_offsets(parts).values())
        here = Path(f"/proc/{process.pid}")
        fields = (here / "stat").read_text().rsplit(")", 1)[1].split()
        cpu = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        return Sight(time.monotonic(), cpu, alerts, _peak_mb(here / "status"))

    def watch(self, process: Child, job: Job, enough: int, seconds: float = math.inf) -> list[Sight]:
        """Sights from the first alert on, until there are `enough` and no more come, or `seconds` have passed.

        One for each time that there were more.
        """
        seen: list[Sight] = []
        changed = time.monotonic()
        while process.exit_code is None and time.monotonic() - changed < GIVE_UP_S:
            time.sleep(LOOK_S)
            now = self.look(process, job)
            if now.alerts > (seen[-1].alerts if seen else 0):
                seen.append(now)
                changed = now.at
            elif seen and seen[-1].alerts >= enough and now.at - changed > SETTLED_S:
                break
            if seen and now.at - seen[0].at > seconds:
                break
        return seen

    def measure(self, engine: Engine) -> Figures:
        """Run the engine over the source. Raises FailedError when it does not get to its end."""
        job = self.job(engine)
        begun = time.monotonic()
        with self.started(engine, job) as process:
            seen = self.watch(process, job, self.expected.alerts, SLOW_S if engine.slow else math.inf)
        if not seen:
            raise FailedError(f"{engine.name} sent no alert")
        finished = seen[-1].alerts >= self.expected.alerts
        if not finished and not engine.slow:
            raise FailedError(f"{engine.name} sent {seen[-1].alerts:,} of {self.expected.alerts:,} alerts")
        # Commit markers take offsets too; in a finished run we know how many offsets stand for all alerts.
        share = self.expected.alerts / seen[-1].alerts if finished else 1.0
        looks = [Look(one.at, one.cpu, self.expected.events_after(one.alerts * share), one.peak_mb) for one in seen]
        return figures(looks, self.expected.events if finished else None, begun)


def _peak_mb(status: Path) -> float:
    """The most memory that was ever resident."""
    line = next((line for line in status.read_text().splitlines() if line.startswith("VmHWM")), "VmHWM: 0 kB")
    return int(line.split()[1]) / 1024
