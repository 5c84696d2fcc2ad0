"""Makes the topics of one installation, on the local broker or on an existing cluster."""

import contextlib
from dataclasses import dataclass, field
from typing import Any

from kafka.admin import KafkaAdminClient
from kafka.errors import KafkaError, TopicAlreadyExistsError

from parcelward.errors import UserError
from parcelward.kafka_client import client_options, require_answer, unreachable
from parcelward.settings import Settings
from parcelward.topics import MAX_INTAKE_BYTES, MAX_REJECTED_BYTES

STAGES = ("duties", "senders", "outlets")
DAY_MS = 24 * 60 * 60 * 1000


@dataclass(frozen=True, slots=True)
class TopicPlan:
    """One topic as it should be."""

    name: str
    partitions: int
    replication: int
    config: dict[str, str] = field(default_factory=dict)


def plan_topics(settings: Settings) -> list[TopicPlan]:
    """Every topic of this installation.

    Intake, screening topics and changelogs have the same number of partitions, because a state partition belongs to the
    partition number. Intake carries the broker's time: a courier's clock cannot forge the arrival.
    """
    topics = settings.topics
    arrival = {"message.timestamp.type": "LogAppendTime"}

    def plan(name: str, **config: str) -> TopicPlan:
        return TopicPlan(
            name,
            settings.partitions,
            settings.replication,
            {key.replace("_", "."): value for key, value in config.items()} | (arrival if "intake." in name else {}),
        )

    plans = []
    for courier in settings.couriers:
        plans.append(plan(topics.intake(courier), max_message_bytes=str(MAX_INTAKE_BYTES)))
        plans.append(
            plan(topics.rejected(courier), max_message_bytes=str(MAX_REJECTED_BYTES), retention_ms=str(30 * DAY_MS))
        )
    plans.append(plan(topics.alerts, retention_ms=str(90 * DAY_MS), message_timestamp_type="LogAppendTime"))
    plans += [plan(topics.senders), plan(topics.outlets)]
    plans += [plan(topics.changelog(stage), cleanup_policy="compact") for stage in STAGES]
    return plans


def ensure_topics(settings: Settings) -> list[str]:
    """Create what is missing and return its names. Waits until every partition has a leader.

    Raises UserError when no broker answers, when creating is refused, or when an existing topic has another number of
    partitions (keys would then be looked for in the wrong state partition).
    """
    plans = plan_topics(settings)
    require_answer(settings)
    try:
        admin = KafkaAdminClient(**client_options(settings))
    except (KafkaError, OSError) as error:
        raise unreachable(settings, error) from None
    try:
        return _create_missing(admin, plans)
    except KafkaError as error:
        raise UserError(f"creating topics on {settings.kafka} failed: {error}") from None
    finally:
        admin.close()


def delete_topics(settings: Settings) -> None:
    """Delete every topic of this installation that exists. Raises UserError when the cluster refuses."""
    admin = KafkaAdminClient(**client_options(settings))
    try:
        planned = {plan.name for plan in plan_topics(settings)}
        if found := sorted(planned & set(admin.list_topics())):
            admin.delete_topics(found)
    except KafkaError as error:
        raise UserError(f"deleting topics on {settings.kafka} failed: {error}") from None
    finally:
        admin.close()


def _create_missing(admin: Any, plans: list[TopicPlan]) -> list[str]:
    existing = set(admin.list_topics())
    missing = [plan for plan in plans if plan.name not in existing]
    if missing:
        with contextlib.suppress(TopicAlreadyExistsError):  # another process made it in the meantime
            admin.create_topics({plan.name: _as_request(plan) for plan in missing})
        admin.wait_for_topics([plan.name for plan in missing])
    _check_partitions(admin, [plan for plan in plans if plan.name in existing])
    return [plan.name for plan in missing]


def _as_request(plan: TopicPlan) -> dict[str, Any]:
    return {"num_partitions": plan.partitions, "replication_factor": plan.replication, "configs": plan.config}


def _check_partitions(admin: Any, plans: list[TopicPlan]) -> None:
    if not plans:
        return
    found = {topic["name"]: len(topic["partitions"]) for topic in admin.describe_topics([plan.name for plan in plans])}
    for plan in plans:
        if found.get(plan.name) != plan.partitions:
            raise UserError(
                f"topic {plan.name} has {found.get(plan.name)} partitions, but the setting partitions is "
                f"{plan.partitions}; set it to what the topics have, or use another topic_prefix"
            )
