"""`parcelward outcomes` on a real broker: the two topics as the stages write them, and a table, JSON and labels."""

import json
from pathlib import Path

import pytest
import typer
from kafka import KafkaProducer
from pyarrow import parquet
from typer.testing import CliRunner, Result

from parcelward.cli.outcomes import outcomes
from parcelward.cluster.admin import ensure_topics
from parcelward.errors import UserError
from parcelward.settings import Settings
from tests.outcomes import Story, alert

FOUND = {"dangerous_goods": 30, "false_alarm": 10, "not_inspected": 3}


@pytest.fixture
def installation(kafka: str, topic_prefix: str, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Topics with 43 decided red alerts, 50 open yellow ones, and 25 random checks without a finding."""
    settings = Settings(kafka=kafka, topic_prefix=topic_prefix, couriers=("swift",), partitions=2)
    monkeypatch.setenv("PARCELWARD_KAFKA", kafka)
    monkeypatch.setenv("PARCELWARD_TOPIC_PREFIX", topic_prefix)
    ensure_topics(settings)
    stories = [Story(alert(0, "R14")).outcome(kind) for kind, count in FOUND.items() for _ in range(count)]
    stories += [Story(alert(0, "R4", lane="yellow")) for _ in range(50)]
    stories += [Story(alert(0)).outcome("false_alarm") for _ in range(25)]
    producer = KafkaProducer(bootstrap_servers=kafka, acks="all")
    for number, story in enumerate(stories):
        for one in story.alerts:
            value = one.model_copy(update={"alert_id": f"alert-{number}"}).model_dump_json().encode()
            producer.send(settings.topics.alerts, key=one.waybill.encode(), value=value)
        for state in story.referrals:
            renamed = {**json.loads(state), "alert_id": f"alert-{number}"}
            producer.send(settings.topics.referrals, key=b"alert-%d" % number, value=json.dumps(renamed).encode())
    producer.close()
    return settings


def run(*words: str) -> Result:
    app = typer.Typer()
    app.command()(outcomes)
    result = CliRunner().invoke(app, ["--from", "2026-11-23T00:00", "--to", "2026-11-24T00:00", *words])
    if isinstance(result.exception, UserError):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result


def test_outcomes_are_read_from_the_topics(installation: Settings, tmp_path: Path) -> None:
    path = tmp_path / "labels.parquet"
    read = run("--json", "--sampled-share", "0.05", "--labels", str(path))
    body = json.loads(read.stdout)
    assert (body["from"], body["to"]) == ("2026-11-22T16:00:00+00:00", "2026-11-23T16:00:00+00:00")
    assert body["verdicts"]["alerts"]["not_inspected"] == 3
    assert body["verdicts"]["random_checks"]["false_alarm"] == 25
    r14 = next(one for one in body["quality"] if one["name"] == "R14")
    assert (r14["precision"]["n"], r14["precision"]["m"], r14["precision"]["share"]) == (30, 40, 0.75)
    assert "k1." not in read.stdout
    assert "****" not in read.stdout
    assert parquet.read_table(path).num_rows == 40 + 25
    table = run("--sampled-share", "0.05").stdout
    assert "93 alerts: 30 confirmed, 10 false alarms, 3 not inspected, 50 still open" in table
    assert "\t-\t" in table, "nothing to count says nothing"
    assert "0 alerts" in run("--to", "2026-11-23T01:00").stdout


def test_a_topic_that_nobody_writes_yet_is_named(kafka: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARCELWARD_KAFKA", kafka)
    monkeypatch.setenv("PARCELWARD_TOPIC_PREFIX", "nobody.")
    with pytest.raises(UserError, match=r"topic nobody\.alerts does not exist"):
        run()
