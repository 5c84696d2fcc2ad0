"""State of alerts and cases as the platform reads it, and the headers of a step that was refused."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from parcelward.contract.alerts import Action, Lane, Severity
from parcelward.contract.cards import Bilingual
from parcelward.contract.decisions import CaseId, SubjectKey
from parcelward.contract.fields import CourierCode, GoodsText, Moment, OutletCode, Part, Sha256, Token, WaybillNo
from parcelward.contract.instructions import AlertId, Note, Revision
from parcelward.contract.steps import (
    AnswerResult,
    InstructionAction,
    OutcomeKind,
    ReferralState,
    Role,
    StepKind,
    StepReason,
)

REFERRAL_TYPE = "cn.delivery.referral.state.v1"
CASE_TYPE = "cn.delivery.case.gathered.v1"
SAMPLES = 12
"""Members of a case that are named."""
RULES_NAMED = 8


class Asked(Part):
    """The instruction that stands."""

    action: InstructionAction = Field(description="What the courier was told.", examples=["hold"])
    revision: Revision = Field(description="Revision with which it was first sent.")
    answer_by: Moment | None = Field(None, description="When the answer must have come; null: none is awaited.")


class LastAnswer(Part):
    """The courier's last answer."""

    result: AnswerResult = Field(description="Done, not possible, or information.", examples=["done"])
    at: Moment = Field(description="Its arrival.")
    photo_sha256: Sha256 | None = None
    found_goods: GoodsText | None = None
    text: Note | None = Field(None, description="The beginning of what it wrote; numbers in it are blanked.")


class Referral(Part):
    """State of one alert after its last step. Compacted: the newest record of an alert is the whole truth.

    Keep the highest revision of an alert.
    """

    alert_id: AlertId
    revision: Revision
    courier: CourierCode
    waybill: WaybillNo
    outlet: OutletCode
    state: ReferralState = Field(description="State.", examples=["raised"])
    step: StepKind | None = Field(description="Step that led here; null where it was raised.", examples=["acknowledge"])
    by: Role = Field(description="Who took that step.", examples=["analyst"])
    person: Token | None = Field(None, description="Token of the person who took that step; null if nobody did.")
    at: Moment = Field(description="Arrival of that step; of a deadline, its time.")
    level: int = Field(ge=0, description="How often it was passed up; 0: not yet.", examples=[0])
    due_by: Moment | None = Field(None, description="When the next step must have been taken; null: none is awaited.")
    assigned_to: Token | None = Field(None, description="Token of the person who has it.")
    lane: Lane = Field(description="Lane of the alert.", examples=["red"])
    severity: Severity = Field(description="Severity of the worst finding there ever was.", examples=["critical"])
    action: Action = Field(description="Action that the alert proposes.", examples=["refuse"])
    alert_revision: int = Field(ge=1, description="Revision of the alert itself that is known here.", examples=[1])
    rules: tuple[str, ...] = Field(
        max_length=RULES_NAMED, description="Rules that found something, the worst first.", examples=[["R14"]]
    )
    held: bool = Field(description="The parcel is kept back, and somebody must say when it may go.", examples=[True])
    asked: Asked | None = Field(None, description="The instruction that stands; null where the courier owes nothing.")
    answer: LastAnswer | None = Field(None, description="The courier's last answer.")
    outcome: OutcomeKind | None = Field(None, description="The outcome, once there is one.")
    cases: tuple[CaseId, ...] = Field((), max_length=4, description="Cases that gather this alert.")


class SubjectKind(StrEnum):
    """Kind of thing that the alerts of a case share."""

    DOCUMENT = "document"
    PHONE = "phone"
    PHOTO = "photo"
    OPERATOR = "operator"
    OUTLET = "outlet"
    COURIER = "courier"
    PARCEL = "parcel"


class Member(Part):
    """One alert of a case."""

    alert_id: AlertId
    courier: CourierCode
    waybill: WaybillNo
    outlet: OutletCode
    lane: Lane = Field(description="Its lane.", examples=["red"])
    rule: str = Field(description="Rule of its worst finding, or `model`.", examples=["R3"])
    at: Moment = Field(description="When it was raised.")


class Case(Part):
    """Alerts of one kind about one subject, for the platform alone; a later revision replaces the earlier ones."""

    case_id: CaseId
    revision: Revision
    subject: SubjectKey
    subject_kind: SubjectKind = Field(description="What the alerts share.", examples=["outlet"])
    theme: Annotated[str, Field(max_length=40)] = Field(
        description="What they are about; a red alert never lies in a case of another theme.",
        examples=["inspection_missing"],
    )
    state: ReferralState = Field(description="State; people move it, and their decisions reach its alerts.")
    attention: bool = Field(
        description="A person must read this revision; false where it only counts on.", examples=[True]
    )
    lane: Lane = Field(description="Worst lane of its alerts.", examples=["red"])
    severity: Severity = Field(description="Worst severity of its alerts.", examples=["high"])
    action: Action = Field(description="The one action that is suggested.", examples=["audit_outlet"])
    count: int = Field(ge=0, description="Alerts that it has.", examples=[30])
    open: int = Field(ge=0, description="Those of them that are not over yet.", examples=[30])
    withdrawn: int = Field(ge=0, description="Those of them that later evidence has cleared.", examples=[0])
    left: int = Field(ge=0, description="Alerts that were here and now belong elsewhere.", examples=[0])
    red: int = Field(ge=0, description="Red ones among those that it has.", examples=[30])
    escalated: int = Field(
        ge=0, description="Those that were passed up, or have expired, and wait for a supervisor.", examples=[0]
    )
    rules: dict[str, int] = Field(
        max_length=RULES_NAMED,
        description="Alerts that it has, by the rule of their worst finding; the most frequent rules.",
        examples=[{"R3": 30}],
    )
    couriers: tuple[CourierCode, ...] = Field(
        max_length=16, description="Couriers whose parcels are among them.", examples=[["swift"]]
    )
    first_at: Moment = Field(description="When its first alert was raised.")
    last_at: Moment = Field(description="When its last alert was raised.")
    samples: tuple[Member, ...] = Field(
        max_length=SAMPLES, description="Some of its alerts: the gravest, and of those the first."
    )
    assigned_to: Token | None = Field(None, description="Token of the person who has it.")
    snoozed_until: Moment | None = Field(None, description="Until then only what is red asks for attention.")
    snoozed_by: Token | None = Field(None, description="Token of the person who put it off.")
    over_budget: bool = Field(
        False,
        description="It counts alerts of a courier whose own cases came over the budget and ask nobody themselves.",
    )
    outcome: OutcomeKind | None = Field(None, description="The outcome, once there is one.")
    summary: Bilingual = Field(description="The case in one sentence.")


class RefusedStepHeaders(Part):
    """Headers that Parcelward adds to an answer or a decision that it did not apply.

    A refused answer comes back on `rejected.<courier>`, a refused decision on `refused.decisions`, whole, with its own
    headers. One that breaks the contract has the headers of `rejected` instead.
    """

    pw_reason: StepReason = Field(description="Reason code.", examples=["stale"])
    pw_detail: str = Field(
        max_length=500,
        description="What is wrong, for a person; never repeats a value from the record.",
        examples=["made on revision 2, now it is 3"],
    )
    pw_topic: str = Field(description="Topic it came from.", examples=["decisions"])
    pw_partition: str = Field(pattern=r"^[0-9]+$", description="Partition it came from.", examples=["3"])
    pw_offset: str = Field(pattern=r"^[0-9]+$", description="Offset it came from.", examples=["81234"])
    pw_rejected_at: str = Field(
        description="Arrival time of the refused record, RFC 3339.", examples=["2026-11-23T01:30:00.000Z"]
    )
    pw_state: ReferralState | None = Field(None, description="Present state; absent where the id is unknown.")
    pw_revision: str | None = Field(None, pattern=r"^[0-9]+$", description="Present revision.", examples=["3"])
    pw_assigned_to: Token | None = Field(
        None, description="Token of the person who has it; told to the platform alone."
    )
