"""Members of the workers' group without a worker."""

import contextlib
from collections.abc import AsyncIterator
from typing import Any

from aiokafka import AIOKafkaConsumer

from parcelward.settings import Settings
from streams.engine.producer import Member


@contextlib.asynccontextmanager
async def joined(settings: Settings, topic: str) -> AsyncIterator[Member]:
    """Be a member of the group for as long as it lasts; in the generation of the moment of joining."""
    consumer: Any = AIOKafkaConsumer(
        topic, bootstrap_servers=settings.kafka, group_id=settings.topics.app_id, enable_auto_commit=False
    )
    await consumer.start()
    try:
        yield Member(consumer._coordinator.member_id, consumer._coordinator.generation)
    finally:
        await consumer.stop()
