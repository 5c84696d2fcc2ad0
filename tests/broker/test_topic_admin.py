"""Topics are made once, as planned, and a cluster that does not fit is refused."""

import os
import subprocess
import sys
from collections.abc import Callable

import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import ConfigResource, KafkaAdminClient

from parcelward.cluster.admin import ensure_topics
from parcelward.cluster.client import consumer_options
from parcelward.errors import UserError
from parcelward.ground.plan import plan_topics
from parcelward.settings import Settings
from parcelward.topics import MAX_REJECTED_BYTES
from streams.ground import Ground
from tests.engine_kit.kafka import await_true
from tests.patience import PATIENCE_S


def test_missing_topics_are_made_once_with_their_configuration(kafka: str, topic_prefix: str) -> None:
    settings = Settings(kafka=kafka, topic_prefix=topic_prefix, couriers=("swift",), partitions=3)
    assert ensure_topics(settings) == [plan.name for plan in plan_topics(settings)]
    assert ensure_topics(settings) == []
    admin = KafkaAdminClient(bootstrap_servers=kafka)
    names = [plan.name for plan in plan_topics(settings)]
    partitions = {topic["name"]: len(topic["partitions"]) for topic in admin.describe_topics(names)}
    admin.close()
    assert partitions == dict.fromkeys(names, 3)
    assert f"{topic_prefix}screening-duties-changelog" in names


def test_topic_with_other_partition_count_is_refused(kafka: str, topic_prefix: str) -> None:
    ensure_topics(Settings(kafka=kafka, topic_prefix=topic_prefix, partitions=2))
    with pytest.raises(UserError, match="has 2 partitions, but the setting partitions is 4"):
        ensure_topics(Settings(kafka=kafka, topic_prefix=topic_prefix, partitions=4))


def test_cluster_that_does_not_answer_is_named(unused_port: int) -> None:
    with pytest.raises(UserError, match=f"no Kafka answers at 127.0.0.1:{unused_port}"):
        ensure_topics(Settings(kafka=f"127.0.0.1:{unused_port}"))


def test_ten_megabytes_arrive_on_intake_and_fit_into_rejected(kafka: str, topic_prefix: str) -> None:
    settings = Settings(kafka=kafka, topic_prefix=topic_prefix, couriers=("swift",), partitions=1)
    ensure_topics(settings)
    value = b"x" * 10_000_000
    producer = KafkaProducer(bootstrap_servers=kafka, max_request_size=16_000_000)
    for topic in (settings.topics.intake("swift"), settings.topics.rejected("swift")):
        producer.send(topic, key=b"W1", value=value).get(30)
    producer.close()
    consumer = KafkaConsumer(**consumer_options(settings))
    consumer.assign([TopicPartition(settings.topics.rejected("swift"), 0)])
    assert len(next(consumer).value) == len(value)
    consumer.close()


def altered(kafka: str, topic: str, entry: str, value: str) -> None:
    admin = KafkaAdminClient(bootstrap_servers=kafka)
    admin.alter_configs([ConfigResource("TOPIC", topic, {entry: value})])
    asked = [ConfigResource("TOPIC", topic, [entry])]
    # The broker answers before it has heard of the change itself.
    await_true(lambda: admin.describe_configs(asked, config_filter="all")["topic"][topic][entry]["value"] == value)
    admin.close()


@pytest.mark.parametrize("look", [ensure_topics, Ground])
@pytest.mark.parametrize(
    ("name", "entry", "value", "fix"),
    [
        ("intake.swift", "message.timestamp.type", "CreateTime", "message.timestamp.type=LogAppendTime"),
        ("rejected.swift", "max.message.bytes", "1048588", f"max.message.bytes={MAX_REJECTED_BYTES}"),
        ("alerts", "unclean.leader.election.enable", "true", "unclean.leader.election.enable=false"),
        ("screening-duties-changelog", "cleanup.policy", "compact,delete", "cleanup.policy=compact"),
    ],
    ids=[
        "couriers could forge arrivals",
        "refused records would not fit",
        "acknowledged records could vanish",
        "state would be deleted after a while",
    ],
)
def test_existing_topic_that_does_not_fit_is_named_with_the_fix(
    kafka: str, topic_prefix: str, look: Callable[[Settings], object], name: str, entry: str, value: str, fix: str
) -> None:
    settings = Settings(kafka=kafka, topic_prefix=topic_prefix, couriers=("swift",), partitions=1)
    ensure_topics(settings)
    altered(kafka, topic_prefix + name, entry, value)
    with pytest.raises(UserError, match=f"topic {topic_prefix}{name} has {entry} {value}: .*{fix}"):
        look(settings)


@pytest.mark.parametrize("look", [ensure_topics, Ground])
def test_topic_with_fewer_copies_than_the_setting_promises_is_refused(
    kafka: str, topic_prefix: str, look: Callable[[Settings], object]
) -> None:
    settings = Settings(kafka=kafka, topic_prefix=topic_prefix, couriers=("swift",), partitions=1)
    ensure_topics(settings)
    with pytest.raises(UserError, match=f"topic {topic_prefix}intake.swift has 1 copies, but the setting replicat"):
        look(settings.model_copy(update={"replication": 3}))


def test_missing_topic_is_named_where_topics_are_not_ours_to_make(kafka: str, topic_prefix: str) -> None:
    settings = Settings(kafka=kafka, topic_prefix=topic_prefix, couriers=("swift",), partitions=1, manage_topics=False)
    with pytest.raises(UserError, match=f"topic {topic_prefix}.* does not exist .*manage_topics"):
        Ground(settings)


@pytest.mark.parametrize("prefix", ["", "intake."], ids=["no prefix", "a prefix that looks like a topic"])
def test_what_deadlines_and_answers_count_from_carries_the_brokers_time(prefix: str) -> None:
    plans = plan_topics(Settings(topic_prefix=prefix, couriers=("swift",)))
    timed = {plan.name for plan in plans if "message.timestamp.type" in plan.config}
    arriving = ("intake.swift", "answers.swift", "instructions.swift", "alerts", "decisions", "refused.decisions")
    assert timed == {f"{prefix}{name}" for name in (*arriving, "screening-clock")}


def test_worker_refuses_forgeable_arrival_times_where_topics_are_not_its_own_to_make(
    kafka: str, topic_prefix: str
) -> None:
    ensure_topics(Settings(kafka=kafka, topic_prefix=topic_prefix, couriers=("swift",), partitions=1))
    altered(kafka, f"{topic_prefix}intake.swift", "message.timestamp.type", "CreateTime")
    told = {"KAFKA": kafka, "TOPIC_PREFIX": topic_prefix, "COURIERS": "swift", "PARTITIONS": "1"}
    told |= {"MANAGE_TOPICS": "false", "HTTP_PORT": "0"}
    environment = os.environ | {f"PARCELWARD_{name}": value for name, value in told.items()}
    worker = subprocess.run(
        [sys.executable, "-m", "parcelward", "worker"],
        env=environment,
        capture_output=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert worker.returncode == 2
    assert f"topic {topic_prefix}intake.swift has message.timestamp.type CreateTime" in worker.stderr.decode()
