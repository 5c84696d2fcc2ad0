"""Finds in a changelog a value that is written each day anew, without reading the changelog whole."""

import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from parcelward.cluster.client import consumer_options, unreachable
from parcelward.moments import DAY_MS
from parcelward.settings import Settings

DAYS = 8
"""Days that are looked through one by one, today first; then the whole log."""
ENOUGH = 20_000
"""Records of a day within which the value comes: it is written with the day's first batch."""
PATIENCE_S = 10.0


def newest_daily(settings: Settings, topic: str, key: bytes) -> dict[int, bytes]:
    """Give the newest value of a key in each partition; without those where it is not found within some seconds.

    Raises UserError when Kafka does not answer.
    """
    try:
        with closing(KafkaConsumer(**consumer_options(settings))) as consumer:
            numbers = consumer.partitions_for_topic(topic) or ()
            found = {number: _newest(consumer, TopicPartition(topic, number), key) for number in sorted(numbers)}
    except (KafkaError, OSError) as error:
        raise unreachable(settings, error) from None
    return {number: value for number, value in found.items() if value is not None}


def _newest(consumer: Any, tp: TopicPartition, key: bytes) -> bytes | None:
    deadline = time.monotonic() + PATIENCE_S
    end = consumer.end_offsets([tp])[tp]
    for start in _starts(consumer, tp, end):
        if (value := _last_within(consumer, tp, key, range(start, min(start + ENOUGH, end)), deadline)) is not None:
            return value
    return _last_within(consumer, tp, key, range(consumer.beginning_offsets([tp])[tp], end), deadline)


def _starts(consumer: Any, tp: TopicPartition, end: int) -> Iterator[int]:
    """Give the offsets with which the last days began (UTC), the latest first; asks for a day when it is wanted."""
    today, before = int(time.time() * 1000) // DAY_MS * DAY_MS, end
    for day in range(DAYS):
        found = consumer.offsets_for_times({tp: today - day * DAY_MS})[tp]
        if found is not None and found.offset < before:
            before = int(found.offset)
            yield before


def _last_within(consumer: Any, tp: TopicPartition, key: bytes, offsets: range, deadline: float) -> bytes | None:
    consumer.assign([tp])
    consumer.seek(tp, offsets.start)
    value: bytes | None = None
    while consumer.position(tp) < offsets.stop and time.monotonic() < deadline:
        for record in consumer.poll(timeout_ms=200).get(tp, ()):
            if record.key == key and record.offset < offsets.stop:
                value = record.value
    return value
