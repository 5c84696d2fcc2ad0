"""The credit view as rows: each figure with its interval, and what it rests on. There is no single score."""

from collections.abc import Sequence
from typing import NamedTuple

from parcelward.outcomes.credit import Credit, Times
from parcelward.outcomes.intervals import Figure

FIGURES = ("duties_kept", "confirmed", "answered", "random_checks")
OUTLETS = 30


class Interval(NamedTuple):
    """A figure in percent: the share, and the interval in which it lies; None where there are too few to say."""

    name: str
    n: int
    m: int
    share: float | None
    low: float
    high: float


class CreditRow(NamedTuple):
    """A courier or one of its outlets."""

    name: str
    is_courier: bool
    intervals: tuple[Interval, ...]
    times: Times


def credit_rows(views: Sequence[Credit]) -> list[CreditRow]:
    """Make rows: the courier first, then its outlets, those first of which most is known."""
    rows = [CreditRow(one.name, one.by == "courier", _intervals(one), one.answer_times) for one in views]
    rows.sort(key=lambda row: (not row.is_courier, -max(one.m for one in row.intervals), row.name))
    return rows[: OUTLETS + 1]


def _intervals(credit: Credit) -> tuple[Interval, ...]:
    return tuple(_interval(name, getattr(credit, name)) for name in FIGURES)


def _interval(name: str, figure: Figure) -> Interval:
    """Give a figure in percent.

    >>> _interval("confirmed", Figure(9, 30, 0.3, 0.1667, 0.4787))
    Interval(name='confirmed', n=9, m=30, share=30.0, low=16.7, high=47.9)
    """
    if figure.share is None or figure.low is None or figure.high is None:
        return Interval(name, figure.n, figure.m, None, 0, 0)
    share, low, high = (round(100 * one, 1) for one in (figure.share, figure.low, figure.high))
    return Interval(name, figure.n, figure.m, share, low, high)
