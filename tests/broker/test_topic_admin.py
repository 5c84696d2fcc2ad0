"""Topics are made once, as planned, and a cluster that does not fit is refused."""

import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import KafkaAdminClient

from parcelward.errors import UserError
from parcelward.kafka_client import consumer_options
from parcelward.settings import Settings
from parcelward.topic_admin import ensure_topics, plan_topics


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
