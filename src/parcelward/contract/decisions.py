"""Decisions of people on an alert or a case, as the platform sends them."""

from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from parcelward.contract.envelope import Envelope
from parcelward.contract.exclusions import later_cases_of_a_case
from parcelward.contract.fields import CourierCode, Moment, Part, Token, WaybillNo
from parcelward.contract.instructions import AlertId, Note, Revision
from parcelward.contract.patterns import ID_PATTERN, SOURCE_PATTERN, SUBJECT_PATTERN
from parcelward.contract.steps import InstructionAction, OutcomeKind

DECISION_TYPE = "cn.delivery.referral.decision.v1"

CaseId = Annotated[
    str,
    Field(
        min_length=1,
        max_length=64,
        pattern=ID_PATTERN,
        description="Id of the case, as in its `case_id`.",
        examples=["0a7f7f0e-51a5-5d0c-9a52-3d2f0c6f2a10"],
    ),
]
SubjectKey = Annotated[
    str,
    Field(
        pattern=SUBJECT_PATTERN,
        description="The thing that a case gathers alerts about: its kind, a slash, and its code or token. Kafka key of"
        " a decision on a case.",
        examples=["outlet/swift/HZ-0571-014"],
    ),
]


class AboutAlert(Part):
    """The alert that something is about."""

    kind: Literal["alert"] = Field(description="One alert.", examples=["alert"])
    alert_id: AlertId
    courier: CourierCode
    waybill: WaybillNo


class AboutCase(Part):
    """The case that something is about; a decision on it is taken on each of its alerts."""

    kind: Literal["case"] = Field(description="A case.", examples=["case"])
    case_id: CaseId
    subject: SubjectKey


About = Annotated[AboutAlert | AboutCase, Field(discriminator="kind", description="The alert or the case.")]


class DecidedBy(Part):
    """The person who decides: a role, and a token that stands for the person; never a name."""

    role: Literal["analyst", "supervisor"] = Field(description="Role on the platform.", examples=["analyst"])
    token: Token = Field(description="Token of the person, made by the platform.")


class Parcel(StrEnum):
    """The parcel's fate: let go, or kept where it is. Nothing is let go unless somebody says so."""

    RELEASE = "release"
    KEEP = "keep"


class Acknowledge(Part):
    """Somebody has seen it. Who acknowledges has it, unless it is assigned already."""

    kind: Literal["acknowledge"] = Field(description="Kind of decision.", examples=["acknowledge"])


class Assign(Part):
    """Somebody works on it."""

    kind: Literal["assign"] = Field(description="Kind of decision.", examples=["assign"])
    to: Token = Field(description="Token of the person who works on it.")
    reason: Note | None = Field(None, description="Why; required where somebody else has it.")


class Comment(Part):
    """A note for whoever reads it later; it changes nothing."""

    kind: Literal["comment"] = Field(description="Kind of decision.", examples=["comment"])
    text: Note = Field(description="The note.")


class Instruct(Part):
    """A further instruction to the courier, in place of the one before."""

    kind: Literal["instruct"] = Field(description="Kind of decision.", examples=["instruct"])
    action: Literal[
        InstructionAction.REFUSE,
        InstructionAction.HOLD,
        InstructionAction.REINSPECT,
        InstructionAction.VERIFY_IDENTITY,
        InstructionAction.SEND_INFORMATION,
    ] = Field(description="What the courier must do.", examples=["send_information"])


class Outcome(Part):
    """The outcome, and what becomes of the parcel."""

    kind: Literal["outcome"] = Field(description="Kind of decision.", examples=["outcome"])
    outcome: OutcomeKind = Field(description="What it turned out to be.", examples=["false_alarm"])
    parcel: Parcel = Field(description="Let the parcel go, or keep it; a false alarm lets it go.", examples=["release"])
    comment: Note | None = Field(None, description="Why.")


class Release(Part):
    """The hold is lifted before there is an outcome."""

    kind: Literal["release"] = Field(description="Kind of decision.", examples=["release"])
    reason: Note = Field(description="Why the parcel may go.")


class Snooze(Part):
    """Put off until a time, at most 30 days; not what is red."""

    kind: Literal["snooze"] = Field(description="Kind of decision.", examples=["snooze"])
    until: Moment = Field(description="When it comes back.")
    reason: Note = Field(description="Why.")
    later_cases: bool = Field(
        False,
        description="Of a case: later cases of its theme about its subject are put off until then, too.",
        examples=[False],
    )


class Reopen(Part):
    """Taken up again."""

    kind: Literal["reopen"] = Field(description="Kind of decision.", examples=["reopen"])
    reason: Note = Field(description="Why.")


Choice = Acknowledge | Assign | Comment | Instruct | Outcome | Release | Snooze | Reopen


class Decision(Part):
    """Data of a decision on an alert or a case, made on a revision that the person saw."""

    about: About
    revision: Revision = Field(description="Revision that the person saw; an earlier one than the present is refused.")
    decided_by: DecidedBy
    decision: Annotated[Choice, Field(discriminator="kind", description="The decision, by its kind.")]
    of_case: CaseId | None = Field(
        None, description="Case on which it was taken; Parcelward writes it where it passes a decision on to an alert."
    )

    model_config = ConfigDict(json_schema_extra=later_cases_of_a_case)

    @model_validator(mode="after")
    def _refuse_later_cases_of_an_alert(self) -> Self:
        if isinstance(self.decision, Snooze) and self.decision.later_cases and isinstance(self.about, AboutAlert):
            raise PydanticCustomError("later_cases_of_an_alert", "only a case has later cases")
        return self


class DecisionEvent(Envelope):
    """A person of the platform decides on an alert or a case."""

    type: Literal["cn.delivery.referral.decision.v1"] = Field(
        description="Event type and version.", examples=[DECISION_TYPE]
    )
    subject: str | None = Field(  # of a case it is no waybill
        None,
        pattern=SOURCE_PATTERN,
        description="The waybill, or the subject of the case, again, for readers that look at attributes only.",
        examples=["SF1234567890123"],
    )
    data: Decision
