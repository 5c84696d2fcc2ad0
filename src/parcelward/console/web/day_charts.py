"""A courier's days as small drawings, one for each figure: each day against what is usual, and days without a word."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from statistics import median
from typing import NamedTuple

from parcelward.console.store.answer_days import AnswerDay
from parcelward.console.store.courier_days import DAYS, Day
from parcelward.console.web.columns import placed
from parcelward.console.web.courier_rows import ENOUGH, MEASURES, stands_out
from parcelward.moments import MINUTE_MS

HEIGHT = 56
HEAD = 16
SHOWN = ("sent", "refused", "late", "overdue")
"""Figures of the accounts that are drawn; what was screened is what was sent without what was refused."""
EPOCH = date(1970, 1, 1)


class DayBar(NamedTuple):
    """One day: `x` and `width` in percent, `y` and `height` in pixels; `value` is None of a day without an account."""

    x: float
    width: float
    y: float
    height: float
    date: date
    value: int | None
    kind: str


class DayChart(NamedTuple):
    """One figure over the days. `usual` is the median of the days before the newest, None of too few."""

    name: str
    bars: tuple[DayBar, ...]
    usual: int | None
    usual_y: float
    most: int
    newest: int | None
    stands_out: bool

    @property
    def missing(self) -> int:
        """Count the days of which nothing is known."""
        return sum(one.value is None for one in self.bars)


def day_charts(
    days: Sequence[Day], newest: date | None, answers: Mapping[int, AnswerDay] | None = None
) -> tuple[DayChart, ...]:
    """Draw the figures of a courier up to the newest day of all couriers; none where nothing is known of it."""
    if not days or newest is None:
        return ()
    first = max(days[0].date, newest - timedelta(days=DAYS - 1))
    dates = [first + timedelta(days=number) for number in range((newest - first).days + 1)]
    known = {day.date: day for day in days}
    charts = [_chart(name, dates, {one: MEASURES[name](day) for one, day in known.items()}) for name in SHOWN]
    answered = {
        EPOCH + timedelta(days=number): round(day.median_ms / MINUTE_MS) for number, day in (answers or {}).items()
    }
    minutes = {one: answered[one] for one in dates if one in answered}
    return (*charts, *([_chart("answers", dates, minutes, silent=False)] if minutes else []))


def _chart(name: str, dates: Sequence[date], values: Mapping[date, int], *, silent: bool = True) -> DayChart:
    before = [values[one] for one in dates[:-1] if one in values]
    usual = round(median(before)) if len(before) >= ENOUGH else None
    most = max((*(values.get(one, 0) for one in dates), usual or 0, 1))
    newest = values.get(dates[-1])
    worse = usual is not None and newest is not None and stands_out(name, newest, usual)
    bars = []
    for number, one in enumerate(dates):
        value = values.get(one)
        missing = value is None and silent
        height = float(HEIGHT) if missing else round(HEIGHT * (value or 0) / most, 1)
        kind = (
            "missing"
            if missing
            else "worse"
            if worse and number == len(dates) - 1
            else "newest"
            if number == len(dates) - 1
            else "day"
        )
        bars.append(DayBar(*placed(number, len(dates), height, HEAD + HEIGHT), one, value, kind))
    usual_y = round(HEAD + HEIGHT - HEIGHT * (usual or 0) / most, 1)
    return DayChart(name, tuple(bars), usual, usual_y, most, newest, worse)
