"""Effects of the steps on one alert, and the conditions that the table cannot say: one entry for each step."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from msgspec.structs import replace

from parcelward.cases.instructing import (
    BY_EVIDENCE,
    BY_PERSON,
    HOLDING,
    TASKS,
    proposed,
    reminder_words,
    words_of,
)
from parcelward.cases.machine import ESCALATED, LEVELS
from parcelward.cases.news import AlertNews
from parcelward.cases.referral import AnswerHop, DecisionHop, ReferralRecord, Replied
from parcelward.cases.times import MOST_SNOOZE_MS, Times
from parcelward.contract.alerts import Action, Lane, Severity
from parcelward.contract.cards import Bilingual
from parcelward.contract.steps import InstructionAction, OutcomeKind, ReferralState, StepKind, StepReason

Input = AlertNews | AnswerHop | DecisionHop | None
"""Anything that leads to a step; None: the clock."""


class Heard(NamedTuple):
    """Something that came, and the times of the installation."""

    came: Input
    times: Times


class Taken(NamedTuple):
    """The record as a step leaves it, and the words of the instruction that it sends; None: it sends none."""

    record: ReferralRecord
    told: tuple[Bilingual, Bilingual] | None = None


Guard = Callable[[ReferralRecord, Heard, int], StepReason | None]
Effect = Callable[[Taken, Heard, int], Taken]


def _decision(heard: Heard) -> DecisionHop:
    assert isinstance(heard.came, DecisionHop)
    return heard.came


# -- conditions --------------------------------------------------------------------------------------------------------


def _may_assign(record: ReferralRecord, heard: Heard, at_ms: int) -> StepReason | None:
    hop = _decision(heard)
    taken_away = record.assigned_to is not None and record.assigned_to != hop.to
    return StepReason.REASON_MISSING if taken_away and not hop.words else None


def _may_decide(record: ReferralRecord, heard: Heard, at_ms: int) -> StepReason | None:
    hop = _decision(heard)
    return StepReason.CONTRADICTORY if hop.outcome == OutcomeKind.FALSE_ALARM and hop.keep else None


def _may_release(record: ReferralRecord, heard: Heard, at_ms: int) -> StepReason | None:
    owes = record.asked not in (None, InstructionAction.RELEASE)
    return None if record.held or owes else StepReason.NOTHING_HELD


def _may_snooze(record: ReferralRecord, heard: Heard, at_ms: int) -> StepReason | None:
    if record.lane == Lane.RED or record.severity == Severity.CRITICAL:
        return StepReason.NEVER_SNOOZED
    return None if 0 < _decision(heard).until_ms - at_ms <= MOST_SNOOZE_MS else StepReason.SNOOZE_TOO_LONG


GUARDS: Mapping[StepKind, Guard] = {
    StepKind.ASSIGN: _may_assign,
    StepKind.OUTCOME: _may_decide,
    StepKind.RELEASE: _may_release,
    StepKind.SNOOZE: _may_snooze,
}


# -- effects -----------------------------------------------------------------------------------------------------------


def _instructed(
    record: ReferralRecord, action: InstructionAction, heard: Heard, at_ms: int, *, by_person: bool
) -> ReferralRecord:
    """The record with a new instruction. A hold stays whatever else is asked; only a release lifts it."""
    released = action is InstructionAction.RELEASE
    return replace(
        record,
        asked=action.value,
        asked_revision=record.revision,
        asked_by_person=by_person,
        reminders=0,
        held=not released and (record.held or action in HOLDING),
        answer_due_ms=0 if released else at_ms + heard.times.to_answer(record.courier, record.severity),
    )


def _released(taken: Taken, heard: Heard, at_ms: int, why: Bilingual) -> Taken:
    """Lift what the courier was told, if it was told anything."""
    record = taken.record
    if record.asked in (None, InstructionAction.RELEASE) and not record.held:
        return taken
    record = _instructed(record, InstructionAction.RELEASE, heard, at_ms, by_person=True)
    return Taken(record, (why, TASKS[InstructionAction.RELEASE]))


def _acknowledge(taken: Taken, heard: Heard, at_ms: int) -> Taken:
    record, by = taken.record, _decision(heard).by
    passed_up = record.level > 0
    return taken._replace(record=replace(record, assigned_to=by if passed_up else record.assigned_to or by))


def _assign(taken: Taken, heard: Heard, at_ms: int) -> Taken:
    return taken._replace(record=replace(taken.record, assigned_to=_decision(heard).to))


def _instruct(taken: Taken, heard: Heard, at_ms: int) -> Taken:
    action = InstructionAction(_decision(heard).action or "")
    return Taken(_instructed(taken.record, action, heard, at_ms, by_person=True), (BY_PERSON, TASKS[action]))


def _decide(taken: Taken, heard: Heard, at_ms: int) -> Taken:
    hop = _decision(heard)
    record = replace(taken.record, outcome=hop.outcome)
    if not hop.keep:
        return _released(Taken(record), heard, at_ms, BY_PERSON)
    if record.held:
        return Taken(record)
    record = _instructed(record, InstructionAction.HOLD, heard, at_ms, by_person=True)
    return Taken(record, (BY_PERSON, TASKS[InstructionAction.HOLD]))


def _release(taken: Taken, heard: Heard, at_ms: int) -> Taken:
    return _released(taken, heard, at_ms, BY_PERSON)


def _snooze(taken: Taken, heard: Heard, at_ms: int) -> Taken:
    """Put the deadline off: the time to decide counts from the end of the snooze."""
    record = taken.record
    due_ms = _decision(heard).until_ms + heard.times.decide[record.severity]
    return taken._replace(record=replace(record, people_due_ms=due_ms))


def _reopen(taken: Taken, heard: Heard, at_ms: int) -> Taken:
    return taken._replace(record=replace(taken.record, outcome=None, level=0))


def _answer(taken: Taken, heard: Heard, at_ms: int) -> Taken:
    hop = heard.came
    assert isinstance(hop, AnswerHop)
    asked = taken.record.asked_revision
    replied = Replied(hop.result, at_ms, hop.photo, hop.found_goods, hop.text, asked)
    return taken._replace(record=replace(taken.record, replied=replied, answer_due_ms=0))


def _revise(taken: Taken, heard: Heard, at_ms: int) -> Taken:
    """Send the instruction that the alert now leads to, if it is another one than the courier has.

    A person's instruction stands against evidence, and so does a hold against an instruction that would not hold.
    """
    news, record = heard.came, taken.record
    assert isinstance(news, AlertNews)
    action = proposed(news, heard.times)
    if record.now in (ReferralState.DECIDED, ReferralState.CLOSED, ReferralState.EXPIRED) or action is None:
        return taken
    if action == record.asked or record.asked_by_person or (record.held and action not in HOLDING):
        return taken
    return Taken(_instructed(record, action, heard, at_ms, by_person=False), words_of(news, action))


def _worsen(taken: Taken, heard: Heard, at_ms: int) -> Taken:
    """As before, but what is graver counts against a person's earlier instruction, release or outcome, too."""
    record = replace(taken.record, outcome=None, asked_by_person=False)
    if record.now is ReferralState.REOPENED:
        record = replace(record, level=0)
    return _revise(Taken(record), heard, at_ms)


def _withdraw(taken: Taken, heard: Heard, at_ms: int) -> Taken:
    """Lift what the courier was told, unless the parcel is held for anything but a duty that has been done since.

    A corrected goods name may be true or may not be: somebody looks at it before the parcel goes. Nor does
    evidence lift a person's own hold, unless the alert proposes one itself.
    """
    record = taken.record
    if record.now is not ReferralState.WITHDRAWN:
        return taken
    of_alert = not record.asked_by_person or record.action == Action.HOLD
    if record.held and not (record.only_duties and of_alert):
        return taken
    lifted = _released(taken, heard, at_ms, BY_EVIDENCE)
    return lifted._replace(record=replace(lifted.record, asked_by_person=False))


def _unanswered(taken: Taken, heard: Heard, at_ms: int) -> Taken:
    """Remind the courier and pass the alert up; at the last level nobody is reminded any more."""
    record = taken.record
    if record.level >= LEVELS or record.asked is None:
        return taken._replace(record=replace(record, answer_due_ms=0))
    due = at_ms + heard.times.to_answer(record.courier, record.severity)
    record = replace(record, level=record.level + 1, reminders=record.reminders + 1, answer_due_ms=due)
    return Taken(record, reminder_words(record, InstructionAction(record.asked or "")))


def _miss(taken: Taken, heard: Heard, at_ms: int) -> Taken:
    assert taken.record.now is ESCALATED
    return taken._replace(record=replace(taken.record, level=min(taken.record.level + 1, LEVELS)))


def _nothing(taken: Taken, heard: Heard, at_ms: int) -> Taken:
    return taken


EFFECTS: Mapping[StepKind, Effect] = {
    StepKind.ACKNOWLEDGE: _acknowledge,
    StepKind.ASSIGN: _assign,
    StepKind.COMMENT: _nothing,
    StepKind.INSTRUCT: _instruct,
    StepKind.OUTCOME: _decide,
    StepKind.RELEASE: _release,
    StepKind.SNOOZE: _snooze,
    StepKind.REOPEN: _reopen,
    StepKind.ANSWER: _answer,
    StepKind.REVISE: _revise,
    StepKind.WORSEN: _worsen,
    StepKind.WITHDRAW: _withdraw,
    StepKind.UNANSWERED: _unanswered,
    StepKind.MISS: _miss,
    StepKind.GIVE_UP: _nothing,
    StepKind.SETTLE: _nothing,
}
