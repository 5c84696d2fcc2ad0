"""The ranges of features: a rule that asks for a value outside of them asks for nothing.

The contract bounds what couriers send; the rest follows from what a feature is. A feature that is not named here may
have any value of its type.
"""

from typing import NamedTuple

from parcelward.features.table import FEATURES, FeatureType


class Range(NamedTuple):
    """Least and greatest value, both included."""

    least: float = float("-inf")
    most: float = float("inf")


COUNT = Range(0)
SHARE = Range(0, 1)
SEVERITY = Range(0, 3)
_MAY_BE_NEGATIVE = {
    "inspection_delay_s",
    "inspection_duration_s",
    "real_name_upload_delay_s",
    "inspection_upload_delay_s",
    "photo_age_min",
    "scan_judged_s",
    "weight_change",
}
_RANGES = {
    "hour_of_day": Range(0, 23),
    "goods_danger_severity": SEVERITY,
    "found_danger_severity": SEVERITY,
    "weight_g": Range(1, 2_000_000),
    "quantity": Range(1, 100_000),
    "weight_change": Range(-1),
}


def _range(name: str, kind: FeatureType) -> Range:
    if name in _RANGES:
        return _RANGES[name]
    if kind not in (FeatureType.INT, FeatureType.DOUBLE) or name in _MAY_BE_NEGATIVE:
        return Range()
    return SHARE if "_share_" in name else COUNT


RANGES: dict[str, Range] = {feature.name: _range(feature.name, feature.type) for feature in FEATURES}
"""The range of every feature. A number is nought or more, unless it is a difference of two times or weights."""
