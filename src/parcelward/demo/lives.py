"""Counts what became of every alert, by reading the topics again."""

from collections import Counter
from dataclasses import dataclass, field

from parcelward.cluster.reader import TopicReader
from parcelward.contract.referrals import Case, Referral
from parcelward.contract.steps import OutcomeKind, ReferralState
from parcelward.intake.refusal import came_from
from parcelward.settings import Settings

BY_PEOPLE = "decided by a person"
BY_EVIDENCE = "cleared by later evidence"
BY_CLOCK = "nobody took it in time"
OPEN = "still open"


@dataclass(slots=True)
class Lives:
    """The ends of all alerts, and what they took."""

    ends: Counter[str] = field(default_factory=Counter)
    confirmed: int = 0
    false_alarms: int = 0
    passed_up: int = 0
    asked: int = 0
    answered: int = 0
    cases: int = 0
    lines: int = 0  # revisions of cases that a person must read
    refused: Counter[str] = field(default_factory=Counter)

    @property
    def alerts(self) -> int:
        """Alerts that were followed."""
        return self.ends.total()


def count_lives(settings: Settings) -> Lives:
    """Read referrals, cases and refused decisions and answers from their beginning. Raises UserError."""
    topics, lives = settings.topics, Lives()
    referrals: dict[str, Referral] = {}
    asked: set[str] = set()
    cases: set[str] = set()
    names = [topics.referrals, topics.cases, topics.refused_decisions, *map(topics.rejected, settings.couriers)]
    with TopicReader(settings, names) as reader:
        for record in reader.read_to_end():
            if record.topic == topics.referrals and record.value is not None:
                referral = Referral.model_validate_json(record.value)
                referrals[referral.alert_id] = referral
                if referral.asked is not None:
                    asked.add(referral.alert_id)
            elif record.topic == topics.cases and record.value is not None:
                case = Case.model_validate_json(record.value)
                cases.add(case.case_id)
                lives.lines += case.attention
            elif record.topic == topics.refused_decisions or came_from(record, topics.answers("")):
                lives.refused[dict(record.headers)["pw_reason"].decode()] += 1
    for referral in referrals.values():
        lives.ends[end_of(referral)] += 1
        lives.passed_up += referral.level > 0
        lives.answered += referral.answer is not None
        lives.false_alarms += referral.outcome is OutcomeKind.FALSE_ALARM
        lives.confirmed += referral.outcome in (
            OutcomeKind.DANGEROUS_GOODS,
            OutcomeKind.FALSE_IDENTITY,
            OutcomeKind.PROCEDURE_NOT_KEPT,
        )
    lives.asked, lives.cases = len(asked), len(cases)
    return lives


def end_of(referral: Referral) -> str:
    """Give the end of an alert: by whom it came, or that there is none yet."""
    if referral.outcome is not None:
        return BY_PEOPLE
    if referral.state in (ReferralState.WITHDRAWN, ReferralState.CLOSED):
        return BY_EVIDENCE
    return BY_CLOCK if referral.state is ReferralState.EXPIRED else OPEN
