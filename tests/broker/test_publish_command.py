"""`parcelward publish -`: lines as they come, a spool for the next run, and an end that does not wait for ever."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from parcelward.cluster.admin import ensure_topics
from parcelward.cluster.reader import TopicReader
from parcelward.settings import Settings
from tests.patience import PATIENCE_S
from tests.publisher_faults.courier import event

Command = subprocess.Popen[str]


@pytest.fixture
def settings(kafka: str, topic_prefix: str) -> Settings:
    made = Settings(kafka=kafka, topic_prefix=topic_prefix, couriers=("swift",), partitions=2)
    ensure_topics(made)
    return made


def published(settings: Settings) -> list[str]:
    with TopicReader(settings, [settings.topics.intake("swift")]) as reader:
        return sorted(dict(record.headers)["ce_id"].decode() for record in reader.read_to_end())


def await_true(condition: Callable[[], bool], command: Command) -> None:
    until = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < until
        assert command.poll() is None, command.communicate()[1]
        time.sleep(0.05)


def start(settings: Settings, *options: str) -> Command:
    """Start the command; its standard input and error are pipes."""
    environment = os.environ | {"PARCELWARD_KAFKA": settings.kafka, "PARCELWARD_TOPIC_PREFIX": settings.topic_prefix}
    return subprocess.Popen(
        [sys.executable, "-m", "parcelward", "publish", "-", *options],
        env=environment,
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def write(command: Command, text: str) -> None:
    assert command.stdin is not None
    command.stdin.write(text)
    command.stdin.flush()


def line(number: int) -> str:
    return json.dumps(event(number)) + "\n"


def test_lines_are_published_as_they_come(settings: Settings) -> None:
    command = start(settings)
    write(command, line(0)[:50])
    write(command, line(0)[50:] + line(1))
    await_true(lambda: published(settings) == ["n-0", "n-1"], command)
    write(command, "\n" + line(2).strip())  # the last line has no end
    _, told = command.communicate(timeout=PATIENCE_S)
    assert (command.returncode, published(settings)) == (0, ["n-0", "n-1", "n-2"])
    assert "3 published and acknowledged, 0 invalid, 0 not acknowledged" in told
    assert "without --spool" in told


def test_a_line_that_breaks_the_contract_is_named_by_its_number(settings: Settings) -> None:
    command = start(settings, "--skip-invalid")
    _, told = command.communicate(f"{line(0)}\nno json\n{line(1)}", timeout=PATIENCE_S)
    assert (command.returncode, published(settings)) == (1, ["n-0", "n-1"])
    assert "stdin:3: invalid_json" in told


def test_events_of_another_courier_are_counted_by_topic_and_refused_on_demand(
    settings: Settings, topic_prefix: str
) -> None:
    both = settings.model_copy(update={"couriers": ("swift", "orient")})
    ensure_topics(both)
    strange = line(1).replace('"swift"', '"orient"')
    _, told = start(both).communicate(line(0) + strange, timeout=PATIENCE_S)
    said = f"the file has events of 2 couriers: 1 for {topic_prefix}intake.orient, 1 for {topic_prefix}intake.swift"
    assert said in told
    command = start(both, "--courier", "swift", "--skip-invalid")
    _, told = command.communicate(line(2) + strange, timeout=PATIENCE_S)
    assert (command.returncode, published(both)) == (1, ["n-0", "n-2"])
    assert "stdin:2: wrong_courier: data.courier: this courier does not own the topic" in told
    assert "couriers" not in told


def test_a_courier_code_with_capitals_is_named(settings: Settings) -> None:
    command = start(settings, "--courier", "Swift")
    _, told = command.communicate(line(0), timeout=PATIENCE_S)
    assert command.returncode == 2
    assert "--courier Swift: this is no courier code; codes are lower case, did you mean swift?" in told


def test_a_killed_command_leaves_its_events_to_the_next_run(
    settings: Settings, unused_port: int, tmp_path: Path
) -> None:
    nowhere = settings.model_copy(update={"kafka": f"127.0.0.1:{unused_port}"})
    spool = tmp_path / "spool"
    command = start(nowhere, "--spool", str(spool))
    write(command, line(0) + line(10))
    await_true(lambda: (log := spool / "events.db-wal").exists() and b"n-10" in log.read_bytes(), command)
    command.kill()
    command.communicate()
    again = start(settings, "--spool", str(spool))
    _, told = again.communicate(line(20), timeout=PATIENCE_S)
    assert (again.returncode, published(settings)) == (0, ["n-0", "n-10", "n-20"])
    assert "2 events of an earlier run are in the spool" in told
    assert "1 published and acknowledged" in told


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_command_soon_and_says_what_is_left(
    settings: Settings, unused_port: int, tmp_path: Path, number: signal.Signals
) -> None:
    nowhere = settings.model_copy(update={"kafka": f"127.0.0.1:{unused_port}"})
    command = start(nowhere, "--spool", str(tmp_path), "--wait", "10000")
    write(command, line(0))
    await_true((tmp_path / "events.db-wal").exists, command)
    time.sleep(0.5)
    command.send_signal(number)
    _, told = command.communicate(timeout=PATIENCE_S)
    assert command.returncode == 1
    assert "interrupted" in told
    assert "1 event was not acknowledged (n-0): no Kafka answers" in " ".join(told.split())
    assert "kept in the spool" in told


def test_what_was_read_before_a_signal_is_published(settings: Settings) -> None:
    """A slow rate: most of what was read waits for its turn, and could not be read again."""
    command = start(settings, "--rate", "50")
    write(command, "".join(map(line, range(60))))
    await_true(lambda: len(published(settings)) > 0, command)
    command.send_signal(signal.SIGTERM)
    _, told = command.communicate(timeout=PATIENCE_S)
    assert len(published(settings)) == 60
    assert "60 published and acknowledged" in told
