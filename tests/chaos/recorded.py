"""What an undisturbed installation would leave in its topics, in memory: to be tampered with."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from zlib import crc32

from parcelward.account import Account, ReplayedStage, account_for
from parcelward.screening import build_stages
from parcelward.settings import Settings
from parcelward.simulate import Plan, Simulation, live
from parcelward.stage import Record, Send, SourceRecord
from streams.screening import screening_plans

QUIET_MS = 3_600_000
PARTITIONS = 3


class Topics:
    """Topic name to records; what was produced is numbered per partition."""

    def __init__(self) -> None:
        self.records: defaultdict[str, list[Record]] = defaultdict(list)

    def append(
        self, topic: str, partition: int, key: bytes | None, value: bytes | None, headers=(), at: int = 0
    ) -> None:
        """Add a record."""
        offset = sum(record.partition == partition for record in self.records[topic])
        self.records[topic].append(Record(topic, partition, offset, at, key, value, list(headers)))

    def read(self, topics: Sequence[str]) -> Iterable[SourceRecord]:
        """All records of some topics."""
        for topic in topics:
            yield from self.records[topic]


def settings() -> Settings:
    """Two couriers, no model: what is under test here is the account."""
    return Settings(couriers=("swift", "orient"), model=None, partitions=PARTITIONS, sampled_share=0.01)


def recorded(waybills: int = 150, seed: int = 5) -> Topics:
    """Topics after simulated traffic with refusals, resends, corrections and overdue duties."""
    chosen, held = settings(), Topics()
    plan = Plan(couriers=chosen.couriers, malformed_share=0.03, seed=seed, days=1.0)
    simulation = Simulation(live(plan, 60.0))
    for sent in simulation.records():
        if simulation.waybills >= waybills:
            simulation.close()
        partition = crc32(sent.key or b"") % PARTITIONS
        topic = chosen.topics.intake(sent.courier)
        held.append(topic, partition, sent.key, sent.value, sent.headers, sent.arrival_ms)

    def deliver(send: Send, own: int) -> None:
        held.append(send.topic, own if send.key is None else crc32(send.key) % PARTITIONS, *send[1:])

    for number, plan_of in enumerate(screening_plans(chosen, build_stages(chosen))):
        stage = ReplayedStage(plan_of, PARTITIONS, deliver, seed=100 + number)
        newest = at = 0
        while True:  # the senders read on what they send themselves
            waiting = list(held.read(plan_of.topics))[at:]
            for record in waiting:
                newest = max(newest, record.timestamp)
                stage.add(record)
            at += len(waiting)
            stage.finish(newest + QUIET_MS if number == 0 else None)
            if not waiting:
                break
        for partition, state in enumerate(stage.states):
            for key, value in state.items():
                held.append(chosen.topics.changelog(plan_of.name), partition, key, value)
    return held


def account_of(held: Topics) -> Account:
    """The account of these topics."""
    chosen = settings()
    return account_for(screening_plans(chosen, build_stages(chosen)), chosen.topics, PARTITIONS, held.read, QUIET_MS)
