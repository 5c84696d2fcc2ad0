"""A batch that was damaged on a broker's disk: nobody is blamed, nothing in it is believed, nothing is skipped."""

import asyncio
from pathlib import Path

import pytest
from kafka import KafkaProducer

from parcelward.errors import UserError
from parcelward.settings import Settings
from tests.engine_kit.counting import counting_plan
from tests.engine_kit.kafka import committed, read_all
from tests.engine_kit.traps import state_of
from tests.engine_kit.workers import running

VALUE = b"a value that is long enough to be compressed: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"


def publish_alone(settings: Settings, key: bytes, codec: str | None) -> int:
    """Publish a record in a batch of its own; returns its offset."""
    producer = KafkaProducer(bootstrap_servers=settings.kafka, compression_type=codec)
    offset: int = producer.send(settings.topics.intake("swift"), VALUE, key, partition=0).get(30).offset
    producer.close()
    return offset


def damage(log: Path, offset: int, byte: int) -> None:
    """Turn one bit of a batch's record data, in the file that the broker serves."""
    data, at = bytearray(log.read_bytes()), 0
    while int.from_bytes(data[at : at + 8]) != offset:
        at += 12 + int.from_bytes(data[at + 8 : at + 12])
    with log.open("r+b") as file:
        file.seek(at + 61 + byte)
        file.write(bytes([data[at + 61 + byte] ^ 1]))


@pytest.mark.parametrize("codec", [None, "gzip"], ids=["plain", "gzip"])
def test_the_worker_takes_what_precedes_it_and_stops(
    settings: Settings, tmp_path_factory: pytest.TempPathFactory, codec: str | None
) -> None:
    keys = [b"before", b"damaged", b"after"]
    offsets = [publish_alone(settings, key, codec) for key in keys]
    (log,) = tmp_path_factory.getbasetemp().glob(f"kafka[0-9]*/**/{settings.topics.intake('swift')}-0/*.log")
    damage(log, offsets[1], byte=30)

    async def scenario() -> BaseException | None:
        async with running(settings, [counting_plan(settings)]) as worker:
            return await worker.failure()

    for _ in range(2):
        fault = asyncio.run(scenario())
        assert isinstance(fault, UserError)
        assert f"offset {offsets[1]} of topic {settings.topics.intake('swift')}, partition 0, is damaged" in str(fault)
        assert committed(settings) == {(settings.topics.intake("swift"), 0): offsets[1]}
        assert state_of(settings) == {b"before": 1}
        assert read_all(settings, settings.topics.rejected("swift")) == []
