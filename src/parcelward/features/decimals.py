"""Decimals of a value beside its limits: as few as asked for, as many as it takes to differ from them.

"30 minutes (30 allowed)" helps nobody when it was 30.4.
"""

from collections.abc import Callable, Collection

MOST = 17
"""Decimals tried. Numbers that look alike even then are shown as if they were equal."""


def apart(value: float, limits: Collection[float], at_least: int, written: Callable[[float, int], str]) -> str:
    """The value as `written(value, decimals)` has it, with decimals enough to differ from each limit it differs from.

    >>> apart(30.04, (30,), 0, lambda number, decimals: f"{number:.{decimals}f}")
    '30.04'
    """
    others = [limit for limit in limits if limit != value]
    for decimals in range(at_least, MOST + 1):
        shown = written(value, decimals)
        if all(_unsigned_nought(written(limit, decimals)) != _unsigned_nought(shown) for limit in others):
            return shown
    return written(value, at_least)


def _unsigned_nought(shown: str) -> str:
    """The text; one that shows nought without its sign, for -0 and 0 are the same to a reader."""
    return shown if any(sign in "123456789" for sign in shown.partition("e")[0]) else shown.lstrip("+-")
