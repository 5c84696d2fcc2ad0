"""News of an alert: as much of one of its revisions as its further life needs."""

from datetime import datetime

import msgspec

from parcelward.contract.alerts import Action, Alert, AlertState, Lane, Severity
from parcelward.contract.cards import CounterpartKind, ParcelState
from parcelward.moments import ms_of


class FindingNews(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """One finding: rule, severity, action, and its reason in both languages."""

    rule: str
    severity: str
    action: str
    zh: str
    en: str


class AlertNews(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """One revision of an alert. `photo` is the waybill that had its photo first; document and phone are tokens."""

    at_ms: int
    alert_id: str
    revision: int
    courier: str
    waybill: str
    outlet: str
    operator: str | None
    lane: str
    action: str
    cleared: bool
    parcel: str  # a `ParcelState`
    findings: tuple[FindingNews, ...]  # the worst first
    document: str | None = None
    phone: str | None = None
    photo: str | None = None


class _Words(msgspec.Struct, gc=False):
    zh: str
    en: str


class _Finding(msgspec.Struct, gc=False):
    rule: str
    severity: Severity
    action: Action
    reason: _Words


class _Parties(msgspec.Struct, gc=False):
    document_token: str | None = None
    phone_token: str | None = None


class _Whereabouts(msgspec.Struct, gc=False):
    state: ParcelState


class _Counterpart(msgspec.Struct, gc=False):
    kind: CounterpartKind
    waybill: str


class _Card(msgspec.Struct, gc=False):
    whereabouts: _Whereabouts
    counterparts: tuple[_Counterpart, ...] = ()


class AlertRead(msgspec.Struct, gc=False):
    """An alert as it stands on its topic, as far as news of it is asked for: an eighth of the time of the whole."""

    alert_id: str
    revision: int
    state: AlertState
    courier: str
    waybill: str
    outlet: str
    lane: Lane
    action: Action
    raised_at: datetime
    findings: tuple[_Finding, ...]
    parties: _Parties
    operator: str | None = None
    card: _Card | None = None


read_alert = msgspec.json.Decoder(AlertRead).decode


def news_of(alert: Alert | AlertRead, at_ms: int | None = None) -> AlertNews:
    """Give the news of one revision of an alert, as of its arrival (epoch ms), or of that of its evidence."""
    card, parties = alert.card, alert.parties
    others = () if card is None else card.counterparts
    return AlertNews(
        ms_of(alert.raised_at) if at_ms is None else at_ms,
        alert.alert_id,
        alert.revision,
        alert.courier,
        alert.waybill,
        alert.outlet,
        alert.operator,
        alert.lane.value,
        alert.action.value,
        alert.state is AlertState.CLEARED_BY_EVIDENCE,
        (ParcelState.UNKNOWN if card is None else card.whereabouts.state).value,
        tuple(
            FindingNews(one.rule, one.severity.value, one.action.value, one.reason.zh, one.reason.en)
            for one in alert.findings
        ),
        parties.document_token,
        parties.phone_token,
        next((one.waybill for one in others if one.kind is CounterpartKind.PHOTO), None),
    )
