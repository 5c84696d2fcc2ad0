"""docs/referrals.md, its tables and its drawing are what the table of steps says."""

import html
import re
from pathlib import Path

from parcelward.cases import page
from parcelward.cases.machine import LEVELS, TABLE
from parcelward.cases.times import Times
from parcelward.settings import Settings

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / page.PAGE).read_text()
AMOUNTS = {"min": 60_000, "h": 3_600_000, "d": 86_400_000}


def test_the_tables_are_up_to_date() -> None:
    assert page.with_tables(PAGE) == PAGE, "run `python -m parcelward.cases.page docs`"


def test_the_drawing_is_up_to_date() -> None:
    assert (DOCS / page.DOT).read_text() == page.drawing(), "run `python -m parcelward.cases.page docs`"
    svg = (DOCS / page.DOT).with_suffix(".svg").read_text()
    titles = {html.unescape(title) for title in re.findall(r"<title>([^<]+)</title>", svg)}
    drawn = {f"{low}->{high}" for low, high in re.findall(r'"(\w+)" -> "(\w+)"', page.drawing())}
    assert titles == {"referrals", "cluster_waiting", *TABLE, *drawn}, "run `make drawing`"
    moving = {step for state, ways in TABLE.items() for step, way in ways.items() if way.to is not state}
    assert {step for step in moving if f">{step}<" not in svg} == set(), "run `make drawing`"


def test_the_deadlines_on_the_page_are_the_defaults() -> None:
    times = Times.from_settings(Settings())
    rows = dict(re.findall(r"^\| until .* \| `(\w+)`[^|]*\| (.+) \|$", PAGE, flags=re.MULTILINE))
    shown = {
        name: [int(n) * AMOUNTS[unit] for n, unit in re.findall(r"(\d+) (\w+)", row)] for name, row in rows.items()
    }
    severities = ("critical", "high", "medium", "low")
    assert shown == {
        "acknowledge_due": [times.acknowledge[one] for one in severities],
        "decide_due": [times.decide[one] for one in severities],
        "answer_due": [times.answer[one] for one in severities],
        "settle_after": [times.settle] * 4,
    }
    assert LEVELS == 3  # "three times at most"
