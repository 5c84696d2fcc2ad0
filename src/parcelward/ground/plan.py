"""Every topic of an installation as it should be, and why."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from parcelward.flow import FLOW
from parcelward.moments import DAY_MS, HOUR_MS, duration_ms
from parcelward.settings import Settings
from parcelward.topics import MAX_INTAKE_BYTES, MAX_REJECTED_BYTES

INTAKE_DAYS = 7
REJECTED_DAYS = 30
ALERT_DAYS = 90
MAX_UNDELIVERED_BYTES = 2 * 1024 * 1024
"""Room for the largest record of a topic that is delivered, and the headers that say why it was not."""

SAFE = {
    "min.insync.replicas": "a record may be acknowledged by too few copies, and be lost with them",
    "unclean.leader.election.enable": "a copy that lags may become the leader, and acknowledged records are lost",
}
ARRIVAL = {"message.timestamp.type": "couriers could forge arrival times, by which deadlines and the ledger go"}
ARRIVAL_HERE = {"message.timestamp.type": "the times of deadlines would be those of whoever wrote the record"}
ROOM = {"max.message.bytes": "a refused record would not fit and stop the worker"}
COMPACTED = {
    "cleanup.policy": "state older than the topic's retention would be deleted",
    "delete.retention.ms": "a copy of the state that was away for a while would not hear of what was deleted",
}
STANDING = {"cleanup.policy": "a state that still stands would be deleted by its age"}
KEPT = {
    "retention.ms": "records live longer than docs/configuration.md promises",
    "segment.ms": "on a quiet topic records live that much longer than their retention",
}
FORGOTTEN = {"max.compaction.lag.ms": "what was deleted from the state stays in the changelog"}

STAMPED = "message.timestamp.type"

HANDED_OVER = {"retention_ms": str(ALERT_DAYS * DAY_MS), "message_timestamp_type": "LogAppendTime"}
COMPACT = {
    "cleanup_policy": "compact",
    "delete_retention_ms": str(DAY_MS),
    "max_compaction_lag_ms": str(DAY_MS),
    "segment_ms": str(DAY_MS),
}

INTERNAL = ("__consumer_offsets", "__transaction_state")
"""Topics of Kafka itself that positions and transactions depend on."""


@dataclass(frozen=True, slots=True)
class TopicPlan:
    """One topic as it should be.

    `required` names the entries of `config` that an existing topic must have, and why; `promised` those that it should
    have, at most, and what happens otherwise. `read` and `written`: what a worker does with it. A worker starts without
    an `optional` one, too.
    """

    name: str
    partitions: int
    replication: int
    config: dict[str, str] = field(default_factory=dict)
    required: Mapping[str, str] = field(default_factory=dict)
    promised: Mapping[str, str] = field(default_factory=dict)
    read: bool = False
    written: bool = False
    optional: bool = False

    @property
    def compacted(self) -> bool:
        """True for a changelog, and for what holds a state that others read."""
        return self.config.get("cleanup.policy") == "compact"


def plan_topics(settings: Settings) -> list[TopicPlan]:
    """Every topic of this installation.

    Intake, screening topics and changelogs have the same number of partitions, because state belongs to a partition
    number. The broker stamps intake records with its own time, so a courier cannot forge the arrival. Segments end
    after a day, or a quiet topic would keep its records for a segment's time longer.
    """
    topics = settings.topics
    away = duration_ms(settings.workers_away)
    kept = {"retention_ms": str(max(INTAKE_DAYS * DAY_MS, away)), "segment_ms": str(DAY_MS)}
    plans = [plan for courier in settings.couriers for plan in _of_courier(settings, courier, kept)]
    plans += [
        _plan(settings, topics.alerts, ARRIVAL_HERE, {}, True, True, **HANDED_OVER),
        *_of_the_life(settings),
    ]
    passing = {"retention_ms": kept["retention_ms"]}
    plans += [_plan(settings, name, {}, {}, True, True, **passing) for name in topics.passes]
    # A decision on a case travels whole, as it may be refused.
    room = {"max_message_bytes": str(MAX_REJECTED_BYTES)}
    plans += [
        _plan(settings, name, ROOM, {}, True, True, **passing, **room)
        for name in topics.between
        if name not in topics.passes
    ]
    plans += [
        _plan(settings, topics.changelog(stage.name), COMPACTED, FORGOTTEN, True, True, **COMPACT) for stage in FLOW
    ]
    return [*plans, plan_clock(settings)]


def _of_the_life(settings: Settings) -> list[TopicPlan]:
    """Plan the topics by which alerts are led to an end, those of single couriers apart."""
    topics = settings.topics
    return [
        _plan(
            settings, topics.decisions, ARRIVAL_HERE, {}, True, True,
            max_message_bytes=str(MAX_INTAKE_BYTES), **HANDED_OVER,
        ),
        _plan(
            settings, topics.refused_decisions, ROOM, {}, False, True,
            max_message_bytes=str(MAX_REJECTED_BYTES), **HANDED_OVER,
        ),
        *(_plan(settings, name, STANDING, {}, False, True, **COMPACT) for name in (topics.referrals, topics.cases)),
    ]  # fmt: skip


def plan_accounts(settings: Settings) -> list[TopicPlan]:
    """Plan the topics of the couriers' accounts. No worker reads or writes them; `parcelward report` does."""
    return [
        replace(_plan(settings, settings.topics.accounts(courier), {}, {}, False, False, cleanup_policy="compact"),
                partitions=1)
        for courier in settings.couriers
    ]  # fmt: skip


def plan_delivery(settings: Settings) -> list[TopicPlan]:
    """Plan the topic of undelivered records. No worker reads or writes it; `parcelward deliver` does."""
    plan = _plan(
        settings, settings.topics.undelivered, {}, {}, False, False,
        retention_ms=str(ALERT_DAYS * DAY_MS), max_message_bytes=str(MAX_UNDELIVERED_BYTES),
    )  # fmt: skip
    return [plan]


def plan_clock(settings: Settings) -> TopicPlan:
    """Plan the topic that shows the brokers' time, by the stamps that they give its records."""
    config = {STAMPED: "LogAppendTime", "retention.ms": str(HOUR_MS), "segment.ms": str(HOUR_MS)}
    shown = {STAMPED: "it would show the clock of the worker that asks"}
    name = settings.topics.clock
    return TopicPlan(name, settings.partitions, settings.replication, config, shown, optional=True)


def _of_courier(settings: Settings, courier: str, kept: Mapping[str, str]) -> list[TopicPlan]:
    topics = settings.topics
    return [
        _plan(
            settings, topics.intake(courier), ARRIVAL, KEPT, True, settings.move_misplaced,
            max_message_bytes=str(MAX_INTAKE_BYTES), message_timestamp_type="LogAppendTime", **kept,
        ),
        _plan(
            settings, topics.rejected(courier), ROOM, KEPT, False, True,
            max_message_bytes=str(MAX_REJECTED_BYTES), retention_ms=str(REJECTED_DAYS * DAY_MS), segment_ms=str(DAY_MS),
        ),
        _plan(settings, topics.instructions(courier), {}, {}, False, True, **HANDED_OVER),
        _plan(
            settings, topics.answers(courier), ARRIVAL_HERE, {}, True, True,
            max_message_bytes=str(MAX_INTAKE_BYTES), **HANDED_OVER,
        ),
    ]  # fmt: skip


def _plan(
    settings: Settings,
    name: str,
    required: Mapping[str, str],
    promised: Mapping[str, str],
    read: bool,
    written: bool,
    **config: str,
) -> TopicPlan:
    # A record is acknowledged once all its copies but one have it. A copy that lags never becomes the leader.
    awaited = str(max(1, settings.replication - 1))
    safe = {"min.insync.replicas": awaited, "unclean.leader.election.enable": "false"}
    named = safe | {key.replace("_", "."): value for key, value in config.items()}
    return TopicPlan(
        name, settings.partitions, settings.replication, named, SAFE | dict(required), promised, read, written
    )
