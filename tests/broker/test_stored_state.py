"""A worker goes on where one of an earlier version has stopped, on a real Kafka: nothing refused or repeated anew.

What an alert says may differ in a replay of it all: the earlier version judged by what it knew, and the rules, words
and model of today judge otherwise.
"""

import json
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaProducer, TopicPartition
from kafka.admin import ConfigResource, KafkaAdminClient, NewTopic
from kafka.errors import CoordinatorLoadInProgressError, CoordinatorNotAvailableError, NotCoordinatorError
from kafka.structs import OffsetAndMetadata

from parcelward.cluster.admin import ensure_topics
from parcelward.formats import NEWEST, format_of
from parcelward.ground.plan import plan_topics
from parcelward.settings import Settings
from parcelward.stage import Record
from tests.engine_kit.kafka import committed, drained, ends_of, intake_topics, read_all
from tests.fixtures.going_on import FOLDERS, settings_of
from tests.fixtures.stored import RULES, read_about, read_records
from tests.system.service import Service, await_true

LEFT_BEHIND = ("between", "changelog", "published")
"""What the earlier version had written when it stopped."""


def moved(record: Record, prefix: str) -> Record:
    """The record as an installation with this prefix would have it."""
    value, headers = record.value, record.headers
    if record.topic == "alerts" and value is not None:
        value = value.replace(b'"topic":"intake.', b'"topic":"' + prefix.encode() + b"intake.")
    headers = [(name, prefix.encode() + text if name == "pw_topic" else text) for name, text in headers]
    return record._replace(topic=prefix + record.topic, value=value, headers=headers)


def put(settings: Settings, records: Sequence[Record]) -> None:
    """Append records, each to its partition and with its timestamp."""
    producer = KafkaProducer(bootstrap_servers=settings.kafka, linger_ms=5, max_request_size=16_000_000)
    for topic, number, _, timestamp, key, value, headers, _ in records:
        producer.send(topic, value, key, list(headers), number, timestamp)
    producer.flush()
    producer.close()


def put_intake(folder: Path, settings: Settings) -> None:
    """Make the intake topics with all that arrived, before the stop and after it, at the times of then.

    A worker wants topics with the broker's time. One that is given that afterwards keeps the times that it has.
    """
    names = set(intake_topics(settings))
    plans = {plan.name: plan.config | {"retention.ms": "-1"} for plan in plan_topics(settings) if plan.name in names}
    own_times = {"message.timestamp.type": "CreateTime"}
    admin = KafkaAdminClient(bootstrap_servers=settings.kafka)
    admin.create_topics(
        [NewTopic(name, settings.partitions, 1, topic_configs=config | own_times) for name, config in plans.items()]
    )
    admin.wait_for_topics(list(plans))
    for name in ("before", "after"):
        put(settings, [moved(one, settings.topic_prefix) for one in read_records(folder / f"{name}.jsonl.xz")])
    admin.alter_configs([ConfigResource("TOPIC", name, config) for name, config in plans.items()])
    admin.close()


def set_positions(settings: Settings, positions: Mapping[tuple[str, int], int]) -> None:
    """Commit positions for the group, as soon as the broker lets anybody."""
    admin = KafkaAdminClient(bootstrap_servers=settings.kafka)
    there = {TopicPartition(*part): OffsetAndMetadata(offset, "", -1) for part, offset in positions.items()}

    def done() -> bool:
        try:
            admin.alter_group_offsets(settings.topics.app_id, there)
        except (CoordinatorLoadInProgressError, CoordinatorNotAvailableError, NotCoordinatorError):
            return False
        return committed(settings) == positions  # a refusal for a partition raises nothing

    await_true(done, "positions are committed")
    admin.close()


def as_left_behind(folder: Path, settings: Settings) -> None:
    """Make the topics as the earlier version left them, its positions, and behind these what came afterwards."""
    prefix = settings.topic_prefix
    put_intake(folder, settings)
    ensure_topics(settings)
    for name in LEFT_BEHIND:
        put(settings, [moved(record, prefix) for record in read_records(folder / f"{name}.jsonl.xz")])
    before = Counter((prefix + one.topic, one.partition) for one in read_records(folder / "before.jsonl.xz"))
    set_positions(settings, dict(before) | ends_of(settings, list(settings.topics.between)))


def replayed(service: Service) -> tuple[int, dict[str, Any]]:
    """Replay everything from the beginning and compare it with what was published, before the stop and after it."""
    answer = service.command("replay", "--json")
    assert answer.stdout, answer.stderr
    result: dict[str, Any] = json.loads(answer.stdout)
    return answer.returncode, result


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_worker_goes_on_where_an_earlier_version_has_stopped(
    folder: Path, kafka: str, topic_prefix: str, tmp_path: Path
) -> None:
    about, then = read_about(folder), settings_of(folder)
    settings = then.model_copy(update={"kafka": kafka, "topic_prefix": topic_prefix})
    as_left_behind(folder, settings)
    chosen = {f"PARCELWARD_{name.upper()}": str(value) for name, value in about.settings.items()}
    chosen |= {"PARCELWARD_RULE_PACK": str(folder / RULES), "PARCELWARD_MODEL": str(then.model)}
    service = Service(kafka, topic_prefix, tmp_path / "worker.log", chosen)
    service.start()
    try:
        await_true(lambda: drained(settings), "the second half is screened")
        await_true(lambda: quiet(service), "the last deadlines have fired")
        assert service.taken() == len(read_records(folder / "after.jsonl.xz"))
    finally:
        code = service.stop()
    assert code == 0

    published = [one for one in read_records(folder / "published.jsonl.xz") if one.topic == then.topics.alerts]
    assert len(service.alerts()) > len(published) > 50
    _, whole = replayed(service)
    said = json.dumps(whole, ensure_ascii=False)
    assert whole["alerts"]["repeated"] == 0, said
    assert whole["alerts"]["equal"] > 25, said
    one_id_each = {(alert["courier"], alert["waybill"], alert["alert_id"]) for alert in service.alerts()}
    assert len(one_id_each) == len({(courier, waybill) for courier, waybill, _ in one_id_each})
    rejected = whole["rejected"]
    # The words of a refusal may be other ones by now: the types that are known, for one.
    assert sum(rejected.values()) == rejected["equal"] + rejected["other_content"] > 0, said
    assert rejected["other_content"] < rejected["equal"], said
    assert any("differences are to be expected" in note for note in whole["notes"]), said
    newest = {record.key: record.value for record in read_all(settings, settings.topics.changelog("duties"))}
    assert NEWEST in {format_of(value) for value in newest.values() if value is not None}


def quiet(service: Service) -> bool:
    """Tell whether nothing more is published for some seconds."""
    before = len(service.alerts())
    time.sleep(4)
    return len(service.alerts()) == before
