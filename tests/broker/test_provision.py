"""Provisioning of the Kafka of deploy/: what was taken out of its files is taken back, and nothing else."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kafka.admin import (
    ACL,
    ACLFilter,
    ACLOperation,
    ACLPermissionType,
    ACLResourcePatternType,
    KafkaAdminClient,
    ResourcePattern,
    ResourceType,
)

from parcelward.cluster.client import client_options
from parcelward.cluster.provision import Found, look
from tests.broker.deployed import PASSWORDS, Cluster

GROUP = ResourcePattern(ResourceType.GROUP, "courier-swift", ACLResourcePatternType.PREFIXED)
OF_AN_EARLIER_VERSION = ACL("User:courier-swift", "*", ACLOperation.READ, ACLPermissionType.ALLOW, GROUP)
BY_HAND = ACL(
    "User:mirror", "*", ACLOperation.READ, ACLPermissionType.ALLOW, ResourcePattern(ResourceType.TOPIC, "alerts")
)


@pytest.fixture
def admin(cluster: Cluster) -> Iterator[Any]:
    """The administrator of a cluster on which nobody but provisioning gave rights.

    Other tests give some under topic prefixes of their own, on the same broker, and give them anew when they need them.
    """
    client = KafkaAdminClient(**client_options(cluster.settings("admin")))
    take_back(client, *found(cluster, client).others)
    yield client
    client.close()


def take_back(admin: Any, *rights: ACL) -> None:
    """Delete just these rights."""
    filters = [
        ACLFilter(one.principal, one.host, one.operation, one.permission_type, one.resource_pattern) for one in rights
    ]
    if filters:
        assert [deleted for _, deleted, *_ in admin.delete_acls(filters)] == [[one] for one in rights]


def found(cluster: Cluster, admin: Any) -> Found:
    return look(admin, cluster.settings("admin"))


def changes(cluster: Cluster, *words: str, **environment: str) -> list[str]:
    """Provision, and return the lines that it prints; the last one counts."""
    done = cluster.provision(*words, **environment)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_a_second_run_changes_nothing_and_rights_by_the_beginning_of_a_name_are_taken_back(
    cluster: Cluster, admin: Any
) -> None:
    before = found(cluster, admin)
    assert changes(cluster) == ["0 changes"]
    admin.create_acls([OF_AN_EARLIER_VERSION])
    dry = changes(cluster, "--dry-run")
    assert dry == ["- right courier-swift: read group courier-swift*", "1 change, none of them made"]
    assert found(cluster, admin) != before
    assert changes(cluster) == [*dry[:-1], "1 change"]
    assert found(cluster, admin) == before


def test_what_others_gave_is_named_and_left_alone(cluster: Cluster, admin: Any) -> None:
    admin.create_acls([BY_HAND])
    try:
        said = "  left alone, not made here: allow User:mirror from * read topic alerts (literal)"
        assert changes(cluster) == [said, "0 changes"]
    finally:
        take_back(admin, BY_HAND)


def test_a_courier_that_is_taken_out_loses_user_rights_and_quota_and_gets_them_back(
    cluster: Cluster, admin: Any
) -> None:
    before = found(cluster, admin)
    assert changes(cluster, PARCELWARD_COURIERS="swift") == [
        "- right accounts: describe, read, write topic accounts.orient",
        "- right accounts: describe, read topic intake.orient",
        "- right accounts: describe, read topic rejected.orient",
        "- right console: describe, describe configs, read topic accounts.orient",
        "- right console: describe, read topic answers.orient",
        "- right console: describe, read topic instructions.orient",
        "- right courier-orient: read group courier-orient",
        "- right courier-orient: describe, read topic accounts.orient",
        "- right courier-orient: describe, write topic answers.orient",
        "- right courier-orient: describe, read topic instructions.orient",
        "- right courier-orient: describe, write topic intake.orient",
        "- right courier-orient: describe, read topic rejected.orient",
        "- right worker: describe, describe configs, read, write topic answers.orient",
        "- right worker: describe, describe configs, write topic instructions.orient",
        "- right worker: describe, describe configs, read, write topic intake.orient",
        "- right worker: describe, describe configs, write topic rejected.orient",
        "- quota courier-orient: consumer_byte_rate",
        "- quota courier-orient: producer_byte_rate",
        "- quota courier-orient: request_percentage",
        "- user courier-orient",
        "  left alone, of a courier that is no setting any more: topic accounts.orient",
        "  left alone, of a courier that is no setting any more: topic answers.orient",
        "  left alone, of a courier that is no setting any more: topic instructions.orient",
        "  left alone, of a courier that is no setting any more: topic intake.orient",
        "  left alone, of a courier that is no setting any more: topic rejected.orient",
        "20 changes",
    ]
    after = found(cluster, admin)
    assert "courier-orient" not in {*after.users, *after.quotas, *(right.user for right in after.rights)}
    assert after.topics == before.topics
    assert changes(cluster)[-1] == "20 changes"
    assert found(cluster, admin) == before


def test_quotas_and_groups_follow_the_file(cluster: Cluster, admin: Any, tmp_path: Path) -> None:
    before = found(cluster, admin)
    access = tmp_path / "access.toml"
    access.write_text(
        "[every_courier]\nproducer_byte_rate = 20_000_000\nrequest_percentage = 200\n"
        '[courier.swift]\nproducer_byte_rate = 5_000_000\ngroups = ["swift-archive"]\n'
    )
    assert changes(cluster, "--access", str(access)) == [
        "+ right courier-swift: read group swift-archive",
        "- quota courier-orient: consumer_byte_rate",
        "- quota courier-swift: consumer_byte_rate",
        "~ quota courier-swift: producer_byte_rate 5,000,000",
        "4 changes",
    ]
    assert found(cluster, admin).quotas["courier-swift"] == {"producer_byte_rate": 5e6, "request_percentage": 200}
    assert changes(cluster)[-1] == "4 changes"
    assert found(cluster, admin) == before


def test_a_new_password_is_set_and_the_old_one_refused(cluster: Cluster) -> None:
    new = "swift=another,orient=orient-secret"
    assert changes(cluster, KAFKA_COURIER_PASSWORDS=new) == ["~ password of courier-swift", "1 change"]
    assert changes(cluster, KAFKA_COURIER_PASSWORDS=new) == ["0 changes"]
    assert changes(cluster) == ["~ password of courier-swift", "1 change"]


def test_the_administrators_password_is_changed_by_a_login_with_the_former_one(cluster: Cluster) -> None:
    new, old = {"PARCELWARD_SASL_PASSWORD": "another"}, {"KAFKA_ADMIN_PASSWORD_OLD": PASSWORDS["admin"]}
    assert changes(cluster, "--dry-run", **new, **old) == ["~ password of admin", "1 change, none of them made"]
    assert changes(cluster, **new, **old) == ["~ password of admin", "1 change"]
    assert changes(cluster, **new, **old) == ["0 changes"]
    several = {"KAFKA_ADMIN_PASSWORD_OLD": "never in force,another"}
    assert changes(cluster, **several) == ["~ password of admin", "1 change"]
