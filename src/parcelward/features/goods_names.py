"""Goods names of one shipment, the declared one and the found one: the features that depend on these names alone.

Names repeat, on the waybill and at the inspection, so their features are cached. Goods names are no personal data.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from parcelward.features.table import Value
from parcelward.goods import GoodsMatch, lithium_in, match_goods, read_found, same_goods, weight_range_g

_PAIRS_KEPT = 16_384  # pairs of names, about 0.2 KB each: most pairs share their features
_FEATURES_KEPT = 1024  # different features of such pairs

_NOTHING = GoodsMatch((), None, 0, (), False, None, None, False, None, None)


DECLARED = (
    "goods_danger_severity",
    "goods_danger_terms",
    "goods_danger_category",
    "goods_battery",
    "goods_lithium",
    "goods_vague",
    "goods_restricted",
    "goods_restricted_units",
    "goods_over_limit",
)


class GoodsFeatures(NamedTuple):
    """Features of the goods names, and the weight of such goods."""

    declared: tuple[Value, ...]
    """The values of the features `DECLARED`."""
    found_severity: int | None
    found_terms: str | None
    """Dangerous terms in what the inspector saw."""
    removed: str | None
    """Prohibited goods that were taken out, by the inspector's words."""
    mismatch: bool | None
    weights_g: tuple[float, float, float] | None
    """Low, usual and high weight of one piece of the declared goods; None where no class is known."""


@lru_cache(maxsize=_PAIRS_KEPT)
def goods_features(declared_name: str | None, found_name: str | None) -> GoodsFeatures:
    """Features of the declared name and of the name that the inspector wrote; a missing name is None."""
    declared = None if declared_name is None else match_goods(declared_name)
    inside = None if found_name is None else read_found(found_name)
    found = None if inside is None else match_goods(inside.seen)
    same = (
        None if declared_name is None or inside is None or not inside.seen else same_goods(declared_name, inside.seen)
    )
    lithium = None if declared_name is None else lithium_in(declared_name)
    return _features(declared, lithium, found, same, (inside.removed or None) if inside is not None else None)


@lru_cache(maxsize=_FEATURES_KEPT)
def _features(
    declared: GoodsMatch | None,
    lithium: str | None,
    found: GoodsMatch | None,
    same: bool | None,
    removed: str | None,
) -> GoodsFeatures:
    known, declared = declared is not None, declared or _NOTHING
    goods_class = declared.goods_class
    return GoodsFeatures(
        (
            declared.danger_severity if known else None,
            _named(declared),
            declared.danger_category,
            declared.battery if known else None,
            lithium and str(lithium),
            declared.vague if known else None,
            declared.restricted,
            declared.restricted_units,
            declared.over_limit,
        ),
        None if found is None else found.danger_severity,
        None if found is None else _named(found),
        removed,
        None if same is None else not same,
        None if goods_class is None else weight_range_g(goods_class),
    )


def with_contradicting(goods: GoodsFeatures, names: Sequence[str]) -> GoodsFeatures:
    """Add the danger in goods names that contradict the declared one: the worst counts."""
    severity, terms, category, battery, *rest = goods.declared
    for match in map(match_goods, names):
        battery = battery or match.battery
        if match.danger_severity > int(severity or 0):
            severity, terms, category = match.danger_severity, _named(match), match.danger_category
    return goods._replace(declared=(severity, terms, category, battery, *rest))


def _named(match: GoodsMatch) -> str | None:
    """The dangerous terms of a goods name; its UN numbers where it has no such term."""
    return "、".join(match.danger_terms or [f"UN{number}" for number in match.un_numbers]) or None
