"""A whole recording of a live run at rest, in memory, to be tampered with."""

from collections import defaultdict
from collections.abc import Iterator
from itertools import chain

from parcelward.audit import Audit, audit_recording
from parcelward.replay.recording import WHOLE, Entry, Pass, entry_of, pass_of
from parcelward.screening.build import build_stages
from parcelward.settings import Settings
from parcelward.stage import Record, SourceRecord
from tests.courier_traffic import COURIERS, traffic
from tests.live_run import LiveRun
from tests.people import People

QUIET_MS = 3_600_000
# Two couriers, no model: what is under test here is the audit.
SETTINGS = Settings(couriers=COURIERS, model=None, partitions=3, sampled_share=0.01)
STAGES = build_stages(SETTINGS)


class Topics:
    """Topic name to records, all partitions together, each in its order."""

    topics, couriers, partitions, horizon_ms = SETTINGS.topics, SETTINGS.couriers, SETTINGS.partitions, None
    begins, follows = WHOLE, True

    def __init__(self, logs: dict[tuple[str, int], list[Record]]) -> None:
        self.records: defaultdict[str, list[Record]] = defaultdict(list)
        for (topic, _), log in logs.items():
            self.records[topic] += log

    def intake(self, courier: str, partition: int) -> Iterator[SourceRecord]:
        return self.between(self.topics.intake(courier), partition)

    def between(self, topic: str, partition: int) -> Iterator[SourceRecord]:
        return (record for record in self.records[topic] if record.partition == partition)

    def order(self, topic: str, partition: int) -> Iterator[Pass]:
        return (pass_of(record) for record in self.between(topic, partition))

    def changelog(self, stage: str, partition: int) -> Iterator[SourceRecord]:
        return self.between(self.topics.changelog(stage), partition)

    def alerts(self) -> Iterator[SourceRecord]:
        return iter(self.records[self.topics.alerts])

    def rejected(self) -> Iterator[SourceRecord]:
        return self._all([*map(self.topics.rejected, self.couriers), self.topics.refused_decisions])

    def letters(self, topic: str, partition: int) -> Iterator[SourceRecord]:
        return self.between(topic, partition)

    def entries(self, partition: int) -> Iterator[Entry]:
        return map(entry_of, self.between(self.topics.into("cases"), partition))

    def entered(self, partition: int) -> int:
        return len(self.records[self.topics.into("cases")])

    def followed(self) -> Iterator[SourceRecord]:
        return self._all([*map(self.topics.instructions, self.couriers), self.topics.referrals, self.topics.cases])

    def _all(self, topics: list[str]) -> Iterator[SourceRecord]:
        return chain.from_iterable(self.records[topic] for topic in topics)


def recorded(waybills: int = 60, seed: int = 8) -> Topics:
    """Topics after traffic with refusals, resends, corrections, overdue duties, and alerts that are revised, answered
    and decided."""
    records, people = traffic(seed, waybills, partitions=SETTINGS.partitions), People(SETTINGS.topics, seed)
    run = LiveRun(SETTINGS, STAGES, seed, people)
    run.run(records)
    run.end(records[-1].timestamp + QUIET_MS, apart_ms=0)
    return Topics(run.logs)


def audit_of(held: Topics) -> Audit:
    """The audit of these topics."""
    return audit_recording(held, SETTINGS, STAGES)
