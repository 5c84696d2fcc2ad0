"""A real Prometheus scrapes our registry, evaluates the deployed alert rules and answers the dashboards' questions."""

import json
import re
import shutil
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, start_http_server

from parcelward import counts
from parcelward.console_counts import CONSOLE_DECLARED, REQUEST_SECONDS, REQUESTS
from parcelward.counts import DECLARED
from parcelward.metrics import Metrics
from tests.patience import PATIENCE_S
from tests.ports import free_port

ROOT = Path(__file__).parents[2]
RULES = ROOT / "deploy" / "prometheus"
DASHBOARD = ROOT / "deploy" / "grafana" / "dashboards" / "parcelward.json"
PROMETHEUS = shutil.which("prometheus")

pytestmark = pytest.mark.skipif(PROMETHEUS is None, reason="no prometheus on this machine (Debian package prometheus)")


@dataclass(frozen=True)
class Prometheus:
    """A running Prometheus that scrapes `metrics`."""

    url: str
    metrics: Metrics

    def ask(self, path: str, **query: str) -> Any:
        url = f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(query)}"
        with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 - our own server on loopback
            body = json.load(answer)
        assert body["status"] == "success", body
        return body["data"]

    def await_that(self, what: str, holds: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            if holds():
                return
            time.sleep(0.1)
        raise AssertionError(f"within {PATIENCE_S:.0f} s not seen: {what}")

    def alert_states(self) -> dict[str, str]:
        return {alert["labels"]["alertname"]: alert["state"] for alert in self.ask("alerts")["alerts"]}


def metrics_of_a_worker(registry: CollectorRegistry) -> Metrics:
    """Every metric of a worker that has committed a moment ago and is not ready, of what delivers, and of a console."""
    metrics = Metrics(registry, couriers=("swift",), strict=True)
    for stage in counts.STAGES:
        metrics.observe(counts.BATCH_RECORDS, 100, stage)
        for step in counts.STEPS:
            metrics.observe(counts.BATCH_SECONDS, 0.01, stage, step)
        metrics.add(counts.COMMITS, stage)
        metrics.set(counts.LAST_COMMIT, time.time(), stage)
        metrics.set(counts.ASSIGNED, 1, stage)
        for gauge in (counts.LAG, counts.WAITING, counts.TABLE_KEYS, counts.RESTORE_SECONDS, counts.RESTORED_RECORDS):
            metrics.set(gauge, 0, stage, "0")
    metrics.expect_rules(["R1", "model"])
    metrics.set(counts.READY, False, "broker")
    metrics.set(counts.WORKER_UP, True)
    metrics.set(counts.PARTITIONS, 1)
    metrics.set(counts.HEARD, time.time(), "swift")
    metrics.set(counts.OPEN_ALERTS, 1, "raised", "week")
    for info in (counts.BUILD_INFO, counts.RULE_PACK_INFO, counts.MODEL_INFO):
        metrics.show_only(info, *["1.0", "3b1f0c9d2e4a5768"][: len(info.labels)])
    metrics.set(counts.MODEL_LOADED, True)
    metrics.set(counts.OPEN_ALERTS, 1, counts.OPEN_STATES[0], "week")
    delivery = Metrics(registry, endpoints=("platform",), declared=counts.DELIVERY_DECLARED, strict=True)
    for gauge in (metric for metric in counts.DELIVERY_DECLARED if metric.kind is counts.MetricKind.GAUGE):
        delivery.set(gauge, gauge is counts.DELIVERY_UP, "platform")
    console = Metrics(registry, declared=CONSOLE_DECLARED, strict=True)
    console.add(REQUESTS, "desk", "200")
    console.observe(REQUEST_SECONDS, 0.01, "desk")
    return metrics


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    assert PROMETHEUS is not None
    folder = tmp_path_factory.mktemp("prometheus")
    registry = CollectorRegistry()
    metrics = metrics_of_a_worker(registry)
    server, thread = start_http_server(0, addr="127.0.0.1", registry=registry)
    config = folder / "prometheus.yml"
    config.write_text(
        json.dumps(  # JSON is YAML
            {
                "global": {"scrape_interval": "200ms", "scrape_timeout": "200ms", "evaluation_interval": "500ms"},
                "rule_files": [str(RULES / name) for name in ("constants.yml", "alerts.yml", "slo.yml")],
                "scrape_configs": [
                    {
                        "job_name": "whatever",
                        "static_configs": [{"targets": [f"127.0.0.1:{server.server_port}"]}],
                    }
                ],
            }
        )
    )
    port = free_port()
    arguments = [
        f"--config.file={config}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    with (folder / "log").open("wb") as log:
        child = subprocess.Popen([PROMETHEUS, *arguments], stdout=log, stderr=log, cwd=folder)
    running = Prometheus(f"http://127.0.0.1:{port}", metrics)

    def answers() -> bool:
        assert child.poll() is None, (folder / "log").read_text()
        try:
            return bool(running.ask("query", query="parcelward_batch_records_count")["result"])
        except OSError:
            return False

    try:
        running.await_that("first scrape", answers)
        yield running
    finally:
        child.terminate()
        child.wait(20)
        server.shutdown()
        server.server_close()
        thread.join(10)


def test_every_declared_metric_arrives_as_the_type_it_was_declared(prometheus: Prometheus) -> None:
    (target,) = prometheus.ask("targets")["activeTargets"]
    assert target["health"] == "up", target["lastError"]
    found = {entry["metric"]: entry["type"] for entry in prometheus.ask("targets/metadata")}
    # Prometheus 2 files a counter under its name without `_total` when the text format says so.
    kinds = {name.removesuffix("_total"): kind for name, kind in found.items()}
    declared = (*DECLARED, *counts.DELIVERY_DECLARED, *CONSOLE_DECLARED)
    assert {metric.name.removesuffix("_total"): str(metric.kind) for metric in declared}.items() <= kinds.items()


def test_every_alert_rule_is_evaluated_without_error(prometheus: Prometheus) -> None:
    def rules() -> list[dict[str, Any]]:
        return [rule for group in prometheus.ask("rules")["groups"] for rule in group["rules"]]

    prometheus.await_that("evaluation of all rules", lambda: all(rule["health"] != "unknown" for rule in rules()))
    assert {rule["name"]: rule.get("lastError", "") for rule in rules() if rule["health"] != "ok"} == {}
    assert len(rules()) >= 11


def test_every_question_of_the_dashboard_is_answered(prometheus: Prometheus) -> None:
    def silence() -> list[Any]:
        found: list[Any] = prometheus.ask("query", query="parcelward:courier_silence:seconds")["result"]
        return found

    prometheus.await_that("what rules record of the first scrape", lambda: bool(silence()))
    unanswered = []
    for panel in json.loads(DASHBOARD.read_text())["panels"]:
        for target in panel.get("targets", []):
            prometheus.ask("query", query=target["expr"])  # fails on what Prometheus cannot parse
            if not re.search(r"rate\(|increase\(|:ratio_rate", target["expr"]):
                result = prometheus.ask("query", query=target["expr"])["result"]
                unanswered += [] if result else [target["expr"]]
    assert unanswered == []


def test_the_first_record_our_code_fails_on_fires_an_alert(prometheus: Prometheus) -> None:
    assert prometheus.alert_states().get("ParcelwardPoison") is None
    prometheus.metrics.count({(counts.POISON, "outlets"): 1})
    prometheus.await_that("firing alert", lambda: prometheus.alert_states().get("ParcelwardPoison") == "firing")


def test_a_failing_check_is_pending_until_its_time_is_over(prometheus: Prometheus) -> None:
    prometheus.await_that("pending alert", lambda: "ParcelwardKafkaAway" in prometheus.alert_states())
    assert prometheus.alert_states()["ParcelwardKafkaAway"] == "pending"
    prometheus.metrics.set(counts.READY, True, "broker")
    prometheus.await_that("end of the alert", lambda: "ParcelwardKafkaAway" not in prometheus.alert_states())
