"""The range in which the value of a numeric expression lies, by interval arithmetic over the ranges of features."""

import math

from parcelward.features.ranges import RANGES, Range
from parcelward.rules.check import CHOICE, FEATURE, LITERAL, Node

ANY = Range()
_SIZES = ("string_size", "size_string")


def range_of(node: Node) -> Range:
    """Bounds of a number; unbounded where they are not known.

    >>> from parcelward.rules.check import check
    >>> range_of(check("hour_of_day * 2 + 1 > 5").args[0])
    Range(least=1, most=47)
    """
    if node.op == FEATURE:
        return RANGES[str(node.value)]
    if node.op == LITERAL and isinstance(node.value, int | float):
        return Range(node.value, node.value)
    if node.op in _SIZES:
        return Range(0)
    if node.op == CHOICE:
        return _around([*range_of(node.args[1]), *range_of(node.args[2])])
    word = node.op.partition("_")[0]
    ranges = [range_of(arg) for arg in node.args]
    if word == "negate":
        return Range(-ranges[0].most, -ranges[0].least)
    if node.op == "int64_to_double":
        return ranges[0]
    if node.op == "double_to_int64":
        return Range(*(math.trunc(end) if math.isfinite(end) else end for end in ranges[0]))
    if len(ranges) != 2:
        return ANY
    (a, b), (c, d) = ranges
    if word == "add":
        return _around([a + c, b + d])
    if word == "subtract":
        return _around([a - d, b - c])
    if word == "multiply":
        return _around([_product(one, other) for one in (a, b) for other in (c, d)])
    return ANY


def _product(one: float, other: float) -> float:
    return 0 if 0 in (one, other) else one * other


def _around(ends: list[float]) -> Range:
    return ANY if any(end != end for end in ends) else Range(min(ends), max(ends))
