"""Chaining on a real Kafka: from one worker to two and back, nothing is lost, doubled or out of order."""

import asyncio
import itertools
from collections import defaultdict
from typing import Any

from parcelward.cluster.admin import ensure_topics
from parcelward.settings import Settings
from tests.engine_kit.kafka import publish, read_all
from tests.engine_kit.passing import passing_plans
from tests.engine_kit.workers import Running, running

KEYS = 20


def chains(worker: Running) -> bool:
    """Tell whether it processes at once the records that it sends to its own later stages."""
    return bool(worker.app.assignment.chain.unread)


def shares(worker: Running) -> bool:
    """Tell whether it has some of the partitions."""
    assignment = worker.app.assignment
    return any(True for _ in assignment) and assignment.ready and not assignment.chain.partitions


def test_workers_join_and_leave(settings: Settings) -> None:
    settings = settings.model_copy(update={"topic_prefix": f"two.{settings.topic_prefix}", "partitions": 2})
    ensure_topics(settings)
    numbers = itertools.count()

    async def publish_some() -> None:
        some = itertools.islice(numbers, 60)
        records = [(number % 2, b"key %d" % (number % KEYS), b"<%d>" % number) for number in some]
        await asyncio.to_thread(publish, settings, settings.topics.intake("swift"), records)

    async def until_alerted(worker: Running, count: int) -> None:
        while len(await asyncio.to_thread(alerted, settings)) < count:
            await worker.until(lambda: True)
            await asyncio.sleep(0.1)

    async def scenario() -> None:
        async with running(settings, passing_plans(settings)) as worker:
            await worker.until(lambda: chains(worker))
            await publish_some()
            await until_alerted(worker, 60)
            paused = await worker.app.consumer._thread.call_thread(paused_topics, worker)
            assert paused == {settings.topics.into("senders"), settings.topics.into("outlets")}
            async with running(settings, passing_plans(settings)) as other:
                await publish_some()
                await other.until(lambda: shares(other) and shares(worker))
                await publish_some()
                await until_alerted(worker, 180)
            await publish_some()
            await worker.until(lambda: chains(worker))
            await publish_some()
            await until_alerted(worker, 300)

    asyncio.run(scenario())
    assert len(set(alerted(settings))) == len(alerted(settings)) == 300
    for stage in ("senders", "outlets"):
        topic = settings.topics.into(stage)
        state = {record.key: record.value for record in read_all(settings, settings.topics.changelog(stage))}
        in_order: defaultdict[Any, bytes] = defaultdict(bytes)
        for record in read_all(settings, topic):
            in_order[record.key] += record.value or b""
        assert state == in_order, "each stage has processed its topic in the order of the topic"


async def paused_topics(worker: Running) -> set[str]:
    """Topics of which nothing is fetched."""
    return {tp.topic for tp in worker.app.consumer._thread._consumer.paused()}


def alerted(settings: Settings) -> list[bytes | None]:
    """Values of the alerts."""
    return [record.value for record in read_all(settings, settings.topics.alerts)]
