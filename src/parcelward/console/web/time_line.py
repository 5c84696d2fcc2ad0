"""The course of events as a drawing: who moved when, on one axis. Long gaps are shortened, and say their length."""

from collections.abc import Sequence
from itertools import pairwise
from math import log10
from typing import NamedTuple

from parcelward.alerts.terminal import Language
from parcelward.console.web.course import MOVERS, Happening
from parcelward.console.web.rendering import short_time, span_in_words
from parcelward.console.web.words import word
from parcelward.moments import MINUTE_MS

LEFT, RIGHT = 13.0, 96.0
"""Percent at which the axis begins and ends; names of the rows stand before."""
WIDE_PX = 760
"""Width for which words are placed; a narrower screen scrolls."""
TOP, ROW = 14, 40
EDGE = 14
BESIDE = 100 * 11 / WIDE_PX
"""Percent between the middle of a point and its word."""
GAP = 10.0
"""Percent that the length of a gap needs below the axis."""
SHOWN_GAP_MS = 10 * MINUTE_MS
NEAR_END = 90.0
"""Percent from which on words stand to the left of their place."""


class Row(NamedTuple):
    """A row: who moved, and how far down."""

    kind: str
    y: int


class Point(NamedTuple):
    """Something that happened; `word` is empty where it has no room: the list below says it."""

    x: float
    y: int
    kind: str
    future: bool
    title: str
    word: str
    word_x: float
    word_y: int
    anchor: str


class Mark(NamedTuple):
    """A text below the axis."""

    x: float
    text: str

    @property
    def anchor(self) -> str:
        """Say which end of the text stands at its place."""
        return "end" if self.x > NEAR_END else "start"


class TimeLine(NamedTuple):
    """A whole drawing."""

    rows: tuple[Row, ...]
    points: tuple[Point, ...]
    times: tuple[Mark, ...]
    gaps: tuple[Mark, ...]
    now_x: float | None
    axis_y: int


def time_line(course: Sequence[Happening], now_ms: int, language: Language) -> TimeLine | None:
    """Draw a course of events; None of nothing, or of a single moment."""
    stops = sorted({one.at_ms // 1000 * 1000 for one in course})
    if len(stops) < 2:
        return None
    now = now_ms // 1000 * 1000
    with_now = sorted({*stops, now}) if any(one.future for one in course) else stops
    places = _places(with_now)
    kinds = [kind for kind in MOVERS if any(one.kind == kind for one in course)]
    rows = tuple(Row(kind, TOP + ROW * number + ROW // 2) for number, kind in enumerate(kinds))
    heights = {row.kind: row.y for row in rows}
    times, gaps = _axis(stops, places, now_ms, language)
    return TimeLine(
        rows,
        tuple(_points(course, places, heights, now_ms, language)),
        times,
        gaps,
        places[now] if len(with_now) > len(stops) else None,
        TOP + ROW * len(rows) + 6,
    )


def _places(stops: Sequence[int]) -> dict[int, float]:
    """Place moments: a gap of a day takes about four times the room of one of a minute."""
    gaps = [1.2 + 2 * log10(1 + (later - one) / MINUTE_MS) for one, later in pairwise(stops)]
    room, at, found = (RIGHT - LEFT - 2) / sum(gaps), LEFT + 2, {}
    for stop, gap in zip(stops, [*gaps, 0.0], strict=True):
        found[stop] = round(at, 2)
        at += gap * room
    return found


def _axis(
    stops: Sequence[int], places: dict[int, float], now_ms: int, language: Language
) -> tuple[tuple[Mark, ...], tuple[Mark, ...]]:
    times: list[Mark] = []
    free = 0.0
    for stop in stops:
        text, x = short_time(stop, now_ms), places[stop]
        need = 100 * (_pixels(text) + EDGE) / WIDE_PX
        if x > NEAR_END:  # written to the left; the last moment is worth more than the one before
            while times and times[-1].x + need > x - need:
                times.pop()
            times.append(Mark(x, text))
        elif x >= free:
            times.append(Mark(x, text))
            free = x + need
    gaps = [
        Mark(round((places[one] + places[later]) / 2, 2), span_in_words(later - one, language))
        for one, later in pairwise(stops)
        if later - one >= SHOWN_GAP_MS and places[later] - places[one] >= GAP
    ]
    return tuple(times), tuple(gaps)


def _points(
    course: Sequence[Happening], places: dict[int, float], heights: dict[str, int], now_ms: int, language: Language
) -> list[Point]:
    """Place the points and their words: beside the point where there is room, above, below, or not at all."""
    found: list[Point] = []
    taken: dict[tuple[str, int], float] = {}
    marked = {(one.kind, places[one.at_ms // 1000 * 1000]) for one in course}
    for one in course:
        x, y = places[one.at_ms // 1000 * 1000], heights[one.kind]
        said = word(f"sign_{one.sign}", language)
        need = 100 * (_pixels(said) + EDGE) / WIDE_PX
        following = min((at for kind, at in marked if kind == one.kind and at > x), default=101.0)
        put = ("", x, 0, "start")
        free = [taken.get((one.kind, level), 0.0) for level in range(3)]
        if x >= free[0] and x + BESIDE + need <= min(following, 101.0):
            put, taken[one.kind, 0] = (said, x + BESIDE, 4, "start"), x + BESIDE + need
        elif following > 100 and x - need >= max(free[0], _before(one.kind, x, marked)):
            put = (said, x - BESIDE, 4, "end")
        elif level := next((number for number in (1, 2) if x >= free[number] and x + need <= 101.0), 0):
            put, taken[one.kind, level] = (said, x, (-9, 19)[level - 1], "start"), x + need
        elif level := next((number for number in (1, 2) if x > NEAR_END and x - need >= free[number]), 0):
            put, taken[one.kind, level] = (said, x, (-9, 19)[level - 1], "end"), x
        title = f"{short_time(one.at_ms, now_ms)} {one.text}"
        text, text_x, rise, anchor = put
        found.append(Point(x, y, one.kind, one.future, title, text, round(text_x, 2), y + rise, anchor))
    return found


def _before(kind: str, x: float, marked: set[tuple[str, float]]) -> float:
    """Give the end of the point before on the same row."""
    return max((at for row, at in marked if row == kind and at < x), default=LEFT) + BESIDE


def _pixels(text: str) -> int:
    return sum(13 if ord(letter) > 0x2E7F else 7 for letter in text)
