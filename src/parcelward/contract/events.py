"""The three duties as couriers report them, and a sign of life: their events (CloudEvents 1.0)."""

from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from parcelward.contract.envelope import Envelope
from parcelward.contract.exclusions import TOKEN_OF, never_both
from parcelward.contract.fields import (
    WHOLE,
    CountryCode,
    CourierCode,
    DeviceCode,
    DocumentCheck,
    DocumentType,
    EventId,
    FillMode,
    GoodsNature,
    GoodsText,
    Grams,
    InspectionResult,
    Mask,
    Moment,
    NameMask,
    NullMeans,
    OperatorCode,
    OutletCode,
    Part,
    Place,
    RegionCode,
    ScanDecision,
    SenderKind,
    Sha256,
    Token,
    TransportMode,
    VerifyMethod,
    WaybillNo,
)
from parcelward.contract.patterns import (
    AGREEMENT_PATTERN,
    CATEGORY_PATTERN,
    PHASH_PATTERN,
)


class EventType(StrEnum):
    """CloudEvents types accepted on intake; the version is part of the name.

    The ledger keeps an event's type as its position here (`EVENT_TYPES`): new types go at the end.
    """

    REAL_NAME = "cn.delivery.acceptance.realname.v1"
    INSPECTION = "cn.delivery.acceptance.inspection.v1"
    SECURITY_SCAN = "cn.delivery.security.scan.v1"
    HEARTBEAT = "cn.delivery.courier.heartbeat.v1"

    @property
    def duty(self) -> str:
        """Name of the duty that such an event reports; a heartbeat reports none, and has its own.

        >>> EventType.SECURITY_SCAN.duty
        'security_scan'
        """
        return self.name.lower()


EVENT_TYPES = tuple(EventType)
DUTY_TYPES = tuple(event_type for event_type in EventType if event_type is not EventType.HEARTBEAT)
"""The types that report a duty: each event of them is one of a waybill."""


_TOKENS = frozenset(TOKEN_OF.values())


class _Identifying(Part):
    """A part with personal values: each comes raw, or as a token made at the source, never both."""

    model_config = ConfigDict(json_schema_extra=never_both)

    @model_validator(mode="after")
    def _refuse_both(self) -> Self:
        if not self.__pydantic_fields_set__.isdisjoint(_TOKENS):
            for raw, token in TOKEN_OF.items():
                if getattr(self, raw, None) is not None and getattr(self, token, None) is not None:
                    raise PydanticCustomError(
                        "raw_and_token", "{raw} and {token} must not come together", {"raw": raw, "token": token}
                    )
        return self


class Sender(_Identifying):
    """Person or organisation that hands the parcel over. Personal values come raw, or as tokens made at the source,
    never both.

    A missing document is not a malformed event: it is what the real-name rules look for.
    """

    kind: SenderKind = Field(description="Person, organisation or filed agreement customer.", examples=["person"])
    document_type: DocumentType | None = Field(
        None,
        description="Document shown: " + "; ".join(f"`{kind.value}`: {kind.chinese}" for kind in DocumentType) + ".",
        examples=["resident_id"],
    )
    document_number: str | None = Field(
        None,
        min_length=1,
        max_length=40,
        description="PERSONAL. Document number as read; becomes a token in the first agent.",
        examples=["360426199101010071"],
    )
    issuing_country: CountryCode | None = Field(
        None,
        description="Country that issued a passport: ISO 3166-1, two or three letters, or the code that ICAO Doc 9303 "
        "gives to an issuer that is no country. Two countries give out equal numbers; without it two such passports "
        "cannot be told apart.",
        examples=["GBR"],
    )
    document_token: Token | None = Field(None, description="Token of the document, when made at the source.")
    document_mask: Mask | None = Field(None, description="Mask of the document, when made at the source.")
    document_check: DocumentCheck | None = Field(
        None,
        description="Result of checking the number, when tokens are made at the source; a token without one counts as "
        "`unchecked`.",
        examples=["valid"],
    )
    name: str | None = Field(
        None, min_length=1, max_length=100, description="PERSONAL. Name as registered.", examples=["王小明"]
    )
    name_token: Token | None = Field(None, description="Token of the name, when made at the source.")
    name_mask: NameMask | None = Field(None, description="Mask of the name, when made at the source.", examples=["王*"])
    phone: str | None = Field(
        None,
        min_length=1,
        max_length=40,
        description="PERSONAL. Phone number; a privacy number with extension is accepted but identifies nobody.",
        examples=["13800001234"],
    )
    phone_token: Token | None = Field(None, description="Token of the phone, when made at the source.")
    phone_mask: Mask | None = Field(None, description="Mask of the phone, when made at the source.")
    agreement_id: str | None = Field(
        None,
        pattern=AGREEMENT_PATTERN,
        description="Number of the filed safety agreement, for agreement customers.",
        examples=["AG-2026-00017"],
    )


class Receiver(_Identifying):
    """Person or organisation that will receive the parcel."""

    name: str | None = Field(None, min_length=1, max_length=100, description="PERSONAL. Name.", examples=["李华"])
    name_token: Token | None = Field(None, description="Token of the name, when made at the source.")
    phone: str | None = Field(
        None, min_length=1, max_length=40, description="PERSONAL. Phone number.", examples=["13900005678"]
    )
    phone_token: Token | None = Field(None, description="Token of the phone, when made at the source.")
    region: RegionCode | None = None


class Goods(Part):
    """Contents of the parcel as the sender declares them."""

    name: GoodsText
    nature: Annotated[GoodsNature, NullMeans(GoodsNature.GENERAL)] = Field(
        GoodsNature.GENERAL, description="Nature of the goods.", examples=["general"]
    )
    quantity: Annotated[int, Field(ge=1, le=100_000), WHOLE, NullMeans(1)] = Field(
        1, description="Number of pieces declared.", examples=[1]
    )
    declared_value_cny: float | None = Field(
        None,
        ge=0,
        le=100_000_000,
        description="Declared value in yuan.",
        examples=[299.0],
        json_schema_extra={"x-unit": "CNY"},
    )
    dangerous_declared: Annotated[bool, NullMeans(False)] = Field(
        False, description="A dangerous-goods declaration accompanies the parcel."
    )


class Photo(Part):
    """Reference to one inspection photo; the image itself never travels here."""

    sha256: Sha256
    phash: str | None = Field(
        None,
        pattern=PHASH_PATTERN,
        description="64-bit perceptual hash, hex.",
        examples=["c3d1e0f0a5b49687"],
    )
    taken_at: Moment | None = Field(
        None,
        description="When the photo was taken. More than 365 days before the event's time or 10 minutes after it, it "
        "counts as unknown.",
    )
    place: Place | None = None


class RealName(_Identifying):
    """Data of a real-name event (实名收寄): the sender's document was shown, checked and registered."""

    courier: CourierCode
    waybill: WaybillNo
    outlet: OutletCode
    operator: OperatorCode
    operator_document: str | None = Field(
        None,
        min_length=1,
        max_length=40,
        description="PERSONAL. The operator's own document number; shows when operators send under their own identity.",
        examples=["110101197608056897"],
    )
    operator_document_token: Token | None = Field(
        None, description="Token of the operator's document, when made at the source."
    )
    device: DeviceCode | None = None
    fill_mode: Annotated[FillMode, NullMeans(FillMode.ONLINE)] = Field(
        FillMode.ONLINE, description="Written online or filled in later.", examples=["online"]
    )
    corrects: EventId | None = Field(None, description="Id of the earlier event that this one corrects.")
    sender: Sender
    receiver: Receiver
    goods: Goods
    weight_g: Grams
    verify_method: VerifyMethod = Field(description="How the document was read.", examples=["nfc"])
    transport_mode: TransportMode | None = Field(None, description="How the parcel will travel.", examples=["road"])
    place: Place | None = Field(None, description="Where the parcel was really accepted.")
    stated_region: RegionCode | None = Field(None, description="County of the pick-up address given by the sender.")
    address_difference_recorded: Annotated[bool, NullMeans(False)] = Field(
        False, description="Actual acceptance address differs from the given one and both were recorded."
    )


class Inspection(Part):
    """Data of an inspection event (收寄验视): the parcel was opened and checked in front of the sender."""

    courier: CourierCode
    waybill: WaybillNo
    outlet: OutletCode
    operator: OperatorCode
    device: DeviceCode | None = None
    fill_mode: Annotated[FillMode, NullMeans(FillMode.ONLINE)] = Field(
        FillMode.ONLINE, description="Written online or filled in later.", examples=["online"]
    )
    corrects: EventId | None = Field(None, description="Id of the earlier event that this one corrects.")
    started_at: Moment | None = Field(
        None,
        description="Start of the inspection. More than 24 hours before the event's time or 10 minutes after it, it "
        "counts as unknown.",
    )
    sealed_at: Moment | None = Field(
        None,
        description="When the parcel was sealed. More than 24 hours before the event's time or 10 minutes after it, it "
        "counts as unknown.",
    )
    opened: bool = Field(description="The parcel was opened.", examples=[True])
    result: InspectionResult = Field(description="Outcome of the inspection.", examples=["passed"])
    found_goods: GoodsText | None = Field(None, description="Goods as seen by the inspector.", examples=["羽绒服"])
    found_category: str | None = Field(
        None,
        pattern=CATEGORY_PATTERN,
        description="Category of the 2016 prohibited list; `5` is read as `05`. 13 (publications) is accepted, and "
        "neither kept nor judged.",
        examples=["05"],
    )
    weight_g: Grams | None = None
    photos: Annotated[tuple[Photo, ...], Field(max_length=8), NullMeans(())] = Field(
        (), description="Photos taken, at most eight."
    )
    mark_applied: bool = Field(description="The inspection mark (验视标识) was applied.", examples=[True])
    place: Place | None = Field(None, description="Where the parcel was inspected.")


class SecurityScan(Part):
    """Data of a security-scan event (过机安检): the parcel went through an X-ray machine."""

    courier: CourierCode
    waybill: WaybillNo
    site: OutletCode
    operator: OperatorCode
    machine: DeviceCode
    image_sha256: Sha256 | None = None
    labels: Annotated[tuple[Annotated[str, Field(max_length=40)], ...], Field(max_length=16), NullMeans(())] = Field(
        (), description="What the machine recognised.", examples=[["lighter"]]
    )
    judged_ms: Annotated[int, Field(ge=0, le=3_600_000), WHOLE] | None = Field(
        None,
        description="Time the judge took, in milliseconds.",
        examples=[4200],
        json_schema_extra={"x-unit": "ms"},
    )
    decision: ScanDecision = Field(description="What the judge decided.", examples=["pass"])
    mark_applied: Annotated[bool, NullMeans(True)] = Field(
        True, description="The safety-check mark (安检标识) was applied.", examples=[True]
    )


class Heartbeat(Part):
    """Data of a heartbeat: the courier's systems, or those of one outlet, are alive and have nothing to send."""

    courier: CourierCode
    outlet: OutletCode | None = Field(
        None,
        description="Outlet (网点) that is alive; left out, the courier's systems as a whole. The Kafka key of the "
        "record is the outlet, or the courier where there is none.",
        examples=["HZ-0571-014"],
    )


class RealNameEvent(Envelope):
    """A sender's identity document was shown, checked and registered."""

    type: Literal[EventType.REAL_NAME] = Field(
        description="Event type and version.", examples=["cn.delivery.acceptance.realname.v1"]
    )
    data: RealName


class InspectionEvent(Envelope):
    """A parcel's content was opened and checked on the spot, before sealing."""

    type: Literal[EventType.INSPECTION] = Field(
        description="Event type and version.", examples=["cn.delivery.acceptance.inspection.v1"]
    )
    data: Inspection


class SecurityScanEvent(Envelope):
    """A parcel was scanned by an X-ray machine and judged."""

    type: Literal[EventType.SECURITY_SCAN] = Field(
        description="Event type and version.", examples=["cn.delivery.security.scan.v1"]
    )
    data: SecurityScan


class HeartbeatEnvelope(Envelope):
    """CloudEvents 1.0 attributes of a heartbeat, which is of no waybill."""

    time: Moment = Field(description="When it was sent, RFC 3339 with offset.")
    subject: OutletCode | None = Field(None, description="The Kafka key again: the outlet, or the courier.")


class HeartbeatEvent(HeartbeatEnvelope):
    """A courier, or one of its outlets, is alive and has nothing to send. Nothing is screened for it."""

    type: Literal[EventType.HEARTBEAT] = Field(
        description="Event type and version.", examples=["cn.delivery.courier.heartbeat.v1"]
    )
    data: Heartbeat


IntakeEvent = RealNameEvent | InspectionEvent | SecurityScanEvent | HeartbeatEvent
EVENT_MODELS: dict[EventType, type[IntakeEvent]] = {
    EventType.REAL_NAME: RealNameEvent,
    EventType.INSPECTION: InspectionEvent,
    EventType.SECURITY_SCAN: SecurityScanEvent,
    EventType.HEARTBEAT: HeartbeatEvent,
}


def envelope_of(event_type: str) -> type[Envelope]:
    """The model of the attributes of an event of a type."""
    return HeartbeatEnvelope if event_type == EventType.HEARTBEAT else Envelope
