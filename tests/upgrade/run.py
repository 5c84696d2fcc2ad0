"""One upgrade, worker by worker under traffic, the way back, and the start from the beginning where there is none."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kafka import TopicPartition
from kafka.admin import KafkaAdminClient
from kafka.structs import OffsetAndMetadata

from parcelward.settings import Settings
from tests.system.service import await_true
from tests.upgrade.traffic import Counted, Couriers, alert_ids, counted
from tests.upgrade.versions import TODAY, Version, Worker

UNCHANGED_S = 30.0
"""So long nothing may change before what is missing counts as lost."""


@dataclass
class Story:
    """Everything that happened, in words, and the counts."""

    said: list[str] = field(default_factory=list)
    counts: dict[str, Counted] = field(default_factory=dict)

    def tell(self, line: str) -> None:
        """Note it, and show it."""
        self.said.append(line)
        print(f"  {line}", flush=True)


class Installation:
    """Two workers on topics of their own, and couriers who publish all the time."""

    def __init__(self, kafka: str, prefix: str, folder: Path, parcels: int) -> None:
        self.settings = Settings(kafka=kafka, topic_prefix=prefix, couriers=("swift",), partitions=2)
        self.couriers = Couriers(self.settings)
        self._folder, self._parcels = folder, parcels
        self._workers: list[Worker] = []
        self._environment = {
            "PARCELWARD_KAFKA": kafka,
            "PARCELWARD_TOPIC_PREFIX": prefix,
            "PARCELWARD_COURIERS": "swift",
            "PARCELWARD_PARTITIONS": "2",
            "PARCELWARD_SAMPLED_SHARE": "0",
        }

    def started(self, version: Version) -> Worker:
        """Start another worker of a version."""
        log = self._folder / f"{len(self._workers)}.log"
        worker = Worker(version, self._environment, log)
        self._workers.append(worker)
        worker.start()
        return worker

    @property
    def running(self) -> list[Worker]:
        """All workers that run."""
        return [worker for worker in self._workers if worker.runs]

    def let_some_come(self) -> None:
        """Let couriers publish some more parcels."""
        upto = len(self.couriers.accepted) + self._parcels
        await_true(lambda: len(self.couriers.accepted) >= upto, "couriers publish")

    def end(self) -> None:
        """Stop everything."""
        if not self.couriers.finished:
            self.couriers.finish()
        for worker in self.running:
            worker.stop()

    @contextmanager
    def administrated(self) -> Iterator[Any]:
        """Administrate the cluster inside the block."""
        admin = KafkaAdminClient(bootstrap_servers=self.settings.kafka)
        try:
            yield admin
        finally:
            admin.close()


def run(installation: Installation, old: Version, together: bool) -> Story:
    """Upgrade from an older version and go back; `together`: all workers stop before the first of the other starts."""
    story = Story()
    try:
        workers = [installation.started(old), installation.started(old)]
        assert all(one.is_ready for one in workers), [one.last_words for one in workers]
        installation.couriers.start()
        installation.let_some_come()
        workers = _replaced(installation, story, workers, TODAY, together)
        installation.let_some_come()
        back = _replaced(installation, story, workers, old, together)
        went_back = all(one.runs for one in back)
        if not went_back:
            story.tell("the way back is closed; today's version goes on")
            for one in back:
                one.stop()
            installation.started(TODAY)
        installation.let_some_come()
        _count(installation, story, "all events", None)
        if not went_back:
            _start_over(installation, story, old)
    finally:
        installation.end()
    return story


def _replaced(
    installation: Installation, story: Story, workers: list[Worker], version: Version, together: bool
) -> list[Worker]:
    """Replace workers by those of another version, until one of these does not run."""
    if together:
        for worker in workers:
            _stopped(story, worker)
    found = []
    for worker in workers:
        if not together:
            _stopped(story, worker)
        new = installation.started(version)
        found.append(new)
        state = "is ready" if new.runs else f"ended with {new.stop()}: {_sentence(new)}"
        story.tell(f"a worker of {version.name} was started, and {state}")
        installation.let_some_come()
    return found


def _stopped(story: Story, worker: Worker) -> None:
    by_itself = not worker.runs
    code = worker.stop()
    how = f"had ended by itself: {_sentence(worker)}" if by_itself else "was stopped"
    story.tell(f"a worker of {worker.version.name} {how} (exit code {code})")


def _sentence(worker: Worker) -> str:
    return worker.last_words[:240]


def _count(installation: Installation, story: Story, what: str, ids: dict[str, set[str]] | None) -> None:
    """Wait until nothing is missing, or nothing changes any more, and count."""
    couriers = installation.couriers
    if not couriers.finished:
        couriers.finish()
    result, changed = counted(installation.settings, couriers, ids), time.monotonic()
    while result.lost and time.monotonic() - changed < UNCHANGED_S:
        time.sleep(0.5)
        again = counted(installation.settings, couriers, ids)
        if again != result:
            result, changed = again, time.monotonic()
    story.counts[what] = result
    events = sum(couriers.events.values()) + couriers.refused
    story.tell(
        f"{what}: {len(couriers.accepted):,} parcels, {events:,} events; lost {result.lost}, twice {result.twice}, "
        f"second alert ids {result.second_ids} {'; '.join(result.examples)}"
    )


def _start_over(installation: Installation, story: Story, old: Version) -> None:
    """Go back all the same: changelogs and what is between the stages go, intake is read from its beginning."""
    ids, _ = alert_ids(installation.settings)
    for worker in installation.running:
        worker.stop()
    topics = installation.settings.topics
    gone = [*topics.between, *(topics.changelog(stage) for stage in ("duties", "senders", "outlets"))]
    intake = [TopicPartition(topics.intake("swift"), number) for number in range(2)]
    with installation.administrated() as admin:
        admin.delete_topics(gone)
        await_true(lambda: not {*gone} & {*admin.list_topics()}, "the topics are gone")
        admin.delete_groups([topics.app_id])
        admin.alter_group_offsets(topics.app_id, {tp: OffsetAndMetadata(0, "", -1) for tp in intake})
    workers = [installation.started(old), installation.started(old)]
    assert all(one.runs for one in workers), [one.last_words for one in workers]
    _count(installation, story, "started over with the older version", ids)
