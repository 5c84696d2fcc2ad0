"""Makes and checks the topics of one installation, on the local broker or on an existing cluster."""

import contextlib
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from kafka.admin import ConfigResource, KafkaAdminClient
from kafka.errors import KafkaError, TopicAlreadyExistsError

from parcelward.cluster.client import client_options, require_answer, unreachable
from parcelward.errors import UserError
from parcelward.flow import FLOW
from parcelward.settings import Settings
from parcelward.topics import MAX_INTAKE_BYTES, MAX_REJECTED_BYTES

log = logging.getLogger(__name__)

DAY_MS = 24 * 60 * 60 * 1000
PATIENCE_S = 15.0
"""So long a request is tried again while a broker is away: the others elect new leaders and a controller meanwhile."""
PAUSE_S = 0.5

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class TopicPlan:
    """One topic as it should be. `required` names the entries of `config` that an existing topic must have, and why."""

    name: str
    partitions: int
    replication: int
    config: dict[str, str] = field(default_factory=dict)
    required: Mapping[str, str] = field(default_factory=dict)


SAFE = {
    "min.insync.replicas": "a record may be acknowledged by too few copies, and be lost with them",
    "unclean.leader.election.enable": "a copy that lags may become the leader, and acknowledged records are lost",
}
ARRIVAL = {"message.timestamp.type": "couriers could forge arrival times, by which deadlines and the ledger go"}
ROOM = {"max.message.bytes": "a refused record would not fit and stop the worker"}
COMPACTED = {"cleanup.policy": "state older than the topic's retention would be deleted"}

INTERNAL = ("__consumer_offsets", "__transaction_state")
"""Topics of Kafka itself that positions and transactions depend on."""


def plan_topics(settings: Settings) -> list[TopicPlan]:
    """Every topic of this installation.

    Intake, screening topics and changelogs have the same number of partitions, because state belongs to a partition
    number. The broker stamps intake records with its own time, so a courier cannot forge the arrival.
    """
    topics = settings.topics

    def plan(name: str, required: Mapping[str, str] | None = None, **config: str) -> TopicPlan:
        # A record is acknowledged once all its copies but one have it. A copy that lags never becomes the leader.
        awaited = str(max(1, settings.replication - 1))
        safe = {"min.insync.replicas": awaited, "unclean.leader.election.enable": "false"}
        named = safe | {key.replace("_", "."): value for key, value in config.items()}
        return TopicPlan(name, settings.partitions, settings.replication, named, SAFE | dict(required or {}))

    plans = []
    for courier in settings.couriers:
        intake, rejected = topics.intake(courier), topics.rejected(courier)
        most, room = str(MAX_INTAKE_BYTES), str(MAX_REJECTED_BYTES)
        plans.append(plan(intake, ARRIVAL, max_message_bytes=most, message_timestamp_type="LogAppendTime"))
        plans.append(plan(rejected, ROOM, max_message_bytes=room, retention_ms=str(30 * DAY_MS)))
    plans.append(plan(topics.alerts, retention_ms=str(90 * DAY_MS), message_timestamp_type="LogAppendTime"))
    plans += map(plan, topics.between)
    plans += [plan(topics.changelog(stage.name), COMPACTED, cleanup_policy="compact") for stage in FLOW]
    return plans


def ensure_topics(settings: Settings) -> list[str]:
    """Create what is missing and return its names. Waits until every partition has a leader.

    Raises UserError when no broker answers, when creating is refused, or when an existing topic does not fit
    (see `check_topics`).
    """
    plans = plan_topics(settings)

    def ensure(admin: Any) -> list[str]:
        existing = set(admin.list_topics())
        missing = [plan for plan in plans if plan.name not in existing]
        if missing:
            with contextlib.suppress(TopicAlreadyExistsError):  # another process made it in the meantime
                admin.create_topics({plan.name: _as_request(plan) for plan in missing})
            admin.wait_for_topics([plan.name for plan in missing])
        _check(admin, [plan for plan in plans if plan.name in existing])
        _look_at_internal(admin, existing, settings.replication)
        return [plan.name for plan in missing]

    return _administered(settings, "creating_topics", ensure)


def check_topics(settings: Settings) -> None:
    """Change nothing. Raise UserError, naming the topic and the fix, when one is missing or does not fit.

    - Another number of partitions: keys would be looked for in the wrong partition's state.
    - An intake topic without the broker's time: a courier could forge arrivals.
    - A rejected topic with too small a limit: a refused record would not fit into it.
    - A changelog that is not only compacted: state would be deleted.
    - Fewer copies than the setting `replication`, or a leader that lacks records: acknowledged records could be lost.
    """
    plans = plan_topics(settings)

    def check(admin: Any) -> None:
        existing = set(admin.list_topics())
        for plan in plans:
            if plan.name not in existing:
                raise UserError(
                    f"topic {plan.name} does not exist on {settings.kafka}, or may not be described; create it, or set "
                    "manage_topics (environment PARCELWARD_MANAGE_TOPICS) to true"
                )
        _check(admin, plans)
        _look_at_internal(admin, existing, settings.replication)

    _administered(settings, "checking_topics", check)


def delete_topics(settings: Settings) -> None:
    """Delete every topic of this installation that exists. Raises UserError when the cluster refuses."""
    planned = {plan.name for plan in plan_topics(settings)}

    def delete(admin: Any) -> None:
        if found := sorted(planned & set(admin.list_topics())):
            admin.delete_topics(found)

    _administered(settings, "deleting_topics", delete)


def changelog_ids(settings: Settings) -> dict[str, str]:
    """Return each stage's changelog id, by stage: Kafka's own id of the topic, which changes when it is made again."""
    names = {settings.topics.changelog(stage.name): stage.name for stage in FLOW}

    def ask(admin: Any) -> dict[str, str]:
        return {names[topic["name"]]: str(topic["topic_id"]) for topic in admin.describe_topics(list(names))}

    return _administered(settings, "describing_the_changelogs", ask)


def _administered(settings: Settings, doing: str, request: Callable[[Any], T]) -> T:
    """Ask the cluster, again and again while a broker is away; `doing` is the log's code for it.

    `request` may be repeated after it was done in part. Raises UserError, one sentence, for what Kafka refuses.
    """
    end = time.monotonic() + PATIENCE_S
    require_answer(settings)
    while True:
        try:
            admin = KafkaAdminClient(**client_options(settings))
        except (KafkaError, OSError) as error:
            raise unreachable(settings, error) from None
        try:
            return request(admin)
        except KafkaError as error:
            if not error.retriable or time.monotonic() > end:
                raise UserError(f"{doing.replace('_', ' ')} on {settings.kafka} failed: {error}") from None
            log.info("trying again", extra={"doing": doing, "error": type(error).__name__})
        finally:
            admin.close()
        time.sleep(PAUSE_S)


def _as_request(plan: TopicPlan) -> dict[str, Any]:
    return {"num_partitions": plan.partitions, "replication_factor": plan.replication, "configs": plan.config}


def _check(admin: Any, plans: list[TopicPlan]) -> None:
    if plans:
        _check_partitions(admin, plans)
        _check_configurations(admin, plans)


def _check_partitions(admin: Any, plans: list[TopicPlan]) -> None:
    found = {topic["name"]: topic["partitions"] for topic in admin.describe_topics([plan.name for plan in plans])}
    for plan in plans:
        partitions = found.get(plan.name, [])
        if len(partitions) != plan.partitions:
            raise UserError(
                f"topic {plan.name} has {len(partitions)} partitions, but the setting partitions is "
                f"{plan.partitions}; set it to what the topics have, or use another topic_prefix"
            )
        copies = _copies(partitions)
        if copies < plan.replication:
            raise UserError(
                f"topic {plan.name} has {copies} copies, but the setting replication is {plan.replication}; "
                "add some with kafka-reassign-partitions, or set replication to what the topics have"
            )


def _copies(partitions: list[dict[str, Any]]) -> int:
    return min(len(partition["replica_nodes"]) for partition in partitions)


def _check_configurations(admin: Any, plans: list[TopicPlan]) -> None:
    asked = [ConfigResource("TOPIC", plan.name, list(plan.required)) for plan in plans]
    found = admin.describe_configs(asked, config_filter="all")["topic"]
    for plan in plans:
        wrong = {}
        for entry in plan.required:
            is_, planned = found.get(plan.name, {}).get(entry, {}).get("value"), plan.config[entry]
            if is_ is None:
                raise UserError(f"{entry} of topic {plan.name} may not be read; allow this user DescribeConfigs on it")
            if int(is_) < int(planned) if planned.isdigit() else is_ != planned:
                wrong[entry] = is_
        if wrong:
            is_now = " and ".join(f"{entry} {is_}: {plan.required[entry]}" for entry, is_ in wrong.items())
            wanted = ",".join(f"{entry}={plan.config[entry]}" for entry in wrong)
            raise UserError(
                f"topic {plan.name} has {is_now}; "
                f"set it with kafka-configs --alter --topic {plan.name} --add-config {wanted}"
            )


def _look_at_internal(admin: Any, existing: set[str], replication: int) -> None:
    """Warn when Kafka's own topics have too few copies. They are not ours to refuse; some users may not see them."""
    names = [name for name in INTERNAL if name in existing]
    for topic in admin.describe_topics(names) if names else ():
        if topic["partitions"] and (copies := _copies(topic["partitions"])) < replication:
            log.warning(
                "positions or transactions may be lost with a broker: Kafka's own topic has too few copies",
                extra={"topic": topic["name"], "copies": copies, "wanted": replication},
            )
