"""Batches, when they are delivered, and records that fail; in one worker on a real Kafka."""

import asyncio
import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

import streams.engine.pacing
from parcelward.cluster.admin import ensure_topics
from parcelward.intake.refusal import set_aside
from parcelward.poison import TooManyPoisonedError
from parcelward.settings import Settings
from parcelward.stage import Batch
from streams.engine.transport import BatchConsumer
from tests.engine_kit.counting import CountingStage, counting_plan
from tests.engine_kit.kafka import audit, committed, publish, read_all
from tests.engine_kit.workers import Running, running

Install = Callable[..., Settings]


@pytest.fixture
def install(kafka: str, topic_prefix: str) -> Install:
    """Makes an installation of its own: two couriers, one partition, no patience."""

    def install(**changes: object) -> Settings:
        values: dict[str, object] = {
            "kafka": kafka,
            "topic_prefix": topic_prefix,
            "couriers": ("swift", "orient"),
            "partitions": 1,
            "session_timeout": timedelta(seconds=3),
            "commit_every": timedelta(0),
            "idle_grace": timedelta(milliseconds=300),
            "outage_grace": timedelta(0),
        }
        settings = Settings(**(values | changes))  # type: ignore[arg-type]
        ensure_topics(settings)
        return settings

    return install


def records(count: int, key: bytes = b"w") -> list[tuple[int, bytes, bytes]]:
    return [(0, key, b"%d" % number) for number in range(count)]


def delivered(worker: Running) -> list[Batch]:
    return [done.batch for done in worker.notes.done]


def counted(worker: Running) -> int:
    return sum(len(batch.records) for batch in delivered(worker))


def test_what_waits_on_all_intake_topics_is_one_batch_in_order_of_arrival(install: Install) -> None:
    settings = install()
    for round_ in range(3):
        publish(settings, settings.topics.intake("orient"), records(2, b"o%d" % round_))
        publish(settings, settings.topics.intake("swift"), records(2, b"s%d" % round_))

    async def scenario() -> None:
        async with running(settings, [counting_plan(settings)]) as worker:
            await worker.until(lambda: counted(worker) == 12)
            first = next(batch for batch in delivered(worker) if batch.records)
            stamps = [record.timestamp for record in first.records]
            assert stamps == sorted(stamps)
            assert {record.topic for record in first.records} == set(counting_plan(settings).topics)

    asyncio.run(scenario())
    assert committed(settings) == {(settings.topics.intake("orient"), 0): 6, (settings.topics.intake("swift"), 0): 6}
    audit(settings)


def test_a_batch_holds_no_more_than_the_setting(install: Install) -> None:
    settings = install(batch_records=7)
    publish(settings, settings.topics.intake("swift"), records(50))
    publish(settings, settings.topics.intake("orient"), records(50, b"v"))

    async def scenario() -> None:
        async with running(settings, [counting_plan(settings)]) as worker:
            await worker.until(lambda: counted(worker) == 100)
            assert max(len(batch.records) for batch in delivered(worker)) == 7

    asyncio.run(scenario())
    audit(settings)


def test_an_idle_partition_learns_until_when_nothing_more_comes(install: Install) -> None:
    settings = install()

    async def scenario() -> None:
        async with running(settings, [counting_plan(settings)]) as worker:
            publish(settings, settings.topics.intake("swift"), records(1))
            await worker.until(lambda: counted(worker) == 1)
            arrival = next(batch for batch in delivered(worker) if batch.records).records[0].timestamp
            topics = set(counting_plan(settings).topics)
            await worker.until(
                lambda: any(
                    not batch.records
                    and set(batch.quiet_until) == topics
                    and min(batch.quiet_until.values()) > arrival + 500
                    for batch in delivered(worker)
                )
            )
            now = int(time.time() * 1000)
            grace = settings.idle_grace / timedelta(milliseconds=1)
            assert all(until <= now - grace for batch in delivered(worker) for until in batch.quiet_until.values())

    asyncio.run(scenario())


def answer_late(worker: Running, seconds: float) -> None:
    """Every answer of the broker is read late, as after a pause of this process."""
    client = worker.app.consumer._thread._consumer._client
    send = client.send

    async def late(*args: Any, **kwargs: Any) -> Any:
        answer = await send(*args, **kwargs)
        await asyncio.sleep(seconds)
        return answer

    client.send = late


@pytest.mark.parametrize("late_s", [0.0, 0.2], ids=["at once", "after a pause"])
def test_records_never_arrive_before_the_time_that_was_called_quiet(
    install: Install, monkeypatch: pytest.MonkeyPatch, late_s: float
) -> None:
    # Every answer is passed on in a batch of its own.
    fetch = BatchConsumer._fetch
    monkeypatch.setattr(BatchConsumer, "_fetch", lambda consumer, wait_s: fetch(consumer, 0.01))
    monkeypatch.setattr(streams.engine.pacing, "TICK_S", 0.005)
    settings = install(idle_grace=timedelta(0))

    async def scenario() -> None:
        async with running(settings, [counting_plan(settings)]) as worker:
            await worker.until(lambda: worker.app.tables.actives_ready)
            answer_late(worker, late_s)
            for number in range(1, 7):
                await asyncio.to_thread(publish, settings, settings.topics.intake("swift"), records(1))
                await worker.until(lambda number=number: counted(worker) >= number)  # type: ignore[misc]
            quiet = -1
            for batch in delivered(worker):
                assert all(record.timestamp >= quiet for record in batch.records)
                quiet = max(quiet, batch.quiet_until.get(settings.topics.intake("swift"), -1))
            assert quiet > 0

    asyncio.run(scenario())


def test_low_load_commits_no_oftener_than_a_sixth_of_the_setting(install: Install) -> None:
    settings = install(commit_every=timedelta(seconds=3))

    async def scenario() -> None:
        async with running(settings, [counting_plan(settings)]) as worker:
            await worker.until(lambda: worker.app.tables.actives_ready)
            begun = time.monotonic()
            for _ in range(8):
                await asyncio.to_thread(publish, settings, settings.topics.intake("swift"), records(1))
            await worker.until(lambda: counted(worker) == 8)
            commits = sum(bool(batch.records) for batch in delivered(worker))
            assert commits <= (time.monotonic() - begun) / 0.5 + 1

    asyncio.run(scenario())
    audit(settings)


def test_a_poisoned_record_goes_whole_to_its_courier_and_the_rest_goes_on(install: Install) -> None:
    settings = install()
    topic = settings.topics.intake("swift")
    large = b"poison " + b"x" * 11_000_000  # far beyond one record batch
    publish(settings, topic, [*records(15), (0, b"bad", large), *records(15)])

    async def scenario() -> None:
        plan = counting_plan(settings, set_aside=partial(set_aside, settings.topics))
        async with running(settings, [plan]) as worker:
            await worker.until(lambda: counted(worker) == 31)
            facts = sum((done.outcome.counts for done in worker.notes.done[1:]), worker.notes.done[0].outcome.counts)
            assert facts["poison", "duties"] == facts["rejected", "swift", "unexpected"] == 1

    asyncio.run(scenario())
    (refused,) = read_all(settings, settings.topics.rejected("swift"))
    assert (refused.key, refused.value) == (b"bad", large)
    headers = dict(refused.headers)
    assert (headers["pw_reason"], headers["pw_offset"]) == (b"unexpected", b"15")
    assert b"LookupError" in headers["pw_detail"]
    assert b"xxx" not in headers["pw_detail"]
    assert committed(settings)[topic, 0] == 31
    (state,) = {record.key: record.value for record in read_all(settings, settings.topics.changelog("duties"))}.items()
    assert state == (b"w", (30).to_bytes(8, "little"))


def test_too_many_poisoned_records_stop_the_worker_and_none_is_acknowledged(install: Install) -> None:
    settings = install()
    topic = settings.topics.intake("swift")
    publish(settings, topic, [(0, b"w", b"poison" if number % 5 == 0 else b"fine") for number in range(100)])

    async def scenario() -> None:
        plan = counting_plan(settings, set_aside=partial(set_aside, settings.topics))
        async with running(settings, [plan]) as worker:
            assert isinstance(await worker.failure(), TooManyPoisonedError)

    asyncio.run(scenario())
    assert committed(settings).get((topic, 0)) is None
    assert read_all(settings, settings.topics.rejected("swift")) == []


def test_a_poisoned_record_of_our_own_stops_the_worker(install: Install) -> None:
    settings = install()
    topic = settings.topics.intake("swift")
    publish(settings, topic, [(0, b"w", b"poison")])

    async def scenario() -> None:
        async with running(settings, [counting_plan(settings)]) as worker:  # no set_aside, like senders and outlets
            assert isinstance(await worker.failure(), TooManyPoisonedError)

    asyncio.run(scenario())
    assert committed(settings).get((topic, 0)) is None


def test_a_stage_that_cannot_be_restored_stops_the_worker(install: Install) -> None:
    settings = install()

    class Broken(CountingStage):
        def restore(self, state: object) -> None:
            raise ValueError("state of another version")

    async def scenario() -> None:
        plan = counting_plan(settings, build=lambda partition: Broken(settings.topics.alerts))
        async with running(settings, [plan]) as worker:
            assert isinstance(await worker.failure(), ValueError)

    asyncio.run(scenario())
