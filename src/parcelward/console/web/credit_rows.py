"""The credit view as rows: each figure with its interval, and what it rests on. There is no single score."""

from collections.abc import Sequence
from typing import NamedTuple

from parcelward.outcomes.credit import Credit, Times
from parcelward.outcomes.intervals import Figure

FIGURES = ("duties_kept", "confirmed", "answered", "random_checks")
OUTLETS = 30


class CreditRow(NamedTuple):
    """A courier or one of its outlets."""

    name: str
    is_courier: bool
    figures: tuple[Figure, ...]
    times: Times


def credit_rows(views: Sequence[Credit]) -> list[CreditRow]:
    """Make rows: the courier first, then its outlets, those first of which most is known."""
    rows = [
        CreditRow(one.name, one.by == "courier", tuple(getattr(one, name) for name in FIGURES), one.answer_times)
        for one in views
    ]
    rows.sort(key=lambda row: (not row.is_courier, -max(one.m for one in row.figures), row.name))
    return rows[: OUTLETS + 1]


def _figures(credit: Credit) -> tuple[Figure, ...]:
    return tuple(getattr(credit, name) for name in FIGURES)
