"""Weight of one piece of each goods class.

No public data gives these quantiles: they are choices, made from what such things weigh in a shop, wrapping included.
They are wide on purpose. Calibrate them on a courier's own true weights before a rule delays anybody by them.
"""

import functools

from parcelward.errors import UserError
from parcelward.goods.tables import rows

_TABLE = "weights.tsv"


def weight_range_g(goods_class: str) -> tuple[float, float, float]:
    """Return low quantile (about 0.5 %), median and high quantile (about 99.5 %) of the weight of one piece, in grams.

    Raises KeyError for a class that `goods_classes` does not list.

    >>> low, usual, high = weight_range_g("book")
    >>> low < usual < high
    True
    """
    return _ranges()[goods_class]


def goods_classes() -> tuple[str, ...]:
    """Return every goods class, in the order of the table."""
    return tuple(_ranges())


@functools.cache
def _ranges() -> dict[str, tuple[float, float, float]]:
    ranges = {}
    for number, row in enumerate(rows(_TABLE), start=2):
        low, median, high = (float(row[column]) for column in ("low_g", "median_g", "high_g"))
        if not 0 < low < median < high:
            raise UserError(
                f"goods/{_TABLE} line {number} ({row['class']}): low < median < high must hold; correct that row."
            )
        ranges[row["class"]] = (low, median, high)
    return ranges
