"""Screen the events of the ten alerts as a worker would, and print the alerts into the page."""

import re
from datetime import timedelta, timezone
from functools import cache
from pathlib import Path
from typing import get_args

from parcelward.alerts.page import alert_page
from parcelward.alerts.terminal import Language
from parcelward.contract.alerts import Alert
from parcelward.intake.event_file import numbered_events
from parcelward.screening.build import build_stages
from parcelward.screening.rehearsal import Refused, Rehearsal
from parcelward.settings import Settings

PAGE = Path(__file__).parents[2] / "docs" / "alerts-judged.md"
EVENTS = Path(__file__).with_name("ten.jsonl")
CHINA = timezone(timedelta(hours=8))
BLOCK = re.compile(
    r"(<!-- alert (?P<waybill>\S+) (?P<language>\S+) -->\n\n)(?P<shown>(?:    .*\n|\n)*?)\n?(<!-- /alert -->)"
)


@cache
def newest_alerts() -> dict[str, Alert]:
    """The newest revision of each alert that the built-in rules and the released model raise, by waybill."""
    settings = Settings(sampled_share=0.0)
    with EVENTS.open("rb") as lines:
        rehearsal = Rehearsal(numbered_events(lines), build_stages(settings), settings.topics, None)
    newest = {}
    for outcome in rehearsal.outcomes():
        assert not isinstance(outcome, Refused), outcome
        alert = Alert.model_validate_json(outcome)
        newest[alert.waybill] = alert
    return newest


def shown(waybill: str, language: Language) -> str:
    """The alert as `parcelward alerts --id` shows it, indented as a block of Markdown."""
    page = alert_page(newest_alerts()[waybill], language, CHINA).plain
    return "".join(f"    {line}".rstrip() + "\n" for line in page.splitlines())


def printed(page: str) -> str:
    """The page with the alerts as they are now."""
    return BLOCK.sub(lambda block: f"{block[1]}{shown(block['waybill'], language_of(block))}\n{block[5]}", page)


def language_of(block: re.Match[str]) -> Language:
    """The language of a block."""
    for language in get_args(Language):
        if block["language"] == language:
            return language  # type: ignore[no-any-return]
    raise ValueError(f"{block[0][:80]}: no such language")
