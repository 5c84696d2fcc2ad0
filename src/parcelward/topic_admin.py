"""Makes and checks the topics of one installation, on the local broker or on an existing cluster."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from kafka.admin import ConfigResource, KafkaAdminClient
from kafka.errors import KafkaError, TopicAlreadyExistsError

from parcelward.errors import UserError
from parcelward.facts import STAGES
from parcelward.kafka_client import client_options, require_answer, unreachable
from parcelward.settings import Settings
from parcelward.topics import MAX_INTAKE_BYTES, MAX_REJECTED_BYTES

DAY_MS = 24 * 60 * 60 * 1000


@dataclass(frozen=True, slots=True)
class TopicPlan:
    """One topic as it should be; `required` names what an existing one must be configured to as well, and why."""

    name: str
    partitions: int
    replication: int
    config: dict[str, str] = field(default_factory=dict)
    required: tuple[str, str] | None = None


ARRIVAL = ("message.timestamp.type", "couriers could forge arrival times, by which deadlines and the ledger go")
ROOM = ("max.message.bytes", "a refused record would not fit and stop the worker")


def plan_topics(settings: Settings) -> list[TopicPlan]:
    """Every topic of this installation.

    Intake, screening topics and changelogs have the same number of partitions, because a state partition belongs to the
    partition number. Intake carries the broker's time: a courier's clock cannot forge the arrival.
    """
    topics = settings.topics

    def plan(name: str, required: tuple[str, str] | None = None, **config: str) -> TopicPlan:
        # A record is acknowledged when all but one of its copies are there; what lags never becomes the leader.
        awaited = str(max(1, settings.replication - 1))
        safe = {"min.insync.replicas": awaited, "unclean.leader.election.enable": "false"}
        named = safe | {key.replace("_", "."): value for key, value in config.items()}
        return TopicPlan(name, settings.partitions, settings.replication, named, required)

    plans = []
    for courier in settings.couriers:
        intake, rejected = topics.intake(courier), topics.rejected(courier)
        most, room = str(MAX_INTAKE_BYTES), str(MAX_REJECTED_BYTES)
        plans.append(plan(intake, ARRIVAL, max_message_bytes=most, message_timestamp_type="LogAppendTime"))
        plans.append(plan(rejected, ROOM, max_message_bytes=room, retention_ms=str(30 * DAY_MS)))
    plans.append(plan(topics.alerts, retention_ms=str(90 * DAY_MS), message_timestamp_type="LogAppendTime"))
    plans += [plan(topics.senders), plan(topics.outlets)]
    plans += [plan(topics.changelog(stage), cleanup_policy="compact") for stage in STAGES]
    return plans


def ensure_topics(settings: Settings) -> list[str]:
    """Create what is missing and return its names. Waits until every partition has a leader.

    Raises UserError when no broker answers, when creating is refused, or when an existing topic does not fit
    (see `check_topics`).
    """
    plans = plan_topics(settings)
    with _admin(settings, "creating topics") as admin:
        existing = set(admin.list_topics())
        missing = [plan for plan in plans if plan.name not in existing]
        if missing:
            with contextlib.suppress(TopicAlreadyExistsError):  # another process made it in the meantime
                admin.create_topics({plan.name: _as_request(plan) for plan in missing})
            admin.wait_for_topics([plan.name for plan in missing])
        _check(admin, [plan for plan in plans if plan.name in existing])
    return [plan.name for plan in missing]


def check_topics(settings: Settings) -> None:
    """Change nothing; raise UserError, naming the topic and the fix, when one is missing or does not fit.

    With another number of partitions keys would be looked for in the wrong state partition; an intake topic that does
    not carry the broker's time would let a courier forge arrivals; a refused record must fit into its topic.
    """
    plans = plan_topics(settings)
    with _admin(settings, "checking topics") as admin:
        existing = set(admin.list_topics())
        for plan in plans:
            if plan.name not in existing:
                raise UserError(
                    f"topic {plan.name} does not exist on {settings.kafka}, or may not be described; create it, or set "
                    "manage_topics (environment PARCELWARD_MANAGE_TOPICS) to true"
                )
        _check(admin, plans)


def delete_topics(settings: Settings) -> None:
    """Delete every topic of this installation that exists. Raises UserError when the cluster refuses."""
    with _admin(settings, "deleting topics") as admin:
        planned = {plan.name for plan in plan_topics(settings)}
        if found := sorted(planned & set(admin.list_topics())):
            admin.delete_topics(found)


def changelog_ids(settings: Settings) -> dict[str, str]:
    """What tells each stage's changelog from any other: the cluster's own id of the topic, new if it is made anew."""
    names = {settings.topics.changelog(stage): stage for stage in STAGES}
    with _admin(settings, "describing the changelogs") as admin:
        return {names[topic["name"]]: str(topic["topic_id"]) for topic in admin.describe_topics(list(names))}


@contextlib.contextmanager
def _admin(settings: Settings, doing: str) -> Iterator[Any]:
    """A client for the block; what Kafka refuses becomes one sentence."""
    require_answer(settings)
    try:
        admin = KafkaAdminClient(**client_options(settings))
    except (KafkaError, OSError) as error:
        raise unreachable(settings, error) from None
    try:
        yield admin
    except KafkaError as error:
        raise UserError(f"{doing} on {settings.kafka} failed: {error}") from None
    finally:
        admin.close()


def _as_request(plan: TopicPlan) -> dict[str, Any]:
    return {"num_partitions": plan.partitions, "replication_factor": plan.replication, "configs": plan.config}


def _check(admin: Any, plans: list[TopicPlan]) -> None:
    if plans:
        _check_partitions(admin, plans)
        _check_configurations(admin, plans)


def _check_partitions(admin: Any, plans: list[TopicPlan]) -> None:
    found = {topic["name"]: len(topic["partitions"]) for topic in admin.describe_topics([plan.name for plan in plans])}
    for plan in plans:
        if found.get(plan.name) != plan.partitions:
            raise UserError(
                f"topic {plan.name} has {found.get(plan.name)} partitions, but the setting partitions is "
                f"{plan.partitions}; set it to what the topics have, or use another topic_prefix"
            )


def _check_configurations(admin: Any, plans: list[TopicPlan]) -> None:
    asked = [ConfigResource("TOPIC", plan.name, [plan.required[0]]) for plan in plans if plan.required]
    if not asked:
        return
    found = admin.describe_configs(asked, config_filter="all")["topic"]
    for plan in plans:
        if plan.required is None:
            continue
        entry, reason = plan.required
        is_, planned = found.get(plan.name, {}).get(entry, {}).get("value"), plan.config[entry]
        if is_ is None:
            raise UserError(f"{entry} of topic {plan.name} may not be read; allow this user DescribeConfigs on it")
        if int(is_) < int(planned) if planned.isdigit() else is_ != planned:
            raise UserError(
                f"topic {plan.name} has {entry} {is_}: {reason}; "
                f"set it with kafka-configs --alter --topic {plan.name} --add-config {entry}={planned}"
            )
