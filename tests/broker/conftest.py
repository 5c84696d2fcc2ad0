"""The Kafka of deploy/, started once, and an installation with one partition for the traps."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from parcelward.cluster.admin import ensure_topics
from parcelward.settings import Settings
from streams.engine.faust_app import ScreeningApp
from streams.engine.transport import BatchConsumer, BatchTransport
from tests.broker.deployed import Cluster, deployed_cluster


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A running Kafka as deploy/ describes it, with its users, topics and access rights."""
    with deployed_cluster(tmp_path_factory.mktemp("deployed")) as running:
        yield running


@pytest.fixture
def settings(kafka: str, topic_prefix: str) -> Settings:
    """An installation of its own with one courier and one partition."""
    made = Settings(
        kafka=kafka,
        topic_prefix=topic_prefix,
        couriers=("swift",),
        partitions=1,
        session_timeout=timedelta(seconds=3),
        commit_every=timedelta(0),
        outage_grace=timedelta(0),
    )
    ensure_topics(made)
    return made


@pytest.fixture
def step_into(monkeypatch: pytest.MonkeyPatch) -> Callable[[type[BatchConsumer]], None]:
    """Runs the worker with another consumer."""

    def step_into(consumer: type[BatchConsumer]) -> None:
        transport = type("Trapped", (BatchTransport,), {"Consumer": consumer})
        monkeypatch.setattr(ScreeningApp, "_new_transport", lambda app: transport(app.conf.broker_consumer, app))

    return step_into
