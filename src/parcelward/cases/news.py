"""News of an alert: as much of one of its revisions as its further life needs, as it travels between the stages."""

import msgspec

from parcelward.contract.alerts import Alert, AlertState
from parcelward.contract.cards import CounterpartKind, ParcelState
from parcelward.formats import reading
from parcelward.moments import ms_of


class FindingNews(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """One finding: rule, severity, action, and its reason in both languages."""

    rule: str
    severity: str
    action: str
    zh: str
    en: str


class AlertNews(msgspec.Struct, array_like=True, frozen=True, gc=False, tag="1"):
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


decode_news = reading(AlertNews, "an alert on its way")


def news_of(alert: Alert) -> AlertNews:
    """Give the news of one revision of an alert."""
    card, parties = alert.card, alert.parties
    others = () if card is None else card.counterparts
    return AlertNews(
        ms_of(alert.raised_at),
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
