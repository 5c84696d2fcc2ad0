"""Every Prometheus metric, declared once, on a registry that is passed in.

`DECLARED` is the single list: docs/metrics.md, the alert rules and the dashboards are compared with it by a test.
Nothing is labelled by waybill, operator or free text; a label value outside its list or pattern is refused.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics
from prometheus_client.metrics import MetricWrapperBase

from parcelward import counts as f
from parcelward.contract.alerts import AlertState, Lane
from parcelward.contract.events import EventType
from parcelward.contract.reasons import Reason
from parcelward.stage import CountKey

PREFIX = "parcelward_"
LATENCY_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
BATCH_BUCKETS = (1.0, 4.0, 16.0, 64.0, 256.0, 1024.0, 4096.0, 16384.0)
STEP_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
STEPS = ("compute", "commit")
CHECKS = ("broker", "model", "rule_pack", "tables")

_ALLOWED: Mapping[str, frozenset[str] | re.Pattern[str]] = {
    "bin": frozenset(f.SCORE_BINS),
    "check": frozenset(CHECKS),
    "courier": re.compile(r"[a-z][a-z0-9-]{1,31}"),
    "duty": frozenset(f.DUTIES),
    "fact": frozenset((*f.COUNT_LABELS, "unknown")),
    "lane": frozenset(Lane),
    "partition": re.compile(r"\d{1,3}"),
    "reason": frozenset(Reason),
    "rule": re.compile(r"[A-Z][A-Z0-9]{0,7}|model"),
    "stage": frozenset(f.STAGES),
    "state": frozenset(AlertState),
    "step": frozenset(STEPS),
    "type": frozenset(EventType),
    "version": re.compile(r"[A-Za-z0-9.+_-]{1,64}"),
}
"""What a label may hold, by label name: a closed list, or the pattern of a code from settings or the rule pack."""


class MetricKind(StrEnum):
    """Prometheus metric types in use."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True)
class Declared:
    """One metric: full name as exported, type, help, label names, histogram buckets, and the fact it counts."""

    name: str
    kind: MetricKind
    help: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()
    fact: str | None = None


def _counted(name: str, fact: str, text: str) -> Declared:
    return Declared(PREFIX + name, MetricKind.COUNTER, text, f.COUNT_LABELS[fact], fact=fact)


def _counter(name: str, text: str, *labels: str) -> Declared:
    return Declared(PREFIX + name, MetricKind.COUNTER, text, labels)


def _gauge(name: str, text: str, *labels: str) -> Declared:
    return Declared(PREFIX + name, MetricKind.GAUGE, text, labels)


def _histogram(name: str, text: str, buckets: tuple[float, ...], *labels: str) -> Declared:
    return Declared(PREFIX + name, MetricKind.HISTOGRAM, text, labels, buckets)


DECLARED: tuple[Declared, ...] = (
    # what came in
    _counted("events_consumed_total", f.CONSUMED, "Events that were accepted, duplicates included."),
    _counted("events_rejected_total", f.REJECTED, "Records refused and sent to the courier's rejected topic."),
    _counted("events_duplicate_total", f.DUPLICATE, "Accepted events already seen, by event id; ignored."),
    _counted("events_corrected_total", f.CORRECTED, "Accepted events that correct an earlier one."),
    _counted(
        "events_out_of_order_total",
        f.OUT_OF_ORDER,
        "Events whose time lies before the last event or deadline of their waybill.",
    ),
    _counted("events_ahead_total", f.AHEAD, "Events whose time lies after their arrival: the device's clock is fast."),
    _counted("events_uploaded_late_total", f.UPLOADED_LATE, "Events that arrived more than an hour after their time."),
    _counted("events_back_filled_total", f.BACK_FILLED, "Events that say they were filled in later."),
    _counted(
        "arrivals_backwards_total",
        f.BACKWARDS,
        "Records that arrived before a time their partition had reached: clocks are apart.",
    ),
    _counted("waybill_conflicts_total", f.WAYBILL_CONFLICT, "Events that contradict an earlier one of their waybill."),
    _counted("events_late_total", f.LATE, "Events that arrived after their duty was declared overdue."),
    _counted("duties_settled_total", f.SETTLED, "Overdue duties that a late event showed to have been done in time."),
    _counted("duties_overdue_total", f.OVERDUE, "Duties whose deadline passed without the event."),
    # what was judged
    _counted("screened_total", f.SCREENED, "Shipments judged by rules and model, once for every event."),
    _counted("findings_total", f.FINDING, "Rules that fired, `model` included."),
    _counted("rule_errors_total", f.RULE_ERROR, "Rules that failed while being evaluated."),
    _counted("model_scores_total", f.SCORE, "Model scores by bin; `bin` is the inclusive upper edge."),
    _counted("alerts_total", f.ALERT, "Alert revisions published."),
    _counted("sampled_total", f.SAMPLED, "Clean shipments chosen for the random sample."),
    _histogram(
        "event_to_alert_seconds",
        "Time from an event's arrival at the broker to the commit of its alert.",
        LATENCY_BUCKETS,
    ),
    # how the stages run
    _histogram("batch_records", "Records in one batch.", BATCH_BUCKETS, "stage"),
    _histogram(
        "batch_seconds",
        "CPU time one batch spent computing, and wall time of the transaction it was committed in.",
        STEP_BUCKETS,
        "stage",
        "step",
    ),
    _counter("commits_total", "Batches committed; those of a worker share transactions.", "stage"),
    _gauge("last_commit_timestamp_seconds", "Time of the last commit, seconds since 1970.", "stage"),
    _counted("poison_records_total", f.POISON, "Records our own code failed on, isolated and set aside."),
    _gauge("lag_records", "Records that wait to be processed, by stage and partition number.", "stage", "partition"),
    _gauge("table_keys", "Keys held in a stage's state, by partition number.", "stage", "partition"),
    _gauge("partitions_assigned", "Partitions this worker owns.", "stage"),
    _gauge("restore_seconds", "Duration of the last restore of a partition's state.", "stage", "partition"),
    _gauge("restored_records", "Records read in the last restore of a partition's state.", "stage", "partition"),
    # the worker
    _gauge("worker_up", "1 while the worker runs, 0 while it stops."),
    _gauge("ready", "1 when the check passes, 0 when it does not.", "check"),
    _gauge("model_loaded", "1 when a model scores, 0 when the worker judges by rules only."),
    _gauge("build_info", "Always 1; the version that runs.", "version"),
    _gauge("rule_pack_info", "Always 1; the rule pack that judges.", "version"),
    _gauge("model_info", "Always 1; the model that scores.", "version"),
    _counter("metric_errors_total", "Facts that could not be counted: unknown name or label value.", "fact"),
)


class Metrics:
    """The metrics of one worker. All calls are cheap and none is needed per record: count and record per batch.

    `strict` raises ValueError for a fact or label value that is not declared (tests); otherwise it is counted in
    `parcelward_metric_errors_total` and dropped (production). Labels known beforehand start at zero, so that the very
    first error is an increase that an alert rule can see.
    """

    def __init__(self, registry: CollectorRegistry, *, couriers: Iterable[str] = (), strict: bool = False) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # a second series per counter that nothing reads
        self.registry = registry
        self._strict = strict
        self._by_name: dict[str, MetricWrapperBase] = {
            declared.name: _register(declared, registry) for declared in DECLARED
        }
        self._labels = {declared.name: declared.labels for declared in DECLARED}
        self._name_of_fact = {declared.fact: declared.name for declared in DECLARED if declared.fact}
        self._children: dict[tuple[str, ...], MetricWrapperBase] = {}
        self._fact_counters: dict[CountKey, Counter] = {}
        self._start_at_zero(tuple(couriers))

    # what the stages counted

    def count(self, counts: Mapping[CountKey, int]) -> None:
        """Add the counts of one committed batch."""
        counters = self._fact_counters
        for fact, times in counts.items():
            counter = counters.get(fact) or self._fact_counter(fact)
            if counter is not None:
                counter.inc(times)

    def observe_latencies(self, milliseconds: Sequence[float]) -> None:
        """Add event-to-alert times; below zero (clocks differ) counts as zero."""
        histogram = self._histogram("event_to_alert_seconds")
        for value in milliseconds:
            histogram.observe(max(0.0, value / 1000.0))

    def expect_rules(self, rules: Iterable[str]) -> None:
        """Start the counters of these rules at zero; call it when a pack is loaded."""
        for rule in rules:
            self.count({(f.FINDING, rule): 0, (f.RULE_ERROR, rule): 0})

    # how the stages run

    def record_batch(
        self,
        stage: str,
        partition: int,
        records: int,
        seconds_compute: float,
        seconds_commit: float,
        committed_at: float | None = None,
    ) -> None:
        """Record one committed batch; `committed_at` is seconds since 1970."""
        self._histogram("batch_records", stage).observe(records)
        self._histogram("batch_seconds", stage, "compute").observe(seconds_compute)
        self._histogram("batch_seconds", stage, "commit").observe(seconds_commit)
        self._counter("commits_total", stage).inc()
        if committed_at is not None:
            self._gauge("last_commit_timestamp_seconds", stage).set(committed_at)

    def set_lag(self, stage: str, partition: int, records: int) -> None:
        """Records that wait in all source topics of one partition number."""
        self._gauge("lag_records", stage, str(partition)).set(records)

    def set_keys(self, stage: str, partition: int, keys: int) -> None:
        """Keys in the state of one partition."""
        self._gauge("table_keys", stage, str(partition)).set(keys)

    def set_restore(self, stage: str, partition: int, seconds: float, records: int) -> None:
        """Duration and size of the last restore of one partition."""
        self._gauge("restore_seconds", stage, str(partition)).set(seconds)
        self._gauge("restored_records", stage, str(partition)).set(records)

    def set_assigned(self, stage: str, partitions: int) -> None:
        """Number of partitions this worker owns."""
        self._gauge("partitions_assigned", stage).set(partitions)

    def drop_partition(self, stage: str, partition: int) -> None:
        """Forget the gauges of a partition that was taken away, lest two workers report it."""
        for name in ("lag_records", "table_keys", "restore_seconds", "restored_records"):
            labels = (stage, str(partition))
            if self._children.pop((PREFIX + name, *labels), None) is not None:
                self._by_name[PREFIX + name].remove(*labels)

    # the worker

    def set_up(self, up: bool) -> None:
        """Whether the worker runs (True) or is stopping (False)."""
        self._gauge("worker_up").set(up)

    def set_ready(self, check: str, passed: bool) -> None:
        """Result of one readiness check: `broker`, `model`, `rule_pack` or `tables`."""
        self._gauge("ready", check).set(passed)

    def set_build(self, version: str) -> None:
        """The version that runs."""
        self._only("build_info", version)

    def set_rule_pack(self, version: str) -> None:
        """The rule pack that judges."""
        self._only("rule_pack_info", version)

    def set_model(self, version: str | None) -> None:
        """The model that scores; None when the worker judges by rules only."""
        self._gauge("model_loaded").set(version is not None)
        self._only("model_info", version)

    # inside

    def _fact_counter(self, fact: CountKey) -> Counter | None:
        """The counter of a fact seen for the first time; None when it is not declared and we are not strict."""
        name, *labels = fact
        try:
            if name not in self._name_of_fact:
                raise ValueError(f"fact {name!r} is not declared in metrics.py")
            child = self._child(self._name_of_fact[name], *labels)
        except ValueError:
            if self._strict:
                raise
            self._counter("metric_errors_total", name if name in f.COUNT_LABELS else "unknown").inc()
            return None
        assert isinstance(child, Counter)
        self._fact_counters[fact] = child
        return child

    def _child(self, name: str, *labels: str) -> MetricWrapperBase:
        key = (name, *labels)
        child = self._children.get(key)
        if child is None:
            _check_labels(name, self._labels[name], labels)
            metric = self._by_name[name]
            child = self._children[key] = metric.labels(*labels) if labels else metric
        return child

    def _counter(self, name: str, *labels: str) -> Counter:
        child = self._child(PREFIX + name, *labels)
        assert isinstance(child, Counter)
        return child

    def _gauge(self, name: str, *labels: str) -> Gauge:
        child = self._child(PREFIX + name, *labels)
        assert isinstance(child, Gauge)
        return child

    def _histogram(self, name: str, *labels: str) -> Histogram:
        child = self._child(PREFIX + name, *labels)
        assert isinstance(child, Histogram)
        return child

    def _only(self, name: str, version: str | None) -> None:
        """Make `version` the one series of an info metric; None leaves no series."""
        full = PREFIX + name
        for key in [key for key in self._children if key[0] == full]:
            self._by_name[full].remove(*key[1:])
            del self._children[key]
        if version is not None:
            self._gauge(name, version).set(1)

    def _start_at_zero(self, couriers: tuple[str, ...]) -> None:
        known: dict[str, tuple[str, ...]] = {"courier": couriers} | {
            label: tuple(sorted(values)) for label, values in _ALLOWED.items() if isinstance(values, frozenset)
        }
        for declared in DECLARED:
            if declared.kind is MetricKind.GAUGE or not declared.labels or not set(declared.labels) <= set(known):
                continue
            series: list[tuple[str, ...]] = [()]
            for label in declared.labels:
                series = [(*before, value) for before in series for value in known[label]]
            for labels in series:
                self._child(declared.name, *labels)


def _register(declared: Declared, registry: CollectorRegistry) -> MetricWrapperBase:
    match declared.kind:
        case MetricKind.COUNTER:
            return Counter(declared.name, declared.help, declared.labels, registry=registry)
        case MetricKind.GAUGE:
            return Gauge(declared.name, declared.help, declared.labels, registry=registry)
        case MetricKind.HISTOGRAM:
            return Histogram(declared.name, declared.help, declared.labels, registry=registry, buckets=declared.buckets)


def _check_labels(name: str, labels: tuple[str, ...], values: tuple[str, ...]) -> None:
    if len(labels) != len(values):
        raise ValueError(f"{name} takes labels {labels}, not {len(values)} values")
    for label, value in zip(labels, values, strict=True):
        allowed = _ALLOWED[label]
        fits = value in allowed if isinstance(allowed, frozenset) else allowed.fullmatch(value)
        if not fits:
            raise ValueError(f"{name}: a value of label {label} is not allowed")
