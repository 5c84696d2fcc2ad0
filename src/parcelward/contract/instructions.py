"""Messages to a courier and back: what is to be done with one parcel now, and what was done."""

from typing import Annotated, Literal

from pydantic import Field

from parcelward.contract.cards import Bilingual
from parcelward.contract.envelope import Envelope
from parcelward.contract.fields import (
    WHOLE,
    CourierCode,
    GoodsText,
    Moment,
    OperatorCode,
    OutletCode,
    Part,
    Sha256,
    WaybillNo,
)
from parcelward.contract.patterns import ID_PATTERN, VISIBLE_PATTERN
from parcelward.contract.steps import AnswerResult, InstructionAction

INSTRUCTION_TYPE = "cn.delivery.referral.instruction.v1"
ANSWER_TYPE = "cn.delivery.referral.answer.v1"

AlertId = Annotated[
    str,
    Field(
        min_length=1,
        max_length=64,
        pattern=ID_PATTERN,
        description="Id of the alert, as in its `alert_id`.",
        examples=["6f9619ff-8b86-5011-b42d-00c04fc964ff"],
    ),
]
Revision = Annotated[
    int,
    Field(ge=1, le=1_000_000, description="Counts up with each step of the referral.", examples=[1]),
    WHOLE,
]
Note = Annotated[
    str,
    Field(
        min_length=1,
        max_length=500,
        pattern=VISIBLE_PATTERN,
        description="Words of a person; personal values are blanked in what is made of it.",
        examples=["验视人员已补拍照片"],
    ),
]


class Instruction(Part):
    """The thing that a courier must do now with one parcel, why and by when; one of a higher revision replaces another.

    Deduplicate on (alert_id, revision). It names nothing of other couriers and of no person.
    """

    alert_id: AlertId
    revision: Annotated[int, WHOLE] = Field(
        ge=0,
        le=1_000_000,
        description="Revision of the referral that sent it; an answer names it. A reminder has a later one. 0: no "
        "alert asks anything (`proceed`).",
        examples=[1],
    )
    courier: CourierCode
    waybill: WaybillNo
    outlet: OutletCode
    action: InstructionAction = Field(description="What to do.", examples=["hold"])
    hold: bool = Field(
        description="The parcel stays where it is until a release comes, whatever else is to be done.", examples=[True]
    )
    issued_at: Moment = Field(description="Arrival of what led to this instruction.")
    answer_by: Moment | None = Field(
        None,
        description="When the answer must have come; null where none is awaited, as after a release, and where "
        "`answer_within_s` says it.",
    )
    answer_within_s: int | None = Field(
        None,
        ge=1,
        description="Seconds from the arrival of this record (its Kafka timestamp) until the answer must have come: in "
        "the first instruction of an alert, which leaves together with it; null in all others.",
        examples=[600],
    )
    reminder: int = Field(0, ge=0, description="How often it was repeated unanswered.", examples=[0])
    why: Bilingual = Field(description="Why, from what the courier itself reported about this parcel and outlet.")
    task: Bilingual = Field(description="What to do, in words.")


class Answer(Part):
    """Data of a courier's answer to an instruction."""

    alert_id: AlertId
    revision: Revision = Field(description="Revision of the instruction that this answers, or of its reminder.")
    courier: CourierCode
    waybill: WaybillNo
    operator: OperatorCode | None = None
    result: AnswerResult = Field(description="Done, not possible, or information.", examples=["done"])
    photo_sha256: Sha256 | None = Field(None, description="SHA-256 of the photo that shows it, lower-case hex.")
    found_goods: GoodsText | None = Field(None, description="Goods as seen when the parcel was opened.")
    text: Note | None = Field(None, description="Information, or why it was not possible.")


class AnswerEvent(Envelope):
    """A courier answers an instruction about one of its parcels."""

    type: Literal["cn.delivery.referral.answer.v1"] = Field(
        description="Event type and version.", examples=[ANSWER_TYPE]
    )
    data: Answer
