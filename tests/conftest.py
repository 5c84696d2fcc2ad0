"""Shared by every ring: one real Kafka for each process, names of its own for every test, and who runs what."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.ports import free_port

# A machine under load is no failure: tests assert no times. `make test` draws the same examples in each run, so that a
# landing depends on the change and not on luck; `make search` draws others each time.
settings.register_profile("parcelward", deadline=None, derandomize=True)
settings.register_profile("search", deadline=None, derandomize=False)
settings.load_profile("parcelward")

TESTS = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Say which tests stay in one process when several share them (`--dist loadgroup`).

    A file's tests share what its fixtures make, and two files share the Kafka of deploy/. In `crash` each test is long
    and by itself. Files are taken in the order of their folders: those that are long come before the many short ones.
    """
    for item in items:
        ring, *_ = path = item.path.relative_to(TESTS).parts
        if path[-1].startswith("test_deployed_"):
            item.add_marker(pytest.mark.xdist_group("the Kafka of deploy"))
        elif ring != "crash":
            item.add_marker(pytest.mark.xdist_group("/".join(path)))


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """`host:port` of a real local Kafka, started once in each process; topics are made by the tests."""
    from parcelward.broker import LocalBroker

    with LocalBroker(Path(tmp_path_factory.mktemp("kafka")), free_port()) as broker:
        yield broker.bootstrap


@pytest.fixture
def topic_prefix() -> str:
    """A topic prefix no other test uses."""
    return f"t{uuid.uuid4().hex[:10]}."


@pytest.fixture
def unused_port() -> int:
    """A port on 127.0.0.1 where nothing listens."""
    return free_port()
