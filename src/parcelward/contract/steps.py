"""Words of the life of an alert: its states, who acts, what can be answered and decided, and why a step is refused."""

from enum import StrEnum


class Role(StrEnum):
    """Somebody, or something, that takes a step. The first two are people of the platform, the last two no people."""

    ANALYST = "analyst"
    SUPERVISOR = "supervisor"
    COURIER = "courier"
    EVIDENCE = "evidence"
    CLOCK = "clock"


class ReferralState(StrEnum):
    """State of an alert, or of a case, on its way to an end. `docs/referrals.md` draws it."""

    RAISED = "raised"
    ACKNOWLEDGED = "acknowledged"
    IN_WORK = "in_work"
    ANSWERED = "answered"
    ESCALATED = "escalated"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    REOPENED = "reopened"
    DECIDED = "decided"
    CLOSED = "closed"


OVER = frozenset((ReferralState.WITHDRAWN, ReferralState.DECIDED, ReferralState.CLOSED))
"""States of an alert, or of a case, in which nobody owes a step."""


class StepKind(StrEnum):
    """Step in the life of an alert, whoever takes it."""

    ACKNOWLEDGE = "acknowledge"
    ASSIGN = "assign"
    COMMENT = "comment"
    INSTRUCT = "instruct"
    OUTCOME = "outcome"
    RELEASE = "release"
    SNOOZE = "snooze"
    REOPEN = "reopen"
    ANSWER = "answer"
    REVISE = "revise"
    WORSEN = "worsen"
    WITHDRAW = "withdraw"
    UNANSWERED = "unanswered"
    MISS = "miss"
    GIVE_UP = "give_up"
    SETTLE = "settle"


class OutcomeKind(StrEnum):
    """Outcome of an alert. The first three confirm it."""

    DANGEROUS_GOODS = "dangerous_goods"
    FALSE_IDENTITY = "false_identity"
    PROCEDURE_NOT_KEPT = "procedure_not_kept"
    FALSE_ALARM = "false_alarm"
    NOT_INSPECTED = "not_inspected"


class InstructionAction(StrEnum):
    """The thing that the courier must do now. `release` ends every earlier instruction about the parcel; `proceed` says
    that nothing has to be done, to couriers that want an answer about every parcel."""

    REFUSE = "refuse"
    HOLD = "hold"
    REINSPECT = "reinspect"
    VERIFY_IDENTITY = "verify_identity"
    SEND_INFORMATION = "send_information"
    RELEASE = "release"
    PROCEED = "proceed"


class AnswerResult(StrEnum):
    """Courier's answer to an instruction."""

    DONE = "done"
    NOT_POSSIBLE = "not_possible"
    INFORMATION = "information"


class StepReason(StrEnum):
    """Reason to refuse an answer or a decision that is well-formed. `meaning` explains it to whoever sent it.

    >>> StepReason("stale").meaning
    'It was made on an earlier revision: something has happened since. Read the present state and decide again.'
    """

    meaning: str

    def __new__(cls, value: str, meaning: str = "") -> "StepReason":
        member = str.__new__(cls, value)
        member._value_ = value
        member.meaning = meaning
        return member

    UNKNOWN = "unknown", "No alert or case of this id is known for this parcel or subject, or it has been forgotten."
    DOUBLED = "doubled", "This very record was applied already; nothing is applied twice."
    STALE = (
        "stale",
        "It was made on an earlier revision: something has happened since. Read the present state and decide again.",
    )
    AHEAD = "ahead", "It names a revision that does not exist yet."
    UNAUTHORISED = "unauthorised", "The role may not take this step in this state."
    ILLEGAL = "illegal", "The step does not exist in this state."
    LATE = "late", "The alert has reached its end; only a supervisor can re-open it."
    NOT_ASKED = "not_asked", "No instruction is open to which this could be the answer."
    NOTHING_HELD = "nothing_held", "Nothing is held that could be released."
    REASON_MISSING = "reason_missing", "Taking an alert from somebody else needs a reason."
    CONTRADICTORY = "contradictory", "A false alarm keeps no parcel: say that it is released."
    SNOOZE_TOO_LONG = "snooze_too_long", "A snooze ends after now, and at most 30 days from now."
    NEVER_SNOOZED = "never_snoozed", "Red and critical alerts are not put off."
