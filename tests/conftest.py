"""Shared by every ring: one real Kafka for each process, and names of its own for every test."""

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
