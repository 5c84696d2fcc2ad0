"""An installation that is healthy, and ways to break it: what operators, disks and clocks do to a Kafka."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import ConfigResource, KafkaAdminClient

from tests.system.service import Service, await_true


@contextmanager
def as_admin(service: Service) -> Iterator[Any]:
    """Administrate the cluster inside the block."""
    admin = KafkaAdminClient(bootstrap_servers=service.kafka)
    try:
        yield admin
    finally:
        admin.close()


@contextmanager
def open_transaction(service: Service, topic: str, partition: int) -> Iterator[None]:
    """Keep a transaction open at the end of a partition: what comes behind it cannot be read."""
    producer = KafkaProducer(bootstrap_servers=service.kafka, transactional_id=f"{service.prefix}left-open")
    producer.init_transactions()
    producer.begin_transaction()
    producer.send(topic, partition=partition, value=b"{}").get(30)
    try:
        yield
    finally:
        producer.abort_transaction()
        producer.close()


def ends(service: Service, topic: str) -> dict[TopicPartition, int]:
    """The end of each partition of a topic."""
    consumer = KafkaConsumer(bootstrap_servers=service.kafka)
    try:
        parts = [TopicPartition(topic, number) for number in consumer.partitions_for_topic(topic) or ()]
        return dict(consumer.end_offsets(parts))
    finally:
        consumer.close()


def delete_records(service: Service, topic: str) -> int:
    """Delete all records of a topic, as retention does; returns how many."""
    there = ends(service, topic)
    with as_admin(service) as admin:
        admin.delete_records(there)
    return sum(there.values())


def alter(service: Service, topic: str, entry: str, value: str) -> None:
    """Set an entry of a topic, and wait until the broker says so."""
    asked = [ConfigResource("TOPIC", topic, [entry])]
    with as_admin(service) as admin:
        admin.alter_configs([ConfigResource("TOPIC", topic, {entry: value})])
        await_true(
            lambda: admin.describe_configs(asked, config_filter="all")["topic"][topic][entry]["value"] == value,
            f"{topic} has {entry}={value}",
        )


def config_of(service: Service, topic: str, entry: str) -> str:
    """The value of an entry of a topic."""
    with as_admin(service) as admin:
        found = admin.describe_configs([ConfigResource("TOPIC", topic, [entry])], config_filter="all")
        return str(found["topic"][topic][entry]["value"])


def partitions(service: Service, topic: str) -> int:
    """Number of partitions of a topic; 0 when it is not there."""
    with as_admin(service) as admin:
        return len(admin.describe_topics([topic])[0]["partitions"])


def more_partitions(service: Service, topic: str, count: int) -> None:
    """Add partitions."""
    with as_admin(service) as admin:
        admin.create_partitions({topic: count})
    await_true(lambda: partitions(service, topic) == count, f"{topic} has {count} partitions")


def make_anew(service: Service, topic: str, config: dict[str, str]) -> None:
    """Delete a topic and make it again with the same number of partitions."""
    count = partitions(service, topic)
    with as_admin(service) as admin:
        admin.delete_topics([topic])
    await_true(lambda: partitions(service, topic) == 0, f"{topic} is gone")

    def made() -> bool:
        with as_admin(service) as admin:
            try:
                admin.create_topics({topic: {"num_partitions": count, "replication_factor": 1, "configs": config}})
            except Exception:  # the old one is still being deleted
                return False
        return True

    await_true(made, f"{topic} is made again")
    await_true(lambda: partitions(service, topic) == count, f"{topic} is there")


def await_end(service: Service, what: str) -> int:
    """Wait until the worker has ended by itself; returns its exit code."""
    worker = service.worker
    assert worker is not None
    await_true(lambda: worker.poll() is not None, what)
    return int(worker.returncode)


def until(condition: Callable[[], object], what: str) -> None:
    """Wait until a condition holds."""
    await_true(lambda: bool(condition()), what)
