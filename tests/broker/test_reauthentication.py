"""A session ends with its password: who is logged in has to prove again who it is, on the Kafka of deploy/."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka import TopicPartition as AioTopicPartition
from aiokafka.errors import KafkaError as AioKafkaError
from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from parcelward.cluster.client import consumer_options
from streams.engine.clients import connection_options
from tests.broker.deployed import REAUTH_MS, Cluster
from tests.patience import PATIENCE_S

PAUSE_S = 0.1
SESSION_S = REAUTH_MS / 1000
PART, AIO_PART = TopicPartition("alerts", 0), AioTopicPartition("alerts", 0)


async def asked(consumer: Any) -> Any:
    """Ask aiokafka's consumer, and again when its connection was closed meanwhile: it cannot prove again who it is."""
    for _ in range(2):
        try:
            return await consumer.end_offsets([AIO_PART])
        except AioKafkaError:
            await asyncio.sleep(PAUSE_S)
    return await consumer.end_offsets([AIO_PART])


async def use_on(ask: Callable[[], Awaitable[Any]]) -> None:
    """Ask again and again, until that fails."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        await ask()
        await asyncio.sleep(PAUSE_S)


def test_sessions_outlive_the_bound_and_end_with_their_password(cluster: Cluster) -> None:
    """kafka-python proves by itself who it is; aiokafka's connection is closed, and it makes a new one."""
    blocking = KafkaConsumer(**consumer_options(cluster.settings("platform")))

    async def use() -> None:
        other = AIOKafkaConsumer(**connection_options(cluster.settings("platform")), request_timeout_ms=3000)
        await other.start()
        try:
            begun = time.monotonic()
            while time.monotonic() - begun < 2 * SESSION_S:
                assert blocking.end_offsets([PART])
                assert await asked(other)
                await asyncio.sleep(PAUSE_S)
            changed = await asyncio.to_thread(cluster.provision, KAFKA_PLATFORM_PASSWORD="another")
            assert changed.stdout.startswith("~ password of platform")
            with pytest.raises(KafkaError):
                await use_on(lambda: asyncio.to_thread(blocking.end_offsets, [PART], 1000))
            with pytest.raises(AioKafkaError):
                await use_on(lambda: asked(other))
        finally:
            await other.stop()

    try:
        asyncio.run(use())
    finally:
        blocking.close()
        assert cluster.provision().returncode == 0
