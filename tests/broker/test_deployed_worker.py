"""The worker on the Kafka of deploy/, with the rights it is given there: events in, alerts out, no personal value."""

import stat
import subprocess
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from kafka import KafkaConsumer, TopicPartition
from prometheus_client.parser import text_string_to_metric_families

from parcelward.cluster.client import consumer_options
from parcelward.counts import DECLARED
from parcelward.publisher import Publisher
from parcelward.simulate import Plan, Simulation, live
from tests.broker.deployed import Cluster
from tests.broker.deployed_worker import fetched, worker
from tests.patience import PATIENCE_S

SECONDS = 8
ALERTS = 5
PREFIX = "end-to-end."  # topics of its own: the tests of rights write nonsense into the others


def publish_traffic(cluster: Cluster) -> list[dict[str, Any]]:
    """Simulated events of the last seconds, each published by its own courier; what was published."""
    start = datetime.now(UTC) - timedelta(seconds=SECONDS + 2)
    plan = replace(live(Plan(couriers=("swift", "orient"), seed=3), 100, start=start), days=SECONDS / 86_400)
    events = list(Simulation(plan).events())
    for courier in plan.couriers:
        with Publisher(cluster.settings(f"courier-{courier}", PREFIX)) as publisher:
            for event in events:
                if event.courier == courier:
                    publisher.publish(event.envelope)
    return [event.envelope for event in events]


def await_alerts(cluster: Cluster, child: "subprocess.Popen[bytes]", log_path: Path) -> int:
    """Number of alerts that the platform's user could read, at least `ALERTS`."""
    consumer = KafkaConsumer(**consumer_options(cluster.settings("platform", PREFIX)))
    consumer.assign([TopicPartition(f"{PREFIX}alerts", 0)])
    found, deadline = 0, time.monotonic() + PATIENCE_S
    try:
        while found < ALERTS and time.monotonic() < deadline:
            assert child.poll() is None, log_path.read_text()[-3000:]
            found += sum(map(len, consumer.poll(timeout_ms=500).values()))
    finally:
        consumer.close()
    return found


def personal_values(events: list[dict[str, Any]]) -> set[str]:
    """Document numbers, phones and names in the events."""
    found = set()
    for event in events:
        for party in ("sender", "receiver"):
            person = event["data"].get(party, {})
            found |= {person.get(name) for name in ("document_number", "phone", "name")}
        found.add(event["data"].get("operator_document"))
    return {value for value in found if value}


def await_gauges(port: int) -> str:
    """The metrics, once the gauges that are kept up to date every second are there."""
    end = time.monotonic() + PATIENCE_S
    while "parcelward_table_keys{" not in (exposed := fetched(port, "metrics")) and time.monotonic() < end:
        time.sleep(0.1)
    return exposed


def await_taken(port: int, events: int) -> None:
    """Wait until every event was accepted or refused, although Kafka closes each connection after two seconds."""
    end = time.monotonic() + PATIENCE_S
    while (taken := taken_events(port)) < events and time.monotonic() < end:
        time.sleep(0.1)
    assert taken == events


def await_closed_connection(log_path: Path) -> None:
    """Wait until Kafka has closed a connection of the worker, which cannot prove again who it is."""
    end = time.monotonic() + PATIENCE_S
    while "KafkaConnectionError" not in log_path.read_text():
        assert time.monotonic() < end, "no connection was closed"
        time.sleep(0.1)


def taken_events(port: int) -> float:
    found = text_string_to_metric_families(fetched(port, "metrics"))
    counted = {"parcelward_events_consumed_total", "parcelward_events_rejected_total"}
    return sum(sample.value for family in found for sample in family.samples if sample.name in counted)


def assert_metrics_are_as_declared(exposed: str) -> None:
    """Check that the worker exports just what the list says, and so the docs, alert rules and dashboard."""
    families = list(text_string_to_metric_families(exposed))
    ours = {family.name: family for family in families if family.name.startswith("parcelward_")}
    assert set(ours) == {metric.name.removesuffix("_total") for metric in DECLARED}
    assert [name for name, family in ours.items() if not family.samples] == ["parcelward_model_info"]
    series = {(sample.name, *sample.labels.values()): sample.value for family in families for sample in family.samples}
    assert series["parcelward_screened_total",] > 0
    assert series["parcelward_worker_up",] == 1
    assert sum(value for (name, *_), value in series.items() if name == "parcelward_metric_errors_total") == 0


def assert_private(folder: Path) -> None:
    """Check that nobody but the owner may read what lies in a folder."""
    found = {path: stat.S_IMODE(path.stat().st_mode) for path in (folder, *folder.rglob("*"))}
    assert any(path.suffix in {".log", ".sst"} for path in found), "no state was written"
    assert {path: oct(mode) for path, mode in found.items() if mode & 0o077} == {}


def test_the_worker_screens_with_the_rights_it_is_given(cluster: Cluster, unused_port: int, tmp_path: Path) -> None:
    assert cluster.provision(PARCELWARD_TOPIC_PREFIX=PREFIX).returncode == 0
    log_path = tmp_path / "worker.log"
    with worker(cluster, PREFIX, unused_port, log_path) as child:
        events = publish_traffic(cluster)
        assert await_alerts(cluster, child, log_path) >= ALERTS
        await_taken(unused_port, len(events))
        exposed = await_gauges(unused_port)
        await_closed_connection(log_path)
        assert fetched(unused_port, "health")
        assert fetched(unused_port, "ready")
    assert child.returncode == 0, log_path.read_text()[-3000:]
    assert_metrics_are_as_declared(exposed)
    assert_private(tmp_path / "state")
    values = personal_values(events)
    assert len(values) > 100
    for place, text in {"log": log_path.read_text(), "metrics": exposed}.items():
        assert not [value for value in values if value in text], place
