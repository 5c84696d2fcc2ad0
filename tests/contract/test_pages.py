"""From a metric to the pager: a real Prometheus with the deployed rules, a real Alertmanager, a webhook."""

from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, start_http_server

from parcelward import counts
from parcelward.metrics import Metrics
from tests.drill_pages.pager import missing_programs, running_pager
from tests.drill_pages.quickened import quickened

RULES = Path(__file__).parents[2] / "deploy" / "prometheus"
pytestmark = pytest.mark.skipif(
    bool(missing_programs()), reason=f"not on this machine: {', '.join(missing_programs())} (Debian; CI has them)"
)


def test_a_page_arrives_while_kafka_is_away_and_is_resolved_when_it_is_back(tmp_path: Path) -> None:
    registry = CollectorRegistry()
    metrics = Metrics(registry, couriers=("swift",), strict=True)
    server, thread = start_http_server(0, addr="127.0.0.1", registry=registry)
    try:
        metrics.set(counts.WORKER_UP, True)
        metrics.set(counts.READY, True, "broker")
        with running_pager(tmp_path, by=60) as pager:
            pager.scrape([server.server_port])
            pager.await_page(fires=False, alertname="ParcelwardNoWorker")
            metrics.set(counts.READY, False, "broker")
            pager.await_page(fires=True, alertname="ParcelwardKafkaAway", severity="critical")
            metrics.set(counts.READY, True, "broker")
            pager.await_page(fires=False, alertname="ParcelwardKafkaAway")
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


def test_rules_that_are_quickened_differ_in_their_times_only() -> None:
    rules = {
        rule["alert"]: rule
        for group in quickened(RULES / "alerts.yml", 60)["groups"]
        for rule in group["rules"]
        if "alert" in rule
    }
    assert rules["ParcelwardNoWorker"]["for"] == "1000ms"
    assert rules["ParcelwardNoWorker"]["expr"] == "absent(parcelward_worker_up == 1)"
    assert "[20000ms]" in rules["ParcelwardKafkaAway"]["expr"], "no window is shorter than a restart"
    assert "[1440000ms]" in rules["ParcelwardWorkerDown"]["expr"], "a day"
    assert "[20000ms:15s]" in rules["ParcelwardStopped"]["expr"]
    constants = {rule["record"]: rule["expr"] for rule in quickened(RULES / "constants.yml", 60)["groups"][0]["rules"]}
    assert constants["parcelward:stall:limit_seconds"] == "(vector(120)) / 60"
    assert constants["parcelward:opening_hours:end"] == "vector(24)"
    slo = quickened(RULES / "slo.yml", 60)["groups"][0]["rules"]
    assert slo[0]["record"] == "parcelward:screened_late:ratio_rate5m", "names stay"
