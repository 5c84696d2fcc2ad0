"""Messages that leave Parcelward: alerts for the joint security control platform, refused records for the courier."""

from enum import StrEnum
from typing import Literal

from pydantic import Field

from parcelward.contract.cards import Bilingual, Card, Change, EarlierFinding
from parcelward.contract.controls import AppliedControl
from parcelward.contract.fields import (
    CourierCode,
    EventId,
    Mask,
    Moment,
    NameMask,
    OperatorCode,
    OutletCode,
    Part,
    Token,
    WaybillNo,
)
from parcelward.contract.reasons import Reason

ALERT_TYPE = "cn.delivery.alert.raised.v1"


class Severity(StrEnum):
    """Severity of one finding, whatever else was found."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class Lane(StrEnum):
    """Urgency of an alert. Red: look at it now. Yellow: within the shift. Green: a random sample of clean parcels."""

    RED = "red"
    YELLOW = "yellow"
    GREEN_SAMPLED = "green_sampled"


class Action(StrEnum):
    """Action proposed to the person who decides.

    A rule proposes one of the first six. An alert says what is still possible where the parcel is now: one that is
    under way cannot be refused, it must be traced and stopped; one that was refused already is reported.
    """

    REFUSE = "refuse"
    HOLD = "hold"
    REINSPECT = "reinspect"
    VERIFY_IDENTITY = "verify_identity"
    REQUEST_INFORMATION = "request_information"
    AUDIT_OUTLET = "audit_outlet"
    TRACE_AND_STOP = "trace_and_stop"
    REPORT = "report"


class AlertState(StrEnum):
    """State of an alert after later evidence. `cleared_by_evidence` is a proposal: a person decides."""

    OPEN = "open"
    CLEARED_BY_EVIDENCE = "cleared_by_evidence"


class Finding(Part):
    """One rule that fired, or a model score over the threshold, with the values that caused it."""

    rule: str = Field(description="Rule id, or `model`.", examples=["R14"])
    name: str = Field(description="Rule name.", examples=["dangerous_goods_words"])
    version: int = Field(ge=1, description="Version of the rule.", examples=[1])
    severity: Severity = Field(description="Severity of the finding.", examples=["high"])
    action: Action = Field(description="Proposed action of the rule.", examples=["reinspect"])
    reason: Bilingual = Field(description="Why, with the actual values.")
    legal_basis: str = Field(
        description="Law and article the rule rests on.", examples=["危险化学品安全管理条例 第六十四条"]
    )
    values: dict[str, str | float | int | bool | None] = Field(
        description="Features the rule looked at, by name, with their actual values.", examples=[{"danger_hits": 1}]
    )
    thresholds: dict[str, float | int] = Field(
        default_factory=dict, description="Threshold of the rule per feature.", examples=[{"danger_hits": 0}]
    )
    clears_when: Bilingual | None = Field(
        None, description="Evidence that would clear this finding; null where its rule does not say."
    )


class Contribution(Part):
    """Share of one feature in the model's score for this waybill."""

    feature: str = Field(description="Feature name.", examples=["operator_gap_s"])
    value: float | None = Field(description="Actual value; null when unknown.", examples=[2.5])
    weight: float = Field(
        description="Share of the score in log-odds, compared with clean parcels like it; positive raises the risk.",
        examples=[1.7],
        json_schema_extra={"x-unit": "log-odds"},
    )
    text: Bilingual = Field(description="Feature and value in plain words.")


class Score(Part):
    """The model's opinion."""

    value: float = Field(ge=0, le=1, description="Estimated probability of a violation, 0 to 1.", examples=[0.93])
    threshold: float = Field(ge=0, le=1, description="Score at which the model alone raises an alert.", examples=[0.8])
    model_version: str = Field(description="Version of the released model.", examples=["2026.11.1"])
    contributions: tuple[Contribution, ...] = Field(
        description="Largest contributions: those that raise the risk first."
    )
    baseline: float | None = Field(
        None,
        description="Log-odds of a clean parcel of this kind. With all weights and `rest` they are those of `value`.",
        examples=[-5.1],
        json_schema_extra={"x-unit": "log-odds"},
    )
    rest: float | None = Field(
        None,
        description="Weights of all features that `contributions` does not name, together.",
        examples=[0.3],
        json_schema_extra={"x-unit": "log-odds"},
    )


class Evidence(Part):
    """Position of one piece of evidence in the intake log."""

    event_id: EventId
    event_type: str = Field(description="CloudEvents type.", examples=["cn.delivery.acceptance.realname.v1"])
    topic: str = Field(description="Intake topic.", examples=["intake.swift"])
    partition: int = Field(ge=0, description="Partition.", examples=[3])
    offset: int = Field(ge=0, description="Offset.", examples=[81234])


class Parties(Part):
    """Masked hints and tokens of the sender; raw personal values never appear."""

    document_token: Token | None = Field(None, description="Token of the document.")
    document_mask: Mask | None = None
    name_mask: NameMask | None = None
    phone_token: Token | None = Field(None, description="Token of the phone.")
    phone_mask: Mask | None = None


class Alert(Part):
    """All findings on one waybill, for a person to decide on. A later revision replaces an earlier one.

    Deduplicate on (alert_id, revision); keep the highest revision of an alert_id.
    """

    alert_id: str = Field(
        description="UUIDv5 of courier, waybill, its first arrival and alert kind: the same after a replay, another"
        " when the waybill number comes back.",
        examples=["6f9619ff-8b86-5011-b42d-00c04fc964ff"],
    )
    revision: int = Field(ge=1, description="Counts up when later evidence changes the verdict.", examples=[1])
    kind: Literal["acceptance"] = Field("acceptance", description="Kind of alert.", examples=["acceptance"])
    state: AlertState = Field(description="Whether the evidence still supports it.", examples=["open"])
    courier: CourierCode
    waybill: WaybillNo
    outlet: OutletCode
    operator: OperatorCode | None = None
    lane: Lane = Field(description="How fast a person must look; never lowered by later evidence.", examples=["red"])
    action: Action = Field(
        description="What to do: the action of the most severe finding, as the parcel's present state allows.",
        examples=["reinspect"],
    )
    raised_at: Moment = Field(description="Arrival of the evidence that led to this revision.")
    due_by: Moment = Field(
        description="When a person should have decided. A revision never moves it back, so one may come later."
    )
    findings: tuple[Finding, ...] = Field(description="What was found, most severe first.")
    score: Score | None = Field(None, description="Model score with its main contributions.")
    parties: Parties = Field(description="Masked hints and tokens.")
    evidence: tuple[Evidence, ...] = Field(description="Intake positions of the evidence for this alert.")
    rule_pack_version: str = Field(description="Rule pack that judged.", examples=["acceptance-1"])
    rule_pack_hash: str | None = Field(
        None,
        pattern=r"^[0-9a-f]{16}$",
        description="Hash of the rules in that pack: packs of one version with different rules differ in it.",
        examples=["3b1f0c9d2e4a5768"],
    )
    model_version: str | None = Field(
        None, description="Model that scored; null when none was loaded.", examples=["2026.11.1"]
    )
    summary: Bilingual = Field(description="The alert in one sentence.")
    card: Card | None = Field(
        None, description="What a person needs in order to decide; null in alerts of older versions."
    )
    changes: tuple[Change, ...] = Field(
        (), description="What later evidence changed since the revision before, from what to what."
    )
    controls: tuple[AppliedControl, ...] = Field(
        (),
        description="Control periods that apply to the parcel, by the arrival of its first record; left out without.",
    )
    found_before: tuple[EarlierFinding, ...] = Field(
        (), max_length=8, description="What earlier revisions found and this one no longer does."
    )


class RejectedHeaders(Part):
    """Headers that Parcelward adds to a refused record on `rejected.<courier>`.

    The record keeps its key, its value and its own headers. Parcelward adds the headers below; each begins with `pw_`.
    A record may fit into intake only because it is compressed. If it is larger than 12 MiB uncompressed, it comes back
    without its value; `pw_value_bytes` and `pw_value_sha256` then identify the value. If its key and headers alone are
    that large, they are left out as well. A batch is refused as one record, without key and value, if it cannot be
    unpacked, or if it would unpack to more than a reader's memory should bear (16 MiB, 100,000 records or 1,000,000
    headers). `pw_offset` is then the offset of its last record, and `pw_batch_records` the number of its records;
    `pw_value_bytes` and `pw_value_sha256` describe its records as they were sent: compressed, without the batch header.
    """

    pw_reason: Reason = Field(description="Reason code.", examples=["invalid_json"])
    pw_detail: str = Field(
        max_length=500,
        description="What is wrong and where, for a person; never repeats a value from the record.",
        examples=["data.weight_g: must be at least 1"],
    )
    pw_topic: str = Field(description="Topic it came from.", examples=["intake.swift"])
    pw_partition: str = Field(pattern=r"^[0-9]+$", description="Partition it came from.", examples=["3"])
    pw_offset: str = Field(pattern=r"^[0-9]+$", description="Offset it came from.", examples=["81234"])
    pw_rejected_at: str = Field(
        description="Arrival time of the refused record, RFC 3339.", examples=["2026-11-23T01:30:00.000Z"]
    )
    pw_value_bytes: str | None = Field(
        None,
        pattern=r"^[0-9]+$",
        description="Size of a value that is too large to be kept; absent when it is kept.",
        examples=["50000000"],
        json_schema_extra={"x-unit": "B"},
    )
    pw_value_sha256: str | None = Field(
        None,
        pattern=r"^[0-9a-f]{64}$",
        description="SHA-256 of a value that is too large to be kept; absent when it is kept.",
        examples=["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"],
    )
    pw_batch_records: str | None = Field(
        None,
        pattern=r"^[0-9]+$",
        description="Number of records in the batch that was refused as this one record.",
        examples=["500"],
    )
