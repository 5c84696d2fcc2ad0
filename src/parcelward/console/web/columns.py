"""Counts over time as columns: so wide that an hour, a day or a month can be read, with ticks on the axis."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from parcelward.moments import CHINA, CHINA_MS, DAY_MS, HOUR_MS, MINUTE_MS, utc

MOST, LEAST = 60, 12
"""Columns of a drawing: no more, so that each can be seen; no less, so that a single one is no wall."""
EACH_SAID = 24
"""With so many columns at most each says its count; with more the highest alone."""
HEIGHT, HEAD = 96, 16
"""Pixels of the highest column, and of the room above it for its count."""
TICKS = 6


class Width(NamedTuple):
    """Width of a column, the key of its words, and of how many columns a tick may be apart."""

    ms: int
    name: str
    apart: tuple[int, ...]


WIDTHS = (
    Width(5 * MINUTE_MS, "columns_5min", (1, 2, 3, 6, 12)),
    Width(HOUR_MS, "columns_hour", (1, 2, 3, 6, 12, 24)),
    Width(DAY_MS, "columns_day", (1, 2, 7, 14)),
)


class Place(NamedTuple):
    """Place of a column: `x` and `width` in percent, `y` and `height` in pixels."""

    x: float
    width: float
    y: float
    height: float


def placed(number: int, total: int, height: float, room: int) -> Place:
    """Place one of some columns, so high, above a line that is `room` pixels from the top.

    >>> placed(1, 4, 24.0, 112)
    Place(x=27.5, width=20.0, y=88.0, height=24.0)
    """
    share = 100 / total
    return Place(round((number + 0.1) * share, 2), round(0.8 * share, 2), round(room - height, 1), height)


def said_of(count: int, most: int, total: int) -> str:
    """Write the count of a column, where it has room: of few columns each, of many the highest alone."""
    return str(count) if count and (total <= EACH_SAID or count == most) else ""


class Column(NamedTuple):
    """One column: `x` and `width` in percent, `y` and `height` in pixels; `said` is its count where it is written."""

    x: float
    width: float
    y: float
    height: float
    at_ms: int
    alerts: int
    said: str


class Tick(NamedTuple):
    """One tick of the axis, in percent, and its time in words."""

    x: float
    text: str


class Columns(NamedTuple):
    """A whole drawing."""

    name: str
    columns: tuple[Column, ...]
    ticks: tuple[Tick, ...]
    most: int

    @property
    def filled(self) -> list[Column]:
        """The columns that have something, for those who read numbers."""
        return [one for one in self.columns if one.alerts]


def columns(times: Sequence[int]) -> Columns | None:
    """Draw when something happened (ms), the last columns if there would be too many; None where nothing did.

    >>> drawn = columns([0, 1_000, 7_200_000])
    >>> drawn.name, [one.alerts for one in drawn.filled], drawn.ticks[0].text
    ('columns_5min', [2, 1], '08:00')
    """
    if not times:
        return None
    first, last = min(times), max(times)
    width = next((one for one in WIDTHS if last - first < (MOST - 1) * one.ms), WIDTHS[-1])
    begin, end = _number(first, width.ms), _number(last, width.ms)
    begin = max(begin, end - MOST + 1)
    missing = max(LEAST - (end - begin + 1), 0)
    begin, end = begin - missing // 2, end + missing - missing // 2
    counted = Counter(_number(one, width.ms) for one in times)
    total = end - begin + 1
    most = max(count for number, count in counted.items() if number >= begin)
    drawn = [_column(number, counted[number], begin, total, most, width.ms) for number in range(begin, end + 1)]
    return Columns(width.name, tuple(drawn), tuple(_ticks(begin, total, width)), most)


def _number(at_ms: int, width_ms: int) -> int:
    """Number of the column that a time lies in; days are those of China."""
    return (at_ms + CHINA_MS) // width_ms


def _column(number: int, count: int, begin: int, total: int, most: int, width_ms: int) -> Column:
    place = placed(number - begin, total, round(HEIGHT * count / most, 1), HEAD + HEIGHT)
    return Column(*place, number * width_ms - CHINA_MS, count, said_of(count, most, total))


def _ticks(begin: int, total: int, width: Width) -> list[Tick]:
    apart = next((one for one in width.apart if total / one <= TICKS), width.apart[-1])
    numbers = [number for number in range(begin, begin + total) if number % apart == 0]
    return [Tick(round(100 * (one - begin) / total, 2), _time(one * width.ms - CHINA_MS, width.ms)) for one in numbers]


def _time(at_ms: int, width_ms: int) -> str:
    local = utc(at_ms).astimezone(CHINA)
    if width_ms == DAY_MS:
        return f"{local:%m-%d}"
    return f"{local:%H:%M}" if width_ms < HOUR_MS or local.hour else f"{local:%m-%d}"
