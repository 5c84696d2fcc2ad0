"""A courier's own machine: the package alone, without the worker's libraries, publishes, checks and reads back."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from kafka import KafkaProducer
from kafka.admin import KafkaAdminClient

from tests.system.events import real_name

ROOT = Path(__file__).parents[2]
MOST_PACKAGES, MOST_MB = 25, 80
WORKERS = {"faust-streaming", "aiokafka", "numpy", "onnxruntime", "rocksdict", "aiohttp", "cel-expr-python", "jgo"}


def uv(*arguments: str) -> str:
    """Run uv; it takes packages from its cache, or else from the registry."""
    return subprocess.run(
        [Path(sys.executable).with_name("uv"), *arguments], capture_output=True, text=True, check=True
    ).stdout


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment in which nothing but the package was installed."""
    folder: Path = tmp_path_factory.mktemp("courier") / "environment"
    uv("venv", "--python", sys.executable, str(folder))
    python = str(folder / "bin" / "python")
    fresh = ("--refresh-package", "parcelward")  # or uv takes what it built of this folder some time ago
    uv("pip", "install", *fresh, "--python", python, "--constraint", str(ROOT / "requirements.lock"), str(ROOT))
    return folder


def run(machine: Path, kafka: str, prefix: str, *arguments: str, given: str = "") -> "subprocess.CompletedProcess[str]":
    """Run the command as it was installed, away from this repository."""
    settings = {"PARCELWARD_KAFKA": kafka, "PARCELWARD_TOPIC_PREFIX": prefix}
    environment = {"PATH": os.environ["PATH"], "HOME": str(machine)} | settings
    return subprocess.run(
        [machine / "bin" / "parcelward", *arguments],
        input=given,
        env=environment,
        cwd=machine,
        capture_output=True,
        text=True,
        check=False,
    )


def lines(events: Sequence[object]) -> str:
    return "".join(json.dumps(event) + "\n" for event in events)


def test_the_package_is_small_and_has_none_of_the_workers_libraries(machine: Path) -> None:
    found = json.loads(uv("pip", "list", "--python", str(machine / "bin" / "python"), "--format", "json"))
    names = {package["name"] for package in found}
    assert "parcelward" in names
    assert not names & WORKERS
    assert len(names) <= MOST_PACKAGES, sorted(names)
    size = sum(file.stat().st_size for file in machine.rglob("*") if file.is_file() and not file.is_symlink())
    assert size <= MOST_MB * 1_000_000


def test_a_courier_publishes_checks_and_reads_back(machine: Path, kafka: str, topic_prefix: str) -> None:
    intake, rejected = f"{topic_prefix}intake.swift", f"{topic_prefix}rejected.swift"
    admin = KafkaAdminClient(bootstrap_servers=kafka)
    made = {"num_partitions": 1, "replication_factor": 1}
    admin.create_topics({intake: made, rejected: made}, wait_for_metadata=True)
    admin.close()
    producer = KafkaProducer(bootstrap_servers=kafka)
    producer.send(rejected, key=b"SF9", value=b"{}", headers=[("pw_reason", b"invalid_json"), ("pw_detail", b"no")])
    producer.close()
    good, bad = real_name("SF0001"), real_name("SF0002", weight_g=0)
    assert run(machine, kafka, topic_prefix, "validate", "-", given=lines([good])).returncode == 0
    assert "data.weight_g" in run(machine, kafka, topic_prefix, "validate", "-", given=lines([bad])).stdout
    sent = run(machine, kafka, topic_prefix, "publish", "-", "--tokenise", "--spool", "spool", given=lines([good]))
    assert "1 published and acknowledged" in sent.stderr
    assert sent.returncode == 0
    told = run(machine, kafka, topic_prefix, "rejected", "swift")
    assert (told.returncode, "invalid_json" in told.stdout) == (0, True), told.stderr


@pytest.mark.parametrize(
    ("command", "extra"),
    [(("worker",), "worker"), (("screen", "events.jsonl"), "worker"), (("broker", "--home", "kafka"), "broker")],
    ids=["worker", "screen", "broker"],
)
def test_a_command_that_needs_more_says_what_to_install(machine: Path, command: tuple[str, ...], extra: str) -> None:
    told = run(machine, "127.0.0.1:9", "", *command)
    assert told.returncode == 2
    assert f"parcelward[{extra}]" in told.stderr
    assert "Traceback" not in told.stderr
