"""Couriers choose how they compress, and what they send compressed cannot stop the stream."""

import asyncio
import hashlib
import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer

from parcelward.screening import build_stages
from parcelward.settings import Settings
from parcelward.shipment import decode_shipment
from parcelward.topic_admin import ensure_topics
from streams.screening import screening_plans
from tests.engine_kit.kafka import committed, read_all
from tests.engine_kit.workers import running
from tests.system.events import real_name

BOMB = b"x" * 50_000_000
EVENT = [("content-type", b"application/cloudevents+json")]
Sent = tuple[str | None, str, bytes]  # codec, waybill, value


@pytest.fixture
def settings(kafka: str, topic_prefix: str) -> Settings:
    """An installation of its own, without a risk model."""
    made = Settings(
        kafka=kafka,
        topic_prefix=topic_prefix,
        couriers=("swift",),
        partitions=1,
        session_timeout=timedelta(seconds=3),
        commit_every=timedelta(0),
        model=None,
    )
    ensure_topics(made)
    return made


def event(waybill: str) -> bytes:
    return json.dumps(real_name(waybill)).encode()


def screen(settings: Settings, sent: Sequence[Sent]) -> None:
    """Publish each record in a batch of its own, and run a worker over intake until all are taken."""

    async def publish(codec: str | None, waybill: str, value: bytes) -> None:
        producer: Any = AIOKafkaProducer(
            bootstrap_servers=settings.kafka, compression_type=codec, max_request_size=100_000_000
        )
        await producer.start()
        try:
            await producer.send_and_wait(settings.topics.intake("swift"), value, waybill.encode(), headers=EVENT)
        finally:
            await producer.stop()

    async def scenario() -> None:
        for one in sent:
            await publish(*one)
        duties, *_ = screening_plans(settings, build_stages(settings))
        async with running(settings, [duties]) as worker:
            await worker.until(lambda: sum(len(done.batch.records) for done in worker.notes.done) == len(sent))

    asyncio.run(scenario())
    assert committed(settings)[settings.topics.intake("swift"), 0] == len(sent)


def waybills(settings: Settings) -> set[str]:
    ledger = read_all(settings, settings.topics.changelog("duties"))
    return {decode_shipment(record.value).waybill for record in ledger if record.value is not None}


def test_every_codec_of_kafka_is_read(settings: Settings) -> None:
    codecs = {
        None: "SFNONE0001",
        "gzip": "SFGZIP0001",
        "snappy": "SFSNAPPY01",
        "lz4": "SFLZ400001",
        "zstd": "SFZSTD0001",
    }
    screen(settings, [(codec, waybill, event(waybill)) for codec, waybill in codecs.items()])
    assert waybills(settings) == set(codecs.values())


@pytest.mark.parametrize("codec", ["gzip", "zstd"])
def test_a_small_batch_that_unfolds_to_fifty_megabytes_is_refused_and_the_stream_goes_on(
    settings: Settings, codec: str
) -> None:
    screen(settings, [(codec, "SFBOMB0001", BOMB), (None, "SFAFTER001", event("SFAFTER001"))])
    (refused,) = read_all(settings, settings.topics.rejected("swift"))
    assert (refused.key, refused.value) == (b"SFBOMB0001", None)
    headers = dict(refused.headers)
    assert (headers["pw_reason"], headers["pw_value_bytes"]) == (b"too_large", b"50000000")
    assert headers["pw_value_sha256"] == hashlib.sha256(BOMB).hexdigest().encode()
    assert waybills(settings) == {"SFAFTER001"}
