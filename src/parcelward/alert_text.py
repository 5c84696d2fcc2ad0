"""An alert as a few readable, coloured lines for a terminal."""

from typing import Literal

from rich.text import Text

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


def say(text: Bilingual, language: Language) -> str:
    """The text in one language."""
    return text.zh if language == "zh" else text.en


def alert_lines(alert: Alert, language: Language) -> Text:
    """Head line (lane, time, where, waybill, action, score) and one line a finding; local time."""
    text = Text()
    text.append(f" {LANE_NAME[language][alert.lane]} ", LANE_STYLE[alert.lane])
    text.append(f" {alert.raised_at.astimezone():%H:%M:%S} ", "dim")
    text.append(f"{alert.courier}/{alert.outlet} ", "cyan")
    text.append(alert.waybill, "bold")
    text.append(f"  {alert.action.value}", "magenta")
    text.append(
        f" by {alert.due_by.astimezone():%H:%M:%S}" if language == "en" else f" 限 {alert.due_by.astimezone():%H:%M:%S}"
    )
    if alert.score is not None:
        text.append(f"  score {alert.score.value:.2f}", "blue")
    if alert.revision > 1:
        text.append(f"  rev {alert.revision}", "dim")
    if alert.state is AlertState.CLEARED_BY_EVIDENCE:
        text.append("  cleared by evidence", "green")
    for finding in alert.findings:
        text.append(f"\n    {finding.rule:<5} ", SEVERITY_STYLE[finding.severity])
        text.append(say(finding.reason, language))
    return text
