"""What a worker makes of partitions whose recovery is over and whose state is not there."""

import asyncio
from collections.abc import Collection
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.structs import TopicPartition

from parcelward.settings import Settings
from streams.ownership import Ownership
from streams.producer import Member
from streams.transactions import FailedError
from tests.engine_kit.counting import counting_plan

SETTINGS = Settings(couriers=("swift",), partitions=1)
NOTHING: Any = SimpleNamespace(taken=lambda *_: None, given_up=lambda *_: None, restored=lambda *_: None)


class Producer:
    """Nothing is open."""

    def __init__(self, *_: object) -> None:
        pass

    async def start(self, names: Collection[str]) -> None:
        """Nobody to fence."""

    async def await_positions(self, sources: Collection[TopicPartition]) -> None:
        """All decided."""

    async def await_records(self, logs: Collection[TopicPartition]) -> None:
        """All decided."""

    async def stop(self) -> None:
        """Nothing to close."""


async def owning() -> Ownership:
    ownership = Ownership(SETTINGS, [counting_plan(SETTINGS)], NOTHING, connect=Producer)
    await ownership.take([(SETTINGS.topics.intake("swift"), 0)], Member("member", 1))
    return ownership


@pytest.mark.parametrize("stopping", [False, True])
def test_a_recovery_without_its_end_stops_the_worker_unless_it_is_stopping_anyway(stopping: bool) -> None:
    async def scenario() -> None:
        ownership = await owning()
        if stopping:
            await ownership.finish()
        ownership.require_restored(list(ownership))
        assert isinstance(ownership.fault, FailedError) is not stopping

    asyncio.run(scenario())


def test_who_has_given_a_partition_up_is_not_asked_for_its_state() -> None:
    async def scenario() -> None:
        ownership = await owning()
        former = list(ownership)
        await ownership.give_up()
        ownership.require_restored(former)
        assert ownership.fault is None

    asyncio.run(scenario())
