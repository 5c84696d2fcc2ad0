"""A running service for every test of the ring."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.system.service import Service


@pytest.fixture
def start_service(kafka: str, topic_prefix: str, tmp_path: Path) -> Iterator[Callable[..., Service]]:
    """Starts a service with the given settings; it is stopped after the test."""
    started: list[Service] = []

    def start(pythonpath: str | None = None, **settings: str) -> Service:
        named = {f"PARCELWARD_{name.upper()}": value for name, value in settings.items()}
        named |= {} if pythonpath is None else {"PYTHONPATH": pythonpath}
        service = Service(kafka, topic_prefix, tmp_path / "worker.log", named)
        service.start()
        started.append(service)
        return service

    yield start
    for service in started:
        service.stop()
