"""One alert in full, as a page of labelled lines: what a person reads who decides on it."""

from collections.abc import Iterator
from datetime import datetime, tzinfo

from rich.text import Text

from parcelward.alerts.alert import ACTION_TEXT
from parcelward.alerts.card import age_in_words
from parcelward.alerts.terminal import (
    LANE_NAME,
    SEVERITY_STYLE,
    Language,
    alert_lines,
    goods_line,
    inspection_line,
    say,
    zone_name,
)
from parcelward.contract.alerts import Alert
from parcelward.contract.cards import Card, CounterpartKind
from parcelward.escaping import escaped

Line = tuple[str, str]
"""Label and what it says."""
_LABELS: dict[str, tuple[str, str]] = {
    "alert": ("告警编号", "alert"),
    "lane": ("级别", "lane"),
    "action": ("建议", "proposed"),
    "step": ("处置", "do"),
    "raised": ("发出", "raised"),
    "due": ("须于此前决定", "decide by"),
    "outlet": ("网点", "outlet"),
    "operator": ("揽收员", "operator"),
    "sender": ("寄件人", "sender"),
    "goods": ("内件", "goods"),
    "regions": ("寄往", "regions"),
    "accepted": ("收寄", "accepted"),
    "inspection": ("验视", "inspection"),
    "where": ("现在何处", "where now"),
    "call": ("可联系", "call"),
    "other": ("对应的另一件", "other parcel"),
    "clears": ("解除条件", "clears when"),
    "score": ("评分", "score"),
    "evidence": ("证据", "evidence"),
    "judged": ("判定依据", "judged by"),
    "law": ("法律依据", "law"),
    "unknown": ("未知", "unknown"),
    "named": ("其余因素合计", "all others together"),
    "baseline": ("同类正常件", "a clean parcel of this kind"),
    "opened": ("已开箱", "opened"),
    "not_opened": ("未开箱", "not opened"),
    "photos": ("照片", "photos"),
    "photo": ("照片相同", "the same photo"),
    "document_place": ("同一证件", "the same document"),
}


def alert_page(alert: Alert, language: Language, zone: tzinfo | None = None) -> Text:
    """The whole alert. Times are those of `zone` (None: this machine's) and name it."""
    text = alert_lines(alert, language, zone=zone).copy()
    for finding in alert.findings:
        text.append(f"\n    {escaped(finding.rule):<5} ", SEVERITY_STYLE[finding.severity])
        text.append(f"{_label('law', language)}: {escaped(finding.legal_basis)}")
    for name, said in _lines(alert, language, zone):
        text.append(f"\n  {_label(name, language)}: ", "bold")
        text.append(said)
    return text


def _lines(alert: Alert, language: Language, zone: tzinfo | None) -> Iterator[Line]:
    yield "alert", escaped(f"{alert.alert_id}, {alert.revision}")
    yield "lane", LANE_NAME[language][alert.lane]
    yield "action", ACTION_TEXT[alert.action][language == "en"]
    yield "raised", _at(alert.raised_at, zone)
    yield "due", _at(alert.due_by, zone)
    yield "outlet", escaped(f"{alert.courier}/{alert.outlet}")
    yield "operator", escaped(alert.operator or _label("unknown", language))
    parties = alert.parties
    masks = [escaped(mask) for mask in (parties.name_mask, parties.document_mask, parties.phone_mask) if mask]
    yield "sender", ", ".join(masks) or _label("unknown", language)
    if alert.card is not None:
        yield from _card_lines(alert.card, language, zone)
    if alert.score is not None:
        yield "score", f"{alert.score.value:.3f} / {alert.score.threshold:.3f} ({escaped(alert.score.model_version)})"
        for part in alert.score.contributions:
            yield "score", say(part.text, language)
        if alert.score.rest is not None and alert.score.baseline is not None:
            yield "score", f"{_label('named', language)}: {alert.score.rest:+.2f}"
            yield "score", f"{_label('baseline', language)}: {alert.score.baseline:+.2f}"
    yield "judged", escaped(", ".join(filter(None, (alert.rule_pack_version, alert.model_version))))
    for one in alert.evidence:
        yield "evidence", escaped(f"{one.topic}/{one.partition}/{one.offset} {one.event_id} {one.event_type}")


def _card_lines(card: Card, language: Language, zone: tzinfo | None) -> Iterator[Line]:
    unknown = _label("unknown", language)
    yield "goods", goods_line(card, language).partition(": ")[2]
    yield "regions", f"{card.from_region or unknown} → {card.to_region or unknown}"
    if card.accepted_at is None or card.age_s is None:
        yield "accepted", unknown
    else:
        yield "accepted", f"{_at(card.accepted_at, zone)} ({say(age_in_words(card.age_s), language)})"
    yield "inspection", _inspection(card, language, zone)
    yield "where", say(card.whereabouts.text, language)
    yield "step", say(card.next_step, language)
    for contact in card.contacts:
        yield "call", say(contact.text, language) + ("" if contact.where is None else f" [{escaped(contact.where)}]")
    for other in card.counterparts:
        kind = "photo" if other.kind is CounterpartKind.PHOTO else "document_place"
        where = escaped(f"{other.courier}/{other.outlet} {other.waybill}")
        yield "other", f"{_label(kind, language)}: {where}, {_at(other.at, zone)}"
    yield "clears", say(card.clears_when, language)


def _inspection(card: Card, language: Language, zone: tzinfo | None) -> str:
    seen, said = card.inspection, inspection_line(card, language)
    if seen is None:
        return said
    opened = _label("opened" if seen.opened else "not_opened", language)
    duration = _label("unknown", language) if seen.duration_s is None else f"{seen.duration_s:.0f} s"
    parts = (
        said.partition(": ")[2],
        opened,
        duration,
        f"{_label('photos', language)} {seen.photos}",
        escaped(f"{seen.outlet} {seen.operator}"),
        _at(seen.at, zone),
    )
    return ", ".join(parts)


def _at(moment: datetime, zone: tzinfo | None) -> str:
    local = moment.astimezone(zone)
    return f"{local:%Y-%m-%d %H:%M:%S} {zone_name(local)}"


def _label(name: str, language: Language) -> str:
    return _LABELS[name][language == "en"]
