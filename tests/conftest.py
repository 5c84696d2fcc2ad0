"""What every ring shares: one real Kafka for the session, and names of its own for every test."""

import socket
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

# A machine under load is no failure: tests assert no times.
settings.register_profile("parcelward", deadline=None)
settings.load_profile("parcelward")


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """`host:port` of a real local Kafka on a free port, started once a session; topics are made by the tests."""
    from parcelward.broker import LocalBroker

    with LocalBroker(Path(tmp_path_factory.mktemp("kafka"))) as broker:
        yield broker.bootstrap


@pytest.fixture
def topic_prefix() -> str:
    """A topic prefix no other test uses."""
    return f"t{uuid.uuid4().hex[:10]}."


@pytest.fixture
def unused_port() -> int:
    """A port on 127.0.0.1 where nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
