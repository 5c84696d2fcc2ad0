"""Decisions as the API takes and says them."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Self
from uuid import UUID

import orjson
from pydantic import BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError, model_validator
from pydantic.config import JsonDict
from pydantic_core import PydanticCustomError

from parcelward.console.api.shape import Shape, moment
from parcelward.console.store.alert_page import Decided, Fate, Refusal
from parcelward.console.store.audit import AuditLine
from parcelward.contract.decisions import Choice, Decision, Snooze
from parcelward.contract.instructions import Revision
from parcelward.contract.steps import StepReason
from parcelward.intake.refusal import problems_of

_Choice = Annotated[Choice, Field(discriminator="kind")]
_choice = TypeAdapter[Any](_Choice)


def _as_json(value: Any) -> Any:
    """Read the choice as JSON: the contract is strict, and knows no times and no lists of words in plain values."""
    if not isinstance(value, dict):
        return value
    try:
        return _choice.validate_json(orjson.dumps(value))
    except ValidationError as error:
        said = problems_of(error, "decision", Decision).detail
    except TypeError:  # a number that JSON's own kind cannot hold
        said = "it holds a number that is too large"
    raise PydanticCustomError("decision", "{said}", {"said": said})


class DecisionRequest(Shape):
    """A decision of a person, on what was seen."""

    id: UUID = Field(
        description="A UUID that the program makes, once for each decision. Sent twice with one id, it counts once, and"
        " both answers say the same.",
        examples=["9b2e7c0a-6d1f-4a57-9c1e-2f60a3c4d5e6"],
    )
    revision: Revision = Field(description="`revision` of the line that was seen; if it has moved on, it is refused.")
    decision: Annotated[_Choice, BeforeValidator(_as_json)] = Field(description="The decision, by its kind.")


def _no_later_cases(schema: JsonDict) -> None:
    later: JsonDict = {"type": "object", "properties": {"later_cases": {"const": True}}, "required": ["later_cases"]}
    schema["not"] = {"properties": {"decision": later}, "required": ["decision"]}


class AlertDecisionRequest(DecisionRequest):
    """A decision of a person on one alert; a snooze of it cannot hold for later cases."""

    model_config = ConfigDict(json_schema_extra=_no_later_cases)

    @model_validator(mode="after")
    def _refuse_later_cases(self) -> Self:
        if isinstance(self.decision, Snooze) and self.decision.later_cases:
            raise PydanticCustomError("later_cases", "only a case has later cases")
        return self


class FateState(StrEnum):
    """Fate of a decision. Nothing tells that a note, or a decision on a case, has counted: it stays `sent`."""

    SENT = "sent"
    COUNTED = "counted"
    REFUSED = "refused"


class DecisionRefusal(Shape):
    """The reason why the worker refused a decision, and where the alert or the case stood then."""

    reason: str = Field(description="Code of the reason: `docs/referrals.md`.", examples=["stale"])
    meaning: str | None = Field(description="The reason in words; null: of a code that is not known here.")
    detail: str = Field(description="More about this one.")
    state: str | None = Field(description="State then; null: it is not known.", examples=["acknowledged"])
    revision: int | None = Field(description="Revision then.", examples=[2])
    assigned_to: str | None = Field(description="Token of the person who had it then.")

    @classmethod
    def of(cls, refusal: Refusal) -> "DecisionRefusal":
        """Take a refusal of the store."""
        meaning = StepReason(refusal.reason).meaning if refusal.reason in tuple(StepReason) else None
        return cls(
            reason=refusal.reason,
            meaning=meaning,
            detail=refusal.detail,
            state=refusal.state,
            revision=refusal.revision,
            assigned_to=refusal.assigned_to,
        )


class DecisionFate(Shape):
    """Fate of one decision, as far as the topics say."""

    decision_id: str = Field(
        description="Id of its event on the topic `decisions`; made of the program's id and of what it is about.",
        examples=["5b0f6f7c-2b1a-5b7e-8a51-0b6a4a1f2c3d"],
    )
    fate: FateState = Field(description="Sent, counted or refused.", examples=["counted"])
    refusal: DecisionRefusal | None = Field(description="Why it was refused; null: it was not, so far.")

    @classmethod
    def of(cls, decision_id: str, fate: Fate) -> "DecisionFate":
        """Take a fate of the store. It was handed to the brokers: what no topic says yet is `sent`."""
        state = FateState.SENT if fate.state == "unknown" else FateState(fate.state)
        refusal = None if fate.refusal is None else DecisionRefusal.of(fate.refusal)
        return cls(decision_id=decision_id, fate=state, refusal=refusal)


class DecisionTaken(Shape):
    """A decision of a person on one alert or case, and its refusal, if it was refused."""

    decision_id: str = Field(description="Id of its event.", examples=["5b0f6f7c-2b1a-5b7e-8a51-0b6a4a1f2c3d"])
    arrived_at: datetime = Field(description="When it came to the topic.")
    kind: str = Field(description="Kind of decision.", examples=["acknowledge"])
    role: str = Field(description="Role of the person.", examples=["analyst"])
    person: str = Field(description="Token of the person.")
    revision: int = Field(description="Revision that the person saw.", examples=[1])
    of_case: str | None = Field(description="Id of the case on which it was taken; null: on the alert itself.")
    document: dict[str, Any] = Field(description="The record: `schemas/decision.v1.json`.")
    refused: DecisionRefusal | None = Field(description="Why it was refused; null: it was not.")

    @classmethod
    def of(cls, decided: Decided) -> "DecisionTaken":
        """Take a decision of the store."""
        return cls(
            decision_id=decided.event_id,
            arrived_at=moment(decided.arrived_ms),
            kind=decided.kind,
            role=decided.role,
            person=decided.person,
            revision=decided.revision,
            of_case=decided.of_case,
            document=decided.document,
            refused=None if decided.refused is None else DecisionRefusal.of(decided.refused),
        )


class AuditEntry(Shape):
    """One line of the audit: who decided what, when, and why it was refused, if it was."""

    decision_id: str = Field(description="Id of its event.", examples=["5b0f6f7c-2b1a-5b7e-8a51-0b6a4a1f2c3d"])
    arrived_at: datetime = Field(description="When it came to the topic.")
    person: str = Field(description="Token of the person.")
    account: str | None = Field(description="Log-in name of the person; null: somebody of another system.")
    role: str = Field(description="Role of the person.", examples=["analyst"])
    kind: str = Field(description="Kind of decision.", examples=["acknowledge"])
    about: str = Field(description="Id of the alert, or of the case.")
    is_case: bool = Field(description="It is about a case.", examples=[False])
    of_case: str | None = Field(description="Id of the case through which it reached this alert; null: through none.")
    courier: str | None = Field(description="Courier of the alert; null: it is about a case.")
    waybill: str | None = Field(description="Waybill of the alert; null: it is about a case.")
    revision: int = Field(description="Revision that the person saw.", examples=[1])
    decision: dict[str, Any] = Field(description="What was chosen, as on the topic.")
    refused: DecisionRefusal | None = Field(description="Why it was refused; null: it was not.")

    @classmethod
    def of(cls, line: AuditLine, account: str | None) -> "AuditEntry":
        """Take a line of the store."""
        return cls(
            decision_id=line.event_id,
            arrived_at=moment(line.arrived_ms),
            person=line.person,
            account=account,
            role=line.role,
            kind=line.kind,
            about=line.about,
            is_case=line.is_case,
            of_case=line.of_case,
            courier=line.courier,
            waybill=line.waybill,
            revision=line.revision,
            decision=line.decision,
            refused=None if line.refused is None else DecisionRefusal.of(line.refused),
        )


class AuditList(Shape):
    """Some lines of the audit."""

    decisions: tuple[AuditEntry, ...] = Field(description="The newest first.")
    next: str | None = Field(description="Send it as `after` to go on; null: nothing follows.")
