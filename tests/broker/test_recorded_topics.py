"""Reading a whole installation side by side: nothing is missed, nobody waits, and what waits is known."""

from collections.abc import Mapping

import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.structs import OffsetAndMetadata

from parcelward.cluster.admin import ensure_topics
from parcelward.errors import UserError
from parcelward.replay import live as recorded_topics
from parcelward.replay.live import RecordedTopics
from parcelward.replay.recording import in_arrival_order
from parcelward.settings import Settings

EACH = 400  # records per partition


@pytest.fixture
def installation(kafka: str, topic_prefix: str) -> Settings:
    """Topics of two couriers with two partitions, records in each intake partition, nothing worked off."""
    settings = Settings(kafka=kafka, topic_prefix=topic_prefix, couriers=("swift", "orient"), partitions=2, model=None)
    ensure_topics(settings)
    producer = KafkaProducer(bootstrap_servers=kafka, acks="all", linger_ms=2)
    for number in range(EACH):
        for courier in settings.couriers:
            for partition in range(2):
                topic = settings.topics.intake(courier)
                producer.send(topic, key=b"%d" % number, value=b"x" * 200, partition=partition)
    producer.close()
    return settings


def work_off(settings: Settings, positions: Mapping[tuple[str, int], int]) -> None:
    """Do as a worker that works everything off: its commits, by courier and partition."""
    consumer = KafkaConsumer(bootstrap_servers=settings.kafka, group_id=settings.topics.app_id)
    committed = {TopicPartition(settings.topics.intake(name), number): at for (name, number), at in positions.items()}
    consumer.assign(list(committed))
    consumer.commit({tp: OffsetAndMetadata(at, "", -1) for tp, at in committed.items()})
    consumer.close()


ALL_DONE = {(courier, partition): EACH for courier in ("swift", "orient") for partition in range(2)}


def test_everything_is_read_in_order_however_little_is_kept_ahead(
    installation: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Partitions are paused and resumed all the time here; kafka-python must not keep anything back."""
    monkeypatch.setattr(recorded_topics, "ENOUGH", 5)
    monkeypatch.setattr(recorded_topics, "PATIENCE_S", 5.0)
    monkeypatch.setitem(recorded_topics._READING, "max_partition_fetch_bytes", 4000)
    work_off(installation, ALL_DONE)
    with RecordedTopics(installation) as recording:
        assert recording.horizon_ms is None
        found = list(in_arrival_order(recording))
    assert [record.timestamp for record in found] == sorted(record.timestamp for record in found)
    for courier, partition in ALL_DONE:
        topic = installation.topics.intake(courier)
        offsets = [record.offset for record in found if (record.topic, record.partition) == (topic, partition)]
        assert offsets == list(range(EACH)), (courier, partition)


def test_the_horizon_is_the_arrival_of_the_first_record_that_waits(installation: Settings) -> None:
    work_off(installation, ALL_DONE)
    with RecordedTopics(installation) as recording:
        arrivals = [record.timestamp for record in recording.intake("orient", 1)]
    work_off(installation, {("orient", 1): 150})
    with RecordedTopics(installation) as recording:
        assert recording.horizon_ms == arrivals[150]
        assert len(list(recording.intake("orient", 1))) == 150
        assert len(list(recording.intake("swift", 0))) == EACH


def test_a_whole_recording_asks_nobody_how_far_the_work_is(installation: Settings) -> None:
    """Neither where nobody has committed anything, nor where somebody claims to be further back than the log's end."""
    producer = KafkaProducer(bootstrap_servers=installation.kafka, acks="all")
    producer.send(installation.topics.changelog("duties"), key=b"k", value=b"v", partition=1)
    producer.close()
    for _ in range(2):
        with RecordedTopics(installation, whole=True) as recording:
            assert recording.horizon_ms is None
            assert [record.value for record in recording.changelog("duties", 1)] == [b"v"]
            assert len(list(recording.intake("orient", 1))) == EACH
        work_off(installation, {("orient", 1): 150})


def test_where_no_worker_ran_there_is_nothing_to_compare_with(installation: Settings) -> None:
    with pytest.raises(UserError, match="no worker has run with this prefix"):
        RecordedTopics(installation)


def test_other_partitions_than_the_settings_say_are_named(installation: Settings) -> None:
    work_off(installation, ALL_DONE)
    with pytest.raises(UserError, match=r"has 2 partitions .* the setting partitions is 3"):
        RecordedTopics(installation.model_copy(update={"partitions": 3}))
