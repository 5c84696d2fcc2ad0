"""The Kafka of deploy/, run for real: over TLS and with a password only, and why somebody is not let in."""

import socket
from typing import Any

import pytest
from kafka.errors import KafkaTimeoutError
from pydantic import SecretStr

from parcelward.cluster.client import unreachable
from tests.broker.deployed import PASSWORDS, Cluster


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


def test_a_courier_without_a_password_is_named_in_one_sentence(cluster: Cluster) -> None:
    failed = cluster.provision(KAFKA_COURIER_PASSWORDS="swift=swift-secret")
    assert failed.returncode == 2
    assert failed.stderr.strip().splitlines() == [
        "provision: KAFKA_COURIER_PASSWORDS has no password for courier orient; add orient=..."
    ]


def test_no_password_is_in_the_process_list_while_the_broker_starts_and_is_provisioned(cluster: Cluster) -> None:
    seen = "\n".join(cluster.processes)
    for program in ("start.sh", "kafka.tools.StorageTool format --ignore-formatted", "kafka.Kafka", "provision.py"):
        assert program in seen, "the process list was not read"
    assert [user for user, password in PASSWORDS.items() if password in seen] == []
