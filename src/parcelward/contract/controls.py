"""Control periods (管控期) as an alert names them: signed rules for a while, as before a major event."""

from enum import StrEnum

from pydantic import Field

from parcelward.contract.cards import Bilingual
from parcelward.contract.fields import Moment, Part


class ControlKind(StrEnum):
    """The occasion of a control period."""

    MAJOR_EVENT = "major_event"
    EPIDEMIC = "epidemic"
    REGION = "region"
    GOODS = "goods"


class AppliedControl(Part):
    """A control period that applies to the parcel, by the arrival of its first record."""

    id: str = Field(description="Id of the period.", examples=["ciie-2026"])
    version: int = Field(ge=1, description="Version of the period that applies.", examples=[1])
    hash: str = Field(
        pattern=r"^[0-9a-f]{16}$",
        description="Hash of the signed file: two files of one id and version differ in it.",
        examples=["3b1f0c9d2e4a5768"],
    )
    kind: ControlKind = Field(description="Occasion.", examples=["major_event"])
    title: Bilingual = Field(description="Its title.")
    until: Moment = Field(description="Its end: a parcel whose first record arrives then is no longer under it.")
    legal_basis: str = Field(description="Law and article it rests on.", examples=["反恐怖主义法 第二十条"])
    green_channel: bool = Field(
        False, description="The parcel's goods are in its green channel: what is not red does not hold the parcel."
    )
