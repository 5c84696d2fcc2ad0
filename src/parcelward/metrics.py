"""The metrics of one process on a Prometheus registry that is passed in; `counts.py` declares them."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import product

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics
from prometheus_client.metrics import MetricWrapperBase

from parcelward.counts import COUNT_LABELS, DECLARED, FINDING, LABELS, METRIC_ERRORS, RULE_ERROR, Metric, MetricKind
from parcelward.stage import CountKey

_OF_PARTITIONS = [metric for metric in DECLARED if metric.labels == ("stage", "partition")]


class Metrics:
    """Counts, sets and observes what `counts.py` declares. Cheap, but per batch: nothing here is needed per record.

    `strict` raises ValueError for a count or label value that is not declared (tests); otherwise a count is dropped,
    and counted itself in `parcelward_metric_errors_total` (production). Series whose labels are known beforehand start
    at zero, so that the very first error is an increase that an alert rule can see.
    """

    def __init__(
        self,
        registry: CollectorRegistry,
        *,
        couriers: Iterable[str] = (),
        endpoints: Iterable[str] = (),
        declared: Sequence[Metric] = DECLARED,
        strict: bool = False,
    ) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # a second series per counter that nothing reads
        self.registry = registry
        self._strict = strict
        self._by_name = {metric.name: _register(metric, registry) for metric in declared}
        self._of_key = {metric.key: metric for metric in declared if metric.key}
        self._children: dict[tuple[str, ...], MetricWrapperBase] = {}
        self._counters: dict[CountKey, Counter] = {}
        self._start_at_zero(declared, {"courier": tuple(couriers), "endpoint": tuple(endpoints)})

    def count(self, counts: Mapping[CountKey, int]) -> None:
        """Add the counts of one committed batch."""
        counters = self._counters
        for key, times in counts.items():
            counter = counters.get(key) or self._counter(key)
            if counter is not None:
                counter.inc(times)

    def expect_rules(self, rules: Iterable[str]) -> None:
        """Start the counters of these rules at zero; call it when a pack is loaded."""
        for rule in rules:
            self.count({(FINDING, rule): 0, (RULE_ERROR, rule): 0})

    def add(self, metric: Metric, *labels: str, by: int = 1) -> None:
        """Add to a counter that no stage counts."""
        child = self._child(metric, *labels)
        assert isinstance(child, Counter)
        child.inc(by)

    def set(self, metric: Metric, value: float, *labels: str) -> None:
        """Set a gauge."""
        child = self._child(metric, *labels)
        assert isinstance(child, Gauge)
        child.set(value)

    def observe(self, metric: Metric, value: float, *labels: str) -> None:
        """Add a value to a histogram; below zero (clocks differ) counts as zero."""
        child = self._child(metric, *labels)
        assert isinstance(child, Histogram)
        child.observe(max(0.0, value))

    def drop_partition(self, stage: str, partition: int) -> None:
        """Forget the gauges of a partition that was taken away, lest two workers report it."""
        for metric in _OF_PARTITIONS:
            self._drop(metric, stage, str(partition))

    def show_only(self, metric: Metric, version: str | None, *more: str) -> None:
        """Make `version`, with its other labels, the one series of an info metric; None leaves no series."""
        for name, *labels in list(self._children):
            if name == metric.name:
                self._drop(metric, *labels)
        if version is not None:
            self.set(metric, 1, version, *more)

    def _counter(self, key: CountKey) -> Counter | None:
        """Make the counter of a new key; None when it is not declared and we are not strict."""
        name, *labels = key
        try:
            if name not in self._of_key:
                raise ValueError(f"count {name!r} is not declared in counts.py")
            child = self._child(self._of_key[name], *labels)
        except ValueError:
            if self._strict:
                raise
            self.add(METRIC_ERRORS, name if name in COUNT_LABELS else "unknown")
            return None
        assert isinstance(child, Counter)
        self._counters[key] = child
        return child

    def _child(self, metric: Metric, *labels: str) -> MetricWrapperBase:
        key = (metric.name, *labels)
        child = self._children.get(key)
        if child is None:
            _check_labels(metric, labels)
            whole = self._by_name[metric.name]
            child = self._children[key] = whole.labels(*labels) if labels else whole
        return child

    def _drop(self, metric: Metric, *labels: str) -> None:
        if self._children.pop((metric.name, *labels), None) is not None:
            self._by_name[metric.name].remove(*labels)

    def _start_at_zero(self, declared: Sequence[Metric], codes: Mapping[str, tuple[str, ...]]) -> None:
        known = {name: tuple(sorted(label.values)) for name, label in LABELS.items() if isinstance(label.values, tuple)}
        known |= codes
        for metric in declared:
            if metric.kind is not MetricKind.GAUGE and metric.labels and known.keys() >= set(metric.labels):
                for labels in product(*(known[label] for label in metric.labels)):
                    self._child(metric, *labels)


def _register(metric: Metric, registry: CollectorRegistry) -> MetricWrapperBase:
    match metric.kind:
        case MetricKind.COUNTER:
            return Counter(metric.name, metric.help, metric.labels, registry=registry)
        case MetricKind.GAUGE:
            return Gauge(metric.name, metric.help, metric.labels, registry=registry)
        case MetricKind.HISTOGRAM:
            return Histogram(metric.name, metric.help, metric.labels, registry=registry, buckets=metric.buckets)


def _check_labels(metric: Metric, values: tuple[str, ...]) -> None:
    if len(metric.labels) != len(values):
        raise ValueError(f"{metric.name} takes labels {metric.labels}, not {len(values)} values")
    for label, value in zip(metric.labels, values, strict=True):
        if not LABELS[label].allows(value):
            raise ValueError(f"{metric.name}: a value of label {label} is not allowed")
