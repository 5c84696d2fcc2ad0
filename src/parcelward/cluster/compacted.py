"""Records of a compacted topic, by key: the last one of a key is the one that counts."""

from collections.abc import Sequence
from typing import Any

from kafka import KafkaProducer
from kafka.errors import KafkaError

from parcelward.cluster.client import client_options, unreachable
from parcelward.cluster.reader import TopicReader
from parcelward.errors import UserError
from parcelward.settings import Settings

PATIENCE_S = 60


def read_compacted(settings: Settings, topic: str) -> dict[bytes, Any]:
    """Give the last record of each key, in the order of the keys. Raises UserError."""
    found: dict[bytes, Any] = {}
    with TopicReader(settings, [topic]) as reader:
        for record in reader.read_to_end():
            found[record.key or b""] = record
    return {key: found[key] for key in sorted(found) if found[key].value is not None}


def write_once(
    settings: Settings, topic: str, key: bytes, value: bytes, headers: Sequence[tuple[str, bytes]]
) -> bytes | None:
    """Write a record, unless there is one under its key: then give the value of that one, and change nothing.

    Whoever writes the same twice, or at the same time, leaves the same behind. Raises UserError.
    """
    there = read_compacted(settings, topic).get(key)
    if there is not None:
        known: bytes = there.value
        return known
    try:
        producer = KafkaProducer(**client_options(settings), acks="all", enable_idempotence=True)
    except (KafkaError, OSError) as error:
        raise unreachable(settings, error) from None
    try:
        producer.send(topic, key=key, value=value, headers=list(headers)).get(PATIENCE_S)
    except KafkaError as error:
        raise UserError(f"writing to {topic} on {settings.kafka} failed: {type(error).__name__}: {error}") from None
    finally:
        producer.close(timeout=5)
    return None
