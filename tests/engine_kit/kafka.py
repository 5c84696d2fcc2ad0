"""Topics, records, positions and an audit, through kafka-python, which shares no code with the engine."""

import random
import time
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import KafkaAdminClient
from kafka.errors import CoordinatorLoadInProgressError, CoordinatorNotAvailableError, NotCoordinatorError

from parcelward.cluster.client import consumer_options
from parcelward.settings import Settings
from tests.engine_kit.counting import COUNT
from tests.patience import PATIENCE_S


class Read(NamedTuple):
    """One committed record."""

    partition: int
    offset: int
    key: bytes
    value: bytes | None
    headers: list[tuple[str, bytes]]


def publish(settings: Settings, topic: str, records: Iterable[tuple[int, bytes, bytes]]) -> int:
    """Write (partition, key, value) and return how many."""
    producer = KafkaProducer(
        bootstrap_servers=settings.kafka, max_request_size=16_000_000, linger_ms=5, batch_size=100_000
    )
    count = 0
    for partition, key, value in records:
        producer.send(topic, value=value, key=key, partition=partition)
        count += 1
    producer.flush()
    producer.close()
    return count


def some_records(count: int, keys: int, partitions: int, seed: int = 1) -> Iterable[tuple[int, bytes, bytes]]:
    """Records of `keys` different keys; a key always goes to the same partition."""
    chance = random.Random(seed)
    for number in range(count):
        key = chance.randrange(keys)
        yield key % partitions, b"waybill-%05d" % key, b"value %d" % number


def read_all(settings: Settings, topic: str) -> list[Read]:
    """Every committed record of a topic, in order of partition and offset."""
    consumer = KafkaConsumer(**consumer_options(settings))
    parts = [TopicPartition(topic, number) for number in range(settings.partitions)]
    consumer.assign(parts)
    consumer.seek_to_beginning(*parts)
    ends = consumer.end_offsets(parts)
    found: list[Read] = []
    while any(consumer.position(part) < ends[part] for part in parts):
        for part, records in consumer.poll(timeout_ms=200).items():
            found += [Read(part.partition, r.offset, r.key, r.value, list(r.headers)) for r in records]
    consumer.close()
    return sorted(found)


def committed(settings: Settings) -> dict[tuple[str, int], int]:
    """Position of the worker group per source topic and partition; none while the group is not there yet."""
    admin = KafkaAdminClient(bootstrap_servers=settings.kafka)
    try:
        offsets = admin.list_group_offsets({settings.topics.app_id: None})
    except (CoordinatorNotAvailableError, NotCoordinatorError):
        return {}
    except CoordinatorLoadInProgressError:  # there, and about to say
        time.sleep(0.1)
        return committed(settings)
    finally:
        admin.close()
    found: dict[Any, Any] = offsets[settings.topics.app_id]
    return {(tp.topic, tp.partition): meta.offset for tp, meta in found.items()}


def ends_of(settings: Settings, topics: Iterable[str]) -> dict[tuple[str, int], int]:
    """End of each partition of some topics."""
    consumer = KafkaConsumer(**consumer_options(settings))
    parts = [TopicPartition(topic, number) for topic in topics for number in range(settings.partitions)]
    try:
        return {(part.topic, part.partition): end for part, end in consumer.end_offsets(parts).items()}
    finally:
        consumer.close()


def intake_topics(settings: Settings) -> list[str]:
    """Names of all intake topics."""
    return [settings.topics.intake(courier) for courier in settings.couriers]


def drained(settings: Settings) -> bool:
    """Tell whether the group has committed everything that is on intake."""
    positions = committed(settings)
    return all(positions.get(part, 0) >= end for part, end in ends_of(settings, intake_topics(settings)).items())


def await_true(condition: Callable[[], bool], seconds: float = PATIENCE_S, pause_s: float = 0.1) -> None:
    """Poll until a condition holds; fails the test when it does not within `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the awaited condition did not come about"
        time.sleep(pause_s)


def audit(settings: Settings) -> None:
    """State equals the source, key by key, and every alert is there exactly once."""
    source = Counter(record.key for topic in intake_topics(settings) for record in read_all(settings, topic))
    state: dict[bytes, int] = {}
    for record in read_all(settings, settings.topics.changelog("duties")):
        state[record.key] = COUNT.unpack(record.value or b"")[0]
    alerts = Counter((record.key, record.value) for record in read_all(settings, settings.topics.alerts))
    expected = Counter(
        {(key, b"%d" % (10 * tens)): 1 for key, count in source.items() for tens in range(1, count // 10 + 1)}
    )
    wrong = {key for key in source.keys() | state.keys() if state.get(key, 0) != source[key]}
    assert not wrong, f"{len(wrong)} keys wrong; state sums up to {sum(state.values())}, source to {source.total()}"
    assert alerts == expected, f"{alerts.total()} alerts, {len(alerts)} distinct, {expected.total()} expected"
