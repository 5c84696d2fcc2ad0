"""Shared by the tests of traps: one partition, a worker inside the test, and a consumer that may be another one."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from faust.types import TP

from parcelward.settings import Settings
from tests.engine_kit.counting import COUNT, counting_plan
from tests.engine_kit.kafka import publish, read_all
from tests.engine_kit.workers import Running, running

Scenario = Callable[[Running], Awaitable[None]]


def intake(settings: Settings) -> str:
    """The intake topic."""
    return settings.topics.intake("swift")


def changelog(settings: Settings) -> TP:
    """The one partition of the changelog."""
    return TP(settings.topics.changelog("duties"), 0)


def publish_ten(settings: Settings) -> None:
    """Ten records of one key."""
    publish(settings, intake(settings), [(0, b"w", b"%d" % number) for number in range(10)])


def counted(worker: Running) -> int:
    """Number of processed records."""
    return sum(len(done.batch.records) for done in worker.notes.done)


def ready(worker: Running) -> bool:
    """Tell whether recovery is over."""
    return bool(worker.app.tables.actives_ready)


async def stop_fetching(worker: Running) -> None:
    """Nothing is fetched or delivered from here on."""
    under_way = worker.app.consumer._fetching
    worker.app.assignment.stopping = True  # seen by every fetch but the one that is under way
    await worker.until(lambda: under_way is None or under_way.done())


def run(settings: Settings, scenario: Scenario, **plan: Any) -> None:
    """Run a scenario beside a worker with the counting stage."""

    async def inside() -> None:
        async with running(settings, [counting_plan(settings, **plan)]) as worker:
            await scenario(worker)

    asyncio.run(inside())


def state_of(settings: Settings) -> Mapping[bytes, int]:
    """The counts that the changelog holds."""
    return {
        record.key: COUNT.unpack(record.value or b"")[0] for record in read_all(settings, changelog(settings).topic)
    }
