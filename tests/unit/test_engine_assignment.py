"""A worker stops when recovery is over and a state is not there."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from parcelward.settings import Settings
from streams.engine.assignment import Assignment
from streams.engine.producer import Member, StoppedError
from streams.engine.transactions import FailedError
from tests.engine_kit.counting import counting_plan
from tests.engine_kit.remembering import RememberingProducer

SETTINGS = Settings(couriers=("swift",), partitions=1)
NOTHING: Any = SimpleNamespace(**dict.fromkeys(("assigned", "given_up", "restored", "batch_done"), lambda *_: None))


async def assigned() -> Assignment:
    assignment = Assignment(SETTINGS, [counting_plan(SETTINGS)], NOTHING, connect=lambda *_: RememberingProducer())
    await assignment.take_over([(SETTINGS.topics.intake("swift"), 0)], Member("member", 1))
    return assignment


@pytest.mark.parametrize("stopping", [False, True])
def test_a_recovery_without_its_end_stops_the_worker_unless_it_is_stopping_anyway(stopping: bool) -> None:
    async def scenario() -> None:
        assignment = await assigned()
        if stopping:
            await assignment.finish()
        assignment.require_restored(list(assignment))
        assert isinstance(assignment.fault, FailedError) is not stopping

    asyncio.run(scenario())


def test_who_has_given_a_partition_up_is_not_asked_for_its_state() -> None:
    async def scenario() -> None:
        assignment = await assigned()
        former = list(assignment)
        await assignment.give_up()
        assignment.require_restored(former)
        assert assignment.fault is None

    asyncio.run(scenario())


REQUESTS = ("start", "stable_positions", "await_records", "beginnings")


class _StandsStill(RememberingProducer):
    """One of its requests waits for an answer until the connection is closed, as in the product's producer."""

    def __init__(self, request: str) -> None:
        super().__init__()
        self.asked, self._closed = asyncio.Event(), asyncio.Event()
        setattr(self, request, self._wait)

    async def _wait(self, _: Any) -> Any:
        self.asked.set()
        await self._closed.wait()
        raise StoppedError

    async def stop(self) -> None:
        self._closed.set()


@pytest.mark.parametrize("request_", REQUESTS)
@pytest.mark.parametrize("told", [True, False], ids=["told to stop", "connection lost"])
def test_a_connection_that_ends_during_a_takeover_is_a_fault_unless_the_worker_was_told_to_stop(
    request_: str, told: bool
) -> None:
    async def scenario() -> None:
        producer = _StandsStill(request_)
        assignment = Assignment(SETTINGS, [counting_plan(SETTINGS)], NOTHING, connect=lambda *_: producer)
        taking = asyncio.ensure_future(
            assignment.take_over([(SETTINGS.topics.intake("swift"), 0)], Member("member", 1))
        )
        await producer.asked.wait()
        if not told:
            await producer.stop()
            with pytest.raises(StoppedError):
                await taking
            return
        await assignment.finish()
        await assignment.give_up()
        await taking
        assert assignment.fault is None
        assert not list(assignment)

    asyncio.run(scenario())
