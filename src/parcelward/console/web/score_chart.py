"""The model's score as bars that add up: where a clean parcel starts, what each value adds, where it ends."""

import math
from dataclasses import dataclass

from parcelward.alerts.terminal import Language
from parcelward.console.web.words import word
from parcelward.contract.alerts import Contribution, Score
from parcelward.contract.cards import Bilingual

MARGIN = 0.08
LEAST_WIDTH = 0.6
"""Percent of the drawing: what is small is seen all the same."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One line of the chart; `x` and `width` are percent of its width."""

    label: str
    amount: str
    colour: str
    kind: str
    x: float
    width: float


@dataclass(frozen=True, slots=True)
class Chart:
    """All bars, and where the limit is at which the model alone raises an alert."""

    bars: tuple[Bar, ...]
    limit: float


def score_chart(score: Score, language: Language) -> Chart | None:
    """Draw a score; None where it says no baseline, as in alerts of older versions."""
    if score.baseline is None:
        return None
    steps = [(_said(one.text, language), one.weight) for one in score.contributions]
    if score.rest:
        steps.append((word("score_rest", language), score.rest))
    ends = [score.baseline]
    for _, weight in steps:
        ends.append(ends[-1] + weight)
    limit = _log_odds(score.threshold)
    low, high = min(*ends, limit), max(*ends, limit)
    room = (high - low or 1.0) * MARGIN
    low, high = low - room, high + room

    def at(value: float) -> float:
        return round(100 * (value - low) / (high - low), 2)

    bars = [Bar(word("score_start", language), f"{score.baseline:+.2f}", "base", "start", 0, at(score.baseline))]
    for (label, weight), begin, end in zip(steps, ends, ends[1:], strict=False):
        left, right = sorted((at(begin), at(end)))
        colour = "more" if weight > 0 else "less"
        bars.append(Bar(label, f"{weight:+.2f}", colour, "step", left, max(right - left, LEAST_WIDTH)))
    bars.append(Bar(word("score_sum", language), f"{ends[-1]:+.2f}", "base", "sum", 0, at(ends[-1])))
    return Chart(tuple(bars), at(limit))


def _log_odds(share: float) -> float:
    inside = min(max(share, 1e-6), 1 - 1e-6)
    return math.log(inside / (1 - inside))


def _said(text: Bilingual, language: Language) -> str:
    return text.zh if language == "zh" else text.en


EXAMPLE = Score(
    value=0.93,
    threshold=0.8,
    model_version="example",
    baseline=-2.1,
    rest=0.2,
    contributions=(
        Contribution(
            feature="a", value=2.5, weight=3.1, text=Bilingual(zh="两次验视间隔2.5秒", en="2.5 s between inspections")
        ),
        Contribution(feature="b", value=1, weight=1.9, text=Bilingual(zh="照片重复", en="the photo came before")),
        Contribution(feature="c", value=1, weight=-0.5, text=Bilingual(zh="NFC读取证件", en="document read by NFC")),
    ),
)
"""For the page that shows the design."""
