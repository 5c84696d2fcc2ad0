"""The local broker starts, answers, keeps its data, refuses what it cannot share, and leaves nothing behind."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from parcelward.broker import LocalBroker, StartInterrupted
from parcelward.cluster.admin import ensure_topics
from parcelward.errors import UserError
from parcelward.settings import Settings
from tests.patience import PATIENCE_S


def parcelward(*arguments: str, cwd: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "parcelward", *arguments],
        cwd=cwd,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,  # as a terminal's job: Ctrl-C reaches all processes of the group
        env={name: value for name, value in os.environ.items() if not name.startswith("PARCELWARD_")},
    )


def await_true(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.02)
    return False


def processes_of(home: Path) -> list[int]:
    """Processes that name the folder on their command line."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if str(home / "server.properties").encode() in entry.read_bytes():
                found.append(int(entry.parent.name))
        except OSError:
            continue
    return found


def read_line_with(process: subprocess.Popen[str], word: str) -> str:
    assert process.stderr is not None
    for line in process.stderr:
        if word in line:
            return line
    raise AssertionError(f"the command ended without saying {word!r}")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("broker-home")


def test_command_starts_stops_cleanly_and_keeps_its_data(home: Path) -> None:
    command = parcelward("broker", "--port", "0", "--home", str(home), cwd=home)
    try:
        bootstrap = read_line_with(command, "listens on").split("listens on ")[1].split(",")[0]
        producer = KafkaProducer(bootstrap_servers=bootstrap)
        producer.send("intake.swift", key=b"W1", value=b"kept", partition=0).get(10)
        producer.close()
    finally:
        command.send_signal(signal.SIGTERM)
        _, rest = command.communicate(timeout=PATIENCE_S)
    assert command.returncode == 0
    assert rest.splitlines() == ["stopping Kafka ...", "stopped"]
    assert processes_of(home) == []

    with LocalBroker(home) as broker:
        consumer = KafkaConsumer(bootstrap_servers=broker.bootstrap, auto_offset_reset="earliest")
        consumer.assign([TopicPartition("intake.swift", 0)])
        record = next(consumer)
        consumer.close()
    assert record.value == b"kept"
    assert record.timestamp_type == 1, "intake carries the broker's time"


def test_killed_command_leaves_no_broker_and_its_folder_can_be_used_again_but_not_twice(home: Path) -> None:
    command = parcelward("broker", "--port", "0", "--home", str(home), cwd=home)
    read_line_with(command, "listens on")
    assert len(processes_of(home)) == 1
    command.kill()
    command.communicate(timeout=PATIENCE_S)
    assert await_true(lambda: processes_of(home) == [])
    with LocalBroker(home) as broker:
        assert ensure_topics(Settings(kafka=broker.bootstrap)) == []
        with pytest.raises(UserError, match=f"another broker already runs on {home}"):
            LocalBroker(home).start()


def test_port_in_use_is_refused_in_one_sentence(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        command = parcelward("broker", "--port", str(port), "--home", str(tmp_path), cwd=tmp_path)
        _, said = command.communicate(timeout=PATIENCE_S)
    assert command.returncode == 2
    assert f"port {port} on 127.0.0.1 cannot be used" in said
    assert "Traceback" not in said


def test_ctrl_c_while_the_broker_starts_ends_it_without_blaming_the_folder(tmp_path: Path) -> None:
    command = parcelward("broker", "--port", "0", "--home", str(tmp_path), cwd=tmp_path)
    read_line_with(command, "starting Kafka on")
    assert await_true(lambda: processes_of(tmp_path) != []), "formatting has begun"
    os.killpg(command.pid, signal.SIGINT)
    _, said = command.communicate(timeout=PATIENCE_S)
    assert (command.returncode, said) == (0, "interrupted during the start\nstopped\n")
    assert processes_of(tmp_path) == []


def test_interrupted_start_leaves_nothing_and_the_folder_can_be_used_again(tmp_path: Path) -> None:
    with pytest.raises(StartInterrupted):
        LocalBroker(tmp_path, interrupted=lambda _: bool(processes_of(tmp_path))).start()
    assert processes_of(tmp_path) == []
    with LocalBroker(tmp_path) as broker:
        assert broker.exit_code is None
