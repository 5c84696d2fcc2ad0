"""One alert in full, as a page of labelled lines: what a person reads who decides on it."""

from collections.abc import Iterator
from datetime import datetime, timedelta, tzinfo

from rich.text import Text

from parcelward.alerts.card import age_in_words
from parcelward.alerts.clears import finding_clears
from parcelward.alerts.law import law_in_english
from parcelward.alerts.model_finding import shown_score
from parcelward.alerts.regions import region_name
from parcelward.alerts.terminal import (
    WORDS,
    Language,
    by_model,
    finding_line,
    goods_line,
    head_line,
    history_lines,
    inspection_line,
    say,
)
from parcelward.contract.alerts import Alert
from parcelward.contract.cards import Bilingual, Card, Profile
from parcelward.escaping import escaped
from parcelward.features.table import FEATURES, INDEX
from parcelward.moments import CHINA, zone_name

Line = tuple[str, str]
"""Label and what it says."""
_LABELS: dict[str, tuple[str, str]] = {
    "step": ("处置", "do"),
    "raised": ("发出", "raised"),
    "due": ("处置时限", "decide by"),
    "operator": ("揽收员", "operator"),
    "sender": ("寄件人", "sender"),
    "goods": ("内件", "goods"),
    "regions": ("起止地区", "from, to"),
    "accepted": ("收寄", "accepted"),
    "inspection": ("验视", "inspection"),
    "where": ("告警时所在", "where, at that time"),
    "call": ("联系", "call"),
    "photo": ("照片相同的另一件", "the parcel with the same photo"),
    "document_place": ("该证件上一次读取", "the document was read before at"),
    "count": ("计数", "count"),
    "by_minutes": ("自{}起，每{}分钟：", "from {} on, every {} min: "),
    "by_hours": ("自{}起，每{}小时：", "from {} on, every {} h: "),
    "clears": ("解除条件", "clears when"),
    "score": ("模型评分", "model score"),
    "evidence": ("证据", "evidence"),
    "judged": ("规则包和模型", "rule pack, model"),
    "alert": ("告警编号", "alert"),
    "law": ("法律依据", "law"),
    "unknown": ("未知", "unknown"),
    "others": ("其余因素合计", "all other values together"),
    "baseline": ("同类正常件的基准值", "where a clean parcel of this kind starts"),
    "log_odds": ("评分构成（对数几率，正数提高风险）", "what the score is made of (log-odds; plus raises the risk)"),
    "alone": ("达到{}即单独告警", "the model alone raises an alert from {}"),
    "opened": ("已开箱", "opened"),
    "not_opened": ("未开箱", "not opened"),
    "duration": ("历时{:.0f}秒", "took {:.0f} s"),
    "no_duration": ("历时未知", "duration unknown"),
    "photos": ("照片{}张", "photos: {}"),
    "revision": ("第{}版", "revision {}"),
    "version": ("第{}版", "version {}"),
    "control": ("管控期", "control period"),
    "until": ("至{}", "until {}"),
    "channel": ("绿色通道", "green channel"),
}


def alert_page(alert: Alert, language: Language, zone: tzinfo | None = CHINA) -> Text:
    """The whole alert: what was found and on which law it rests, what to do, then all that one may ask.

    Times are those of `zone` (None: this machine's) and name it.
    """
    text = head_line(alert, language, None, zone)
    for finding in alert.findings:
        finding_line(text, finding, language)
        law = finding.legal_basis if language == "zh" else law_in_english(finding.legal_basis)
        for name, said in (("clears", say(finding_clears(finding), language)), ("law", escaped(law))):
            text.append(f"\n          {label(name, language)}{WORDS[language].colon}{said}", "dim")
    history_lines(text, alert, language)
    for name, said in page_lines(alert, language, zone):
        text.append(f"\n  {label(name, language)}{WORDS[language].colon}", "bold")
        text.append(said)
    return text


def page_lines(alert: Alert, language: Language, zone: tzinfo | None = CHINA) -> Iterator[Line]:
    """Give all that one may ask about an alert as lines; `label` says what each is called."""
    card, words, unknown = alert.card, WORDS[language], label("unknown", language)
    if card is not None:
        yield "step", say(card.next_step, language)
    yield "due", _at(alert.due_by, zone)
    if card is not None:
        if not alert.findings:
            yield "clears", say(card.clears_when, language)
        yield from _card_lines(card, language, zone)
    parties = alert.parties
    masks = [escaped(mask) for mask in (parties.name_mask, parties.document_mask, parties.phone_mask) if mask]
    yield "sender", words.comma.join(masks) or unknown
    yield "operator", escaped(alert.operator or unknown)
    yield from _score_lines(alert, language)
    for control in alert.controls:
        until = label("until", language).format(_at(control.until, zone))
        parts = [f"{control.id} {label('version', language).format(control.version)}", until]
        parts += [label("channel", language)] if control.green_channel else []
        yield "control", say(control.title, language) + words.brackets.format(words.comma.join(parts))
    pack = filter(None, (alert.rule_pack_version, alert.rule_pack_hash))
    yield "judged", escaped(words.comma.join((" ".join(pack), alert.model_version or unknown)))
    yield "raised", _at(alert.raised_at, zone)
    yield "alert", escaped(words.comma.join((alert.alert_id, label("revision", language).format(alert.revision))))
    for one in alert.evidence:
        yield "evidence", escaped(f"{one.topic}/{one.partition}/{one.offset} {one.event_id} {one.event_type}")


def _score_lines(alert: Alert, language: Language) -> Iterator[Line]:
    """The score; what it is made of only where the model has raised a finding: else it would explain away a rule."""
    score = alert.score
    if score is None:
        return
    words = WORDS[language]
    value, threshold = shown_score(score.value, score.threshold), shown_score(score.threshold, score.value)
    yield "score", value + words.brackets.format(label("alone", language).format(threshold))
    if not by_model(alert):
        return
    parts = [f"{part.weight:+.2f} {say(part.text, language)}" for part in score.contributions]
    if score.rest is not None and score.baseline is not None:
        parts.append(f"{score.rest:+.2f} {label('others', language)}")
        parts.append(f"{score.baseline:+.2f} {label('baseline', language)}")
    yield "log_odds", words.semicolon.join(parts)


def _card_lines(card: Card, language: Language, zone: tzinfo | None) -> Iterator[Line]:
    unknown, words = label("unknown", language), WORDS[language]
    for contact in card.contacts:
        where = "" if contact.where is None else words.brackets.format(escaped(contact.where))
        yield "call", say(contact.text, language) + where
    yield "goods", goods_line(card, language)
    ends = (card.from_region, card.to_region)
    yield "regions", " → ".join(unknown if one is None else say(region_name(one), language) for one in ends)
    if card.accepted_at is None or card.age_s is None:
        yield "accepted", unknown
    else:
        age = words.earlier.format(say(age_in_words(card.age_s), language))
        yield "accepted", _at(card.accepted_at, zone) + words.comma + age
    yield "inspection", _inspection(card, language, zone)
    yield "where", say(card.whereabouts.text, language)
    for other in card.counterparts:
        where = escaped(f"{other.courier}/{other.outlet} {other.waybill}")
        yield other.kind.value, f"{where}{words.comma}{_at(other.at, zone)}"
    for profile in card.profiles:
        yield "count", _counted(profile, language, zone)


def _counted(profile: Profile, language: Language, zone: tzinfo | None) -> str:
    """Say what a finding counted, bucket by bucket, from the first in which there was anything."""
    feature, counts = FEATURES[INDEX[profile.feature]], profile.counts[-profile.within :]
    first = next((position for position, count in enumerate(counts) if count), 0)
    begin = profile.begins_at + timedelta(seconds=profile.bucket_s) * (len(profile.counts) - profile.within + first)
    said = say(Bilingual(zh=feature.meaning_zh, en=feature.meaning), language)
    minutes = profile.bucket_s // 60
    by, steps = ("by_minutes", minutes) if minutes % 60 else ("by_hours", minutes // 60)
    buckets = label(by, language).format(_at(begin, zone), steps)
    shown = " ".join(str(count) for count in counts[first:])
    return f"{said}{WORDS[language].colon}{profile.value}{WORDS[language].semicolon}{buckets}{shown}"


def _inspection(card: Card, language: Language, zone: tzinfo | None) -> str:
    seen, words = card.inspection, WORDS[language]
    if seen is None:
        return words.no_inspection
    duration = "no_duration" if seen.duration_s is None else "duration"
    parts = (
        inspection_line(card, language).partition(words.colon)[2],
        label("opened" if seen.opened else "not_opened", language),
        label(duration, language).format(seen.duration_s),
        label("photos", language).format(seen.photos),
        escaped(f"{seen.outlet} {seen.operator}"),
        _at(seen.at, zone),
    )
    return words.comma.join(parts)


def _at(moment: datetime, zone: tzinfo | None) -> str:
    local = moment.astimezone(zone)
    return f"{local:%Y-%m-%d %H:%M:%S} {zone_name(local)}"


def label(name: str, language: Language) -> str:
    """Give the label of a line."""
    return _LABELS[name][language == "en"]
