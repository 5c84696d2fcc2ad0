"""From findings to a verdict: lane, action, and whether later evidence makes a new revision of the alert."""

from collections.abc import Sequence
from datetime import timedelta

import msgspec

from parcelward.alerts.snapshot import Snapshot
from parcelward.contract.alerts import Action, Lane, Severity
from parcelward.formats import reading
from parcelward.moments import duration_ms

LANE_OF = {
    Severity.CRITICAL: Lane.RED,
    Severity.HIGH: Lane.RED,
    Severity.MEDIUM: Lane.YELLOW,
    Severity.LOW: None,  # supports an alert, does not raise one
}
URGENCY = (Lane.GREEN_SAMPLED, Lane.YELLOW, Lane.RED)
TIME_TO_DECIDE = {
    Lane.RED: timedelta(minutes=30),
    Lane.YELLOW: timedelta(hours=8),
    Lane.GREEN_SAMPLED: timedelta(days=1),
}
# Strongest first: what keeps a dangerous parcel from travelling comes before what asks questions.
ACTIONS = (
    Action.REFUSE,
    Action.HOLD,
    Action.REINSPECT,
    Action.VERIFY_IDENTITY,
    Action.REQUEST_INFORMATION,
    Action.AUDIT_OUTLET,
)
ACTION_ORDER = [action.value for action in ACTIONS].index
SEVERITIES = (Severity.CRITICAL, Severity.HIGH, Severity.MEDIUM, Severity.LOW)


class Verdict(msgspec.Struct, frozen=True, array_like=True):
    """The outcome of all findings on a waybill. `rules` are the ids of what was found, sorted."""

    lane: str | None
    action: str | None
    rules: tuple[str, ...]


class AlertRecord(msgspec.Struct, array_like=True, tag="1"):
    """State of an alerted waybill: the last verdict published about it, and the evidence behind that.

    Revision 0 (`silent_record`): nothing was published yet.
    """

    touched_ms: int  # arrival of the last pass's evidence; a new revision is dated by it
    revision: int
    verdict: Verdict
    due_ms: int = 0  # when a person should have decided; a revision never moves it back
    passes: int = 0  # the shipment's pass that was judged last
    snapshot: Snapshot | None = None


decode_alert = reading(AlertRecord, "an alert's record")
CLEAN = Verdict(None, None, ())


def silent_record(touched_ms: int) -> AlertRecord:
    """Record of a waybill about which nothing was published; it only remembers which pass is the newest."""
    return AlertRecord(touched_ms, 0, CLEAN)


def judge(found: Sequence[tuple[str, Severity, Action]]) -> Verdict:
    """Give the verdict on (rule id, severity, action) of all findings; `CLEAN` when there are none."""
    if not found:
        return CLEAN
    worst = min((severity for _, severity, _ in found), key=SEVERITIES.index)
    action = min((action for _, _, action in found), key=ACTIONS.index)
    return Verdict(LANE_OF[worst], action, tuple(sorted({rule for rule, _, _ in found})))


def revise(known: AlertRecord | None, verdict: Verdict, at_ms: int) -> AlertRecord | None:
    """Make the alert's next revision; None when there is nothing new to say.

    The lane never falls, nor does the action while the lane stays: later evidence may clear findings, a person decides
    what that means. The time to decide counts from the first revision in a lane.
    """
    if known is None or not known.revision:
        return None if verdict.lane is None else AlertRecord(at_ms, 1, verdict, _due_ms(verdict.lane, at_ms))
    said = known.verdict
    if _urgency(verdict.lane) > _urgency(said.lane):
        due_ms = min(known.due_ms, _due_ms(verdict.lane, at_ms))
        return AlertRecord(at_ms, known.revision + 1, verdict, due_ms)
    # Without a lane there is no finding, or only some that support an alert and raise none.
    action = said.action if verdict.lane is None else _stronger(said.action, verdict.action)
    merged = Verdict(said.lane, action, verdict.rules)
    return None if merged == said else AlertRecord(at_ms, known.revision + 1, merged, known.due_ms)


def _urgency(lane: str | None) -> int:
    return -1 if lane is None else URGENCY.index(Lane(lane))


def _stronger(one: str | None, other: str | None) -> str | None:
    return min((action for action in (one, other) if action is not None), key=ACTION_ORDER, default=None)


def _due_ms(lane: str | None, at_ms: int) -> int:
    return at_ms if lane is None else at_ms + duration_ms(TIME_TO_DECIDE[Lane(lane)])
