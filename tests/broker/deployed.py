"""The Kafka of deploy/ on this machine: its certificates, its server.properties, its users and its access rights."""

import os
import re
import shlex
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from jgo.maven import MavenContext, PythonResolver
from pydantic import SecretStr

from parcelward.broker.java import java_command
from parcelward.settings import Settings
from tests.patience import PATIENCE_S
from tests.ports import free_port

DEPLOY = Path(__file__).parents[2] / "deploy" / "kafka"
AGENT = "io.prometheus.jmx:jmx_prometheus_javaagent:1.0.1"
REAUTH_MS = 2000
"""So soon a client has to prove again who it is; deploy/ gives it a quarter of an hour."""
PASSWORDS = {
    "admin": "admin-secret",
    "worker": "worker-secret",
    "platform": "platform-secret",
    "accounts": "accounts-secret",
    "deliver": "deliver-secret",
    "console": "console-secret",
    "courier-swift": "swift-secret",
    "courier-orient": "orient-secret",
    "stranger": "stranger-secret",
}


@dataclass(frozen=True)
class Cluster:
    """A running broker as deploy/ describes it."""

    port: int
    folder: Path
    metrics_port: int = 0
    first: str = ""
    """The output of the first provisioning."""
    processes: frozenset[str] = frozenset()
    """The arguments of all processes that ran until then."""

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

    def environment(self, **changes: str) -> dict[str, str]:
        return {
            **{name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ},
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
            "KAFKA_ACCOUNTS_PASSWORD": PASSWORDS["accounts"],
            "KAFKA_DELIVER_PASSWORD": PASSWORDS["deliver"],
            "KAFKA_CONSOLE_PASSWORD": PASSWORDS["console"],
            "KAFKA_COURIER_PASSWORDS": "swift=swift-secret,orient=orient-secret",
        } | changes

    def provision(self, *words: str, **changes: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, str(DEPLOY / "provision.py"), *words],
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
    ports = {name: free_port() for name in ("9092", "19092", "9093", "9094")}
    properties = folder / "server.properties"
    properties.write_text(rebased((DEPLOY / "server.properties").read_text(), folder, ports))
    running = Cluster(ports["19092"], folder, free_port())
    with process_list() as seen:
        child = start_broker(folder, watched_by(running.metrics_port))
        try:
            await_answer(running, child)
            first = running.provision()
            assert first.returncode == 0, first.stderr
        except BaseException:
            child.terminate()
            child.wait(30)
            raise
    try:
        yield replace(running, first=first.stdout, processes=frozenset(seen))
    finally:
        child.terminate()
        child.wait(30)


def watched_by(port: int) -> str:
    """Options with which Java serves metrics: the JMX exporter, from Maven's repository, with the deployed settings."""
    agent = MavenContext(resolver=PythonResolver()).create_dependency(AGENT).artifact.resolve()
    return f"-javaagent:{agent}=127.0.0.1:{port}:{DEPLOY / 'jmx.yml'}"


def start_broker(folder: Path, options: str = "") -> "subprocess.Popen[bytes]":
    """The broker by deploy/kafka/start.sh, with the server.properties in `folder`."""
    environment = {
        "PATH": os.environ["PATH"],
        "KAFKA_HOME": str(kafka_home(folder)),
        "KAFKA_PROPERTIES": str(folder / "server.properties"),
        "KAFKA_ADMIN_PASSWORD": PASSWORDS["admin"],
        "KAFKA_SERVER_OPTS": options,
    }
    with (folder / "kafka.log").open("ab") as log:
        return subprocess.Popen(["/bin/bash", str(DEPLOY / "start.sh")], env=environment, stdout=log, stderr=log)


def kafka_home(folder: Path) -> Path:
    """The two programs of the image that start.sh calls, for the Kafka of this machine."""
    programs = {"kafka-storage.sh": "kafka.tools.StorageTool", "kafka-server-start.sh": "kafka.Kafka"}
    (folder / "kafka" / "bin").mkdir(parents=True, exist_ok=True)
    for name, main in programs.items():
        program = folder / "kafka" / "bin" / name
        java, *rest = java_command()
        program.write_text(
            f'#!/bin/bash\nexec {shlex.quote(java)} ${{KAFKA_OPTS:-}} {shlex.join([*rest, main])} "$@"\n'
        )
        program.chmod(0o755)
    return folder / "kafka"


@contextmanager
def process_list() -> Iterator[set[str]]:
    """The arguments of every process that runs meanwhile, as everybody on the machine may read them."""
    seen: set[str] = set()
    done = threading.Event()

    def look() -> None:
        while not done.wait(0.05):
            for arguments in Path("/proc").glob("[0-9]*/cmdline"):
                with suppress(OSError):
                    seen.add(arguments.read_bytes().replace(b"\0", b" ").decode(errors="replace"))

    looking = threading.Thread(target=look)
    looking.start()
    try:
        yield seen
    finally:
        done.set()
        looking.join()


def rebased(properties: str, folder: Path, ports: dict[str, int]) -> str:
    """The deployed configuration with this test's folder and ports; everything else as it is."""
    text = properties.replace("/certs", str(folder)).replace("/var/lib/kafka/data", str(folder / "data"))
    text = text.replace("INTERNAL://kafka:", "INTERNAL://localhost:")
    text = text.replace("INTERNAL://:", "INTERNAL://localhost:").replace("HOST://:", "HOST://localhost:")
    text = re.sub("(?m)^connections.max.reauth.ms=.*", f"connections.max.reauth.ms={REAUTH_MS}", text)
    for name in ("19092", "9092", "9093", "9094"):
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
