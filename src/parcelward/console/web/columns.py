"""Counts over time as columns of a small drawing."""

from collections.abc import Sequence
from typing import NamedTuple

from parcelward.moments import HOUR_MS

MOST = 72
HIGHEST = 40.0


class Column(NamedTuple):
    """One hour: where it stands, how high it is, and its alerts."""

    x: int
    height: float
    at_ms: int
    alerts: int


def columns(by_hour: Sequence[tuple[int, int]]) -> list[Column]:
    """Draw counts by the hour in which they began, hours without any between them; the last days if there are many.

    >>> [(one.x, one.height, one.alerts) for one in columns([(0, 2), (7_200_000, 1)])]
    [(0, 40.0, 2), (1, 0.0, 0), (2, 20.0, 1)]
    """
    if not by_hour:
        return []
    counted = dict(by_hour)
    last = max(counted)
    first = max(min(counted), last - (MOST - 1) * HOUR_MS)
    most = max(counted.values())
    hours = range(first, last + 1, HOUR_MS)
    return [
        Column(number, round(HIGHEST * counted.get(at, 0) / most, 1), at, counted.get(at, 0))
        for number, at in enumerate(hours)
    ]
