"""The Kafka of deploy/, run for real: its certificates, its server.properties, its users and its access rights."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.errors import GroupAuthorizationFailedError, TopicAuthorizationFailedError
from pydantic import SecretStr

from parcelward.broker.java import java_command
from parcelward.kafka_client import client_options
from parcelward.settings import Settings

DEPLOY = Path(__file__).parents[2] / "deploy" / "kafka"
CLUSTER_ID = "cGFyY2VsR2GiZGRlcGxveQ"
PASSWORDS = {
    "admin": "admin-secret",
    "worker": "worker-secret",
    "platform": "platform-secret",
    "courier-swift": "swift-secret",
    "courier-orient": "orient-secret",
}


@dataclass(frozen=True)
class Cluster:
    """A running broker as deploy/ describes it."""

    port: int
    folder: Path

    def settings(self, user: str) -> Settings:
        return Settings(
            kafka=f"localhost:{self.port}",
            security_protocol="SASL_SSL",
            sasl_username=user,
            sasl_password=SecretStr(PASSWORDS[user]),
            ssl_cafile=self.folder / "ca" / "ca.pem",
            couriers=("swift", "orient"),
            partitions=1,
        )

    def producer(self, user: str) -> KafkaProducer:
        # Who may write nowhere gets no producer id; without one its refusal names the topic.
        idempotent = user != "platform"
        return KafkaProducer(**client_options(self.settings(user)), acks="all", enable_idempotence=idempotent)

    def environment(self, **changes: str) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "PARCELWARD_KAFKA": f"localhost:{self.port}",
            "PARCELWARD_SECURITY_PROTOCOL": "SASL_SSL",
            "PARCELWARD_SSL_CAFILE": str(self.folder / "ca" / "ca.pem"),
            "PARCELWARD_SASL_USERNAME": "admin",
            "PARCELWARD_SASL_PASSWORD": PASSWORDS["admin"],
            "PARCELWARD_COURIERS": "swift,orient",
            "PARCELWARD_PARTITIONS": "1",
            "KAFKA_WORKER_PASSWORD": PASSWORDS["worker"],
            "KAFKA_PLATFORM_PASSWORD": PASSWORDS["platform"],
            "KAFKA_COURIER_PASSWORDS": "swift=swift-secret,orient=orient-secret",
        } | changes

    def provision(self, **changes: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, str(DEPLOY / "provision.py")],
            env=self.environment(**changes),
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    folder = tmp_path_factory.mktemp("deployed")
    for name in ("ca", "broker"):
        (folder / name).mkdir()
    certificates = [str(DEPLOY / "certificates.sh"), str(folder / "ca"), str(folder / "broker"), "kafka", "localhost"]
    subprocess.run(["sh", *certificates], check=True, capture_output=True)
    ports = {name: free_port() for name in ("9092", "19092", "9094")}
    properties = folder / "server.properties"
    properties.write_text(rebased((DEPLOY / "server.properties").read_text(), folder, ports))
    java = java_command()
    environment = {**os.environ, "KAFKA_ADMIN_PASSWORD": PASSWORDS["admin"]}
    admin = f"SCRAM-SHA-512=[name=admin,password={PASSWORDS['admin']}]"
    with (folder / "kafka.log").open("wb") as log:
        command = [*java, "kafka.tools.StorageTool", "format", "-c", str(properties), "-t", CLUSTER_ID, "-S", admin]
        subprocess.run(command, check=True, stdout=log, stderr=log, env=environment)
        child = subprocess.Popen([*java, "kafka.Kafka", str(properties)], stdout=log, stderr=log, env=environment)
    running = Cluster(ports["19092"], folder)
    try:
        await_answer(running, child)
        first = running.provision()
        assert first.returncode == 0, first.stderr
        yield running
    finally:
        child.terminate()
        child.wait(30)


def rebased(properties: str, folder: Path, ports: dict[str, int]) -> str:
    """The deployed configuration with this test's folder and ports; everything else as it is."""
    text = properties.replace("/certs", str(folder)).replace("/var/lib/kafka/data", str(folder / "data"))
    text = text.replace("INTERNAL://kafka:", "INTERNAL://localhost:")
    text = text.replace("INTERNAL://:", "INTERNAL://localhost:").replace("HOST://:", "HOST://localhost:")
    for name in ("19092", "9092", "9094"):
        text = text.replace(f"localhost:{name}", f"localhost:{ports[name]}")
    return text


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def await_answer(cluster: Cluster, child: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert child.poll() is None, (cluster.folder / "kafka.log").read_text()[-3000:]
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", cluster.port)) == 0:
                return
        time.sleep(0.1)
    raise AssertionError((cluster.folder / "kafka.log").read_text()[-3000:])


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
        deadline = time.monotonic() + 20
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
    ("worker", "intake.swift"): False,
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
