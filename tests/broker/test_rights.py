"""Every cell of the table in docs/ops.md, tried as each user on the Kafka of deploy/."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from kafka.admin import KafkaAdminClient, ScramMechanism, UserScramCredentialDeletion, UserScramCredentialUpsertion
from kafka.protocol.metadata import FindCoordinatorRequest

from parcelward.cluster.client import client_options
from tests.broker.deployed import PASSWORDS, Cluster
from tests.patience import PATIENCE_S
from tests.rights_table import ACTIONS, ADMIN, LEFT_OVER, STRANGER, USERS

REFUSED = {29, 30, 31, 53}
"""Kafka's codes for a topic, a group, the cluster and a transactional id that this user may not use so."""

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
        for kind, name in enumerate(("screening", "screening-999")):
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
