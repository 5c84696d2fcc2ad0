"""An alert as a few readable, coloured lines for a terminal."""

from collections.abc import Iterator
from datetime import date, datetime, tzinfo
from typing import Literal, NamedTuple

from rich.text import Text

from parcelward.alerts.alert import ACTION_TEXT
from parcelward.alerts.card import age_in_words
from parcelward.alerts.model_finding import shown_score
from parcelward.alerts.verdict import MODEL_RULE, named
from parcelward.contract.alerts import Alert, AlertState, Finding, Lane, Severity
from parcelward.contract.cards import Bilingual, Card, ContactRole
from parcelward.escaping import escaped
from parcelward.moments import CHINA, zone_name
from parcelward.rules.words import WORDS as VALUE_WORDS

Language = Literal["zh", "en"]
LANE_STYLE = {Lane.RED: "bold white on red", Lane.YELLOW: "bold black on yellow", Lane.GREEN_SAMPLED: "black on green"}
LANE_NAME = {
    "zh": {Lane.RED: "红色", Lane.YELLOW: "黄色", Lane.GREEN_SAMPLED: "抽检"},
    "en": {Lane.RED: "RED", Lane.YELLOW: "YELLOW", Lane.GREEN_SAMPLED: "SAMPLED"},
}
SEVERITY_STYLE = {
    Severity.CRITICAL: "bold red",
    Severity.HIGH: "red",
    Severity.MEDIUM: "yellow",
    Severity.LOW: "dim",
}


class _Words(NamedTuple):
    by: str
    due_since: str
    score: str
    revision: str
    cleared: str
    close: str
    before: str
    changed: str
    goods: str
    declared: str
    found: str
    pieces: str
    weight: str
    at_inspection: str
    grams: str
    accepted: str
    earlier: str
    inspection: str
    no_inspection: str
    unknown: str
    next: str
    colon: str
    comma: str
    semicolon: str
    brackets: str


WORDS: dict[Language, _Words] = {
    "zh": _Words(
        by="，处置时限：", due_since="，立即处置，时限已到：",
        score="模型评分", revision="第{}版", cleared="已由后续证据解除", close="复核后结案",
        before="曾有", changed="变化", goods="内件", declared="申报", found="所见", pieces="{}件", weight="重量",
        at_inspection="验视时", grams="{:,}克", accepted="告警前{}收寄", earlier="告警前{}", inspection="验视",
        no_inspection="尚无验视记录", unknown="未知", next="处置", colon="：", comma="，", semicolon="；",
        brackets="（{}）",
    ),
    "en": _Words(
        by=" by ", due_since=" now, due since ",
        score="model score", revision="rev {}", cleared="cleared by evidence", close="review, then close",
        before="was", changed="changed", goods="goods", declared="declared ", found="found ", pieces="{} pieces",
        weight="weight ", at_inspection="at inspection ", grams="{:,} g", accepted="accepted {} before this alert",
        earlier="{} before this alert",
        inspection="inspection", no_inspection="no inspection known yet", unknown="unknown", next="do", colon=": ",
        comma=", ", semicolon="; ", brackets=" ({})",
    ),
}  # fmt: skip


def say(text: Bilingual, language: Language) -> str:
    """The text in one language, fit to be shown."""
    return escaped(text.zh if language == "zh" else text.en)


def by_model(alert: Alert) -> bool:
    """Tell whether the model has a finding in this alert."""
    return any(finding.rule == MODEL_RULE for finding in alert.findings)


def alert_lines(alert: Alert, language: Language, *, today: date | None = None, zone: tzinfo | None = CHINA) -> Text:
    """Head line (lane, times, where, waybill, action, score), one line a finding, and what the card says in short.

    Times are those of `zone` (None: this machine's), which the deadline names. A date is shown where it is not `today`
    (None: the day the alert was raised).
    """
    text = head_line(alert, language, today, zone)
    for finding in alert.findings:
        finding_line(text, finding, language)
    history_lines(text, alert, language)
    if alert.card is not None and alert.lane is not Lane.GREEN_SAMPLED:
        for line in card_in_short(alert.card, language):
            text.append(f"\n          {line}", "dim")
    return text


def head_line(alert: Alert, language: Language, today: date | None, zone: tzinfo | None) -> Text:
    """Lane, when and where, waybill, what to do and until when, the score if it is why, revision."""
    words = WORDS[language]
    raised, due = alert.raised_at.astimezone(zone), alert.due_by.astimezone(zone)
    today = today or raised.date()
    cleared = alert.state is AlertState.CLEARED_BY_EVIDENCE
    text = Text()
    text.append(f" {LANE_NAME[language][alert.lane]} ", LANE_STYLE[alert.lane])
    text.append(f" {_clock(raised, today)} ", "dim")
    text.append(escaped(f"{alert.courier}/{alert.outlet} "), "cyan")
    text.append(escaped(alert.waybill), "bold")
    action = ACTION_TEXT[alert.action][language == "en"]
    text.append(f"  {words.close if cleared else action}", "magenta")
    # A revision moves no deadline: what is found when it has passed is due at once.
    by = words.due_since if due <= raised and not cleared else words.by
    text.append(f"{by}{_clock(due, today)} {zone_name(due)}")
    if alert.score is not None and by_model(alert):
        text.append(f"  {words.score} {shown_score(alert.score.value, alert.score.threshold)}", "blue")
    if alert.revision > 1:
        text.append(f"  {words.revision.format(alert.revision)}", "dim")
    if cleared:
        text.append(f"  {words.cleared}", "green")
    return text


def finding_line(text: Text, finding: Finding, language: Language) -> None:
    """Append the line of a finding: its rule and why."""
    text.append(f"\n    {say(named(finding.rule), language):<5} ", SEVERITY_STYLE[finding.severity])
    text.append(say(finding.reason, language))


def history_lines(text: Text, alert: Alert, language: Language) -> None:
    """Append what was found before and is no longer, and what changed; the summary where nothing was ever found."""
    words = WORDS[language]
    for earlier in alert.found_before:
        reason = "" if earlier.reason is None else words.colon + say(earlier.reason, language)
        text.append(f"\n    {say(named(earlier.rule), language):<5} {words.before}{reason}", "dim")
    if changes := [say(one.text, language) for one in alert.changes]:
        text.append(f"\n          {words.changed}{words.colon}{words.semicolon.join(changes)}", "green")
    if not alert.findings and not alert.found_before:
        text.append(f"\n          {say(alert.summary, language)}")


def card_in_short(card: Card, language: Language) -> Iterator[str]:
    """Two lines: what and where from, and what to do."""
    words = WORDS[language]
    parts = [goods_line(card, language), inspection_line(card, language), say(card.whereabouts.text, language)]
    if card.age_s is not None:
        parts.insert(1, words.accepted.format(say(age_in_words(card.age_s), language)))
    yield f"{words.goods}{words.colon}{words.comma.join(parts)}"
    police = [say(one.text, language) for one in card.contacts if one.role is ContactRole.POLICE_110]
    yield f"{words.next}{words.colon}{words.semicolon.join((say(card.next_step, language), *police))}"


def goods_line(card: Card, language: Language) -> str:
    """Goods as declared and as found, with pieces and weights."""
    words, goods = WORDS[language], card.goods
    declared = words.unknown if goods.declared is None else f"“{escaped(goods.declared)}”"
    parts = [words.declared + declared]
    if goods.quantity is not None and goods.quantity > 1:
        parts.append(words.pieces.format(goods.quantity))
    if goods.found is not None:
        parts.append(f"{words.found}“{escaped(goods.found)}”")
    weights = [] if goods.weight_g is None else [words.weight + words.grams.format(goods.weight_g)]
    if goods.inspected_weight_g is not None and goods.inspected_weight_g != goods.weight_g:
        weights.append(words.at_inspection + words.grams.format(goods.inspected_weight_g))
    return words.comma.join((*parts, *weights))


def inspection_line(card: Card, language: Language) -> str:
    """The outcome of the inspection, or that none is known."""
    words, seen = WORDS[language], card.inspection
    if seen is None:
        return words.no_inspection
    said = VALUE_WORDS["inspection_result"].get(seen.result, (seen.result, seen.result))
    return f"{words.inspection}{words.colon}{escaped(say(Bilingual(zh=said[0], en=said[1]), language))}"


def _clock(moment: datetime, today: date) -> str:
    return f"{moment:%H:%M:%S}" if moment.date() == today else f"{moment:%Y-%m-%d %H:%M:%S}"
