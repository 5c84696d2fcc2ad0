"""Every metric of a worker, declared once and without a metrics library: name, type, help, labels.

The stages count: `outcome.counts[CONSUMED, courier, event_type] += 1`. `metrics.Metrics.count` adds the whole batch to
the Prometheus counters after its commit, so a batch that is replayed is counted once. The worker measures:
`metrics.set(LAG, records, stage, partition)`. Labels come from enumerations, settings or the rule pack: never a
waybill, a person or free text.

From `DECLARED` come the Prometheus metrics (metrics.py) and the tables of docs/metrics.md (metrics_page.py); a test
compares the alert rules and the dashboard with it.
"""

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from parcelward.contract.alerts import AlertState, Lane
from parcelward.contract.deliveries import Outcome
from parcelward.contract.events import DUTY_TYPES, EventType
from parcelward.contract.patterns import COURIER_PATTERN
from parcelward.contract.reasons import Reason
from parcelward.contract.steps import ReferralState, Role, StepKind, StepReason
from parcelward.flow import FLOW
from parcelward.stage import CountKey

PREFIX = "parcelward_"
STAGES = tuple(stage.name for stage in FLOW)
DUTIES = tuple(event_type.duty for event_type in DUTY_TYPES)
CHECKS = ("broker", "tables")
STEPS = ("compute", "commit")
RAISED = "raise"
UNREAD = "unread"
"""In place of the role, of a decision that could not be read."""
STEPS_OF_ALERTS = (RAISED, *(kind.value for kind in StepKind))
ROLES = (Role.ANALYST.value, Role.SUPERVISOR.value, Role.COURIER.value, UNREAD)
REFUSALS = (*(reason.value for reason in StepReason), *(reason.value for reason in Reason))
LEVELS = ("1", "2", "3")
OPEN_STATES = tuple(state.value for state in ReferralState if state is not ReferralState.CLOSED)
AGES = ("hour", "day", "week", "older")
"""An alert was raised within the last hour, else within the last day, week, or before."""

IN_TIME_S = 2.0
"""Evidence is screened in time when it is judged and committed so soon after its arrival: the sender is still there."""
IN_TIME, TOO_LATE = TIMINGS = ("in_time", "late")

LATENCY_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
DEADLINE_BUCKETS = (1.0, 2.5, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0)
BATCH_BUCKETS = (1.0, 4.0, 16.0, 64.0, 256.0, 1024.0, 4096.0, 16384.0)
STEP_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)

SCORE_EDGES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0)
"""Upper edges of the score bins, inclusive; finer at both ends, where the model lives."""
SCORE_BINS = tuple(str(edge) for edge in SCORE_EDGES)


class MetricKind(StrEnum):
    """Prometheus metric types in use."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric: full name as exported, type, help, label names, histogram buckets, and the key the stages count."""

    name: str
    kind: MetricKind
    help: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()
    key: str | None = None


_declared: list[Metric] = []


def _declare(metric: Metric) -> Metric:
    _declared.append(metric)
    return metric


def _counted(key: str, name: str, text: str, *labels: str) -> str:
    """Declare a counter of the stages; gives the first part of its `CountKey`."""
    _declare(Metric(PREFIX + name, MetricKind.COUNTER, text, labels, key=key))
    return key


def _counter(name: str, text: str, *labels: str) -> Metric:
    return _declare(Metric(PREFIX + name, MetricKind.COUNTER, text, labels))


def _gauge(name: str, text: str, *labels: str) -> Metric:
    return _declare(Metric(PREFIX + name, MetricKind.GAUGE, text, labels))


def _histogram(name: str, text: str, buckets: tuple[float, ...], *labels: str) -> Metric:
    return _declare(Metric(PREFIX + name, MetricKind.HISTOGRAM, text, labels, buckets))


# what came in
CONSUMED = _counted(
    "consumed",
    "events_consumed_total",
    "Events that were accepted, duplicates and heartbeats included.",
    "courier",
    "type",
)
REJECTED = _counted(
    "rejected",
    "events_rejected_total",
    "Records refused and sent to the courier's rejected topic.",
    "courier",
    "reason",
)
HEARD = _gauge(
    "courier_heard_timestamp_seconds",
    "Arrival of the last record of a courier, refused or not, seconds since 1970; absent until the first.",
    "courier",
)
MISPLACED = _counted(
    "misplaced",
    "events_misplaced_total",
    "Events of a new waybill that lay in another partition than the contract names; moved unless that is switched off.",
    "courier",
)
DUPLICATE = _counted(
    "duplicate", "events_duplicate_total", "Accepted events already seen, by event id; ignored.", "courier"
)
CORRECTED = _counted("corrected", "events_corrected_total", "Accepted events that correct an earlier one.", "courier")
CORRECTS_UNKNOWN = _counted(
    "corrects_unknown",
    "events_corrects_unknown_total",
    "Corrections of an event that their waybill did not have when they arrived: it comes later, or the id is wrong.",
    "courier",
)
CORRECTED_LATER = _counted(
    "corrected_later",
    "events_corrected_later_total",
    "Events that arrived after their correction. Corrections of unknown events, less these, name a wrong id.",
    "courier",
)
OUT_OF_ORDER = _counted(
    "out_of_order",
    "events_out_of_order_total",
    "Events whose time lies before the last event or deadline of their waybill.",
    "courier",
)
AHEAD = _counted(
    "ahead",
    "events_ahead_total",
    "Events whose time lies after their arrival: the device's clock is fast.",
    "courier",
)
UPLOADED_LATE = _counted(
    "uploaded_late",
    "events_uploaded_late_total",
    "Events that arrived more than an hour after their time.",
    "courier",
)
BACK_FILLED = _counted(
    "back_filled", "events_back_filled_total", "Events that say they were filled in later.", "courier"
)
BACKWARDS = _counted(
    "backwards",
    "arrivals_backwards_total",
    "Records that arrived before a time their partition had reached: clocks are apart.",
    "courier",
)
WAYBILL_CONFLICT = _counted(
    "waybill_conflict",
    "waybill_conflicts_total",
    "Events that contradict an earlier one of their waybill.",
    "courier",
)
LATE = _counted("late", "events_late_total", "Events that arrived after their duty was declared overdue.", "duty")
LIFTED = _counted(
    "settled",
    "duties_settled_total",
    "Overdue duties that a late event showed to have been done in time.",
    "duty",
)
OVERDUE = _counted("overdue", "duties_overdue_total", "Duties whose deadline passed without the event.", "duty")

# what was judged
SCREENED = _counted("screened", "screened_total", "Shipments judged by rules and model, once for every event.")
FINDING = _counted("finding", "findings_total", "Rules that fired, `model` included.", "rule")
RULE_ERROR = _counted("rule_error", "rule_errors_total", "Rules that failed while being evaluated.", "rule")
SCORE = _counted("score", "model_scores_total", "Model scores by bin; `bin` is the inclusive upper edge.", "bin")
ALERT = _counted("alert", "alerts_total", "Alert revisions published.", "lane", "state")
SAMPLED = _counted("sampled", "sampled_total", "Clean shipments chosen for the random sample.")
EVIDENCE = _counter(
    "evidence_screened_total",
    "Events that were judged, deadlines not included: in time, or more than 2 s after their arrival at the broker.",
    "timing",
)
EVENT_TO_ALERT = _histogram(
    "event_to_alert_seconds",
    "Time from an event's arrival at the broker to the commit of its alert.",
    LATENCY_BUCKETS,
)
DEADLINE_TO_ALERT = _histogram(
    "deadline_to_alert_seconds",
    "Time from the moment a duty fell due to the commit of its alert; `idle_grace` and waits after outages included.",
    DEADLINE_BUCKETS,
)

# what became of alerts
REFERRAL_STEP = _counted(
    "referral_step",
    "referral_steps_total",
    "Steps in the lives of alerts, by kind; `raise` is an alert that was not known.",
    "kind",
)
REFUSED_STEP = _counted(
    "refused_step",
    "referral_steps_refused_total",
    "Answers and decisions that were refused, by reason and by the role of whoever sent them.",
    "refusal",
    "role",
)
MISSED = _counted(
    "missed",
    "referral_deadlines_missed_total",
    "Deadlines that were missed, by the level that the alert was passed up to, or has reached.",
    "level",
)
LEFT_ALONE = _counted(
    "left_alone",
    "alerts_left_alone_total",
    "Alerts of a version that did not follow them up, and of which nothing is known: they are left alone.",
)
OPEN_ALERTS = _gauge(
    "open_alerts",
    "Alerts that are not closed, by their state and by how long ago they were raised.",
    "referral",
    "age",
)

OVER_BUDGET = _counted(
    "over_budget",
    "case_notes_over_budget_total",
    "Notes about alerts that were counted in a case of their courier, since its budget of cases is spent.",
    "courier",
)

# how the stages run
BATCH_RECORDS = _histogram("batch_records", "Records in one batch.", BATCH_BUCKETS, "stage")
BATCH_SECONDS = _histogram(
    "batch_seconds",
    "CPU time one batch spent computing, and wall time of the transaction it was committed in.",
    STEP_BUCKETS,
    "stage",
    "step",
)
COMMITS = _counter("commits_total", "Batches committed; those of a worker share transactions.", "stage")
LAST_COMMIT = _gauge("last_commit_timestamp_seconds", "Time of the last commit, seconds since 1970.", "stage")
COMMIT_PAUSE = _gauge(
    "commit_pause_seconds", "Time that records wait for others after a commit, now; it grows with what commits take."
)
POISON = _counted("poison", "poison_records_total", "Records our own code failed on, isolated and set aside.", "stage")
LAG = _gauge(
    "lag_records",
    "Records that wait or are in work, by stage and partition number; 0 when all is done.",
    "stage",
    "partition",
)
WAITING = _gauge(
    "waiting_seconds",
    "Seconds for which records of a topic have waited while none of them was done, the longest of a partition.",
    "stage",
    "partition",
)
TABLE_KEYS = _gauge("table_keys", "Keys held in a stage's state, by partition number.", "stage", "partition")
ASSIGNED = _gauge("partitions_assigned", "Partitions this worker owns.", "stage")
PARTITIONS = _gauge("partitions", "Partitions that each stage has, over all workers: the setting `partitions`.")
RESTORE_SECONDS = _gauge(
    "restore_seconds", "Duration of the last restore of a partition's state.", "stage", "partition"
)
RESTORED_RECORDS = _gauge(
    "restored_records", "Records read in the last restore of a partition's state.", "stage", "partition"
)

# the worker
WORKER_UP = _gauge("worker_up", "1 while the worker runs, 0 while it stops.")
GONE = _counter(
    "records_gone_total",
    "Records that were deleted before they were read, at most: passed over unscreened, because `gaps` is `go_on`.",
    "stage",
)
GROUND_FLAWS = _gauge(
    "ground_flaws", "What the last check found not to fit, as `parcelward doctor` prints it; 0: nothing.", "flaw"
)
GROUND_CHECKED = _gauge("ground_checked_timestamp_seconds", "Time of the last check of the ground, seconds since 1970.")
READY = _gauge("ready", "1 when the check passes, 0 when it does not.", "check")
MODEL_LOADED = _gauge("model_loaded", "1 when a model scores, 0 when the worker judges by rules only.")
BUILD_INFO = _gauge("build_info", "Always 1; the version that runs.", "version")
RULE_PACK_INFO = _gauge("rule_pack_info", "Always 1; the rule pack that judges.", "version", "hash")
MODEL_INFO = _gauge("model_info", "Always 1; the model that scores.", "version")
METRIC_ERRORS = _counter("metric_errors_total", "Counts that could not be added: unknown name or label value.", "fact")

DECLARED = tuple(_declared)
"""The metrics of a worker."""

# the webhooks
_declared.clear()
ATTEMPTED = _counter(
    "delivery_attempts_total", "Attempts of `parcelward deliver` to send a record, by outcome.", "endpoint", "outcome"
)
UNDELIVERED = _counter(
    "delivery_undelivered_total",
    "Records that were given up and written to the topic `undelivered`, by the last outcome.",
    "endpoint",
    "outcome",
)
DELIVERY_WAITING = _gauge("delivery_waiting_records", "Records that were read and are not delivered yet.", "endpoint")
DELIVERY_OLDEST = _gauge(
    "delivery_oldest_seconds", "Age of the oldest record that was read and is not delivered yet; 0: none.", "endpoint"
)
DELIVERY_LAG = _gauge(
    "delivery_lag_records", "Records that are there and were not read yet; reading pauses while many wait.", "endpoint"
)
DELIVERY_STOPPED = _gauge(
    "delivery_stopped", "1 after the receiver has answered 410: it wants no more, and nothing is sent.", "endpoint"
)
DELIVERY_UP = _gauge("delivery_up", "1 while `parcelward deliver` runs, 0 while it stops.", "endpoint")
DELIVERY_GONE = _counter(
    "delivery_gone_total", "Records that were deleted before they were read, at most: never sent.", "endpoint"
)
DELIVERY_DECLARED = tuple(_declared)
"""The metrics of `parcelward deliver`, which is a process of its own."""
COUNT_LABELS: dict[str, tuple[str, ...]] = {metric.key: metric.labels for metric in DECLARED if metric.key}
"""Label names of every count, in the order of its values."""


@dataclass(frozen=True, slots=True)
class Label:
    """The values one label may hold: a closed list, or the pattern of a code from settings or the rule pack."""

    values: tuple[str, ...] | re.Pattern[str]
    meaning: str

    def allows(self, value: str) -> bool:
        """Look the value up in the list, or compare it with the pattern."""
        if isinstance(self.values, tuple):
            return value in self.values
        return self.values.fullmatch(value) is not None


def _listed(values: Sequence[str], more: str = "") -> Label:
    return Label(tuple(values), ", ".join(f"`{value}`" for value in values) + more)


LABELS: Mapping[str, Label] = {
    "age": _listed(AGES, ": raised within the last hour, else within the last day or week, or before"),
    "bin": Label(SCORE_BINS, "upper edges of the score bins, `0.01` to `1.0`; a score counts in one bin"),
    "check": _listed(CHECKS, ", as in `/ready`"),
    "courier": Label(re.compile(COURIER_PATTERN), "courier codes of the setting `couriers`"),
    "duty": _listed(DUTIES),
    "endpoint": Label(re.compile(r"[a-z0-9][a-z0-9-]{0,31}"), "name of the receiver, the setting `webhook_name`"),
    "fact": Label((*COUNT_LABELS, "unknown"), "name of the count that could not be added, or `unknown`"),
    "fate": _listed(("sent", "not_taken", "refused"), ": by Kafka not taken; refused while a person waited"),
    "flaw": Label(re.compile(r"[a-z_]{1,32}"), "codes of flaws, as the runbook lists them under `Ground`"),
    "hash": Label(re.compile(r"[0-9a-f]{16}"), "content hash of the rule pack"),
    "kind": _listed(STEPS_OF_ALERTS),
    "lane": _listed(tuple(Lane)),
    "level": _listed(LEVELS),
    "outcome": _listed(tuple(Outcome), ", as docs/delivery.md explains them"),
    "partition": Label(re.compile(r"\d{1,3}"), "Kafka partition number"),
    "reason": Label(tuple(Reason), "refusal reasons, the same word as in the header `pw_reason`"),
    "referral": _listed(OPEN_STATES),
    "refusal": Label(REFUSALS, "why a step was refused (docs/referrals.md); else a refusal reason, as in `reason`"),
    "role": _listed(ROLES, "; `unread` is a decision that could not be read"),
    "route": Label(re.compile(r"[a-z_]{1,32}"), "name of a page of the console; `none`: there is no such page"),
    "rule": Label(re.compile(r"[A-Z][A-Z0-9]{0,7}|model"), "rule ids of the pack, and `model`"),
    "stage": _listed(STAGES),
    "state": _listed(tuple(AlertState)),
    "status": Label(re.compile(r"[1-5]\d\d"), "HTTP status"),
    "step": _listed(STEPS),
    "timing": _listed(TIMINGS),
    "type": Label(tuple(EventType), "CloudEvents types of the events"),
    "version": Label(re.compile(r"[A-Za-z0-9.+_-]{1,64}"), "version of the build, rule pack or model"),
}

_SCORE_COUNTS: tuple[CountKey, ...] = tuple((SCORE, name) for name in SCORE_BINS)
_INNER_EDGES = SCORE_EDGES[:-1]


def score_counts(scores: Sequence[float]) -> Counter[CountKey]:
    """Count a batch of model scores from 0 to 1 by bin; anything above counts in the last one."""
    return Counter([_SCORE_COUNTS[bisect_left(_INNER_EDGES, score)] for score in scores])
