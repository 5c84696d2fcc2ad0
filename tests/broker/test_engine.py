"""The engine on a real Kafka: exactly once through kills, joins, leaves and pauses."""

from datetime import timedelta
from pathlib import Path

import pytest

from parcelward.cluster.admin import ensure_topics
from parcelward.settings import Settings
from tests.engine_kit.kafka import audit, await_true, committed, drained, intake_topics, publish, some_records
from tests.engine_kit.workers import counting_workers


@pytest.fixture
def settings(kafka: str, topic_prefix: str) -> Settings:
    """An installation of its own: two couriers, four partitions, an impatient group."""
    made = Settings(
        kafka=kafka,
        topic_prefix=topic_prefix,
        couriers=("swift", "orient"),
        partitions=4,
        session_timeout=timedelta(seconds=3),
        commit_every=timedelta(milliseconds=20),
        batch_records=500,
    )
    ensure_topics(made)
    return made


def publish_everywhere(settings: Settings, count: int, seed: int) -> None:
    for topic in intake_topics(settings):
        publish(settings, topic, some_records(count, 300, settings.partitions, seed))


def processed(settings: Settings) -> int:
    return sum(committed(settings).values())


def test_kill_9_in_the_middle_loses_and_doubles_nothing(settings: Settings, tmp_path: Path) -> None:
    publish_everywhere(settings, 40_000, seed=1)
    with counting_workers(settings, tmp_path) as start:
        first = start()
        await_true(lambda: processed(settings) > 2_000)
        first.kill()
        assert not drained(settings), "nothing was left to do after the kill, which proves nothing"
        second = start()
        await_true(lambda: drained(settings))
        assert second.stop() == 0
    audit(settings)


def test_workers_that_join_leave_and_pause_lose_and_double_nothing(settings: Settings, tmp_path: Path) -> None:
    with counting_workers(settings, tmp_path) as start:
        first = start()
        publish_everywhere(settings, 2_000, seed=2)
        await_true(lambda: processed(settings) > 100)
        second = start()
        publish_everywhere(settings, 4_000, seed=3)
        await_true(lambda: drained(settings))
        publish_everywhere(settings, 4_000, seed=4)
        first.pause()  # the group takes its partitions away while it sleeps
        await_true(lambda: drained(settings))
        first.go_on()
        publish_everywhere(settings, 4_000, seed=5)
        assert second.stop() == 0
        await_true(lambda: drained(settings))
        assert first.stop() == 0
    audit(settings)
