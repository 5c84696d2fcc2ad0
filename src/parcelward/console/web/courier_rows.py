"""Couriers as rows of a page: the newest day against the days before."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import NamedTuple

from parcelward.console.store.courier_days import Day, LastHeard
from parcelward.console.store.feed import AnswerTimes

ENOUGH = 3
"""Days before that must be there to say what is usual."""
MEASURES: dict[str, Callable[[Day], int]] = {
    "sent": lambda day: day.sent,
    "screened": lambda day: day.screened,
    "refused": lambda day: day.refused,
    "late": lambda day: day.late,
    "overdue": lambda day: day.overdue.total(),
}
"""Figures of a day, by the names of their words; all but the first two are bad when they grow."""
GOOD = frozenset(("sent", "screened"))
FACTOR, LEAST = 1.5, 10
"""A figure stands out where it is so many times what is usual, or that part of it, and differs by so many at least."""


class Figure(NamedTuple):
    """A figure of the newest day; `usual` is the median of the days before, None of too few. `stands_out`: it got
    worse by so much that it should be looked at."""

    name: str
    value: int
    usual: int | None
    stands_out: bool


@dataclass(frozen=True, slots=True)
class CourierRow:
    """A courier: its newest day, how it answers, and when it was last heard of."""

    courier: str
    newest: Day | None
    figures: tuple[Figure, ...]
    missing: bool
    answers: AnswerTimes
    heard: LastHeard


def figures(days: Sequence[Day]) -> tuple[Figure, ...]:
    """Compare the newest day with the days before; none without a day.

    >>> from datetime import date
    >>> days = [Day(date(2026, 11, 20 + n), sent) for n, sent in enumerate((100, 120, 110, 60))]
    >>> figures(days)[0]
    Figure(name='sent', value=60, usual=110, stands_out=True)
    """
    if not days:
        return ()
    found = []
    for name, of in MEASURES.items():
        before, value = [of(day) for day in days[:-1]], of(days[-1])
        usual = round(median(before)) if len(before) >= ENOUGH else None
        found.append(Figure(name, value, usual, usual is not None and stands_out(name, value, usual)))
    return tuple(found)


def stands_out(name: str, value: int, usual: int) -> bool:
    """Tell whether a figure got worse: parcels that are missing, or anything bad that became more."""
    if abs(value - usual) < LEAST:
        return False
    return value * FACTOR <= usual if name in GOOD else value >= usual * FACTOR
