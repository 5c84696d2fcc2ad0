"""What stages count: the names of counts and their labels, without any metrics library.

A stage writes `outcome.counts[CONSUMED, courier, event_type] += 1`; `metrics.Metrics.count` adds the whole batch to the
Prometheus counters after its commit, so a batch that is replayed is counted once. Labels come from enumerations,
settings or the rule pack: never a waybill, a person or free text.
"""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from parcelward.stage import CountKey

STAGES = ("duties", "senders", "outlets")
DUTIES = ("real_name", "inspection", "security_scan")

CONSUMED = "consumed"  # courier, event type
REJECTED = "rejected"  # courier, reason
DUPLICATE = "duplicate"  # courier
CORRECTED = "corrected"  # courier
OUT_OF_ORDER = "out_of_order"  # courier
WAYBILL_CONFLICT = "waybill_conflict"  # courier
AHEAD = "ahead"  # courier
UPLOADED_LATE = "uploaded_late"  # courier
BACK_FILLED = "back_filled"  # courier
BACKWARDS = "backwards"  # courier
LATE = "late"  # duty
SETTLED = "settled"  # duty
OVERDUE = "overdue"  # duty
SCREENED = "screened"
SAMPLED = "sampled"
FINDING = "finding"  # rule
RULE_ERROR = "rule_error"  # rule
ALERT = "alert"  # lane, state
POISON = "poison"  # stage
SCORE = "score"  # upper edge of the bin, see `score_counts`

COUNT_LABELS: dict[str, tuple[str, ...]] = {
    CONSUMED: ("courier", "type"),
    REJECTED: ("courier", "reason"),
    DUPLICATE: ("courier",),
    CORRECTED: ("courier",),
    OUT_OF_ORDER: ("courier",),
    WAYBILL_CONFLICT: ("courier",),
    AHEAD: ("courier",),
    UPLOADED_LATE: ("courier",),
    BACK_FILLED: ("courier",),
    BACKWARDS: ("courier",),
    LATE: ("duty",),
    SETTLED: ("duty",),
    OVERDUE: ("duty",),
    SCREENED: (),
    SAMPLED: (),
    FINDING: ("rule",),
    RULE_ERROR: ("rule",),
    ALERT: ("lane", "state"),
    POISON: ("stage",),
    SCORE: ("bin",),
}
"""Label names of every count, in the order of its values."""

SCORE_EDGES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0)
"""Upper edges of the score bins, inclusive; finer at both ends, where the model lives."""
SCORE_BINS = tuple(str(edge) for edge in SCORE_EDGES)
_SCORE_COUNTS: tuple[CountKey, ...] = tuple((SCORE, name) for name in SCORE_BINS)
_INNER_EDGES = np.array(SCORE_EDGES[:-1])


def score_counts(scores: Sequence[float]) -> Counter[CountKey]:
    """The counts of a batch of model scores from 0 to 1, counted by bin; anything above counts in the last one."""
    counts = np.bincount(np.searchsorted(_INNER_EDGES, scores), minlength=len(_SCORE_COUNTS)).tolist()
    return Counter({fact: count for fact, count in zip(_SCORE_COUNTS, counts, strict=True) if count})
