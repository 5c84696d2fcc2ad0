"""The verdict on each alert: right, wrong, or unknown; and when its courier was asked and answered.

Only `referrals` says what became of an alert. A record on `decisions` may have been refused, so none is read there.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from parcelward.alerts.verdict import MODEL_RULE, URGENCY
from parcelward.contract.alerts import Lane
from parcelward.contract.steps import OutcomeKind, ReferralState, StepKind
from parcelward.moments import ms_of
from parcelward.outcomes.records import AlertHead, ReferralHead

CONFIRMING = frozenset({OutcomeKind.DANGEROUS_GOODS, OutcomeKind.FALSE_IDENTITY, OutcomeKind.PROCEDURE_NOT_KEPT})


class Verdict(StrEnum):
    """Verdict of people on an alert. Only the first two are one; the rest says why there is none."""

    CONFIRMED = "confirmed"
    FALSE_ALARM = "false_alarm"
    NOT_INSPECTED = "not_inspected"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    OPEN = "open"
    NOT_FOUND = "not_found"


@dataclass(frozen=True, slots=True)
class Judged:
    """One alert and what is known of it. `rules` is all that any revision found; the model stands there with version.

    `asked_ms` is None where no instruction with a known time was sent, `answered_ms` where none of those was answered.
    `whole`: all of its steps are known, none was compacted away; only then it is known if the courier was reminded.
    `controlled`: its parcel was under a control period, which may draw parcels more often.
    """

    alert_id: str
    courier: str
    waybill: str
    outlet: str
    lane: Lane
    rules: frozenset[str]
    raised_ms: int
    verdict: Verdict
    kind: OutcomeKind | None = None
    asked: bool = False
    whole: bool = False
    reminded: bool = False
    asked_ms: int | None = None
    answered_ms: int | None = None
    controlled: bool = False

    @property
    def known(self) -> bool:
        """Tell whether people said if it was right."""
        return self.verdict in (Verdict.CONFIRMED, Verdict.FALSE_ALARM)

    @property
    def right(self) -> bool:
        """Tell whether people confirmed it."""
        return self.verdict is Verdict.CONFIRMED

    @property
    def flagged(self) -> bool:
        """Tell whether a rule or the model raised it; otherwise its parcel was drawn at random."""
        return self.lane is not Lane.GREEN_SAMPLED

    @property
    def stood(self) -> bool:
        """Tell whether it is one to be right or wrong about: later records did not take it back."""
        return self.verdict is not Verdict.WITHDRAWN


@dataclass(slots=True)
class _Life:
    """All that the topics say about one alert, as it is gathered."""

    newest: AlertHead | None = None
    first_ms: int | None = None
    rules: set[str] = field(default_factory=set)
    lane: Lane = Lane.GREEN_SAMPLED
    referral: ReferralHead | None = None
    asked_ms: dict[int, int] = field(default_factory=dict)  # by the revision of the instruction
    asked: set[int] = field(default_factory=set)
    answered_ms: dict[int, int] = field(default_factory=dict)
    revisions: set[int] = field(default_factory=set)
    reminded: bool = False
    controlled: bool = False


def judged(alerts: Iterable[AlertHead], referrals: Iterable[ReferralHead]) -> list[Judged]:
    """Put the two topics together: one entry for each alert, in the order of alert ids, whatever order they come in.

    An alert whose records were deleted is known by its referral alone. Of a compacted topic only the newest state of an
    alert may be left; then the time at which its courier was asked is unknown, unless the alert itself asked.
    """
    lives: dict[str, _Life] = {}
    for alert in alerts:
        _hear(lives.setdefault(alert.alert_id, _Life()), alert)
    for referral in referrals:
        _step(lives.setdefault(referral.alert_id, _Life()), referral)
    return [_judged(alert_id, lives[alert_id]) for alert_id in sorted(lives)]


def _hear(life: _Life, alert: AlertHead) -> None:
    if life.newest is None or alert.revision > life.newest.revision:
        life.newest = alert
    raised_ms = ms_of(alert.raised_at)
    life.first_ms = raised_ms if life.first_ms is None else min(life.first_ms, raised_ms)
    life.lane = max(life.lane, alert.lane, key=URGENCY.index)
    life.controlled |= bool(alert.controls)
    for one in (*alert.findings, *alert.found_before):
        life.rules.add(one.rule if one.rule != MODEL_RULE else f"{MODEL_RULE} {alert.model_version or ''}".strip())


def _step(life: _Life, referral: ReferralHead) -> None:
    if life.referral is None or referral.revision > life.referral.revision:
        life.referral = referral
    life.lane = max(life.lane, referral.lane, key=URGENCY.index)
    life.revisions.add(referral.revision)
    life.reminded |= referral.step is StepKind.UNANSWERED
    if referral.asked is None:
        return
    number = referral.asked.revision
    life.asked.add(number)
    if referral.revision == number:
        life.asked_ms[number] = ms_of(referral.at)
    if referral.answer is not None:
        at_ms = ms_of(referral.answer.at)
        life.answered_ms[number] = min(at_ms, life.answered_ms.get(number, at_ms))


def _judged(alert_id: str, life: _Life) -> Judged:
    known: AlertHead | ReferralHead | None = life.newest or life.referral
    assert known is not None
    raised_ms = (
        life.first_ms
        if life.first_ms is not None
        else ms_of(known.at if isinstance(known, ReferralHead) else known.raised_at)
    )
    rules = life.rules or ({*life.referral.rules} if life.referral is not None else set())
    verdict, kind = _verdict(life.referral)
    asked_ms, answered_ms = _first_answer(life)
    return Judged(
        alert_id,
        known.courier,
        known.waybill,
        known.outlet,
        life.lane,
        frozenset(rules),
        raised_ms,
        verdict,
        kind,
        bool(life.asked),
        bool(life.revisions) and len(life.revisions) == max(life.revisions),
        life.reminded,
        asked_ms,
        answered_ms,
        life.controlled,
    )


def _verdict(referral: ReferralHead | None) -> tuple[Verdict, OutcomeKind | None]:
    if referral is None:
        return Verdict.NOT_FOUND, None
    if referral.outcome is not None:  # who takes an alert up again takes its outcome back
        if referral.outcome in CONFIRMING:
            return Verdict.CONFIRMED, referral.outcome
        return Verdict(referral.outcome.value), referral.outcome
    if referral.state is ReferralState.EXPIRED:
        return Verdict.EXPIRED, None
    if referral.state in (ReferralState.WITHDRAWN, ReferralState.CLOSED):
        return Verdict.WITHDRAWN, None
    return Verdict.OPEN, None


def _first_answer(life: _Life) -> tuple[int | None, int | None]:
    """Give when the first instruction with a known time was sent, and when it was answered; an older answer is none."""
    times = dict(life.asked_ms)
    if life.first_ms is not None and 1 in life.asked:
        times.setdefault(1, life.first_ms)  # the alert itself asked
    for number in sorted(times):
        answered = life.answered_ms.get(number)
        if answered is not None and answered >= times[number]:
            return times[number], answered
    return (times[min(times)], None) if times else (None, None)


def counted(alerts: Sequence[Judged], verdict: Verdict) -> int:
    """Count the alerts with a verdict."""
    return sum(one.verdict is verdict for one in alerts)
