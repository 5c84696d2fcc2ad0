"""State in a folder, on a real Kafka: a restart reads the end of the changelog, and believes no wrong state."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from parcelward.cluster.admin import ensure_topics
from parcelward.settings import Settings
from tests.engine_kit.counting import Notes, counting_plan
from tests.engine_kit.kafka import audit, await_true, committed, drained, intake_topics, publish, read_all, some_records
from tests.engine_kit.workers import counting_workers, running


@pytest.fixture
def settings(kafka: str, topic_prefix: str, tmp_path: Path) -> Settings:
    """An installation of its own, with state on disk."""
    made = Settings(
        kafka=kafka,
        topic_prefix=topic_prefix,
        couriers=("swift",),
        partitions=2,
        session_timeout=timedelta(seconds=3),
        commit_every=timedelta(milliseconds=20),
        batch_records=200,
        state_dir=tmp_path / "state",
    )
    ensure_topics(made)
    return made


def publish_some(settings: Settings, count: int, seed: int) -> None:
    publish(settings, intake_topics(settings)[0], some_records(count, 300, settings.partitions, seed))


async def run_until_drained(settings: Settings) -> Notes:
    """Run a worker inside the test until it has nothing left to do; what it told."""
    async with running(settings, [counting_plan(settings)]) as worker:
        await worker.until(lambda: len(worker.notes.restored_records) == settings.partitions)
        while not await asyncio.to_thread(drained, settings):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        await worker.until(lambda: all(partition.idle for partition in worker.app.assignment))
        for partition in worker.app.assignment:
            assert dict(partition.state.items()) == {
                record.key: record.value
                for record in read_all(settings, settings.topics.changelog("duties"))
                if record.partition == partition.number
            }
    return worker.notes


def test_a_restart_reads_nothing_that_the_folder_has(settings: Settings) -> None:
    publish_some(settings, 2_000, seed=1)
    first = asyncio.run(run_until_drained(settings))
    assert sum(first.restored_records.values()) == 0
    publish_some(settings, 100, seed=2)
    second = asyncio.run(run_until_drained(settings))
    assert sum(second.restored_records.values()) == 0
    audit(settings)


def test_after_kill_9_only_what_was_committed_and_not_yet_written_is_read(settings: Settings, tmp_path: Path) -> None:
    publish_some(settings, 40_000, seed=3)
    with counting_workers(settings, tmp_path) as start:
        first = start()
        await_true(lambda: sum(committed(settings).values()) > 1_000)
        first.kill()
        assert not drained(settings), "nothing was left to do after the kill, which proves nothing"
    notes = asyncio.run(run_until_drained(settings))
    assert sum(notes.restored_records.values()) <= settings.partitions * settings.batch_records
    audit(settings)


def test_the_rest_that_another_worker_wrote_is_read(settings: Settings) -> None:
    publish_some(settings, 2_000, seed=4)
    asyncio.run(run_until_drained(settings))
    elsewhere = settings.model_copy(update={"state_dir": None})
    publish_some(settings, 100, seed=5)
    asyncio.run(run_until_drained(elsewhere))
    notes = asyncio.run(run_until_drained(settings))
    assert 0 < sum(notes.restored_records.values()) <= 100
    audit(settings)


def test_a_folder_of_another_installation_is_not_believed(settings: Settings) -> None:
    publish_some(settings, 2_000, seed=6)
    asyncio.run(run_until_drained(settings))
    other = settings.model_copy(update={"topic_prefix": f"other-{settings.topic_prefix}"})
    ensure_topics(other)
    publish_some(other, 1_000, seed=7)
    asyncio.run(run_until_drained(other))
    audit(other)
