"""Shared by every ring: one real Kafka for each process, names of its own for every test, and who runs what."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.ports import free_port

# A machine under load is no failure: tests assert no times.
settings.register_profile("parcelward", deadline=None)
settings.load_profile("parcelward")

TESTS = Path(__file__).parent


def ring_of(item: pytest.Item) -> str:
    """The folder under tests/."""
    return item.path.relative_to(TESTS).parts[0]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Say which tests stay together when several processes share them (`--dist loadgroup`), and which come first.

    A file's tests share what its fixtures make, and those with the Kafka of deploy/ share that. In `crash` and `system`
    each test is long and by itself.
    """
    for item in items:
        if "cluster" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.xdist_group("the Kafka of deploy"))
        elif ring_of(item) not in ("crash", "system"):
            item.add_marker(pytest.mark.xdist_group(item.path.relative_to(TESTS).as_posix()))


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
