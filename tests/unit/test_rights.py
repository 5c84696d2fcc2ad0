"""The plan of rights and quotas: exact names, one owner for a group, and a file that is checked."""

from pathlib import Path

import pytest

from parcelward.cluster.rights import (
    GROUP,
    TOPIC,
    TRANSACTIONAL_ID,
    Access,
    Right,
    is_ours,
    read_access,
    wanted_quotas,
    wanted_rights,
)
from parcelward.console.store.kinds import COMPACTED, topics_read
from parcelward.errors import UserError
from parcelward.ground.plan import plan_accounts, plan_delivery, plan_topics
from parcelward.settings import Settings
from tests.rights_table import TOPICS

ROOT = Path(__file__).parents[2]
SETTINGS = Settings(couriers=("swift", "swift-express"))
DEPLOYED = ROOT / "deploy" / "kafka" / "access.toml"


def written(folder: Path, text: str) -> Path:
    path = folder / "access.toml"
    path.write_text(text)
    return path


def test_only_the_workers_transactional_ids_go_by_the_beginning_of_a_name() -> None:
    beginnings = {right for right in wanted_rights(SETTINGS, Access()) if right.begins}
    assert {(right.user, right.kind, right.name) for right in beginnings} == {
        ("worker", TRANSACTIONAL_ID, "screening-")
    }


def test_a_group_has_one_owner() -> None:
    groups = [right for right in wanted_rights(SETTINGS, Access()) if right.kind == GROUP]
    assert {(right.user, right.name) for right in groups} == {
        ("worker", "screening"),
        ("accounts", "screening"),  # Describe alone: it looks at the positions
        ("platform", "screening"),  # the same: whoever decides is told if a worker has read it
        ("deliver", "deliver-platform"),
        ("deliver", "deliver-platform-undelivered"),
        ("platform", "platform"),
        ("courier-swift", "courier-swift"),
        ("courier-swift-express", "courier-swift-express"),
    }
    assert {right.user for right in groups if right.operation == "READ" and right.name == "screening"} == {"worker"}


def test_the_console_reads_what_it_shows_and_writes_decisions_alone() -> None:
    rights = {right for right in wanted_rights(SETTINGS, Access()) if right.user == "console"}
    assert {right.name for right in rights if right.operation == "READ"} == set(topics_read(SETTINGS))
    assert {right.name for right in rights if right.operation == "WRITE"} == {SETTINGS.topics.decisions}
    assert {right.kind for right in rights} == {TOPIC}, "it joins no group, and needs no transaction"
    shown = {right.name for right in rights if right.operation == "DESCRIBE_CONFIGS"}
    assert shown == {topic for topic, kind in topics_read(SETTINGS).items() if kind in COMPACTED}


@pytest.mark.parametrize("taken", ["screening", "platform", "courier-swift-express", "deliver-platform"])
def test_a_group_of_somebody_else_is_refused(tmp_path: Path, taken: str) -> None:
    access = read_access(written(tmp_path, f'[courier.swift]\ngroups = ["{taken}"]'), SETTINGS.couriers)
    with pytest.raises(UserError, match=f"group {taken} would belong to .* and to courier-swift"):
        wanted_rights(SETTINGS, access)


def test_the_worker_may_use_every_topic_of_the_plan_as_the_plan_says() -> None:
    rights = wanted_rights(SETTINGS, Access())
    for plan in plan_topics(SETTINGS):
        done = {right.operation for right in rights if (right.user, right.name) == ("worker", plan.name)}
        assert ("READ" in done, "CREATE" in done) == (plan.read, False), plan.name
        assert {"DESCRIBE", "DESCRIBE_CONFIGS"} <= done


def test_the_tables_of_rights_name_every_topic() -> None:
    """So whoever adds a topic has to say who may use it; every user tries each of them on a real Kafka."""
    settings = Settings(couriers=("swift", "orient"))
    plans = (*plan_topics(settings), *plan_accounts(settings), *plan_delivery(settings))
    assert {one.topic for one in TOPICS} == {plan.name for plan in plans}


def test_names_carry_the_prefix_and_installations_leave_each_other_alone() -> None:
    prefixed = SETTINGS.model_copy(update={"topic_prefix": "test."})
    for settings, other in ((SETTINGS, prefixed), (prefixed, SETTINGS)):
        for right in wanted_rights(settings, Access()):
            assert is_ours(right, settings), right
            assert not is_ours(right, other), right


@pytest.mark.parametrize(
    "right",
    [
        Right("mirror", "READ", TOPIC, "alerts"),
        Right("worker", "READ", TOPIC, "payroll"),
        Right("worker", "READ", "cluster", "kafka-cluster"),
    ],
    ids=lambda right: f"{right.user}-{right.name}",
)
def test_a_right_that_provisioning_never_gives_is_not_its_own(right: Right) -> None:
    assert not is_ours(right, SETTINGS)


def test_rights_of_an_earlier_version_are_its_own() -> None:
    for right in (
        Right("worker", "CREATE", TOPIC, "screening", begins=True),
        Right("worker", "READ", GROUP, "screening", begins=True),
        Right("courier-gone", "WRITE", TOPIC, "intake.gone"),
    ):
        assert is_ours(right, SETTINGS)
        assert right not in wanted_rights(SETTINGS, Access())


def test_a_couriers_own_quota_takes_the_place_of_the_common_one(tmp_path: Path) -> None:
    text = "[every_courier]\nproducer_byte_rate = 5\nrequest_percentage = 7\n[courier.swift]\nproducer_byte_rate = 9\n"
    assert wanted_quotas(SETTINGS, read_access(written(tmp_path, text), SETTINGS.couriers)) == {
        "courier-swift": {"producer_byte_rate": 9.0, "request_percentage": 7.0},
        "courier-swift-express": {"producer_byte_rate": 5.0, "request_percentage": 7.0},
    }


def test_the_deployed_file_limits_every_courier() -> None:
    quotas = wanted_quotas(SETTINGS, read_access(DEPLOYED, SETTINGS.couriers))
    assert all(len(quota) == 3 for quota in quotas.values())


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[every_courier]\nproducer_byte_rate = 0", "every_courier.producer_byte_rate: Input should be greater than 0"),
        ("[every_courier]\nbyte_rate = 1", "every_courier.byte_rate: Extra inputs"),
        ('[platform]\ngroups = ["*"]', "platform.groups.0: String should match"),
        ("[courier.orient]", "names the courier orient, which the setting couriers does not"),
        ("[", "cannot be read"),
    ],
)
def test_a_mistake_in_the_file_is_named(tmp_path: Path, text: str, named: str) -> None:
    with pytest.raises(UserError, match=named.replace("(", r"\(")):
        read_access(written(tmp_path, text), SETTINGS.couriers)
