"""A publisher outlives an outage, `kill -9` and a full disk: nothing lost, nothing screened twice, order kept.

`python -m tests.publisher_faults` runs the same faults at full length.
"""

import asyncio
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest

from parcelward.broker import LocalBroker
from parcelward.cluster.admin import ensure_topics
from parcelward.cluster.client import require_answer
from parcelward.cluster.reader import TopicReader
from parcelward.errors import UserError
from parcelward.publisher import AsyncPublisher, NotDelivered, Publisher, SpoolFull
from parcelward.settings import Settings
from tests.patience import PATIENCE_S
from tests.ports import free_port
from tests.publisher_faults.courier import event
from tests.publisher_faults.run import Count, Courier, away, disk_full, hour_away, killed


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalBroker]:
    """A broker that these tests may kill."""
    with LocalBroker(tmp_path_factory.mktemp("kafka"), free_port()) as running:
        yield running


@pytest.fixture
def settings(broker: LocalBroker, topic_prefix: str) -> Settings:
    made = Settings(kafka=broker.bootstrap, topic_prefix=topic_prefix, couriers=("swift",), model=None)
    ensure_topics(made)
    return made


def whole(count: Count, events: int) -> bool:
    return (count.taken, count.lost, count.twice, count.disordered) == (events, 0, 0, 0)


FAULTS: dict[str, Callable[[LocalBroker, Courier], Count]] = {
    "away": hour_away,
    "killed": lambda broker, courier: killed(broker, courier, 3, Random(7)),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_a_courier_with_a_spool_loses_nothing(
    broker: LocalBroker, settings: Settings, tmp_path: Path, fault: Callable[[LocalBroker, Courier], Count]
) -> None:
    count = fault(broker, Courier(settings, tmp_path, 1_000, 200))
    assert whole(count, 1_000), count


def test_a_courier_with_a_full_disk_loses_nothing(broker: LocalBroker, settings: Settings, tmp_path: Path) -> None:
    count = disk_full(broker, Courier(settings, tmp_path, 300, 1e9, most_bytes=400_000))
    assert whole(count, 300), count


def published(settings: Settings) -> list[str]:
    with TopicReader(settings, [settings.topics.intake("swift")]) as reader:
        return [dict(record.headers)["ce_id"].decode() for record in reader.read_to_end()]


def test_an_outage_without_a_spool_is_survived_in_memory_and_named(broker: LocalBroker, settings: Settings) -> None:
    publisher = Publisher(settings)
    publisher.publish(event(0)).result(PATIENCE_S)
    with away(broker):
        deliveries = [publisher.publish(event(number)) for number in range(1, 4)]
        with pytest.raises(NotDelivered) as raised:
            publisher.flush(0.5)
        assert raised.value.ids == ("n-1", "n-2", "n-3")
        assert not deliveries[0].done()
    publisher.close(PATIENCE_S)
    for delivery in deliveries:
        delivery.result(0)
    assert publisher.acknowledged == 4
    assert sorted(published(settings)) == ["n-0", "n-1", "n-2", "n-3"]


@pytest.fixture
def nowhere(settings: Settings, unused_port: int) -> Settings:
    """The same installation, with no broker to be reached."""
    return settings.model_copy(update={"kafka": f"127.0.0.1:{unused_port}", "spool_mb": 1})


def test_close_ends_in_bounded_time_and_the_next_publisher_sends_the_rest_first(
    settings: Settings, nowhere: Settings, tmp_path: Path
) -> None:
    publisher = Publisher(nowhere, spool=tmp_path)  # it takes events all the same
    publisher.publish(event(0))
    with pytest.raises(NotDelivered, match="kept in the spool") as raised:
        publisher.close(0.5)
    assert (raised.value.ids, raised.value.kept) == (("n-0",), str(tmp_path))
    assert not senders()
    with Publisher(settings, spool=tmp_path) as second:
        second.publish(event(10))  # of the same waybill
    assert (second.acknowledged, published(settings)) == (1, ["n-0", "n-10"])
    with pytest.raises(UserError, match="closed"):
        second.publish(event(1))


def senders() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "parcelward-publisher"]


def test_a_full_spool_is_said_at_once_while_no_broker_answers(
    settings: Settings, nowhere: Settings, tmp_path: Path
) -> None:
    publisher = Publisher(nowhere, spool=tmp_path)
    with pytest.raises(SpoolFull, match="takes no more"):
        publish_all(publisher, 10_000)
    taken = publisher.taken
    assert taken > 500
    publisher.abandon()
    with Publisher(settings, spool=tmp_path) as second:
        assert second.waiting == taken
    assert len(published(settings)) == taken


def test_brokers_that_are_away_are_asked_for_a_topic_once_in_a_while(
    nowhere: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def ask(one: Settings) -> None:
        asked.append(one)
        require_answer(one)

    monkeypatch.setattr("parcelward.publisher.publisher.require_answer", ask)
    publisher = Publisher(nowhere, spool=tmp_path)
    publish_all(publisher, 20)
    assert (publisher.taken, len(asked)) == (20, 1)
    publisher.abandon()


def publish_all(publisher: Publisher, events: int) -> None:
    for number in range(events):
        publisher.publish(event(number))


def test_ctrl_c_ends_a_wait_for_delivery(nowhere: Settings, tmp_path: Path) -> None:
    publisher = Publisher(nowhere, spool=tmp_path)
    publisher.publish(event(0))
    threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt), publisher:
        publisher.flush(PATIENCE_S)
    assert not senders()


def test_a_program_that_ends_without_closing_delivers_first(settings: Settings) -> None:
    program = (
        "from parcelward.publisher import Publisher; from parcelward.settings import load_settings\n"
        "from tests.publisher_faults.courier import event\n"
        f"Publisher(load_settings(kafka={settings.kafka!r}, topic_prefix={settings.topic_prefix!r})).publish(event(0))"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
    assert published(settings) == ["n-0"]


def test_asyncio_awaits_deliveries(settings: Settings, tmp_path: Path) -> None:
    async def publish() -> list[str | None]:
        async with AsyncPublisher(settings, spool=tmp_path) as publisher:
            first = await publisher.publish(event(0))
            rest = await publisher.publish_all([event(1), event(2)])
            await asyncio.gather(first, *rest)
            await first  # once more, now that it is known
            return [delivery.event_id for delivery in (first, *rest)]

    assert asyncio.run(publish()) == ["n-0", "n-1", "n-2"]
    assert sorted(published(settings)) == ["n-0", "n-1", "n-2"]
