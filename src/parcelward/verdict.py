"""From findings to a verdict: lane, action, and whether later evidence makes a new revision of the alert."""

from collections.abc import Sequence
from datetime import timedelta

import msgspec

from parcelward.contract.alerts import Action, Lane, Severity

LANE_OF = {
    Severity.CRITICAL: Lane.RED,
    Severity.HIGH: Lane.RED,
    Severity.MEDIUM: Lane.YELLOW,
    Severity.LOW: None,  # supports an alert, does not raise one
}
URGENCY = (Lane.GREEN_SAMPLED, Lane.YELLOW, Lane.RED)
DUE_WITHIN = {
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
SEVERITIES = (Severity.CRITICAL, Severity.HIGH, Severity.MEDIUM, Severity.LOW)


class Verdict(msgspec.Struct, frozen=True, array_like=True):
    """What all findings on a waybill come to. `rules` are the ids of what was found, sorted."""

    lane: str | None
    action: str | None
    rules: tuple[str, ...]


class AlertRecord(msgspec.Struct, array_like=True):
    """State of an alerted waybill: what was last said about it."""

    touched_ms: int
    revision: int
    verdict: Verdict


CLEAN = Verdict(None, None, ())


def judge(found: Sequence[tuple[str, Severity, Action]]) -> Verdict:
    """Verdict from (rule id, severity, action) of all findings; `CLEAN` when there are none."""
    if not found:
        return CLEAN
    worst = min((severity for _, severity, _ in found), key=SEVERITIES.index)
    action = min((action for _, _, action in found), key=ACTIONS.index)
    return Verdict(LANE_OF[worst], action, tuple(sorted({rule for rule, _, _ in found})))


def revise(known: AlertRecord | None, verdict: Verdict, at_ms: int) -> AlertRecord | None:
    """The alert's next revision, or None when there is nothing new to say.

    The lane never falls: later evidence may clear findings, a person decides what that means.
    """
    if known is None:
        return None if verdict.lane is None else AlertRecord(at_ms, 1, verdict)
    lane = max(known.verdict.lane, verdict.lane, key=lambda lane: URGENCY.index(Lane(lane)) if lane else -1)
    settled = Verdict(lane, verdict.action or known.verdict.action, verdict.rules)
    if settled == known.verdict:
        return None
    return AlertRecord(at_ms, known.revision + 1, settled)
