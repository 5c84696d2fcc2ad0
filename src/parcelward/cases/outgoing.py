"""Records that leave the stages of the cases: CloudEvents in binary mode, and notes from alerts to their cases."""

from functools import lru_cache
from uuid import UUID, uuid5

import msgspec

from parcelward.alerts.alert import SOURCE
from parcelward.cases.referral import DecisionHop, ReferralRecord, decision_of, encode
from parcelward.cases.times import Times
from parcelward.contract.alerts import Action, Lane, Severity
from parcelward.contract.decisions import DECISION_TYPE
from parcelward.contract.fields import Part
from parcelward.contract.instructions import INSTRUCTION_TYPE, Instruction
from parcelward.contract.referrals import CASE_TYPE, REFERRAL_TYPE, Asked, Case, LastAnswer, Referral
from parcelward.contract.steps import AnswerResult, InstructionAction, OutcomeKind, Role, StepKind
from parcelward.formats import reading
from parcelward.moments import utc
from parcelward.stage import Send
from parcelward.topics import Topics

CASE_NAMESPACE = UUID("1f0f54c3-9f5e-5f6c-8d5c-54a0a2f6a9d2")


class CaseNote(msgspec.Struct, array_like=True, frozen=True, gc=False, tag="1"):
    """The whole membership of one alert in one case, as of a revision of the alert's referral. Told twice, it is the
    same; one of an earlier revision says nothing."""

    at_ms: int
    case_id: str
    theme: str
    subject: str
    revision: int
    alert_id: str
    courier: str
    waybill: str
    outlet: str
    lane: str
    severity: str
    action: str
    rule: str
    raised_ms: int
    state: str  # a `ReferralState`
    here: bool  # False: it belongs to other cases by now
    sole: bool  # it lies in no other case, so a decision on this one may end it
    window: int  # in which the alert was raised
    asker: tuple[str, str] | None = None  # id and subject of the case that asks, by this note, if it may ask a person


decode_note = reading(CaseNote, "a note to a case")


@lru_cache(maxsize=4096)
def case_id(theme: str, subject: str, window: int) -> str:
    """Derive the id of a case: the same for all alerts of one theme and subject in one window, in any order."""
    return str(uuid5(CASE_NAMESPACE, f"{theme}/{subject}/{window}"))


def event_send(topic: str, key: str, event_id: str, kind: str, subject: str, at_ms: int, body: bytes) -> Send:
    """Write an event in binary mode; `body` is its data as JSON."""
    headers = [
        ("ce_specversion", b"1.0"),
        ("ce_id", event_id.encode()),
        ("ce_source", SOURCE.encode()),
        ("ce_type", kind.encode()),
        ("ce_time", utc(at_ms).isoformat(timespec="milliseconds").encode()),
        ("ce_subject", subject.encode()),
        ("content-type", b"application/json"),
    ]
    return Send(topic, key.encode(), body, headers)


def _event(topic: str, key: str, event_id: str, kind: str, subject: str, at_ms: int, body: Part) -> Send:
    return event_send(topic, key, event_id, kind, subject, at_ms, body.model_dump_json().encode())


def instruction_send(instruction: Instruction, at_ms: int, topics: Topics) -> Send:
    """Write an instruction; key = waybill."""
    waybill = instruction.waybill
    event_id = f"{instruction.alert_id}:{instruction.revision}"
    topic = topics.instructions(instruction.courier)
    return _event(topic, waybill, event_id, INSTRUCTION_TYPE, waybill, at_ms, instruction)


def case_send(case: Case, at_ms: int, topics: Topics) -> Send:
    """Write a revision of a case; key = its id, so that compaction keeps each case."""
    event_id = f"{case.case_id}:{case.revision}"
    return _event(topics.cases, case.case_id, event_id, CASE_TYPE, case.subject, at_ms, case)


def referral_send(
    record: ReferralRecord,
    step: StepKind | None,
    by: Role,
    person: str | None,
    at_ms: int,
    times: Times,
    topics: Topics,
) -> Send:
    """Write the state of an alert; key = its id, so that compaction keeps each alert."""
    event_id = f"{record.alert_id}:{record.revision}"
    body = referral_of(record, step, by, person, at_ms, times)
    return _event(topics.referrals, record.alert_id, event_id, REFERRAL_TYPE, record.waybill, at_ms, body)


def referral_of(
    record: ReferralRecord, step: StepKind | None, by: Role, person: str | None, at_ms: int, times: Times
) -> Referral:
    """Give the state of an alert as the platform reads it."""
    window, replied = times.window_of(record.raised_ms), record.replied
    return Referral(
        alert_id=record.alert_id,
        revision=record.revision,
        courier=record.courier,
        waybill=record.waybill,
        outlet=record.outlet,
        state=record.now,
        step=step,
        by=by,
        person=person,
        at=utc(at_ms),
        level=record.level,
        due_by=utc(record.people_due_ms) if record.people_due_ms else None,
        assigned_to=record.assigned_to,
        lane=Lane(record.lane),
        severity=Severity(record.severity),
        action=Action(record.action),
        alert_revision=record.alert_revision,
        rules=record.rules,
        held=record.held,
        asked=_asked(record),
        answer=None
        if replied is None
        else LastAnswer(
            result=AnswerResult(replied.result),
            at=utc(replied.at_ms),
            photo_sha256=replied.photo.hex() or None,
            found_goods=replied.found_goods,
            text=replied.text,
        ),
        outcome=None if record.outcome is None else OutcomeKind(record.outcome),
        cases=tuple(case_id(place.theme, record.subject(place), window) for place in record.places),
    )


def _asked(record: ReferralRecord) -> Asked | None:
    if record.asked is None or record.asked == InstructionAction.RELEASE:
        return None
    return Asked(
        action=InstructionAction(record.asked),
        revision=record.asked_revision,
        answer_by=utc(record.answer_due_ms) if record.answer_due_ms else None,
    )


def passed_on_send(hop: DecisionHop, courier: str, waybill: str, at_ms: int, topics: Topics) -> Send:
    """Write the decision on a case as a decision on one of its alerts; key = waybill, as of any other."""
    event_id = f"{hop.mark.hex()}:{hop.about}"
    body = decision_of(hop, courier, waybill)
    return _event(topics.decisions, waybill, event_id, DECISION_TYPE, waybill, at_ms, body)


def note_send(note: CaseNote, topics: Topics) -> Send:
    """Write a note; key = subject, by which the cases are partitioned."""
    return Send(topics.into("cases"), note.subject.encode(), encode(note))
