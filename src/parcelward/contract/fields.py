"""Field types shared by the messages: each with its pattern or bound, its unit, a description and an example."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    JsonValue,
)
from pydantic_core import CoreSchema, core_schema

from parcelward.contract.patterns import (
    CODE_PATTERN,
    COUNTRY_PATTERN,
    COURIER_PATTERN,
    DEVICE_PATTERN,
    EXISTING_MOMENT_PATTERN,
    ID_PATTERN,
    MASK_PATTERN,
    NAME_MASK_PATTERN,
    REGION_PATTERN,
    RFC3339_PATTERN,
    SHA256_PATTERN,
    TOKEN_PATTERN,
    VISIBLE_PATTERN,
    WAYBILL_PATTERN,
)


class _Rfc3339:
    """A time on the wire is RFC 3339 text; numbers, bare dates and times without offset are refused."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        text = core_schema.str_schema(pattern=RFC3339_PATTERN, max_length=35, strict=True)
        moment = core_schema.datetime_schema(tz_constraint="aware", microseconds_precision="truncate", strict=False)
        return core_schema.json_or_python_schema(
            json_schema=core_schema.chain_schema([text, moment]),
            python_schema=core_schema.datetime_schema(tz_constraint="aware", strict=True),
        )

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {
            "type": "string",
            "format": "date-time",
            "maxLength": 35,
            "pattern": EXISTING_MOMENT_PATTERN,
            "description": "Time with offset, RFC 3339.",
            "examples": ["2026-11-23T09:30:00.000+08:00"],
        }


class NullMeans:
    """Null in place of an optional value: as if the field had been left out, so that its default applies.

    Stands last in the annotation of a field that has a default other than None.
    """

    def __init__(self, default: Any) -> None:
        self._default = default

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(
            lambda value: self._default if value is None else value, core_schema.nullable_schema(handler(source))
        )


def _whole(number: Any) -> Any:
    """Take an integer-valued number for the integer, as JSON Schema does: 1250.0 and 125e1 are 1250."""
    return int(number) if isinstance(number, float) and number.is_integer() else number


class Part(BaseModel):
    """Base of every message part: immutable, strict about types, unknown fields refused so that a typo is seen."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


CourierCode = Annotated[
    str,
    Field(
        pattern=COURIER_PATTERN,
        description="Code of the courier enterprise; the intake topic is named after it.",
        examples=["swift"],
    ),
]
WaybillNo = Annotated[
    str,
    Field(
        pattern=WAYBILL_PATTERN,
        description="Waybill number (运单号); also the Kafka key of the record.",
        examples=["SF1234567890123"],
    ),
]
OutletCode = Annotated[
    str,
    Field(pattern=CODE_PATTERN, description="Outlet (网点) that acted.", examples=["HZ-0571-014"]),
]
OperatorCode = Annotated[
    str,
    Field(
        pattern=CODE_PATTERN,
        description="Staff number (工号) of the operator, inspector or X-ray judge who acted; never a name or a phone.",
        examples=["E20931"],
    ),
]
DeviceCode = Annotated[
    str, Field(pattern=DEVICE_PATTERN, description="Handheld or machine used.", examples=["PDA-7741"])
]
EventId = Annotated[
    str,
    Field(
        min_length=1,
        max_length=64,
        pattern=ID_PATTERN,
        description="CloudEvents id, unique per source; a resent event keeps it.",
        examples=["5f0c7b1e-6a55-4b7e-9a43-0d8f4f3b9b10"],
    ),
]
Token = Annotated[
    str,
    Field(
        pattern=TOKEN_PATTERN,
        description="Keyed hash of a normalised personal value: key id, dot, 128 bits of HMAC-SHA-256 in base64url.",
        examples=["k1.3q2-7wAAAAAAAAAAAAAAAA"],
    ),
]
Mask = Annotated[
    str,
    Field(
        pattern=MASK_PATTERN,
        description="What may be shown of a number: up to three characters, four stars or more, up to four characters.",
        examples=["138****1234"],
    ),
]
NameMask = Annotated[
    str,
    Field(
        pattern=NAME_MASK_PATTERN,
        description="What may be shown of a name: stars and at most one character, first or last.",
        examples=["王*"],
    ),
]
RegionCode = Annotated[
    str, Field(pattern=REGION_PATTERN, description="County code of an address, GB/T 2260.", examples=["330106"])
]
GoodsText = Annotated[
    str,
    Field(
        min_length=1,
        max_length=200,
        pattern=VISIBLE_PATTERN,
        description="Goods name as written down; not of spaces only.",
        examples=["羽绒服"],
    ),
]
WHOLE = BeforeValidator(_whole)
"""Stands after the bounds of a field that holds an integer."""
Grams = Annotated[
    int,
    Field(ge=1, le=2_000_000, description="Weight in grams.", examples=[1250], json_schema_extra={"x-unit": "g"}),
    WHOLE,
]
CountryCode = Annotated[str, Field(pattern=COUNTRY_PATTERN)]
Sha256 = Annotated[
    str,
    Field(
        pattern=SHA256_PATTERN,
        description="SHA-256 of the image file, lower-case hex; the image itself stays with the courier.",
        examples=["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"],
    ),
]
Moment = Annotated[datetime, _Rfc3339()]


DEGREES: dict[str, JsonValue] = {"x-unit": "deg"}


class Place(Part):
    """A point on the ground, WGS 84.

    A point where no parcel is accepted under this law (outside 3 to 54 degrees north and 73 to 136 degrees east), such
    as the 0/0 of a failed fix, is accepted and counts as unknown.
    """

    latitude: float = Field(
        ge=-90, le=90, description="Degrees north, WGS 84.", examples=[30.2741], json_schema_extra=DEGREES
    )
    longitude: float = Field(
        ge=-180, le=180, description="Degrees east, WGS 84.", examples=[120.1551], json_schema_extra=DEGREES
    )


class FillMode(StrEnum):
    """Way the record was written: as it happened, or filled in later (补录)."""

    ONLINE = "online"
    BACKFILL = "backfill"


class SenderKind(StrEnum):
    """Kind of sender. It decides which identity duty applies."""

    PERSON = "person"
    ORGANISATION = "organisation"
    AGREEMENT = "agreement"  # filed bulk sender (协议客户), exempt from the per-parcel identity check


class DocumentType(StrEnum):
    """Documents that real-name law accepts (实名收寄管理办法), the code of an organisation, and `other`.

    `chinese` is the document's name as it stands on the document, `form` says how its number looks. Permits of mainland
    residents to go elsewhere (往来港澳通行证, 往来台湾通行证) are no `hk_macao_permit` and no `taiwan_permit`: `other`.
    """

    chinese: str
    form: str

    def __new__(cls, value: str, chinese: str = "", form: str = "") -> "DocumentType":
        member = str.__new__(cls, value)
        member._value_, member.chinese, member.form = value, chinese, form
        return member

    RESIDENT_ID = "resident_id", "居民身份证、临时居民身份证", "18 characters with a check digit (GB 11643)"
    RESIDENCE_PERMIT = (
        "residence_permit",
        "港澳台居民居住证",
        "18 characters that begin with 810000, 820000 or 830000, with a check digit",
    )
    MILITARY_ID = "military_id", "军官证、士兵证、武警证等军人证件", "4 to 12 digits, with or without 字第 and 号"
    HK_MACAO_PERMIT = (
        "hk_macao_permit",
        "港澳居民来往内地通行证",
        "H or M and 8 digits, or HA or MA and 7 digits; two more digits may follow",
    )
    TAIWAN_PERMIT = "taiwan_permit", "台湾居民来往大陆通行证", "8 digits; two digits and one more character may follow"
    PASSPORT = "passport", "护照", "5 to 20 letters and digits"
    FOREIGN_PERMANENT_RESIDENT_ID = (
        "foreign_permanent_resident_id",
        "外国人永久居留身份证",
        "18 characters that begin with 9, with a check digit; before 2023 three letters and 12 digits",
    )
    ORGANISATION_CODE = "organisation_code", "统一社会信用代码", "18 characters with two check characters (GB 32100)"
    OTHER = "other", "其他有效身份证件", "not checked"


class DocumentCheck(StrEnum):
    """Result of checking the document number against its own rules."""

    VALID = "valid"
    MISSING = "missing"
    BAD_FORMAT = "bad_format"
    BAD_CHECKSUM = "bad_checksum"
    BAD_BIRTH_DATE = "bad_birth_date"
    TYPE_MISMATCH = "type_mismatch"  # well-formed, but as another type than stated
    UNCHECKED = "unchecked"  # the source made a token of it and did not say whether the number is valid


class VerifyMethod(StrEnum):
    """Way the identity document was read."""

    NFC = "nfc"
    OCR = "ocr"
    APP_PRIOR = "app_prior"  # identity verified earlier in the sender's app
    MANUAL = "manual"


class TransportMode(StrEnum):
    """Way the parcel will travel."""

    ROAD = "road"
    RAIL = "rail"
    AIR = "air"


class GoodsNature(StrEnum):
    """Nature (性质) of the goods as declared; a letter is exempt from inspection."""

    LETTER = "letter"
    DOCUMENT = "document"
    GENERAL = "general"
    LIQUID = "liquid"
    POWDER = "powder"
    ELECTRONIC = "electronic"
    FRAGILE = "fragile"
    FOOD = "food"


class InspectionResult(StrEnum):
    """Outcome of the inspection at acceptance."""

    PASSED = "passed"
    REFUSED_BY_SENDER = "refused_by_sender"
    REFUSED_PROHIBITED = "refused_prohibited"
    REFUSED_MISMATCH = "refused_mismatch"
    RESTRICTED_OVER_LIMIT = "restricted_over_limit"
    HELD_FOR_PROOF = "held_for_proof"
    EXEMPT_LETTER = "exempt_letter"
    NOT_DONE = "not_done"


class ScanDecision(StrEnum):
    """Decision of the X-ray judge."""

    PASS = "pass"  # noqa: S105 - a verdict, no password
    REOPEN = "reopen"
    HOLD = "hold"
    HAND_OVER = "hand_over"
