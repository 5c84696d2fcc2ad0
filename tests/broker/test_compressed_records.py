"""Couriers choose how they compress, and what they send compressed cannot stop the stream."""

import asyncio
import hashlib
import json
from collections.abc import Sequence
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer

from parcelward.identity.token_keys import KEYS_KEY
from parcelward.record_batch import MOST_RECORDS
from parcelward.screening.build import build_stages
from parcelward.settings import Settings
from parcelward.shipments.shipment import decode_shipment
from streams.stages import screening_plans
from tests.engine_kit.bombs import (
    GZIP,
    LZ4,
    SNAPPY,
    ZSTD,
    batch,
    bomb,
    compressed,
    empty_headers,
    publish,
    record,
    zeros_records,
)
from tests.engine_kit.kafka import committed, read_all
from tests.engine_kit.workers import running
from tests.system.events import real_name

EVENT = [("content-type", b"application/cloudevents+json")]
Sent = tuple[str | None, str, bytes]  # codec, waybill, value


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """An installation of its own, without a risk model."""
    return settings.model_copy(update={"model": None})


def event(waybill: str) -> bytes:
    return json.dumps(real_name(waybill)).encode()


def screen(settings: Settings, sent: Sequence[Sent], before: int = 0, records: int = 0) -> None:
    """Publish each record in a batch of its own, and run a worker over intake until all are taken.

    `before`: how many refusals of batches precede them; `records`: how many records there are in all.
    """

    async def send(codec: str | None, waybill: str, value: bytes) -> None:
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
            await send(*one)
        duties, *_ = screening_plans(settings, build_stages(settings))
        async with running(settings, [duties]) as worker:
            await worker.until(lambda: sum(len(done.batch.records) for done in worker.notes.done) == before + len(sent))

    asyncio.run(scenario())
    assert committed(settings)[settings.topics.intake("swift"), 0] == (records or len(sent))


def waybills(settings: Settings) -> set[str]:
    ledger = read_all(settings, settings.topics.changelog("duties"))
    return {decode_shipment(one.value).waybill for one in ledger if one.value is not None and one.key != KEYS_KEY}


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


def hostile() -> list[tuple[bytes, int, bytes]]:
    """Batches, how many records each has, and the reason for which it is refused."""
    tiny = b"".join(record(number, None) for number in range(MOST_RECORDS + 1))
    heads = record(0, headers=empty_headers(7_000_000))
    junk = compressed(GZIP, zeros_records(3, 10)) + b"what Java overlooks"
    return [
        (bomb(GZIP, 3, 40_000_000), 3, b"too_large"),
        (bomb(ZSTD, 22, 100_000_000), 22, b"too_large"),  # 2 GB
        (bomb(LZ4, 3, 40_000_000), 3, b"too_large"),
        (bomb(SNAPPY, 3, 40_000_000), 3, b"too_large"),
        (batch(ZSTD, compressed(ZSTD, [tiny]), MOST_RECORDS + 1), MOST_RECORDS + 1, b"too_large"),
        (batch(ZSTD, compressed(ZSTD, [heads]), 1), 1, b"too_large"),
        (batch(GZIP, junk, 3), 3, b"invalid_encoding"),  # not to be unpacked
        (batch(0, record(0, attributes=b"\x80"), 1), 1, b"invalid_encoding"),  # not to be read
    ]


def test_batches_that_unfold_to_gigabytes_or_to_nothing_readable_are_refused_and_the_stream_goes_on(
    settings: Settings,
) -> None:
    """Brokers accept every one of them: they look at the compressed size, and unpack piece by piece."""
    batches = hostile()
    raws = [raw for raw, _, _ in batches]
    firsts = asyncio.run(publish(settings.kafka, settings.topics.intake("swift"), raws))
    count = sum(count for _, count, _ in batches)
    screen(settings, [(None, "SFAFTER001", event("SFAFTER001"))], before=len(batches), records=count + 1)
    refused = [dict(read.headers) for read in read_all(settings, settings.topics.rejected("swift"))]
    assert [
        (headers["pw_reason"], int(headers["pw_offset"]), int(headers["pw_batch_records"]), headers["pw_value_sha256"])
        for headers in refused
    ] == [
        (reason, first + count - 1, count, hashlib.sha256(raw[61:]).hexdigest().encode())
        for first, (raw, count, reason) in zip(firsts, batches, strict=True)
    ]
    assert waybills(settings) == {"SFAFTER001"}
