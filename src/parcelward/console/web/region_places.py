"""Places of counties on the ground, as exact as their city: enough for a drawing, and for nothing else."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import NamedTuple


class Spot(NamedTuple):
    """Degrees north and east."""

    north: float
    east: float


def place_of(region: str) -> Spot | None:
    """Give the place of a county's city, or else of its province; None of a code that is unknown.

    >>> place_of("330106"), place_of("990000")
    (Spot(north=30.27, east=120.16), None)
    """
    known = all_places()
    return next((known[one] for one in (f"{region[:4]}00", f"{region[:2]}0000") if one in known), None)


@cache
def all_places() -> Mapping[str, Spot]:
    """Give the places of all cities and provinces, by their codes."""
    text = (files("parcelward.console.web") / "region_places.tsv").read_text(encoding="utf-8")
    rows = (line.split("\t") for line in text.splitlines() if not line.startswith("#"))
    return {code: Spot(float(north), float(east)) for code, north, east in rows}
