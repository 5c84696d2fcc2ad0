"""Records of `alerts` and `referrals`, as far as outcomes need them. What later versions add is passed over."""

from datetime import datetime

import msgspec

from parcelward.contract.alerts import Lane
from parcelward.contract.steps import OutcomeKind, ReferralState, StepKind


class RuleName(msgspec.Struct, frozen=True, gc=False):
    """A finding, of which only the rule counts here."""

    rule: str


class ControlId(msgspec.Struct, frozen=True, gc=False):
    """A control period that applies to the parcel."""

    id: str


class AlertHead(msgspec.Struct, frozen=True):
    """One revision of an alert."""

    alert_id: str
    revision: int
    courier: str
    waybill: str
    outlet: str
    lane: Lane
    raised_at: datetime
    findings: tuple[RuleName, ...]
    found_before: tuple[RuleName, ...] = ()
    model_version: str | None = None
    controls: tuple[ControlId, ...] = ()


class AskedHead(msgspec.Struct, frozen=True, gc=False):
    """The instruction that stands."""

    revision: int


class AnsweredHead(msgspec.Struct, frozen=True, gc=False):
    """The courier's last answer."""

    at: datetime


class ReferralHead(msgspec.Struct, frozen=True):
    """State of an alert after one of its steps."""

    alert_id: str
    revision: int
    courier: str
    waybill: str
    outlet: str
    state: ReferralState
    at: datetime
    lane: Lane
    rules: tuple[str, ...]
    step: StepKind | None = None
    asked: AskedHead | None = None
    answer: AnsweredHead | None = None
    outcome: OutcomeKind | None = None


read_alert = msgspec.json.Decoder(AlertHead).decode
"""Read a record of `alerts`. Raises msgspec.DecodeError for one that is none."""
read_referral = msgspec.json.Decoder(ReferralHead).decode
"""Read a record of `referrals`. Raises msgspec.DecodeError for one that is none."""
