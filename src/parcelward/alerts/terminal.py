"""An alert as a few readable, coloured lines for a terminal."""

from datetime import date, datetime, timedelta, tzinfo
from typing import Literal, NamedTuple

from rich.text import Text

from parcelward.alerts.alert import ACTION_TEXT
from parcelward.contract.alerts import Alert, AlertState, Bilingual, Lane, Severity

Language = Literal["zh", "en"]
LANE_STYLE = {Lane.RED: "bold white on red", Lane.YELLOW: "bold black on yellow", Lane.GREEN_SAMPLED: "black on green"}
LANE_NAME = {
    "zh": {Lane.RED: "红", Lane.YELLOW: "黄", Lane.GREEN_SAMPLED: "抽检"},
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
    score: str
    revision: str
    cleared: str


WORDS: dict[Language, _Words] = {
    "zh": _Words("限", "评分", "第{}版", "已由后续证据解除"),
    "en": _Words("by", "score", "rev {}", "cleared by evidence"),
}


def say(text: Bilingual, language: Language) -> str:
    """The text in one language."""
    return text.zh if language == "zh" else text.en


def alert_lines(alert: Alert, language: Language, *, today: date | None = None, zone: tzinfo | None = None) -> Text:
    """Head line (lane, times, where, waybill, action, score), then one line a finding, or the summary without any.

    Times are those of `zone` (None: this machine's), which the deadline names. A date is shown where it is not `today`
    (None: the day the alert was raised).
    """
    words = WORDS[language]
    raised, due = alert.raised_at.astimezone(zone), alert.due_by.astimezone(zone)
    today = today or raised.date()
    text = Text()
    text.append(f" {LANE_NAME[language][alert.lane]} ", LANE_STYLE[alert.lane])
    text.append(f" {_clock(raised, today)} ", "dim")
    text.append(f"{alert.courier}/{alert.outlet} ", "cyan")
    text.append(alert.waybill, "bold")
    action = ACTION_TEXT[alert.action][0] if language == "zh" else alert.action.value
    text.append(f"  {action}", "magenta")
    text.append(f" {words.by} {_clock(due, today)} {zone_name(due)}")
    if alert.score is not None:
        text.append(f"  {words.score} {alert.score.value:.2f}", "blue")
    if alert.revision > 1:
        text.append(f"  {words.revision.format(alert.revision)}", "dim")
    if alert.state is AlertState.CLEARED_BY_EVIDENCE:
        text.append(f"  {words.cleared}", "green")
    for finding in alert.findings:
        text.append(f"\n    {finding.rule:<5} ", SEVERITY_STYLE[finding.severity])
        text.append(say(finding.reason, language))
    if not alert.findings:
        text.append(f"\n          {say(alert.summary, language)}")
    return text


def zone_name(moment: datetime) -> str:
    """The offset of an aware moment as `UTC`, `UTC+8` or `UTC+5:30`."""
    minutes = int((moment.utcoffset() or timedelta()).total_seconds()) // 60
    if not minutes:
        return "UTC"
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{'+' if minutes > 0 else '-'}{hours}" + (f":{rest:02}" if rest else "")


def _clock(moment: datetime, today: date) -> str:
    return f"{moment:%H:%M:%S}" if moment.date() == today else f"{moment:%Y-%m-%d %H:%M:%S}"
