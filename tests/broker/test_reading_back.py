"""Alerts and refused records are read back: committed ones only, filtered, hidden values stay hidden."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaConsumer, KafkaProducer, OffsetAndMetadata, TopicPartition
from typer.testing import CliRunner, Result

from parcelward.cli import app
from parcelward.cluster.admin import ensure_topics
from parcelward.cluster.client import consumer_options
from parcelward.cluster.pausing import PausingConsumer
from parcelward.cluster.reader import TopicReader
from parcelward.contract.alerts import Alert
from parcelward.errors import UserError
from parcelward.settings import Settings
from tests.patience import PATIENCE_S

COMMAND = (sys.executable, "-m", "parcelward")


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


def test_a_partition_that_was_paused_is_read_on(settings: Settings) -> None:
    first, second = (TopicPartition(settings.topics.alerts, number) for number in range(2))
    producer = KafkaProducer(bootstrap_servers=settings.kafka, linger_ms=50)
    for partition, count in ((first, 900), (second, 600)):
        for number in range(count):
            producer.send(partition.topic, b"%d" % number, partition=partition.partition)
    producer.close()
    with closing(PausingConsumer(**consumer_options(settings))) as consumer:
        consumer.assign([first, second])
        consumer.seek_to_beginning(first, second)
        consumer.pause(second)
        read_until(consumer, first, 500)
        consumer.pause(first)  # while some of it is fetched, and not given yet
        consumer.resume(second)
        read_until(consumer, second, 600)
        consumer.resume(first)
        read_until(consumer, first, 900)


def read_until(consumer: KafkaConsumer, partition: TopicPartition, position: int) -> None:
    until = time.monotonic() + 20
    while consumer.position(partition) < position:
        assert time.monotonic() < until, f"{partition} stands still"
        consumer.poll(timeout_ms=100)


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


@pytest.fixture
def some_refused(settings: Settings) -> Settings:
    """Three refused records, the newest in the first partition: an event in binary mode, no JSON, a tombstone."""
    values = {"09": b'{"weight_g": "900"}', "08": b"13800001234 \xff", "07": None}
    reasons = {"09": "wrong_type", "08": "invalid_json", "07": "tombstone"}
    producer = KafkaProducer(bootstrap_servers=settings.kafka)
    for partition, (hour, value) in enumerate(values.items()):
        refuse(producer, settings, partition % 2, value, reasons[hour], f"2026-11-23T{hour}:30:00.000+08:00")
    producer.close()
    return settings


def refuse(
    producer: KafkaProducer, settings: Settings, partition: int, value: bytes | None, reason: str, at: str
) -> None:
    """Write a refused record as a worker does."""
    ours = {"reason": reason, "detail": f"why {reason}", "topic": settings.topics.intake("swift"), "rejected_at": at}
    headers = {"ce_id": "e-1"} | {f"pw_{name}": said for name, said in ours.items()}
    headers |= {"pw_partition": "1", "pw_offset": at[11:13]}
    topic, sent = settings.topics.rejected("swift"), [(name, said.encode()) for name, said in headers.items()]
    producer.send(topic, key=b"WB-1", value=value, headers=sent, partition=partition).get(PATIENCE_S)


def test_refused_records_are_read_back_in_order_without_their_values(some_refused: Settings) -> None:
    listed = parcelward(some_refused, "rejected", "swift")
    where = f"{some_refused.topics.intake('swift')}/1/"
    assert [line.partition(" WB-1")[0] for line in listed.stdout.splitlines()] == [
        f"2026-11-23 0{hour}:30:00 {where}{hour}" for hour in (7, 8, 9)
    ]
    assert "invalid_json why invalid_json" in listed.stdout
    assert "13800001234" not in listed.stdout
    assert "3 refused records; times are UTC+8" in listed.stderr
    told = parcelward(some_refused, "rejected", "swift", "--json", "--show-value", "--max", "2").stdout.splitlines()
    first, second = map(json.loads, told)
    assert first["value"] is None
    assert second["value"].startswith("13800001234")
    assert second["headers"] == [{"name": "ce_id", "value": "e-1"}]


@pytest.mark.parametrize(
    ("asked", "hours"),
    [
        (("--reason", "tombstone"), "7"),
        (("--from", "2026-11-23T08:00"), "89"),
        (("--from", "2026-11-23T00:00Z", "--until", "2026-11-23T09:30+08:00"), "8"),
        (("--tz", "UTC", "--until", "2026-11-23T00:00"), "7"),
        (("--from", "0s"), ""),
    ],
    ids=" ".join,
)
def test_only_the_refused_records_that_are_asked_for_are_shown(
    some_refused: Settings, asked: tuple[str, ...], hours: str
) -> None:
    told = parcelward(some_refused, "rejected", "swift", "--json", *asked)
    assert [json.loads(line)["offset"] for line in told.stdout.splitlines()] == [*map(int, hours)]


def test_refused_records_are_counted_and_written_to_be_mended(some_refused: Settings, tmp_path: Path) -> None:
    counted = parcelward(some_refused, "rejected", "swift", "--group")
    assert counted.stdout.splitlines()[0].startswith("reason\trecords\tfirst\tlast")
    where = f"{some_refused.topics.intake('swift')}/1/"
    usual = "2026-11-23 09:30:00\t2026-11-23 09:30:00\twhy wrong_type"
    assert f"wrong_type\t1\t{usual}\t{where}9" in counted.stdout.splitlines()
    file = tmp_path / "mend.jsonl"
    repaired = parcelward(some_refused, "rejected", "swift", "--repair", str(file))
    assert (repaired.exit_code, repaired.stdout) == (1, "")
    assert json.loads(file.read_text()) == {"id": "e-1", "data": {"weight_g": "900"}, "repairof": f"{where}9"}
    assert f"not in the file: {where}8 invalid_json: the value is not JSON" in repaired.stderr
    assert "2 of the refused records can be made no event" in repaired.stderr


def begun(settings: Settings, *arguments: str) -> "subprocess.Popen[str]":
    """The command as a process of its own, whose output waits to be read."""
    return subprocess.Popen(
        [*COMMAND, *arguments, "--kafka", settings.kafka],
        env={**os.environ, "PARCELWARD_TOPIC_PREFIX": settings.topic_prefix},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_what_is_refused_is_followed_until_ctrl_c(some_refused: Settings) -> None:
    process = begun(some_refused, "rejected", "swift", "--follow", "--from", "2026-11-23T09:00")
    assert process.stdout is not None
    assert " wrong_type " in process.stdout.readline()
    producer = KafkaProducer(bootstrap_servers=some_refused.kafka)
    refuse(producer, some_refused, 1, b"{}", "missing_key", "2026-11-23T10:30:00.000+08:00")
    producer.close()
    assert " missing_key " in process.stdout.readline()
    process.send_signal(signal.SIGINT)
    out, said = process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, out) == (0, "")
    assert said.splitlines()[-1].startswith("2 refused records")
    assert "Traceback" not in said


def test_ctrl_c_ends_a_long_listing_and_says_that_it_is_not_whole(settings: Settings) -> None:
    records = 2000
    producer = KafkaProducer(bootstrap_servers=settings.kafka)
    for _ in range(records):  # far more than a pipe holds
        producer.send(settings.topics.rejected("swift"), key=b"WB-1" * 40, value=b"{}")
    producer.close()
    with begun(settings, "rejected", "swift") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        # Not `communicate`: it leaves out what the first line's reading has read ahead.
        out, said = process.stdout.read(), process.stderr.read()
    shown = 1 + out.count("\n")
    assert process.returncode == 130
    assert shown < records
    last = said.splitlines()[-1]
    assert last.startswith(f"{shown:,} refused record")
    assert last.endswith(", and there may be more: interrupted")


def test_only_the_alerts_of_a_rule_are_shown_however_it_is_written(some_alerts: Settings) -> None:
    listed = parcelward(some_alerts, "alerts", "--from-start", "--json", "--rule", "r9", "--timeout", "2")
    assert [json.loads(line)["waybill"] for line in listed.stdout.splitlines()] == ["WB-2"]


def test_unknown_courier_is_named(settings: Settings) -> None:
    answer = parcelward(settings, "rejected", "nobody")
    assert isinstance(answer.exception, UserError)
    assert "rejected.nobody does not exist" in str(answer.exception)
    near = parcelward(settings, "rejected", "swfit").exception
    assert str(near).endswith(f"did you mean {settings.topics.rejected('swift')}?")
    capital = parcelward(settings, "rejected", "Swift").exception
    assert str(capital) == "courier Swift: this is no courier code; codes are lower case, did you mean swift?"


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (("--courier", "orient"), "no alert passed the filters; looked at: 3, none of courier orient, but of swift"),
        (("--outlet", "hz"), "no alert passed the filters; looked at: 3"),
        (("--outlet", "HZ-1"), None),
    ],
    ids=str,
)
def test_filters_that_let_nothing_pass_are_not_taken_for_no_alerts(
    some_alerts: Settings, asked: tuple[str, ...], said: str | None
) -> None:
    listed = parcelward(some_alerts, "alerts", "--from-start", "--json", "--timeout", "0.1", *asked)
    assert (listed.stdout == "", listed.exit_code) == (said is not None, 0)
    assert listed.stderr.splitlines()[-1:] == ([] if said is None else [said])


def test_a_courier_code_with_capitals_is_named(settings: Settings) -> None:
    told = str(parcelward(settings, "alerts", "--courier", "Swift", "--from-start").exception)
    assert told == "--courier Swift: this is no courier code; codes are lower case, did you mean swift?"


def test_records_that_no_worker_has_read_are_not_taken_for_accepted_ones(settings: Settings) -> None:
    topic, producer = settings.topics.intake("swift"), KafkaProducer(bootstrap_servers=settings.kafka)
    for number in range(3):
        producer.send(topic, value=b"{}", partition=number % 2).get(PATIENCE_S)
    producer.close()
    assert f"3 records wait on {topic} to be read" in parcelward(settings, "rejected", "swift").stderr
    worker = KafkaConsumer(bootstrap_servers=settings.kafka, group_id=settings.topics.app_id)
    places = [TopicPartition(topic, number) for number in (0, 1)]
    worker.assign(places)
    worker.commit({place: OffsetAndMetadata(end, "", -1) for place, end in worker.end_offsets(places).items()})
    worker.close()
    assert "wait" not in parcelward(settings, "rejected", "swift").stderr


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (("--from", "1h", "--until", "2h"), "--until is not after --from"),
        (("--from", "2999-01-01"), "lies in the future"),
    ],
    ids=str,
)
def test_a_span_without_a_moment_is_no_span_without_refusals(
    settings: Settings, asked: tuple[str, ...], said: str
) -> None:
    assert said in str(parcelward(settings, "rejected", "swift", *asked).exception)


def test_reader_that_goes_away_is_no_error(some_alerts: Settings) -> None:
    process = begun(some_alerts, "alerts", "--json", "--from-start")
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    said = process.stderr.read()
    process.stderr.close()
    assert process.wait(PATIENCE_S) == 1
    assert "Traceback" not in said
