"""Metrics, docs, alert rules, dashboards and runbook speak of the same things."""

import json
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from parcelward.console_counts import CONSOLE_DECLARED
from parcelward.counts import COUNT_LABELS, DECLARED, DELIVERY_DECLARED, LABELS, LATENCY_BUCKETS, Metric, MetricKind
from parcelward.metrics import Metrics
from parcelward.metrics_page import with_tables
from parcelward.rules import load_pack
from parcelward.simulate import Plan, Simulation, live
from parcelward.stage import Record
from tests.builders import pipeline

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs" / "metrics.md"
PROMETHEUS = ROOT / "deploy" / "prometheus"
RULE_FILES = [PROMETHEUS / name for name in yaml.safe_load((PROMETHEUS / "prometheus.yml").read_text())["rule_files"]]
DASHBOARDS = sorted((ROOT / "deploy" / "grafana" / "dashboards").glob("*.json"))

NAME = re.compile(r"\bparcelward_[a-z0-9_]+")
RECORDED_NAME = re.compile(r"\bparcelward:[a-z0-9_:]+")
VOLUMES = {"parcelward_ca", "parcelward_broker"}  # of deploy/compose.yaml; the same prefix
HISTOGRAM_PARTS = ("_bucket", "_sum", "_count")
FORBIDDEN_LABELS = {"waybill", "operator", "outlet", "sender", "phone", "document", "name", "event_id", "detail"}


CODES = {
    "courier": "swift",
    "partition": "3",
    "rule": "R14",
    "version": "1.0",
    "hash": "3b1f0c9d2e4a5768",
    "flaw": "gap",
    "endpoint": "platform",
    "route": "desk",
    "status": "200",
}
LABEL_VALUES = CODES | {name: label.values[0] for name, label in LABELS.items() if isinstance(label.values, tuple)}


def exported(declared: Metric) -> set[str]:
    """Series names that a metric gives."""
    return {declared.name + part for part in HISTOGRAM_PARTS} if declared.kind == "histogram" else {declared.name}


EVERY = (*DECLARED, *DELIVERY_DECLARED, *CONSOLE_DECLARED)
EXPORTED = set[str]().union(*map(exported, EVERY))


def rules() -> list[dict[str, Any]]:
    groups = [group for path in RULE_FILES for group in yaml.safe_load(path.read_text())["groups"]]
    return [rule for group in groups for rule in group["rules"]]


def alert_rules() -> list[dict[str, Any]]:
    return [rule for rule in rules() if "alert" in rule]


RECORDED = {str(rule["record"]) for rule in rules() if "record" in rule}
BY_OTHERS = {"instance", "job", "le", "alertname", "alertstate"}
"""Labels that Prometheus itself gives."""


def expressions() -> dict[str, str]:
    """Every PromQL expression of rules and dashboards, by where it stands."""
    found = {f"{rule.get('alert') or rule['record']}": str(rule["expr"]) for rule in rules()}
    for dashboard in DASHBOARDS:
        for panel in json.loads(dashboard.read_text())["panels"]:
            for target in panel.get("targets", []):
                found[f"{dashboard.name}, {panel['title']}, {target['refId']}"] = target["expr"]
    return found


EXPRESSIONS = expressions()


@pytest.mark.parametrize("place", EXPRESSIONS)
def test_an_expression_asks_for_metrics_and_labels_that_exist(place: str) -> None:
    expression = EXPRESSIONS[place]
    names = set(NAME.findall(expression))
    assert names <= EXPORTED, f"{place} asks for unknown metrics"
    assert set(RECORDED_NAME.findall(expression)) <= RECORDED, f"{place} asks for what no rule records"
    labels = {label for declared in EVERY if exported(declared) & names for label in declared.labels}
    if "kafka" in expression and not names:
        return  # of metrics that others give; a test with a real broker looks at them
    labels |= {"courier"} if "parcelward:courier" in expression or "parcelward:uploaded" in expression else set()
    asked = {label.strip() for group in re.findall(r"by \(([^)]*)\)", expression) for label in group.split(",")}
    asked |= set(re.findall(r"[{,]\s*([a-z_]+)\s*(?:=~|!~|!=|=)", expression))
    assert asked - {""} <= labels | BY_OTHERS, f"{place} asks for unknown labels"


@pytest.mark.parametrize("place", EXPRESSIONS)
def test_an_expression_takes_no_job_name_for_granted(place: str) -> None:
    assert not re.search(r"\b(job|instance|namespace|pod|service)\s*(=|!=|=~|!~)\s*\"", EXPRESSIONS[place])


@pytest.mark.parametrize(("budget", "prefix"), [("0.001", "screened_late"), ("0.05", "uploaded_late")])
def test_an_objective_has_the_windows_and_factors_of_the_sre_workbook(budget: str, prefix: str) -> None:
    asked = " ".join(
        EXPRESSIONS[name] for name in EXPRESSIONS if name.startswith(("ParcelwardScreened", "ParcelwardUploads"))
    )
    for factor, long, short in (("14.4", "1h", "5m"), ("6", "6h", "30m"), ("3", "1d", "2h"), ("1", "3d", "6h")):
        least = budget if factor == "1" else f"{factor} * {budget}"
        both = [f"parcelward:{prefix}:ratio_rate{window} > {least}" for window in (long, short)]
        assert " and ".join(both) in asked
    for window in re.findall(rf"parcelward:{prefix}:ratio_rate(\w+)", asked):
        assert f"[{window}]" in EXPRESSIONS[f"parcelward:{prefix}:ratio_rate{window}"]


def test_every_metric_is_shown_or_alerted_on_somewhere() -> None:
    used = {name for expression in EXPRESSIONS.values() for name in NAME.findall(expression)}
    unused = [declared.name for declared in EVERY if not exported(declared) & used]
    assert unused == [], "metrics that nobody looks at"


def test_the_tables_of_the_docs_are_what_is_declared() -> None:
    page = DOCS.read_text()
    assert page == with_tables(page), "run: .venv/bin/python -m parcelward.metrics_page docs/metrics.md"
    for last in (DECLARED[-1], DELIVERY_DECLARED[-1], CONSOLE_DECLARED[-1]):
        assert f"| `{last.name}` | {last.kind} |" in page


def test_every_label_is_explained_and_none_that_nobody_uses() -> None:
    assert LABELS.keys() == {label for declared in EVERY for label in declared.labels}


def test_a_page_without_a_place_for_the_tables_is_refused() -> None:
    with pytest.raises(ValueError, match="no place for the table of labels"):
        with_tables(DOCS.read_text().replace("<!-- labels -->", ""))


def test_the_docs_name_no_metric_that_does_not_exist() -> None:
    known = EXPORTED | {declared.name for declared in EVERY} | VOLUMES
    for document in (DOCS, ROOT / "docs" / "runbook.md", ROOT / "docs" / "ops.md"):
        named = set(NAME.findall(document.read_text()))
        assert named, document.name
        assert named <= known, document.name


@pytest.mark.parametrize(
    "of_process", [DECLARED, DELIVERY_DECLARED, CONSOLE_DECLARED], ids=["worker", "deliver", "console"]
)
def test_what_is_exported_is_what_is_declared(of_process: tuple[Metric, ...]) -> None:
    registry = CollectorRegistry()
    metrics = Metrics(registry, couriers=("swift",), endpoints=("platform",), declared=of_process, strict=True)
    for declared in of_process:
        labels = [LABEL_VALUES[label] for label in declared.labels]
        if declared.key:
            metrics.count({(declared.key, *labels): 1})
        elif declared.kind is MetricKind.COUNTER:
            metrics.add(declared, *labels)
        elif declared.kind is MetricKind.GAUGE:
            metrics.set(declared, 1, *labels)
        else:
            metrics.observe(declared, 1, *labels)
    families = text_string_to_metric_families(generate_latest(registry).decode())
    series = {sample.name: set(sample.labels) - {"le"} for family in families for sample in family.samples}
    assert set(series) == set().union(*map(exported, of_process))
    for declared in of_process:
        for name in exported(declared):
            assert series[name] == set(declared.labels), name


def test_what_the_stages_count_of_a_simulated_minute_is_declared() -> None:
    plan = replace(live(Plan(seed=3, malformed_share=0.05), 200), days=60 / 86_400)
    registry = CollectorRegistry()
    metrics = Metrics(registry, couriers=plan.couriers, strict=True)
    line = pipeline(couriers=plan.couriers, sampled_share=0.05, inspection_due=timedelta(seconds=5))
    metrics.expect_rules(rule.id for rule in load_pack(None).rules)
    records = [
        Record(f"intake.{record.courier}", 0, offset, record.arrival_ms, record.key, record.value, record.headers)
        for offset, record in enumerate(Simulation(plan).records())
    ]
    for at in range(0, len(records), 500):
        metrics.count(line.feed(records[at : at + 500]).counts)
    end = records[-1].timestamp + 60_000
    metrics.count(line.feed([], {f"intake.{courier}": end for courier in plan.couriers}).counts)

    def total(name: str) -> float:
        return sum(sample.value for family in registry.collect() for sample in family.samples if sample.name == name)

    consumed, rejected = total("parcelward_events_consumed_total"), total("parcelward_events_rejected_total")
    assert consumed + rejected == len(records), "every record is accepted or refused, and counted once"
    for name in ("screened", "findings", "alerts", "sampled", "duties_overdue", "events_duplicate"):
        assert total(f"parcelward_{name}_total") > 0, name
    assert total("parcelward_metric_errors_total") == 0


def test_names_and_labels_follow_the_rules() -> None:
    for declared in EVERY:
        assert declared.name.endswith("_total") == (declared.kind is MetricKind.COUNTER), declared.name
        assert declared.help.endswith("."), declared.name
        assert not FORBIDDEN_LABELS & set(declared.labels), declared.name
    assert len({declared.name for declared in EVERY}) == len(EVERY)
    assert {declared.key for declared in EVERY} - {None} == set(COUNT_LABELS)
    assert (LATENCY_BUCKETS[0], LATENCY_BUCKETS[-1]) == (0.005, 60.0)


@pytest.mark.parametrize("rule", alert_rules(), ids=lambda rule: str(rule["alert"]))
def test_an_alert_says_what_is_wrong_and_has_its_place_in_the_runbook(rule: dict[str, Any]) -> None:
    name = str(rule["alert"])
    assert rule["labels"]["severity"] in ("critical", "warning")
    assert rule["annotations"]["summary"]
    assert rule["annotations"]["runbook"] == f"docs/runbook.md#{name.lower()}"
    section = (ROOT / "docs" / "runbook.md").read_text().partition(f"### {name}\n")[2].partition("\n#")[0]
    for part in ("**Meaning.**", "**First look.**", "**Actions.**"):
        assert part in section, f"the runbook's section {name} lacks {part}"


def test_the_runbook_names_no_alert_that_does_not_exist() -> None:
    sections = re.findall(r"^### (\w+)$", (ROOT / "docs" / "runbook.md").read_text(), flags=re.MULTILINE)
    assert sorted(sections) == sorted(str(rule["alert"]) for rule in alert_rules())
