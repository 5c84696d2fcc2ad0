"""Metrics: counting, labels, gauges of partitions that come and go."""

import time
from collections import Counter
from types import SimpleNamespace
from typing import Any, cast

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from parcelward import counts
from parcelward.contract.alerts import AlertState, Lane
from parcelward.contract.events import EventType
from parcelward.contract.reasons import Reason
from parcelward.metrics import Metrics
from parcelward.stage import Batch, Outcome, Record
from streams.reporting import MetricsRecorder, Progress

SAMPLE_LABELS = {
    "bin": "0.5",
    "courier": "swift",
    "duty": "inspection",
    "kind": "answer",
    "lane": Lane.RED,
    "level": "2",
    "reason": Reason.INVALID_JSON,
    "refusal": "stale",
    "role": "courier",
    "rule": "R14",
    "stage": "outlets",
    "state": AlertState.OPEN,
    "type": EventType.REAL_NAME,
}


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def metrics(registry: CollectorRegistry) -> Metrics:
    return Metrics(registry, couriers=("swift",), strict=True)


def exposed(registry: CollectorRegistry) -> str:
    return generate_latest(registry).decode()


@pytest.mark.parametrize("fact", counts.COUNT_LABELS, ids=str)
def test_every_fact_adds_to_its_own_counter_only(metrics: Metrics, registry: CollectorRegistry, fact: str) -> None:
    labels = {name: str(SAMPLE_LABELS[name]) for name in counts.COUNT_LABELS[fact]}
    metrics.count(Counter({(fact, *labels.values()): 3}))
    metrics.count(Counter({(fact, *labels.values()): 2}))
    (declared,) = [declared for declared in counts.DECLARED if declared.key == fact]
    assert registry.get_sample_value(declared.name, labels) == 5
    counted = {
        sample.name: sample.value
        for metric in registry.collect()
        for sample in metric.samples
        if sample.name.endswith("_total") and sample.value
    }
    assert counted == {declared.name: 5}


@pytest.mark.parametrize(
    "fact",
    [
        ("no_such_fact",),
        (counts.REJECTED, "swift", "because"),
        (counts.REJECTED, "swift"),
        (counts.FINDING, "360426199101010071"),
        (counts.FINDING, "SF1234567890123"),
        (counts.CONSUMED, "王小明", EventType.REAL_NAME),
    ],
    ids=["unknown", "reason not listed", "label missing", "document number", "waybill", "name"],
)
def test_a_fact_that_is_not_declared_raises_when_strict_and_is_counted_when_not(fact: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match=r"is not declared|is not allowed|takes labels"):
        Metrics(CollectorRegistry(), strict=True).count(Counter({fact: 1}))
    registry = CollectorRegistry()
    Metrics(registry).count(Counter({fact: 1}))
    name = fact[0] if fact[0] in counts.COUNT_LABELS else "unknown"
    assert registry.get_sample_value("parcelward_metric_errors_total", {"fact": name}) == 1
    assert not any(value in exposed(registry) for value in ("360426199101010071", "SF1234567890123", "王小明"))


def test_an_error_message_does_not_repeat_the_value_it_refuses(metrics: Metrics) -> None:
    with pytest.raises(ValueError, match="label rule") as caught:
        metrics.count(Counter({(counts.FINDING, "360426199101010071"): 1}))
    assert "360426199101010071" not in str(caught.value)


def test_known_series_start_at_zero_so_that_the_first_error_is_an_increase(
    metrics: Metrics, registry: CollectorRegistry
) -> None:
    metrics.expect_rules(["R1"])
    at_zero = [
        ("parcelward_rule_errors_total", {"rule": "R1"}),
        ("parcelward_poison_records_total", {"stage": "duties"}),
        ("parcelward_events_rejected_total", {"courier": "swift", "reason": "unexpected"}),
        ("parcelward_metric_errors_total", {"fact": "unknown"}),
    ]
    assert [registry.get_sample_value(name, labels) for name, labels in at_zero] == [0, 0, 0, 0]


def test_latencies_land_in_their_buckets(metrics: Metrics, registry: CollectorRegistry) -> None:
    for seconds in (0.004, 0.24, 61.0, -0.003):
        metrics.observe(counts.EVENT_TO_ALERT, seconds)

    def bucket(edge: str) -> float | None:
        return registry.get_sample_value("parcelward_event_to_alert_seconds_bucket", {"le": edge})

    assert (counts.LATENCY_BUCKETS[0], counts.LATENCY_BUCKETS[-1]) == (0.005, 60.0)
    assert [bucket(edge) for edge in ("0.005", "0.15", "0.25", "60.0", "+Inf")] == [2, 2, 3, 3, 4]


def done(partition: int, records: int, commit_s: float, outcome: Outcome) -> Any:
    """Stands in for what the engine says of a committed batch."""
    of = SimpleNamespace(plan=SimpleNamespace(name="duties"), number=partition)
    batch = Batch([Record("intake.swift", partition, 0, 0, b"SF1", b"{}")] * records)
    return SimpleNamespace(partition=of, batch=batch, outcome=outcome, compute_s=0.004, commit_s=commit_s)


def test_a_batch_counts_its_size_both_steps_and_its_commit(metrics: Metrics, registry: CollectorRegistry) -> None:
    recorder, before = MetricsRecorder(metrics, {}), time.time()
    recorder.batch_done(done(0, 100, 0.02, Outcome(counts=Counter({(counts.SCREENED,): 100}))))
    recorder.batch_done(done(1, 50, 0.03, Outcome(alert_arrivals=[int(before * 1000) - 500])))
    recorder.batch_done(done(1, 0, 0.03, Outcome()))  # led to nothing, and was not committed
    read = registry.get_sample_value
    assert read("parcelward_screened_total") == 100
    assert read("parcelward_batch_records_sum", {"stage": "duties"}) == 150
    assert read("parcelward_batch_seconds_sum", {"stage": "duties", "step": "commit"}) == pytest.approx(0.05)
    assert read("parcelward_batch_seconds_count", {"stage": "duties", "step": "compute"}) == 2
    assert read("parcelward_commits_total", {"stage": "duties"}) == 2
    assert (read("parcelward_last_commit_timestamp_seconds", {"stage": "duties"}) or 0) >= before
    assert (read("parcelward_event_to_alert_seconds_sum") or 0) >= 0.5


class Standing:
    """Stands in for a partition that has got so far."""

    def __init__(self, positions: dict[str, int]) -> None:
        self.positions = positions
        self.in_work = 0


def test_evidence_and_deadlines_have_latencies_of_their_own(metrics: Metrics, registry: CollectorRegistry) -> None:
    now_ms = int(time.time() * 1000)
    MetricsRecorder(metrics, {}).batch_done(
        done(0, 1, 0.01, Outcome(alert_arrivals=[now_ms - 500], alert_dues=[now_ms - 60_000, now_ms - 70_000]))
    )
    read = registry.get_sample_value
    assert read("parcelward_event_to_alert_seconds_count") == 1
    assert (read("parcelward_event_to_alert_seconds_sum") or 0) < 30
    assert read("parcelward_deadline_to_alert_seconds_count") == 2
    assert (read("parcelward_deadline_to_alert_seconds_sum") or 0) >= 130


def test_evidence_is_screened_in_time_or_late(metrics: Metrics, registry: CollectorRegistry) -> None:
    now_ms = int(time.time() * 1000)
    recorder = MetricsRecorder(metrics, {})
    recorder.batch_done(done(0, 1, 0.01, Outcome(judged_arrivals=[now_ms + 60_000, now_ms - 60_000, now_ms + 60_000])))
    recorder.batch_done(done(0, 1, 0.01, Outcome(judged_arrivals=[now_ms + 60_000])))
    read = registry.get_sample_value
    assert read("parcelward_evidence_screened_total", {"timing": "in_time"}) == 3
    assert read("parcelward_evidence_screened_total", {"timing": "late"}) == 1


def test_a_courier_was_heard_when_its_last_record_arrived(metrics: Metrics, registry: CollectorRegistry) -> None:
    recorder = MetricsRecorder(metrics, {"intake.swift": "swift", "intake.orient": "orient"})

    def heard(courier: str) -> float | None:
        return registry.get_sample_value("parcelward_courier_heard_timestamp_seconds", {"courier": courier})

    assert heard("swift") is None
    for topic, arrival_ms in (("intake.swift", 5_000), ("intake.orient", 9_000), ("intake.swift", 4_000)):
        batch = done(0, 0, 0.01, Outcome())
        batch.batch = Batch([Record(topic, 0, 0, arrival_ms, b"SF1", b"{}")])
        recorder.batch_done(batch)
    assert (heard("swift"), heard("orient")) == (5.0, 9.0)


def test_a_partition_waits_as_long_as_nothing_of_it_is_done() -> None:
    progress, partition = Progress(), cast(Any, Standing({"intake.swift": 5}))

    def waits(count: int, now: float) -> float:
        return progress.waiting_s(partition, {"intake.swift": count}, now)

    assert waits(3, 100) == 0
    assert waits(3, 160) == 60
    partition.positions["intake.swift"] = 6
    assert waits(2, 170) == 0, "one of them was done"
    assert waits(2, 180) == 10
    assert waits(0, 190) == 0, "none waits"
    assert waits(1, 200) == 0, "since now"
    progress.forget_all_but([])
    assert waits(1, 300) == 0, "it was taken over anew"
    partition.in_work = 3
    assert (waits(0, 400), waits(0, 450)) == (100, 150), "a batch that does not end"


def test_one_topic_that_stands_still_is_seen_while_those_of_other_couriers_go_on() -> None:
    progress, partition = Progress(), cast(Any, Standing({"intake.swift": 5, "intake.orient": 5}))
    for now in range(100, 161, 10):
        partition.positions["intake.orient"] += 10
        waited = progress.waiting_s(partition, {"intake.swift": 2, "intake.orient": 40}, now)
    assert waited == 60


def test_a_partition_that_was_taken_away_is_no_longer_reported(metrics: Metrics, registry: CollectorRegistry) -> None:
    for partition in (0, 1):
        for gauge in (counts.LAG, counts.TABLE_KEYS, counts.RESTORE_SECONDS, counts.RESTORED_RECORDS):
            metrics.set(gauge, 7, "senders", str(partition))
    metrics.drop_partition("senders", 0)
    assert 'partition="0"' not in exposed(registry)
    assert registry.get_sample_value("parcelward_lag_records", {"stage": "senders", "partition": "1"}) == 7
    metrics.set(counts.LAG, 3, "senders", "0")
    assert registry.get_sample_value("parcelward_lag_records", {"stage": "senders", "partition": "0"}) == 3


def test_only_the_version_in_use_is_shown(metrics: Metrics, registry: CollectorRegistry) -> None:
    metrics.show_only(counts.MODEL_INFO, "2026.11.1")
    metrics.show_only(counts.MODEL_INFO, "2026.11.2")
    assert registry.get_sample_value("parcelward_model_info", {"version": "2026.11.1"}) is None
    assert registry.get_sample_value("parcelward_model_info", {"version": "2026.11.2"}) == 1
    metrics.show_only(counts.MODEL_INFO, None)
    assert "parcelward_model_info{" not in exposed(registry)


@pytest.mark.parametrize(
    ("score", "name"),
    [(0.0, "0.01"), (0.01, "0.01"), (0.0101, "0.02"), (0.5, "0.5"), (0.96, "0.99"), (1.0, "1.0"), (1.2, "1.0")],
)
def test_a_score_counts_in_the_bin_whose_upper_edge_holds_it(score: float, name: str) -> None:
    assert counts.score_counts([score, score]) == {(counts.SCORE, name): 2}


@pytest.mark.parametrize("rule", ["R1", "R2B", "F1", "model"])
def test_rule_ids_of_a_pack_are_labels(metrics: Metrics, registry: CollectorRegistry, rule: str) -> None:
    metrics.expect_rules([rule])
    assert registry.get_sample_value("parcelward_findings_total", {"rule": rule}) == 0


def test_no_scores_are_no_facts() -> None:
    assert counts.score_counts([]) == {}
