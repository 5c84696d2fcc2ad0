"""The Kafka of deploy/ on this machine: its certificates, its server.properties, its users and its access rights."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from kafka import KafkaProducer
from pydantic import SecretStr

from parcelward.broker.java import java_command
from parcelward.cluster.client import client_options
from parcelward.settings import Settings
from tests.patience import PATIENCE_S
from tests.ports import free_port

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

    def settings(self, user: str, topic_prefix: str = "") -> Settings:
        return Settings(
            kafka=f"localhost:{self.port}",
            security_protocol="SASL_SSL",
            sasl_username=user,
            sasl_password=SecretStr(PASSWORDS[user]),
            ssl_cafile=self.folder / "ca" / "ca.pem",
            couriers=("swift", "orient"),
            partitions=1,
            token_keys={"k1": SecretStr("0" * 64)},
            token_key="k1",
            topic_prefix=topic_prefix,
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
            "PARCELWARD_TOKEN_KEYS": '{"k1": "' + "0" * 64 + '"}',
            "PARCELWARD_TOKEN_KEY": "k1",
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


@contextmanager
def deployed_cluster(folder: Path) -> Iterator[Cluster]:
    """A broker as deploy/compose.yaml starts it, provisioned, with its data under `folder`."""
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


def await_answer(cluster: Cluster, child: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        assert child.poll() is None, (cluster.folder / "kafka.log").read_text()[-3000:]
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", cluster.port)) == 0:
                return
        time.sleep(0.1)
    raise AssertionError((cluster.folder / "kafka.log").read_text()[-3000:])
