"""A whole recording of a live run at rest, in memory, to be tampered with."""

from collections import defaultdict
from collections.abc import Iterator
from itertools import chain

from parcelward.audit import Audit, audit_recording
from parcelward.replay.recording import WHOLE, Pass, of_intake, pass_of
from parcelward.screening.build import build_stages
from parcelward.settings import Settings
from parcelward.stage import Record, SourceRecord
from tests.courier_traffic import COURIERS, traffic
from tests.live_run import LiveRun

QUIET_MS = 3_600_000
# Two couriers, no model: what is under test here is the audit.
SETTINGS = Settings(couriers=COURIERS, model=None, partitions=3, sampled_share=0.01)
STAGES = build_stages(SETTINGS)


class Topics:
    """Topic name to records, all partitions together, each in its order."""

    topics, couriers, partitions, horizon_ms = SETTINGS.topics, SETTINGS.couriers, SETTINGS.partitions, None
    begins = WHOLE

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
        refused = chain.from_iterable(self.records[self.topics.rejected(courier)] for courier in self.couriers)
        return of_intake(refused, self.topics)


def recorded(waybills: int = 60, seed: int = 5) -> Topics:
    """Topics after traffic with refusals, resends, corrections, overdue duties and alerts that are revised."""
    records, run = traffic(seed, waybills, partitions=SETTINGS.partitions), LiveRun(SETTINGS, STAGES, seed)
    run.run(records)
    run.end(records[-1].timestamp + QUIET_MS, apart_ms=0)
    return Topics(run.logs)


def audit_of(held: Topics) -> Audit:
    """The audit of these topics."""
    return audit_recording(held, SETTINGS, STAGES)
