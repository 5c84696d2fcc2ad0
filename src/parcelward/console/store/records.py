"""Records of topics, as far as their rows need them: read in a tenth of the time that the whole contract takes.

Anybody may have written anything there. What does not fit is refused by its reader, with `msgspec.ValidationError` or
`DecodeError`; texts that go into an index have a bound, since a database has one.
"""

from datetime import datetime
from typing import Annotated

import msgspec

from parcelward.contract.alerts import Action, AlertState, Lane, Severity
from parcelward.contract.referrals import SubjectKind
from parcelward.contract.steps import AnswerResult, InstructionAction, OutcomeKind, ReferralState, Role, StepKind

Id = Annotated[str, msgspec.Meta(min_length=1, max_length=256)]
Key = Annotated[str, msgspec.Meta(min_length=1, max_length=128)]
Count = Annotated[int, msgspec.Meta(ge=0, le=1 << 31)]
Level = Annotated[int, msgspec.Meta(ge=0, le=10_000)]
Aware = Annotated[datetime, msgspec.Meta(tz=True)]


class Words(msgspec.Struct, gc=False):
    zh: str
    en: str


class FindingRead(msgspec.Struct, gc=False):
    rule: Key
    severity: Severity


class EarlierRead(msgspec.Struct, gc=False):
    rule: Key


class Parties(msgspec.Struct, gc=False):
    document_token: Id | None = None
    phone_token: Id | None = None


class Goods(msgspec.Struct, gc=False):
    declared: str | None = None
    found: str | None = None


class Card(msgspec.Struct, gc=False):
    goods: Goods


class Score(msgspec.Struct, gc=False):
    value: float


class AlertRead(msgspec.Struct, gc=False):
    alert_id: Id
    revision: Count
    state: AlertState
    courier: Key
    waybill: Key
    outlet: Key
    lane: Lane
    action: Action
    raised_at: Aware
    due_by: Aware
    findings: tuple[FindingRead, ...]
    parties: Parties
    summary: Words
    operator: Key | None = None
    card: Card | None = None
    score: Score | None = None
    found_before: tuple[EarlierRead, ...] = ()


class AskedRead(msgspec.Struct, gc=False):
    action: InstructionAction


class AnsweredRead(msgspec.Struct, gc=False):
    result: AnswerResult


class ReferralRead(msgspec.Struct, gc=False):
    alert_id: Id
    revision: Count
    courier: Key
    waybill: Key
    outlet: Key
    state: ReferralState
    step: StepKind | None
    by: Role
    at: Aware
    level: Level
    lane: Lane
    severity: Severity
    action: Action
    rules: Annotated[tuple[Key, ...], msgspec.Meta(max_length=16)]
    held: bool
    person: Id | None = None
    due_by: Aware | None = None
    assigned_to: Id | None = None
    asked: AskedRead | None = None
    answer: AnsweredRead | None = None
    outcome: OutcomeKind | None = None
    cases: Annotated[tuple[Id, ...], msgspec.Meta(max_length=16)] = ()


class CaseRead(msgspec.Struct, gc=False):
    case_id: Id
    revision: Count
    subject: Id
    subject_kind: SubjectKind
    theme: Key
    state: ReferralState
    attention: bool
    lane: Lane
    severity: Severity
    action: Action
    count: Count
    open: Count
    withdrawn: Count
    red: Count
    escalated: Count
    couriers: tuple[Key, ...]
    first_at: Aware
    last_at: Aware
    summary: Words
    assigned_to: Id | None = None
    snoozed_until: Aware | None = None
    over_budget: bool = False
    outcome: OutcomeKind | None = None


class InstructionRead(msgspec.Struct, gc=False):
    alert_id: Id
    revision: Count
    courier: Key
    action: InstructionAction
    issued_at: Aware
    answer_by: Aware | None = None
    answer_within_s: Count | None = None


class AnswerData(msgspec.Struct, gc=False):
    alert_id: Id
    revision: Count
    courier: Key
    result: AnswerResult


class AnswerRead(msgspec.Struct, gc=False):
    id: Id
    data: AnswerData


class About(msgspec.Struct, gc=False):
    kind: str
    alert_id: Id | None = None
    case_id: Id | None = None
    courier: Key | None = None


class DecidedBy(msgspec.Struct, gc=False):
    role: Role
    token: Id


class Chosen(msgspec.Struct, gc=False):
    kind: StepKind


class DecisionData(msgspec.Struct, gc=False):
    about: About
    revision: Count
    decided_by: DecidedBy
    decision: Chosen
    of_case: Id | None = None


class DecisionRead(msgspec.Struct, gc=False):
    id: Id
    data: DecisionData


class RefusedRead(msgspec.Struct, gc=False):
    """A refused decision may break the contract in any way; its id is all that is asked for."""

    id: Id


class AccountRead(msgspec.Struct, gc=False):
    courier: Key
    date: Key


read_alert = msgspec.json.Decoder(AlertRead).decode
read_referral = msgspec.json.Decoder(ReferralRead).decode
read_case = msgspec.json.Decoder(CaseRead).decode
read_instruction = msgspec.json.Decoder(InstructionRead).decode
read_answer = msgspec.json.Decoder(AnswerRead).decode
read_decision = msgspec.json.Decoder(DecisionRead).decode
read_refused = msgspec.json.Decoder(RefusedRead).decode
read_account = msgspec.json.Decoder(AccountRead).decode
