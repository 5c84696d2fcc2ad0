"""Every cell of the table in docs/ops.md, tried as each user on the Kafka of deploy/."""

import json
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
import yaml
from kafka import KafkaProducer
from kafka.admin import KafkaAdminClient, ScramMechanism, UserScramCredentialDeletion, UserScramCredentialUpsertion
from kafka.protocol.metadata import FindCoordinatorRequest
from sqlalchemy import select

from parcelward.cluster.client import client_options
from parcelward.cluster.reader import TopicReader
from parcelward.cluster.rewriting import topic_settings
from parcelward.console.sending import KafkaLetterbox
from parcelward.console.store.database import FILE, open_url
from parcelward.console.store.follower import DELETIONS_KEPT, Follower
from parcelward.console.store.kinds import topics_read
from parcelward.console.store.tables import positions
from tests.broker.deployed import DEPLOY, PASSWORDS, Cluster
from tests.delivering import EXAMPLE, SECRET
from tests.patience import PATIENCE_S
from tests.receiver import listening
from tests.rights_table import ACTIONS, ADMIN, LEFT_OVER, STRANGER, USERS

REFUSED = {29, 30, 31, 53}
"""Kafka's codes for a topic, a group, the cluster and a transactional id that this user may not use so."""

COMPOSE = yaml.safe_load((DEPLOY.parent / "compose.yaml").read_text())
CERTIFICATE = DEPLOY.parent / "console-certificate.sh"
NO_COORDINATOR_YET = {14, 15, 16}


@contextmanager
def client_of(cluster: Cluster, user: str) -> Iterator[Any]:
    client = KafkaAdminClient(**client_options(cluster.settings(user)))
    try:
        yield client
    finally:
        client.close()


@pytest.fixture(scope="module")
def prepared(cluster: Cluster) -> Iterator[Cluster]:
    """With a user that has a password and no right, a topic to be deleted, and the coordinators in place."""
    stranger = UserScramCredentialUpsertion(STRANGER, ScramMechanism.SCRAM_SHA_512, PASSWORDS[STRANGER])
    with client_of(cluster, ADMIN) as admin:
        assert admin.alter_user_scram_credentials([stranger]) == {STRANGER: None}
        admin.create_topics({LEFT_OVER: {"num_partitions": 1, "replication_factor": 1}})
        for kind, name in ((0, "screening"), (0, "deliver-platform"), (1, "screening-999"), (1, "deliver-platform")):
            answer(admin, FindCoordinatorRequest(key_type=kind, coordinator_keys=[name], key=name))
    yield cluster
    with client_of(cluster, ADMIN) as admin:
        admin.alter_user_scram_credentials([UserScramCredentialDeletion(STRANGER, ScramMechanism.SCRAM_SHA_512)])


def codes(answer: Any) -> set[int]:
    """Every error code in an answer."""
    if isinstance(answer, dict):
        own = {answer[name] for name in ("error_code",) if name in answer}
        return own.union(*(codes(value) for value in answer.values()))
    return set().union(*map(codes, answer)) if isinstance(answer, list | tuple) else set()


def answer(client: Any, request: Any) -> set[int]:
    """The codes of the answer, once the group's or the transaction's coordinator is there."""
    deadline = time.monotonic() + PATIENCE_S
    while (found := codes(client._manager.run(client._manager.send, request).to_dict())) & NO_COORDINATOR_YET:
        assert time.monotonic() < deadline, "Kafka finds no coordinator"
        time.sleep(0.05)
    return found


def outcome(client: Any, action: Any) -> str:
    """`allowed` or `refused`; anything else is a request that Kafka did not understand."""
    answered = answer(client, action.request())
    if answered & REFUSED:
        return "refused"
    return "allowed" if answered <= action.sound else f"answered with {answered}"


# The administrator last: one of the actions deletes what the others may not.
@pytest.mark.parametrize("user", sorted(USERS, key=lambda user: user == ADMIN))
def test_a_user_may_do_what_the_table_says_and_nothing_else(prepared: Cluster, user: str) -> None:
    right = {action.words: "allowed" if user in action.allowed else "refused" for action in ACTIONS}
    with client_of(prepared, user) as client:
        assert {action.words: outcome(client, action) for action in ACTIONS} == right


def test_who_delivers_needs_no_more_rights_than_it_has(prepared: Cluster) -> None:
    """One alert that arrives, and what is no alert and is given up: by the command, as the user `deliver`."""
    admin = prepared.settings(ADMIN)
    producer = KafkaProducer(**client_options(admin))
    for value in (b"no alert", json.dumps(EXAMPLE).encode()):
        producer.send("alerts", key=b"w", value=value)
    producer.flush()
    producer.close()
    with listening() as receiver:
        run = subprocess.run(
            [sys.executable, "-m", "parcelward", "deliver", "--once"],
            env=prepared.environment(
                PARCELWARD_SASL_USERNAME="deliver",
                PARCELWARD_SASL_PASSWORD=PASSWORDS["deliver"],
                PARCELWARD_MANAGE_TOPICS="false",
                PARCELWARD_WEBHOOK_URL=receiver.url,
                PARCELWARD_WEBHOOK_SECRETS=SECRET,
            ),
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE_S,
        )
        assert "given up, see `undelivered`" in run.stderr.splitlines()[-1], run.stderr
        assert EXAMPLE in [request.data for request in receiver.came]
    with TopicReader(admin, [admin.topics.undelivered]) as reader:
        assert b"no alert" in [record.value for record in reader.read_to_end()]


def test_the_console_needs_no_more_rights_than_it_has(prepared: Cluster, tmp_path: Path) -> None:
    """By the command, over TLS, as the user `console`: it reads all of its topics, and a decision is taken from it."""
    home, settings = tmp_path / "console", prepared.settings("console")
    home.mkdir()
    subprocess.run([CERTIFICATE, home, "localhost"], check=True, capture_output=True)
    told = {
        "SASL_USERNAME": "console",
        "SASL_PASSWORD": PASSWORDS["console"],
        "MANAGE_TOPICS": "false",
        "CONSOLE_DATABASE": "",
        "CONSOLE_HOME": str(home),
        "CONSOLE_PORT": "0",
        "CONSOLE_METRICS_PORT": "0",
        "CONSOLE_CERTIFICATE": str(home / "console.pem"),
        "CONSOLE_CERTIFICATE_KEY": str(home / "console.key"),
    }
    with KafkaLetterbox(settings) as letterbox:
        letterbox.send(settings.topics.decisions, "w", EXAMPLE)
    process = subprocess.Popen(
        [sys.executable, "-m", "parcelward", "console"],
        env=prepared.environment(**{f"PARCELWARD_{name}": value for name, value in told.items()}),
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        address = process.stdout.readline().split("console at ")[1].strip()
        trusted = ssl.create_default_context(cafile=home / "console.pem")
        assert httpx2.get(f"{address}/health", timeout=PATIENCE_S, verify=trusted).status_code == 200
        *_, check = COMPOSE["services"]["console"]["healthcheck"]["test"]
        asked = check.replace("127.0.0.1:9110", address.removeprefix("https://"))
        subprocess.run([sys.executable, "-c", asked], check=True, timeout=PATIENCE_S)
        with closing(open_url(f"sqlite:///{home / FILE}")) as database:
            follower = Follower(settings, database)
            deadline = time.monotonic() + PATIENCE_S
            while not follower.progress().ready:
                assert time.monotonic() < deadline, "the console has not read everything"
                time.sleep(0.1)
            with database.reading() as rows:
                found = rows.execute(select(positions.c.topic, positions.c.next)).all()
            read = {row.topic: row.next for row in found}
        assert read.keys() == set(topics_read(settings))
        assert read[settings.topics.decisions] > 0
    finally:
        process.terminate()
        assert process.wait(PATIENCE_S) == 0
        process.stdout.close()  # type: ignore[union-attr]
    assert topic_settings(settings, [settings.topics.cases], [DELETIONS_KEPT])[settings.topics.cases]
