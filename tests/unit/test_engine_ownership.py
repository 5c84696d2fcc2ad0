"""What a worker makes of partitions whose recovery is over and whose state is not there."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from parcelward.settings import Settings
from streams.engine.assignment import Ownership
from streams.engine.producer import Member
from streams.engine.transactions import FailedError
from tests.engine_kit.counting import counting_plan
from tests.engine_kit.remembering import RememberingProducer

SETTINGS = Settings(couriers=("swift",), partitions=1)
NOTHING: Any = SimpleNamespace(**dict.fromkeys(("taken", "given_up", "restored", "batch_done"), lambda *_: None))


async def owning() -> Ownership:
    ownership = Ownership(SETTINGS, [counting_plan(SETTINGS)], NOTHING, connect=lambda *_: RememberingProducer())
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
