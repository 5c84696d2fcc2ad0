"""The CloudEvents attributes of an intake event, of whatever type."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from parcelward.contract.exclusions import data_once
from parcelward.contract.fields import EventId, Moment, NullMeans, WaybillNo
from parcelward.contract.patterns import MEDIA_PATTERN, REPAIR_PATTERN, SOURCE_PATTERN


class Envelope(BaseModel):
    """CloudEvents 1.0 attributes of an intake event. Extension attributes are allowed and ignored, unless one holds a
    person's phone number, resident ID number, e-mail address or the like: such an event is refused."""

    model_config = ConfigDict(
        frozen=True, extra="ignore", strict=True, allow_inf_nan=False, json_schema_extra=data_once
    )

    specversion: Literal["1.0"] = Field(description="CloudEvents version.", examples=["1.0"])
    id: EventId
    source: str = Field(
        pattern=SOURCE_PATTERN,
        description="Who made the event, a URI reference; the id is unique within it.",
        examples=["/couriers/swift/outlets/HZ-0571-014"],
    )
    time: Moment = Field(description="When the duty was done (event time), RFC 3339 with offset.")
    subject: WaybillNo | None = Field(
        None, description="The waybill number again, for readers that look at attributes only."
    )
    datacontenttype: Annotated[str, Field(pattern=MEDIA_PATTERN), NullMeans("application/json")] = Field(
        "application/json",
        description="Media type of the data: JSON, with or without parameters, which are not read.",
        examples=["application/json"],
    )
    repairof: str | None = Field(
        None,
        pattern=REPAIR_PATTERN,
        description="Extension attribute of an event that was refused, and is sent again when it is mended: "
        "topic/partition/offset of the refused record. `parcelward rejected --repair` writes it; nobody judges by it.",
        examples=["intake.swift/3/81234"],
    )
