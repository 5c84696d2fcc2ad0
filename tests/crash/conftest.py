"""The crash simulation runs the engine on a clock of its own."""

from collections.abc import Iterator

import pytest

from tests.crash.schedules import simulated


@pytest.fixture(autouse=True)
def simulation() -> Iterator[None]:
    """Every test of this ring."""
    with simulated():
        yield
