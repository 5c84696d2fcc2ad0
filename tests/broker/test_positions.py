"""Positions that are gone while the state is there: the worker stops before it counts everything twice."""

import asyncio
from collections.abc import Callable

import pytest
from kafka import TopicPartition
from kafka.admin import KafkaAdminClient
from kafka.structs import OffsetAndMetadata

from parcelward.cluster.admin import ensure_topics
from parcelward.errors import UserError
from parcelward.settings import Settings
from streams.engine.producer import Producer
from tests.engine_kit.counting import counting_plan
from tests.engine_kit.kafka import audit, committed, drained, publish, read_all
from tests.engine_kit.workers import running

TEN = [(0, b"waybill", b"value")] * 10


def run(settings: Settings, *, fails: bool = False) -> BaseException | None:
    """Run a worker until nothing is left to do, or until it fails; returns what it failed with."""

    async def scenario() -> BaseException | None:
        async with running(settings, [counting_plan(settings)]) as worker:
            if fails:
                return await worker.failure()
            while not (await asyncio.to_thread(drained, settings) and worker.app.assignment.ready):
                worker.task.done() and worker.task.result()
                await asyncio.sleep(0.05)
        return None

    return asyncio.run(scenario())


def as_admin(settings: Settings, change: Callable[[KafkaAdminClient], object]) -> None:
    admin = KafkaAdminClient(bootstrap_servers=settings.kafka)
    change(admin)
    admin.close()


def state(settings: Settings) -> dict[bytes, bytes | None]:
    return {record.key: record.value for record in read_all(settings, settings.topics.changelog("duties"))}


@pytest.fixture
def counted(settings: Settings) -> Settings:
    """Ten records are counted; then the positions of the group are gone."""
    publish(settings, settings.topics.intake("swift"), TEN)
    run(settings)
    as_admin(settings, lambda admin: admin.delete_groups([settings.topics.app_id]))
    assert committed(settings) == {}
    return settings


def test_worker_stops_before_it_counts_twice_and_goes_on_from_where_it_is_told(counted: Settings) -> None:
    before, intake = state(counted), counted.topics.intake("swift")
    fault = run(counted, fails=True)
    assert isinstance(fault, UserError)
    assert f"is committed for partition 0 of {intake}, but the state of stage duties is there" in str(fault)
    assert (state(counted), committed(counted)) == (before, {})
    there = {TopicPartition(intake, 0): OffsetAndMetadata(10, "", -1)}
    as_admin(counted, lambda admin: admin.alter_group_offsets(counted.topics.app_id, there))
    publish(counted, intake, TEN)
    run(counted)
    audit(counted)


def test_a_courier_that_joins_later_is_read_from_the_beginning(settings: Settings) -> None:
    publish(settings, settings.topics.intake("swift"), TEN)
    run(settings)
    more = settings.model_copy(update={"couriers": ("swift", "harbor")})
    ensure_topics(more)
    publish(more, more.topics.intake("harbor"), TEN)
    run(more)
    assert committed(more)[more.topics.intake("harbor"), 0] == 10
    audit(more)


def test_a_changelog_that_holds_only_what_was_aborted_is_no_state(settings: Settings) -> None:
    """A worker that was killed in its very first transaction."""

    async def first() -> None:
        name = f"{settings.topics.app_id}-0"
        producer = Producer(settings, name)
        await producer.start([name])
        changelog = TopicPartition(settings.topics.changelog("duties"), 0)
        await producer.begin([changelog])
        await producer.send({changelog: [(b"waybill", b"1", ())]})
        await producer.stop()

    asyncio.run(first())
    publish(settings, settings.topics.intake("swift"), TEN)
    run(settings)
    audit(settings)
