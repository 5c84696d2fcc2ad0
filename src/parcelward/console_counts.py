"""Every metric of the console, declared as those of a worker are; it is a process of its own."""

from parcelward.counts import LATENCY_BUCKETS, PREFIX, Metric, MetricKind

NO_ROUTE = "none"
SENT, NOT_TAKEN, REFUSED = "sent", "not_taken", "refused"

REQUESTS = Metric(
    PREFIX + "console_requests_total",
    MetricKind.COUNTER,
    "Requests that the console answered, by route and HTTP status.",
    ("route", "status"),
)
REQUEST_SECONDS = Metric(
    PREFIX + "console_request_seconds",
    MetricKind.HISTOGRAM,
    "Time of a request, until its answer was handed over.",
    ("route",),
    LATENCY_BUCKETS,
)
DECISIONS = Metric(
    PREFIX + "console_decisions_total",
    MetricKind.COUNTER,
    "Decisions that people made at the console.",
    ("fate",),
)
BEHIND = Metric(
    PREFIX + "console_behind_records",
    MetricKind.GAUGE,
    "Records that are on the topics and not in the tables yet, as the console that projects noted last.",
)
CERTAIN = Metric(
    PREFIX + "console_certain_timestamp_seconds",
    MetricKind.GAUGE,
    "Time at which it was last certain that the tables miss nothing, seconds since 1970; 0 until all was read.",
)
PROJECTING = Metric(
    PREFIX + "console_projecting",
    MetricKind.GAUGE,
    "1 for the console that writes the tables, 0 for one that stands by or cannot; of those on one database one has 1.",
)
UNREADABLE = Metric(
    PREFIX + "console_unreadable_records",
    MetricKind.GAUGE,
    "Records that the tables leave out, since they break the contract or the database refuses them.",
)
SESSIONS = Metric(
    PREFIX + "console_sessions",
    MetricKind.GAUGE,
    "Sessions that are not over, of all consoles on one database.",
)
CONSOLE_DECLARED = (REQUESTS, REQUEST_SECONDS, DECISIONS, BEHIND, CERTAIN, PROJECTING, UNREADABLE, SESSIONS)
