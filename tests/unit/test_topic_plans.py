"""Topics are planned so that nothing acknowledged is lost with one broker, and existing ones are held to it."""

from collections.abc import Callable
from typing import Any
from uuid import NAMESPACE_DNS, uuid5

import pytest
from kafka.errors import KafkaConnectionError, TopicAuthorizationFailedError

from parcelward.cluster import admin as topic_admin
from parcelward.cluster.admin import changelog_ids, ensure_topics
from parcelward.errors import UserError
from parcelward.ground.plan import plan_topics
from parcelward.settings import Settings

SETTINGS = Settings(replication=3, partitions=2)


@pytest.mark.parametrize(("replication", "awaited"), [(1, "1"), (2, "1"), (3, "2"), (5, "4")])
def test_all_copies_but_one_are_awaited_and_what_lags_never_leads(replication: int, awaited: str) -> None:
    for plan in plan_topics(Settings(replication=replication)):
        assert plan.replication == replication
        if plan.optional:
            continue
        assert plan.config["min.insync.replicas"] == awaited
        assert plan.config["unclean.leader.election.enable"] == "false"


class Cluster:
    """Stands in for three brokers with topics as planned; `fails` are raised first, one a request."""

    def __init__(self) -> None:
        self.fails: list[Exception] = []
        self.copies: dict[str, int] = {}
        self.configs = {plan.name: dict(plan.config) for plan in plan_topics(SETTINGS)}

    def list_topics(self) -> list[str]:
        if self.fails:
            raise self.fails.pop(0)
        return [*self.configs, *self.copies]

    def describe_topics(self, names: list[str]) -> list[dict[str, Any]]:
        if self.fails:
            raise self.fails.pop(0)
        return [
            {
                "name": name,
                "topic_id": str(uuid5(NAMESPACE_DNS, name)),
                "partitions": [{"replica_nodes": [1, 2, 3][: self.copies.get(name, 3)]}] * 2,
            }
            for name in names
        ]

    def describe_configs(self, asked: Any, config_filter: str) -> Any:
        return {"topic": {name: {key: {"value": is_} for key, is_ in of.items()} for name, of in self.configs.items()}}

    def close(self) -> None:
        """Nothing is open."""


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Cluster:
    made = Cluster()
    monkeypatch.setattr(topic_admin, "KafkaAdminClient", lambda **_: made)
    monkeypatch.setattr(topic_admin, "require_answer", lambda settings: None)
    monkeypatch.setattr(topic_admin, "PAUSE_S", 0.0)
    return made


def test_topics_as_planned_are_accepted(cluster: Cluster, caplog: pytest.LogCaptureFixture) -> None:
    assert ensure_topics(SETTINGS) == []
    assert not caplog.records


@pytest.mark.parametrize("name", ["intake.swift", "alerts", "screening.senders", "screening-outlets-changelog"])
def test_topic_that_awaits_too_few_copies_is_refused_with_the_fix(cluster: Cluster, name: str) -> None:
    cluster.configs[name] |= {"min.insync.replicas": "1", "unclean.leader.election.enable": "true"}
    with pytest.raises(UserError) as refused:
        ensure_topics(SETTINGS)
    assert f"topic {name} has min.insync.replicas 1: a record may be acknowledged by too few" in str(refused.value)
    assert str(refused.value).endswith(
        f"set it with kafka-configs --alter --topic {name} "
        "--add-config min.insync.replicas=2,unclean.leader.election.enable=false"
    )


def test_more_copies_awaited_than_needed_are_accepted(cluster: Cluster) -> None:
    cluster.configs["alerts"]["min.insync.replicas"] = "3"
    ensure_topics(SETTINGS)


def test_topic_with_too_few_copies_is_refused(cluster: Cluster) -> None:
    cluster.copies["alerts"] = 2
    with pytest.raises(UserError, match="topic alerts has 2 copies, but the setting replication is 3; add some"):
        ensure_topics(SETTINGS)


@pytest.mark.parametrize("request_", [ensure_topics, changelog_ids])
def test_a_broker_that_goes_away_meanwhile_is_waited_for(
    cluster: Cluster, request_: Callable[[Settings], object]
) -> None:
    cluster.fails = [KafkaConnectionError("gone"), KafkaConnectionError("still gone")]
    request_(SETTINGS)
    assert not cluster.fails


def test_a_cluster_that_stays_away_or_refuses_is_named(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    cluster.fails = [TopicAuthorizationFailedError("no"), KafkaConnectionError("gone")]
    with pytest.raises(UserError, match=r"creating topics on .* failed: .*no"):
        ensure_topics(SETTINGS)
    monkeypatch.setattr(topic_admin, "PATIENCE_S", -1.0)
    with pytest.raises(UserError, match=r"creating topics on .* failed: .*gone"):
        ensure_topics(SETTINGS)
