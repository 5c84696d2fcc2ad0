"""One run of one engine: started, watched from outside, stopped."""

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
from tests.bench.peers.job import Job
from tests.bench.peers.records import PARTITIONS, Expected

SOURCE = "peers.source"
SESSION_MS = 10_000
LOOK_S = 0.1
WARM_SHARE = 0.1
"""The first tenth of the records is not measured: it starts the engine, its caches and its compiler."""
SLOW_S = 20.0
"""A slow engine is measured for so long from its first alert on, instead of to the end."""
SETTLED_S = 2.0
GIVE_UP_S = 300.0


class Look(NamedTuple):
    """An engine at one moment: wall and CPU seconds, and records on its alert topic (commit markers included)."""

    at: float
    cpu: float
    alerts: int


class Figures(NamedTuple):
    """What one run came to."""

    events_per_cpu_second: float
    events_per_second: float


class Bench:
    """A prepared source topic and how engines are run on it."""

    def __init__(self, kafka: str, expected: Expected, home: Path) -> None:
        self.kafka = kafka
        self.expected = expected
        self.home = home
        self._runs = 0
        self.admin = KafkaAdminClient(bootstrap_servers=kafka)
        self._ends = KafkaConsumer(bootstrap_servers=kafka)

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
        changelog = engine.changelog(app)
        alerts = f"{app}.alerts"
        self.create(alerts, *([] if engine.makes_changelog else [changelog]))
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
                raise SystemExit(f"{engine.name} ended by itself:\n" + "\n".join(lines))
        finally:
            process.stop(60)

    def look(self, process: Child, job: Job) -> Look:
        """The engine now. CPU is that of all its threads."""
        fields = Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        cpu = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        parts = [TopicPartition(job.alerts, number) for number in range(PARTITIONS)]
        return Look(time.monotonic(), cpu, sum(self._ends.end_offsets(parts).values()))

    def watch(self, process: Child, job: Job, enough: int, seconds: float = GIVE_UP_S) -> list[Look]:
        """Looks from the first alert on, until there are `enough` and no more come, or `seconds` have passed."""
        looks: list[Look] = []
        begun = time.monotonic()
        while process.exit_code is None and time.monotonic() - begun < GIVE_UP_S:
            time.sleep(LOOK_S)
            now = self.look(process, job)
            if not now.alerts:
                continue
            if not looks or now.alerts > looks[-1].alerts:
                looks.append(now)
            elif now.alerts >= enough and now.at - looks[-1].at > SETTLED_S:
                break
            if len(looks) > 1 and now.at - looks[0].at > seconds:
                break
        return looks

    def measure(self, engine: Engine) -> Figures:
        """Run the engine over the source."""
        job = self.job(engine)
        with self.started(engine, job) as process:
            looks = self.watch(process, job, self.expected.alerts, SLOW_S if engine.slow else GIVE_UP_S)
        if not looks:
            raise SystemExit(f"{engine.name} sent no alert")
        return self._figures(looks, finished=looks[-1].alerts >= self.expected.alerts)

    def _figures(self, looks: list[Look], *, finished: bool) -> Figures:
        # Commit markers take offsets too; in a finished run we know how many offsets stand for all alerts.
        share = self.expected.alerts / looks[-1].alerts if finished else 1.0
        warm = self.expected.events * WARM_SHARE if finished else 0
        first = next(look for look in looks if self.expected.events_after(look.alerts * share) >= warm)
        last = looks[-1]
        events = self.expected.events_after(last.alerts * share) - self.expected.events_after(first.alerts * share)
        return Figures(events / (last.cpu - first.cpu), events / (last.at - first.at))
