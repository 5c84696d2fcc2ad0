"""The console's store on a real Kafka: it follows transactions, goes on where it was, and sees a topic made anew."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from kafka import KafkaProducer
from kafka.admin import KafkaAdminClient

from parcelward.cluster.admin import ensure_topics
from parcelward.cluster.client import client_options
from parcelward.console.store import follower
from parcelward.console.store.database import open_url
from parcelward.console.store.desk import DeskFilter, View, count_views
from parcelward.console.store.follower import Follower, Progress
from parcelward.console.store.search import search
from parcelward.settings import Settings
from tests.chaos.recorded import SETTINGS
from tests.console_store.memory_logs import records
from tests.patience import PATIENCE_S

ALERTS, REFERRALS = SETTINGS.topics.alerts, SETTINGS.topics.referrals


def send(settings: Settings, topic: str, commit: bool = True) -> int:
    """Send the recorded records of a topic in one transaction; returns their number."""
    producer = KafkaProducer(**client_options(settings), acks="all", transactional_id=f"{settings.topic_prefix}{topic}")
    producer.init_transactions()
    producer.begin_transaction()
    values = [one for (of, _), some in records().items() for one in some if of == topic]
    for one in values:
        producer.send(f"{settings.topic_prefix}{topic}", key=one.key, value=one.value, partition=0)
    producer.flush()
    if commit:
        producer.commit_transaction()
    else:
        producer.abort_transaction()
    producer.close()
    return len({one.key for one in values})


def until(happens: Callable[[], bool]) -> None:
    """Wait for a condition."""
    deadline = time.monotonic() + PATIENCE_S
    while not happens():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def is_whole(progress: Progress) -> bool:
    """True once this process has read everything."""
    return progress.projecting and progress.ready and progress.behind == 0


def test_the_store_follows_a_real_kafka(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(follower, "CHECK_S", 0.5)
    url = f"sqlite:///{tmp_path}/console.sqlite"
    database = open_url(url)
    send(settings, ALERTS, commit=False)
    alerts = send(settings, REFERRALS)
    console = Follower(settings, database)
    console.start()
    until(lambda: is_whole(console.progress()))
    assert count_views(database, DeskFilter())[View.ALL].number == alerts
    assert search(database, "汽油").alerts == ()  # what was aborted is not read
    mark = console.wait(0, 0)
    send(settings, ALERTS)
    assert console.wait(mark, PATIENCE_S) > mark
    until(lambda: search(database, "汽油").alerts != ())
    console.stop()

    admin = KafkaAdminClient(**client_options(settings))
    admin.delete_topics([f"{settings.topic_prefix}{REFERRALS}"])
    until(lambda: f"{settings.topic_prefix}{REFERRALS}" not in admin.list_topics())
    ensure_topics(settings)
    admin.close()
    again = Follower(settings, database)
    again.start()
    until(lambda: is_whole(again.progress()))
    again.stop()
    assert "its topic was made anew" in caplog.text
    assert count_views(database, DeskFilter())[View.ALL].number == 0
    assert search(database, "汽油").alerts != ()
    database.close()
