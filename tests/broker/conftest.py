"""What the broker tests share: the Kafka of deploy/, started once."""

from collections.abc import Iterator

import pytest

from tests.broker.deployed import Cluster, deployed_cluster


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A running Kafka as deploy/ describes it, with its users, topics and access rights."""
    with deployed_cluster(tmp_path_factory.mktemp("deployed")) as running:
        yield running
