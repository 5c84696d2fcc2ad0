"""The publisher sends what the contract says, and names what it cannot deliver."""

import json
import os
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from kafka.admin import KafkaAdminClient
from typer.testing import CliRunner, Result

from parcelward.cli import app
from parcelward.cluster.admin import ensure_topics
from parcelward.cluster.reader import TopicReader
from parcelward.contract.events import RealNameEvent
from parcelward.contract.reasons import Reason
from parcelward.errors import UserError
from parcelward.identity.tokens import Tokeniser
from parcelward.intake.decode import Limits, decode
from parcelward.publisher import InvalidEvent, NotDelivered, NoTopic, Publisher
from parcelward.settings import Settings

CANARIES = ("360426199101010071", "王小明", "13800001234", "李华", "13900005678", "110101197608056897")


def real_name(waybill: str = "SF1234567890123", **data: Any) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": f"id-{waybill}",
        "source": "/couriers/swift/outlets/HZ-0571-014",
        "type": "cn.delivery.acceptance.realname.v1",
        "time": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "data": {
            "courier": "swift",
            "waybill": waybill,
            "outlet": "HZ-0571-014",
            "operator": "E20931",
            "operator_document": "110101197608056897",
            "sender": {
                "kind": "person",
                "document_type": "resident_id",
                "document_number": "360426199101010071",
                "name": "王小明",
                "phone": "13800001234",
            },
            "receiver": {"name": "李华", "phone": "13900005678", "region": "330106"},
            "goods": {"name": "羽绒服", "nature": "general"},
            "weight_g": 1250,
            "verify_method": "nfc",
            **data,
        },
    }


@pytest.fixture
def settings(kafka: str, topic_prefix: str) -> Settings:
    made = Settings(kafka=kafka, topic_prefix=topic_prefix, couriers=("swift",), partitions=2)
    ensure_topics(made)
    return made


def intake_of(settings: Settings) -> list[Any]:
    with TopicReader(settings, [settings.topics.intake("swift")]) as reader:
        return list(reader.read_to_end())


def test_published_event_is_a_binary_cloudevent_that_the_service_accepts(settings: Settings) -> None:
    event = real_name()
    with Publisher(settings) as publisher:
        publisher.publish(event)
        publisher.publish(RealNameEvent.model_validate_json(json.dumps(real_name("SF002"))))
        publisher.flush()
        assert publisher.acknowledged == 2
    records = {record.key: record for record in intake_of(settings)}
    record = records[b"SF1234567890123"]
    headers = dict(record.headers)
    assert headers["ce_type"] == b"cn.delivery.acceptance.realname.v1"
    assert headers["content-type"] == b"application/json"
    assert json.loads(record.value) == event["data"]
    for each in records.values():
        accepted = decode(each, topics=settings.topics, limits=Limits.from_settings(settings))
        assert getattr(accepted, "time_ms", None), accepted


@pytest.mark.parametrize(
    ("event", "reason", "field"),
    [
        (real_name(weight_g=0), Reason.INVALID_VALUE, "data.weight_g"),
        (real_name(weigth_g=5), Reason.UNKNOWN_FIELD, "data"),
        ({name: said for name, said in real_name().items() if name != "data"}, Reason.MISSING_FIELD, "data"),
        ({**real_name(), "time": "1999-01-01T00:00:00Z"}, Reason.TIME_OUT_OF_RANGE, "time"),
        (real_name(courier="Sw ift"), Reason.INVALID_VALUE, "data.courier"),
        (real_name(place={"latitude": float("nan"), "longitude": 1.0}), Reason.INVALID_ENCODING, "event"),
    ],
    ids=["range", "typo", "no-data", "old", "courier", "nan"],
)
def test_invalid_event_names_its_field_and_is_not_sent(
    settings: Settings, event: dict[str, Any], reason: Reason, field: str
) -> None:
    with Publisher(settings) as publisher:
        with pytest.raises(InvalidEvent) as raised:
            publisher.publish(event)
        assert publisher.acknowledged == 0
    assert raised.value.reason is reason
    assert raised.value.detail.startswith(field)
    assert intake_of(settings) == []


def test_tokenised_event_holds_no_raw_personal_value(settings: Settings) -> None:
    with Publisher(settings, Tokeniser.from_settings(settings)) as publisher:
        publisher.publish(real_name())
    (record,) = intake_of(settings)
    assert not [canary for canary in CANARIES if canary.encode() in record.value]
    sender = json.loads(record.value)["sender"]
    assert sender["phone_mask"] == "138****1234"
    assert sender["document_check"] in ("valid", "bad_checksum")


def test_topic_that_does_not_exist_is_named(settings: Settings) -> None:
    publisher = Publisher(settings)
    with pytest.raises(NoTopic, match=r"intake\.orient does not exist.*; intake topics: .*intake\.swift$"):
        publisher.publish(real_name(courier="orient"))
    publisher.close()


def test_record_the_broker_refuses_fails_the_flush(settings: Settings) -> None:
    admin = KafkaAdminClient(bootstrap_servers=settings.kafka)
    small = {"num_partitions": 1, "replication_factor": 1, "configs": {"max.message.bytes": "10000"}}
    admin.create_topics({settings.topics.intake("small"): small}, wait_for_metadata=True)
    admin.close()
    publisher = Publisher(settings)
    publisher.publish_unchecked("small", b"SF001", os.urandom(20_000))
    with pytest.raises(NotDelivered, match="1 event was not acknowledged: MessageSizeTooLarge"):
        publisher.flush()
    publisher.close()
    assert publisher.acknowledged == 0


def test_no_broker_is_said_in_one_sentence(unused_port: int) -> None:
    with pytest.raises(UserError, match="no Kafka answers"):
        Publisher(Settings(kafka=f"127.0.0.1:{unused_port}"))


def run_publish(settings: Settings, *arguments: str) -> Result:
    environment = {"PARCELWARD_TOPIC_PREFIX": settings.topic_prefix}
    return CliRunner().invoke(app, ["publish", *arguments, "--kafka", settings.kafka], env=environment)


def test_publish_command_skips_or_stops_and_its_exit_code_says_so(settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    lines = [real_name("SF001"), real_name("SF002", weight_g=0), real_name("SF003")]
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))

    stopped = run_publish(settings, str(file))
    assert stopped.exit_code == 1
    assert "events.jsonl:2: invalid_value: data.weight_g" in stopped.stderr
    assert "1 published and acknowledged, 1 invalid" in stopped.stderr

    skipped = run_publish(settings, str(file), "--skip-invalid")
    assert skipped.exit_code == 1
    assert "2 published and acknowledged, 1 invalid, 0 not acknowledged" in skipped.stderr
    assert sorted(record.key for record in intake_of(settings)) == [b"SF001", b"SF001", b"SF003"]

    file.write_text(json.dumps(real_name("SF004")) + "\n")
    assert run_publish(settings, str(file)).exit_code == 0


def test_publish_command_names_a_missing_file(settings: Settings, tmp_path: Path) -> None:
    result = run_publish(settings, str(tmp_path / "none.jsonl"))
    assert isinstance(result.exception, UserError)
    assert "none.jsonl is not a file" in str(result.exception)


def test_publish_command_refuses_an_unknown_courier_in_one_sentence(settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    file.write_text(json.dumps(real_name(courier="orient")) + "\n")
    result = run_publish(settings, str(file))
    assert isinstance(result.exception, UserError)
    assert "intake.orient does not exist" in str(result.exception)
    assert "acknowledged" not in result.stderr


def test_publish_command_counts_the_event_that_found_no_topic(settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    file.write_text(json.dumps(real_name()) + "\n" + json.dumps(real_name("SF002", courier="orient")) + "\n")
    result = run_publish(settings, str(file))
    assert result.exit_code == 1
    assert "intake.orient does not exist" in result.stderr
    assert "1 published and acknowledged, 0 invalid, 1 not acknowledged" in result.stderr
    assert [record.key for record in intake_of(settings)] == [b"SF1234567890123"]


def test_publish_command_takes_a_single_indented_event(settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "event.json"
    file.write_text(json.dumps(real_name(), indent=2))
    assert run_publish(settings, str(file)).exit_code == 0
    assert [record.key for record in intake_of(settings)] == [b"SF1234567890123"]


@pytest.mark.parametrize(
    "line", [b'{"a": 1}', b"[]", b"{", b'{"specversion": "1.0", "type": 7}', b'{"a":1,"a":2}', b'{"a": NaN}'], ids=repr
)
def test_publish_and_validate_refuse_in_the_same_words(settings: Settings, tmp_path: Path, line: bytes) -> None:
    file = tmp_path / "events.jsonl"
    file.write_bytes(line + b"\n")
    validated = CliRunner().invoke(app, ["validate", str(file)]).stdout.splitlines()[0].removeprefix("line 1: ")
    with Publisher(settings) as publisher, pytest.raises(InvalidEvent) as refused:
        publisher.publish_json(line)
    assert str(refused.value) == validated


def test_tokens_made_with_the_public_key_are_warned_of(settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    file.write_text(json.dumps(real_name()) + "\n")
    assert "public demo key" in run_publish(settings, str(file), "--tokenise").stderr
    assert "public demo key" not in run_publish(settings, str(file)).stderr
    own = {"PARCELWARD_TOPIC_PREFIX": settings.topic_prefix, "PARCELWARD_TOKEN_KEYS": json.dumps({"demo": "ab" * 32})}
    told = CliRunner().invoke(app, ["publish", str(file), "--tokenise", "--kafka", settings.kafka], env=own)
    assert told.exit_code == 0
    assert "public demo key" not in told.stderr


def test_a_publisher_is_abandoned_whatever_is_under_way(settings: Settings) -> None:
    threads = threading.active_count()
    publisher = Publisher(settings)
    for number in range(50):
        publisher.publish(real_name(f"SF{number:04}"))
    publisher.abandon()
    publisher.abandon()
    assert threading.active_count() == threads
    with pytest.raises(InvalidEvent), Publisher(settings) as second:  # and no complaint about what was under way
        _publish(second, real_name(), real_name(weight_g="heavy"))


def _publish(publisher: Publisher, *events: dict[str, Any]) -> None:
    for event in events:
        publisher.publish(event)
