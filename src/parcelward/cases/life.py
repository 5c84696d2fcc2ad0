"""The life of one alert: each step by the table, its effect, and what is to be sent.

Each function takes the state, what came and when it arrived, and gives the new state and what is to be sent. Deadlines
that fell due before then are fired first, each as of its own time: so it does not matter when a worker looks.
"""

from dataclasses import dataclass
from typing import NamedTuple

from msgspec.structs import replace

from parcelward.alerts.verdict import LANE_OF, SEVERITIES, URGENCY
from parcelward.cases.effects import EFFECTS, GUARDS, Heard, Taken
from parcelward.cases.instructing import instruction_of, proposed
from parcelward.cases.machine import DEADLINES, TABLE, look_up, missed
from parcelward.cases.news import AlertNews
from parcelward.cases.outgoing import CaseNote, case_id, instruction_send, note_send, referral_send
from parcelward.cases.referral import (
    MARK_BYTES,
    MARKS_KEPT,
    AnswerHop,
    DecisionHop,
    ReferralRecord,
    known_mark,
)
from parcelward.cases.subjects import RULE_KEPT, Place, duty_returned, places_of
from parcelward.cases.times import Times
from parcelward.contract.alerts import Lane, Severity
from parcelward.contract.referrals import RULES_NAMED
from parcelward.contract.steps import InstructionAction, ReferralState, Role, StepKind, StepReason
from parcelward.stage import Send
from parcelward.topics import Topics

FIRST = 1
"""Revision of an alert, and of its referral, when it is raised."""
MISSES = frozenset((StepKind.UNANSWERED, StepKind.MISS, StepKind.GIVE_UP))
NEVER_HELD = 1 << 63
"""Later than any time of a record (epoch ms): no deadline is held."""
RANK = {severity.value: -place for place, severity in enumerate(SEVERITIES)}
"""Severities as numbers: the graver, the larger."""


class Refused(NamedTuple):
    """A step that was not taken: why, and where the alert stands, so that the sender can decide again."""

    reason: StepReason
    detail: str
    state: ReferralState | None = None
    revision: int | None = None
    assigned_to: str | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """The state after something came, what is to be sent, the steps that were taken, and the refusal if one was not.

    `missed` has for each missed deadline the level that the alert was at then.
    """

    record: ReferralRecord | None
    sends: tuple[Send, ...] = ()
    steps: tuple[StepKind, ...] = ()
    refused: Refused | None = None
    missed: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Life:
    """The steps of alerts in one installation; holds no state.

    `held_ms`: deadlines that fell due from then on do not fire yet, although what came is later: after an outage it may
    be what was awaited.
    """

    topics: Topics
    times: Times

    # -- what comes --------------------------------------------------------------------------------------------------

    def hear(self, record: ReferralRecord | None, news: AlertNews, held_ms: int = NEVER_HELD) -> Result:
        """Take in a revision of an alert; one that is known already changes nothing."""
        if record is None:
            return Result(None) if news.cleared else self._raise(news)
        before = self.fire(record, min(news.at_ms, held_ms))
        record = before.record or record
        if news.revision <= record.alert_revision:
            return before
        step = StepKind.WITHDRAW if news.cleared else StepKind.WORSEN if _worse(record, news) else StepKind.REVISE
        return _joined(before, self._take(record, step, Role.EVIDENCE, news.at_ms, Heard(news, self.times)))

    def first_instruction(self, news: AlertNews) -> Send | None:
        """Give the instruction with which an alert leaves for the first time; None if a person decides first.

        It is sent together with the alert, so the counter need not wait until the alert has been taken in here. The
        time to answer counts from when both arrive, which nobody knows yet.
        """
        if proposed(news, self.times) is None:
            return None
        taken = self._raised(news)
        record = taken.record
        if taken.told is None or record.asked is None:
            return None
        instruction = instruction_of(record, InstructionAction(record.asked), news.at_ms, taken.told)
        within_s = self.times.to_answer(record.courier, record.severity) // 1000
        relative = instruction.model_copy(update={"answer_by": None, "answer_within_s": max(1, within_s)})
        return instruction_send(relative, news.at_ms, self.topics)

    def answer(self, record: ReferralRecord | None, hop: AnswerHop, at_ms: int, held_ms: int = NEVER_HELD) -> Result:
        """Take in a courier's answer."""
        if record is None or record.alert_id != hop.alert_id or record.courier != hop.courier:
            return _unknown(record)
        before = self.fire(record, min(at_ms, held_ms))
        record = before.record or record
        if known_mark(record.marks, hop.mark):
            return _refuse(before, record, StepReason.DOUBLED, "applied already")
        if hop.revision > record.revision:
            return _ahead(before, record, hop.revision)
        if record.asked in (None, InstructionAction.RELEASE):
            return _refuse(before, record, StepReason.NOT_ASKED, "no instruction is open")
        if hop.revision < record.asked_revision:
            return _stale(before, record, hop.revision, record.asked_revision)
        replied = record.replied
        if replied is not None and replied.asked_revision == record.asked_revision and replied.says(hop):
            return _refuse(before, record, StepReason.DOUBLED, "the same answer was taken already")
        return _joined(before, self._take(record, StepKind.ANSWER, Role.COURIER, at_ms, Heard(hop, self.times)))

    def decide(self, record: ReferralRecord | None, hop: DecisionHop, at_ms: int, held_ms: int = NEVER_HELD) -> Result:
        """Take in a person's decision, on this alert or on a case that it lies in."""
        if record is None or record.alert_id != hop.about:
            return _unknown(record)
        before = self.fire(record, min(at_ms, held_ms))
        record = before.record or record
        if known_mark(record.marks, hop.mark):
            return _refuse(before, record, StepReason.DOUBLED, "applied already")
        step, role = StepKind(hop.step), Role(hop.role)
        if hop.revision > record.revision:
            return _ahead(before, record, hop.revision)
        if hop.revision < record.revision and step is not StepKind.COMMENT:
            if look_up(record.now, step, role) is StepReason.UNAUTHORISED:
                return _refuse(before, record, StepReason.UNAUTHORISED, f"{role.value} may not {step.value} here")
            return _stale(before, record, hop.revision, record.revision)
        return _joined(before, self._take(record, step, role, at_ms, Heard(hop, self.times)))

    def fire(self, record: ReferralRecord, now_ms: int) -> Result:
        """Fire the deadlines that fell due before a time, one after the other, each as of its own time."""
        result = Result(record)
        while 0 < record.due_ms < now_ms:
            due_ms = record.due_ms
            step = (
                StepKind.UNANSWERED if record.answer_due_ms == due_ms else missed(record.now, record.held, record.level)
            )
            result = _joined(result, self._take(record, step, Role.CLOCK, due_ms, Heard(None, self.times)))
            assert result.record is not None
            assert result.refused is None, "a deadline runs where the clock may take no step"
            record = result.record
        return result

    # -- one step ----------------------------------------------------------------------------------------------------

    def _raise(self, news: AlertNews) -> Result:
        """Begin the life of an alert. The instruction of its first revision has left with it."""
        taken = self._raised(news)
        if news.revision == FIRST:
            taken = taken._replace(told=None)
        return self._told(None, taken, None, Role.EVIDENCE, None, news.at_ms, news)

    def _raised(self, news: AlertNews) -> Taken:
        record = ReferralRecord(
            touched_ms=news.at_ms,
            due_ms=0,
            people_due_ms=0,
            answer_due_ms=0,
            alert_id=news.alert_id,
            courier=news.courier,
            waybill=news.waybill,
            outlet=news.outlet,
            state=ReferralState.RAISED.value,
            revision=FIRST,
            level=0,
            lane=news.lane,
            severity=max((one.severity for one in news.findings), key=RANK.__getitem__, default=Severity.LOW.value),
            action=news.action,
            rules=_rules(news),
            raised_ms=news.at_ms,
            alert_revision=news.revision,
            parcel=news.parcel,
            only_duties=_is_duties(news),
        )
        taken = EFFECTS[StepKind.REVISE](Taken(record), Heard(news, self.times), news.at_ms)
        return self._with_deadlines(None, taken, news.at_ms)

    def _take(self, record: ReferralRecord, step: StepKind, role: Role, at_ms: int, heard: Heard) -> Result:
        """Take a step if the table and the step's own guard allow it."""
        to = look_up(record.now, step, role)
        if isinstance(to, StepReason):
            return _refuse(Result(record), record, to, f"{role.value} cannot {step.value} what is {record.state}")
        guard = GUARDS.get(step)
        reason = None if guard is None else guard(record, heard, at_ms)
        if reason is not None:
            return _refuse(Result(record), record, reason, f"{step.value} what is {record.state}")
        came, marks = heard.came, record.marks
        if isinstance(came, AnswerHop | DecisionHop):
            marks = (marks + came.mark)[-MARKS_KEPT * MARK_BYTES :]
        if step is StepKind.COMMENT:
            return Result(replace(record, marks=marks), (), (step,))
        news = came if isinstance(came, AlertNews) else None
        person = came.by if isinstance(came, DecisionHop) else None
        now = replace(record, state=to.value, revision=record.revision + 1, marks=marks)
        if news is not None:
            now = _updated(now, news)
        taken = self._with_deadlines(record, EFFECTS[step](Taken(now), heard, at_ms), at_ms, step)
        return self._told(record, taken, step, role, person, at_ms, news)

    def _with_deadlines(
        self, before: ReferralRecord | None, taken: Taken, at_ms: int, step: StepKind | None = None
    ) -> Taken:
        """Set the deadline of the new state. One that runs already goes on, unless the alert was passed up."""
        record = taken.record
        kind = DEADLINES.get(record.now)
        goes_on = (
            before is not None
            and step not in (StepKind.REOPEN, StepKind.MISS)
            and DEADLINES.get(before.now) is kind
            and before.level == record.level
        )
        people = 0 if kind is None else at_ms + self.times.allowed(kind, record.severity)
        if goes_on and kind is not None:
            people = min(record.people_due_ms, people) if step is StepKind.WORSEN else record.people_due_ms
        answer = record.answer_due_ms if StepKind.UNANSWERED in TABLE[record.now] else 0
        due = min((one for one in (people, answer) if one), default=0)
        # It matters at least until its deadline: no sweep may forget it before.
        touched = max(at_ms, people, record.touched_ms)
        record = replace(record, touched_ms=touched, people_due_ms=people, answer_due_ms=answer, due_ms=due)
        return taken._replace(record=record)

    # -- what is sent ------------------------------------------------------------------------------------------------

    def _told(
        self,
        before: ReferralRecord | None,
        taken: Taken,
        step: StepKind | None,
        role: Role,
        person: str | None,
        at_ms: int,
        news: AlertNews | None,
    ) -> Result:
        """Put together what a step sends: the state, an instruction if there is a new one, and notes to the cases."""
        record, sends = taken.record, []
        old = () if before is None else before.places
        if news is not None:
            # What evidence has cleared stays in its cases, as withdrawn.
            record = replace(record, places=places_of(news) or old)
        sends.append(referral_send(record, step, role, person, at_ms, self.times, self.topics))
        if taken.told is not None and record.asked is not None:
            instruction = instruction_of(record, InstructionAction(record.asked), at_ms, taken.told)
            sends.append(instruction_send(instruction, at_ms, self.topics))
        now = {(one.theme, one.kind, one.code) for one in record.places}
        gone = tuple(one for one in old if (one.theme, one.kind, one.code) not in now)
        for place, here in (*((one, True) for one in record.places), *((one, False) for one in gone)):
            sends.append(note_send(self._note(record, place, here, at_ms), self.topics))
        missed = (record.level,) if step in MISSES else ()
        return Result(record, tuple(sends), () if step is None else (step,), missed=missed)

    def _note(self, record: ReferralRecord, place: Place, here: bool, at_ms: int) -> CaseNote:
        subject = record.subject(place)
        return CaseNote(
            at_ms,
            case_id(place.theme, subject, self.times.window_of(record.raised_ms)),
            place.theme,
            subject,
            record.revision,
            record.alert_id,
            record.courier,
            record.waybill,
            record.outlet,
            record.lane,
            record.severity,
            record.action,
            place.rule,
            record.raised_ms,
            record.state,
            here,
            len(record.places) == 1,
            self.times.window_of(record.raised_ms),
        )


def _updated(record: ReferralRecord, news: AlertNews) -> ReferralRecord:
    """The record with what a later revision of the alert says. What was found stays named when it is cleared."""
    severities = (record.severity, *(one.severity for one in news.findings))
    return replace(
        record,
        alert_revision=news.revision,
        lane=news.lane,
        action=record.action if news.cleared else news.action,
        parcel=news.parcel,
        outlet=news.outlet,
        only_duties=record.only_duties and (not news.findings or _is_duties(news)),
        cleared=news.cleared,
        severity=max(severities, key=RANK.__getitem__),
        rules=_rules(news) or record.rules,
    )


def _worse(record: ReferralRecord, news: AlertNews) -> bool:
    """Tell whether a revision is graver than what is known: a person must look again."""
    if URGENCY.index(Lane(news.lane)) > URGENCY.index(Lane(record.lane)):
        return True
    if any(RANK[one.severity] > RANK[record.severity] for one in news.findings):
        return True
    red = [one.rule[:RULE_KEPT] for one in news.findings if LANE_OF[Severity(one.severity)] is Lane.RED]
    return any(record.cleared or rule not in record.rules for rule in red)


def _is_duties(news: AlertNews) -> bool:
    return duty_returned(tuple(one.rule for one in news.findings))


def _rules(news: AlertNews) -> tuple[str, ...]:
    return tuple(one.rule[:RULE_KEPT] for one in news.findings)[:RULES_NAMED]


def _joined(before: Result, after: Result) -> Result:
    """One result of two, of which the second went on from the first."""
    steps, missed = before.steps + after.steps, before.missed + after.missed
    return Result(after.record, before.sends + after.sends, steps, after.refused, missed)


def _unknown(record: ReferralRecord | None) -> Result:
    return Result(record, refused=Refused(StepReason.UNKNOWN, "no such alert is known here"))


def _refuse(before: Result, record: ReferralRecord, reason: StepReason, detail: str) -> Result:
    refused = Refused(reason, detail, record.now, record.revision, record.assigned_to)
    return Result(record, before.sends, before.steps, refused, before.missed)


def _stale(before: Result, record: ReferralRecord, made_on: int, since: int) -> Result:
    return _refuse(before, record, StepReason.STALE, f"made on revision {made_on}; what counts now is {since}")


def _ahead(before: Result, record: ReferralRecord, made_on: int) -> Result:
    return _refuse(before, record, StepReason.AHEAD, f"made on revision {made_on}; the newest is {record.revision}")
