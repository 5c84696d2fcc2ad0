"""The Kafka of deploy/, run for real: who may do what, over TLS and with a password only."""

import socket
import time
from typing import Any

import pytest
from kafka import KafkaConsumer, TopicPartition
from kafka.errors import GroupAuthorizationFailedError, KafkaTimeoutError, TopicAuthorizationFailedError
from pydantic import SecretStr

from parcelward.cluster.client import client_options, unreachable
from tests.broker.deployed import Cluster
from tests.patience import PATIENCE_S


def may_write(cluster: Cluster, user: str, topic: str) -> bool:
    producer = cluster.producer(user)
    try:
        producer.send(topic, key=b"k", value=b"v").get(20)
    except TopicAuthorizationFailedError:
        return False
    finally:
        producer.close(timeout=1)
    return True


def may_read(cluster: Cluster, user: str, topic: str) -> bool:
    assert may_write(cluster, "admin", topic)
    consumer = KafkaConsumer(**client_options(cluster.settings(user)), auto_offset_reset="earliest")
    try:
        if topic not in consumer.topics():
            return False  # not even its name is shown
        consumer.assign([TopicPartition(topic, 0)])
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            if consumer.poll(timeout_ms=200):
                return True
    except TopicAuthorizationFailedError:
        return False
    finally:
        consumer.close(autocommit=False)
    raise AssertionError(f"{user} neither got a record of {topic} nor was refused")


def may_join(cluster: Cluster, user: str, group: str) -> bool:
    consumer = KafkaConsumer(**client_options(cluster.settings(user)), group_id=group)
    try:
        consumer.assign([TopicPartition("alerts", 0)])
        consumer.committed(TopicPartition("alerts", 0))
    except GroupAuthorizationFailedError:
        return False
    finally:
        consumer.close(autocommit=False)
    return True


WRITES = {
    ("courier-swift", "intake.swift"): True,
    ("courier-swift", "intake.orient"): False,
    ("courier-swift", "alerts"): False,
    ("courier-swift", "rejected.swift"): False,
    ("platform", "alerts"): False,
    ("platform", "intake.swift"): False,
    ("worker", "alerts"): True,
    ("worker", "rejected.orient"): True,
    ("worker", "screening.outlets"): True,
    ("worker", "screening-duties-changelog"): True,
    ("worker", "intake.swift"): True,  # to move what lies in a wrong partition
}
READS = {
    ("courier-swift", "rejected.swift"): True,
    ("courier-swift", "rejected.orient"): False,
    ("courier-swift", "intake.swift"): False,
    ("courier-swift", "alerts"): False,
    ("platform", "alerts"): True,
    ("platform", "rejected.swift"): False,
    ("platform", "intake.swift"): False,
    ("platform", "screening.outlets"): False,
}


@pytest.mark.parametrize(("user", "topic"), WRITES, ids=str)
def test_who_may_write(cluster: Cluster, user: str, topic: str) -> None:
    assert may_write(cluster, user, topic) is WRITES[user, topic]


@pytest.mark.parametrize(("user", "topic"), READS, ids=str)
def test_who_may_read(cluster: Cluster, user: str, topic: str) -> None:
    assert may_read(cluster, user, topic) is READS[user, topic]


@pytest.mark.parametrize(("group", "may"), [("platform", True), ("platform-analysts", True), ("screening", False)])
def test_a_reader_joins_groups_of_its_own_name_only(cluster: Cluster, group: str, may: bool) -> None:
    assert may_join(cluster, "platform", group) is may


def test_a_wrong_password_is_refused_in_one_sentence(cluster: Cluster) -> None:
    refused = cluster.provision(PARCELWARD_SASL_PASSWORD="wrong")
    assert refused.returncode == 2
    assert refused.stderr.startswith("provision: ")
    assert "Traceback" not in refused.stderr


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"sasl_password": SecretStr("wrong")}, "login refused for user worker"),
        ({"sasl_username": "nobody"}, "login refused for user nobody"),
        ({"sasl_mechanism": "PLAIN"}, "by PLAIN"),
        ({"ssl_cafile": None}, "its certificate is signed by none of those that this machine trusts"),
        ({"kafka": "127.0.0.1"}, "its certificate is for another host name"),
        ({"security_protocol": "PLAINTEXT"}, "security_protocol is PLAINTEXT"),
        ({"security_protocol": "SASL_PLAINTEXT"}, "security_protocol is SASL_PLAINTEXT"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_why_a_broker_does_not_let_us_in_is_said(cluster: Cluster, change: dict[str, Any], named: str) -> None:
    if "kafka" in change:
        change = {"kafka": f"{change['kafka']}:{cluster.port}"}
    settings = cluster.settings("worker").model_copy(update=change)
    said = str(unreachable(settings, KafkaTimeoutError()))
    assert said.startswith(f"the Kafka at {settings.kafka} does not let us in: ")
    assert named in said


def test_who_is_let_in_is_told_of_no_refusal(cluster: Cluster) -> None:
    assert "let us in" not in str(unreachable(cluster.settings("worker"), KafkaTimeoutError()))


def test_a_client_without_tls_gets_no_answer(cluster: Cluster) -> None:
    api_versions = bytes.fromhex("0000000a 0012 0000 00000001 0000")
    with socket.create_connection(("127.0.0.1", cluster.port), timeout=10) as plain:
        plain.sendall(api_versions)
        answer = plain.recv(100)
    tls_alert = b"\x15"
    assert answer[:1] in (b"", tls_alert)


def test_provisioning_twice_changes_nothing(cluster: Cluster) -> None:
    again = cluster.provision()
    assert again.returncode == 0, again.stderr
    assert " 0 new topics" in again.stdout
    assert may_write(cluster, "courier-swift", "intake.swift")


def test_a_courier_without_a_password_is_named_in_one_sentence(cluster: Cluster) -> None:
    failed = cluster.provision(KAFKA_COURIER_PASSWORDS="swift=swift-secret")
    assert failed.returncode == 2
    assert failed.stderr.strip().splitlines() == [
        "provision: KAFKA_COURIER_PASSWORDS has no password for courier orient; add orient=..."
    ]
