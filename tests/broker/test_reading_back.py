"""Alerts and refused records are read back: committed ones only, filtered, hidden values stay hidden."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest
from kafka import KafkaProducer
from typer.testing import CliRunner, Result

from parcelward.cli import app
from parcelward.cluster.admin import ensure_topics
from parcelward.cluster.reader import TopicReader
from parcelward.contract.alerts import Alert
from parcelward.errors import UserError
from parcelward.settings import Settings
from tests.patience import PATIENCE_S


def alert(waybill: str, rule: str, lane: str = "red", **changes: Any) -> bytes:
    text = {"zh": f"理由{rule}", "en": f"reason {rule}"}
    body = {
        "alert_id": f"id-{waybill}",
        "revision": 1,
        "state": "open",
        "courier": "swift",
        "waybill": waybill,
        "outlet": "HZ-1",
        "operator": "E1",
        "lane": lane,
        "action": "reinspect",
        "raised_at": "2026-11-23T01:30:00.000Z",
        "due_by": "2026-11-23T02:00:00.000Z",
        "findings": [
            {
                "rule": rule,
                "name": "some_rule",
                "version": 1,
                "severity": "high",
                "action": "reinspect",
                "reason": text,
                "legal_basis": "law",
                "values": {"danger_hits": 1},
            }
        ],
        "parties": {},
        "evidence": [],
        "rule_pack_version": "acceptance-1",
        "summary": text,
    }
    return Alert.model_validate_json(json.dumps(body | changes)).model_dump_json().encode()


@pytest.fixture
def settings(kafka: str, topic_prefix: str) -> Settings:
    made = Settings(kafka=kafka, topic_prefix=topic_prefix, couriers=("swift",), partitions=2)
    ensure_topics(made)
    return made


@pytest.fixture
def some_alerts(settings: Settings) -> Settings:
    producer = KafkaProducer(bootstrap_servers=settings.kafka, transactional_id=f"{settings.topic_prefix}test")
    producer.init_transactions()
    for waybills, end in (
        (("WB-1", "WB-2", "WB-3"), producer.commit_transaction),
        (("WB-ABORTED",), producer.abort_transaction),
    ):
        producer.begin_transaction()
        for waybill in waybills:
            lane, rule = ("yellow", "R9") if waybill == "WB-2" else ("red", "R14")
            producer.send(settings.topics.alerts, key=waybill.encode(), value=alert(waybill, rule, lane))
        producer.flush()
        end()
    producer.close()
    return settings


def parcelward(settings: Settings, *arguments: str) -> Result:
    environment = {"PARCELWARD_TOPIC_PREFIX": settings.topic_prefix}
    return CliRunner().invoke(app, [*arguments, "--kafka", settings.kafka], env=environment)


def test_reading_to_the_end_ends_behind_an_aborted_transaction(some_alerts: Settings) -> None:
    with TopicReader(some_alerts, [some_alerts.topics.alerts]) as reader:
        assert sorted(record.key for record in reader.read_to_end(10)) == [b"WB-1", b"WB-2", b"WB-3"]


def test_alerts_are_listed_in_either_language(some_alerts: Settings) -> None:
    listed = parcelward(some_alerts, "alerts", "--from-start", "--max", "3", "--lang", "zh")
    assert listed.exit_code == 0, listed.stderr
    assert "理由R14" in listed.stdout
    assert "reason R14" not in listed.stdout
    assert "开箱验视，处置时限：" in " ".join(listed.stdout.split())
    assert "WB-ABORTED" not in listed.stdout
    english = parcelward(some_alerts, "alerts", "--from-start", "--max", "1", "--rule", "R9")
    assert "YELLOW" in english.stdout
    assert "reason R9" in english.stdout
    assert "WB-2" in english.stdout


def test_alerts_as_json_lines_with_a_filter(some_alerts: Settings) -> None:
    listed = parcelward(some_alerts, "alerts", "--from-start", "--json", "--lane", "red", "--timeout", "2")
    assert listed.exit_code == 0, listed.stderr
    assert sorted(json.loads(line)["waybill"] for line in listed.stdout.splitlines()) == ["WB-1", "WB-3"]


@pytest.fixture
def cleared_one(settings: Settings) -> Settings:
    """An alert that is open, one that was cleared, and a later one in another partition that was raised before them."""
    minute = "2026-11-23T01:{}:00.000Z".format
    alerts = (
        (0, alert("WB-1", "R14", raised_at=minute(31))),
        (0, alert("WB-2", "R14", raised_at=minute(32))),
        (0, alert("WB-2", "R14", raised_at=minute(33), revision=2, state="cleared_by_evidence", findings=[])),
        (1, alert("WB-3", "R14", raised_at=minute(30))),
    )
    producer = KafkaProducer(bootstrap_servers=settings.kafka)
    for partition, value in alerts:
        producer.send(settings.topics.alerts, value=value, partition=partition).get(PATIENCE_S)
    producer.close()
    return settings


def listed_waybills(settings: Settings, *arguments: str) -> list[tuple[str, int]]:
    """Waybills and revisions that `parcelward alerts` lists."""
    listed = parcelward(settings, "alerts", "--json", *arguments)
    assert listed.exit_code == 0, listed.stderr
    alerts = map(json.loads, listed.stdout.splitlines())
    return [(one["waybill"], one["revision"]) for one in alerts]


def test_a_cleared_alert_is_not_among_the_open_ones(cleared_one: Settings) -> None:
    def of(state: str) -> list[tuple[str, int]]:
        return listed_waybills(cleared_one, "--from-start", "--state", state, "--timeout", "0.1")

    assert of("open") == [("WB-3", 1), ("WB-1", 1)]
    assert of("cleared") == [("WB-2", 2)]
    refused = parcelward(cleared_one, "alerts", "--id", "WB-2", "--state", "open")
    assert "does not pass the filters" in str(refused.exception)
    assert listed_waybills(cleared_one, "--id", "WB-2") == [("WB-2", 1), ("WB-2", 2)]


def test_all_that_is_there_is_shown_in_its_order_however_short_the_timeout(cleared_one: Settings) -> None:
    in_order = [("WB-3", 1), ("WB-1", 1), ("WB-2", 1), ("WB-2", 2)]
    assert listed_waybills(cleared_one, "--from-start", "--timeout", "0.001") == in_order
    assert listed_waybills(cleared_one, "--from-start", "--max", "2") == in_order[:2]


def test_reading_ends_when_it_is_told_to_stop(cleared_one: Settings) -> None:
    with TopicReader(cleared_one, [cleared_one.topics.alerts]) as reader:
        assert list(reader.read_to_end(stop=lambda: True)) == []
        assert len(list(reader.read_to_end())) == 4
        reader.rewind()
        assert len(list(reader.read_to_end())) == 4


def test_refused_records_are_read_back_without_their_values(settings: Settings) -> None:
    producer = KafkaProducer(bootstrap_servers=settings.kafka)
    headers = {
        "pw_reason": "invalid_value",
        "pw_detail": "data.weight_g: must be at least 1",
        "pw_topic": settings.topics.intake("swift"),
        "pw_partition": "1",
        "pw_offset": "7",
        "pw_rejected_at": "2026-11-23T01:30:00.000Z",
    }
    sent: list[tuple[str, bytes]] = [(name, value.encode()) for name, value in headers.items()]
    producer.send(settings.topics.rejected("swift"), key=b"WB-1", value=b"13800001234 \xff", headers=sent)
    producer.close()

    listed = parcelward(settings, "rejected", "swift")
    assert "invalid_value data.weight_g: must be at least 1" in listed.stdout
    assert "intake.swift/1/7" in listed.stdout
    assert "13800001234" not in listed.stdout
    (line,) = parcelward(settings, "rejected", "swift", "--json", "--show-value").stdout.splitlines()
    described: dict[str, Any] = json.loads(line)
    assert described["value"].startswith("13800001234")
    assert parcelward(settings, "rejected", "swift", "--reason", "tombstone").stdout == ""


def test_only_the_alerts_of_a_rule_are_shown_however_it_is_written(some_alerts: Settings) -> None:
    listed = parcelward(some_alerts, "alerts", "--from-start", "--json", "--rule", "r9", "--timeout", "2")
    assert [json.loads(line)["waybill"] for line in listed.stdout.splitlines()] == ["WB-2"]


def test_unknown_courier_is_named(settings: Settings) -> None:
    answer = parcelward(settings, "rejected", "nobody")
    assert isinstance(answer.exception, UserError)
    assert "rejected.nobody does not exist" in str(answer.exception)


def test_reader_that_goes_away_is_no_error(some_alerts: Settings) -> None:
    command = [sys.executable, "-m", "parcelward", "alerts", "--json", "--from-start", "--kafka", some_alerts.kafka]
    process = subprocess.Popen(
        command,
        env={**os.environ, "PARCELWARD_TOPIC_PREFIX": some_alerts.topic_prefix},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    said = process.stderr.read()
    process.stderr.close()
    assert process.wait(PATIENCE_S) == 1
    assert "Traceback" not in said
