"""From findings to a verdict: lane, action, and whether later evidence makes a new revision of the alert."""

from collections.abc import Sequence
from datetime import timedelta

import msgspec

from parcelward.alerts.facts import Facts, Found
from parcelward.alerts.snapshot import Snapshot
from parcelward.contract.alerts import Action, Lane, Severity
from parcelward.contract.cards import Bilingual
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
    Action.TRACE_AND_STOP,
    Action.HOLD,
    Action.REPORT,
    Action.REINSPECT,
    Action.VERIFY_IDENTITY,
    Action.REQUEST_INFORMATION,
    Action.AUDIT_OUTLET,
)
MODEL_RULE = "model"
RELEASED_BELOW = 0.5
"""Share of the threshold. A score that has raised an alert clears it only below that, so it does not flicker."""
SEVERITIES = (Severity.CRITICAL, Severity.HIGH, Severity.MEDIUM, Severity.LOW)


def named(rule: str) -> Bilingual:
    """Name what found something, for people: the id of a rule, or the model in words."""
    return Bilingual(zh="模型" if rule == MODEL_RULE else rule, en=rule)


class Verdict(msgspec.Struct, frozen=True, array_like=True):
    """The outcome of all findings on a waybill. `rules` are the ids of what was found, sorted."""

    lane: str | None
    action: str | None
    rules: tuple[str, ...]
    severity: str | None = None  # of the finding that the action is of; None where an older version wrote it

    def says(self, other: "Verdict") -> bool:
        """Tell whether both say the same to a person."""
        return (self.lane, self.action, self.rules) == (other.lane, other.action, other.rules)


class AlertRecord(msgspec.Struct, array_like=True, tag="1"):
    """State of an alerted waybill: the last verdict published about it, and the evidence behind that.

    Revision 0 (`silent_record`): nothing was published yet. The last three fields are kept so that a revision can say
    what changed; a version that does not know them drops them, and then the next revision says less.
    """

    touched_ms: int  # arrival of the last pass's evidence; a new revision is dated by it
    revision: int
    verdict: Verdict
    due_ms: int = 0  # when a person should have decided; a revision never moves it back
    passes: int = 0  # the shipment's pass that was judged last
    snapshot: Snapshot | None = None
    step: str | None = None  # the action that was published: the verdict's, as the parcel's state allowed
    found: tuple[Found, ...] = ()  # what any revision found, bounded
    facts: Facts | None = None  # what the last revision rested on


decode_alert = reading(AlertRecord, "an alert's record")
CLEAN = Verdict(None, None, ())


def silent_record(touched_ms: int) -> AlertRecord:
    """Record of a waybill about which nothing was published; it only remembers which pass is the newest."""
    return AlertRecord(touched_ms, 0, CLEAN)


def judge(found: Sequence[tuple[str, Severity, Action]]) -> Verdict:
    """Give the verdict on (rule id, severity, action) of all findings; `CLEAN` when there are none.

    The action is that of the most severe finding; of several, the strongest. The model gives a hint, a rule names what
    is known: so the model's action counts only where no rule is as severe.
    """
    if not found:
        return CLEAN
    worst = min((severity for _, severity, _ in found), key=SEVERITIES.index)
    _, action = min(
        (rule == MODEL_RULE, ACTIONS.index(action)) for rule, severity, action in found if severity is worst
    )
    return Verdict(LANE_OF[worst], ACTIONS[action], tuple(sorted({rule for rule, _, _ in found})), worst)


def revise(known: AlertRecord | None, verdict: Verdict, at_ms: int) -> AlertRecord | None:
    """Make the alert's next revision; None when there is nothing new to say.

    The lane never falls, and the action stays that of the most severe finding there ever was: later evidence may clear
    it, a person decides what that means. Of findings that are as severe, those of now count. The time to decide counts
    from the first revision in a lane.
    """
    if known is None or not known.revision:
        return None if verdict.lane is None else AlertRecord(at_ms, 1, verdict, _due_ms(verdict.lane, at_ms))
    published = known.verdict
    if _urgency(verdict.lane) > _urgency(published.lane):
        due_ms = min(known.due_ms, _due_ms(verdict.lane, at_ms))
        return AlertRecord(at_ms, known.revision + 1, verdict, due_ms)
    # Without a lane there is no finding, or only some that support an alert and raise none.
    stays = verdict.lane is None or _weight(published.severity) > _weight(verdict.severity)
    of = published if stays else verdict
    merged = Verdict(published.lane, of.action, verdict.rules, of.severity)
    return None if merged.says(published) else AlertRecord(at_ms, known.revision + 1, merged, known.due_ms)


def _weight(severity: str | None) -> int:
    return -1 if severity is None else len(SEVERITIES) - SEVERITIES.index(Severity(severity))


def _urgency(lane: str | None) -> int:
    return -1 if lane is None else URGENCY.index(Lane(lane))


def restepped(known: AlertRecord | None, step: str, at_ms: int) -> AlertRecord | None:
    """Make the next revision of a red alert whose findings stay, when the parcel has moved on and another step fits.

    None when there is nothing new to say: the alert is not red, is cleared, or an older version wrote no step.
    """
    if known is None or known.verdict.lane != Lane.RED or not known.verdict.rules or known.step in (None, step):
        return None
    return msgspec.structs.replace(known, touched_ms=at_ms, revision=known.revision + 1)


def _due_ms(lane: str | None, at_ms: int) -> int:
    return at_ms if lane is None else at_ms + duration_ms(TIME_TO_DECIDE[Lane(lane)])
