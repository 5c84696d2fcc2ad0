"""Compares the declared goods with those that the inspector saw."""

from parcelward.goods.lexicon import CARE
from parcelward.goods.matching import match_goods
from parcelward.goods.text import normalise

_SHARED_PAIRS = 0.3  # of the shorter name's character pairs; a choice

# Pairs of classes that two honest people may mix up.
_MIXED_UP = frozenset(
    frozenset(pair)
    for pair in (
        ("clothing", "underwear"),
        ("clothing", "hat"),
        ("clothing", "bedding"),
        ("clothing", "cloth"),
        ("book", "document"),
        ("book", "stationery"),
        ("document", "stationery"),
        ("food", "fresh_food"),
        ("food", "drink"),
        ("food", "tea"),
        ("food", "medicine"),
        ("cosmetics", "detergent"),
        ("cosmetics", "medicine"),
        ("electronics", "phone"),
        ("electronics", "accessory"),
        ("phone", "accessory"),
        ("electronics", "computer"),
        ("electronics", "appliance"),
        ("kitchenware", "household"),
        ("appliance", "kitchenware"),
        ("tool", "hardware"),
        ("tool", "car_part"),
        ("hardware", "car_part"),
        ("bag", "clothing"),
        ("jewellery", "accessory"),
        ("toy", "craft"),
        ("jewellery", "craft"),
        ("sport", "toy"),
        ("household", "furniture"),
        ("household", "craft"),
    )
)


def same_goods(declared: str, found: str) -> bool | None:
    """Tell whether two texts plausibly name the same goods; None where the words cannot tell.

    Dangerous goods that were found but not declared are never the same. A vague name on either side decides nothing.

    >>> same_goods("衣服", "女装")
    True
    >>> same_goods("衣服", "烟花")
    False
    >>> same_goods("日用品", "衣服") is None  # a vague name decides nothing
    True
    """
    ours, theirs = match_goods(declared), match_goods(found)
    if theirs.danger_severity > max(CARE, ours.danger_severity):
        return False
    if theirs.restricted and theirs.restricted != ours.restricted:
        return False
    if ours.vague or theirs.vague:
        return None
    one, other = normalise(declared), normalise(found)
    if one in other or other in one:
        return True
    if ours.goods_class and theirs.goods_class:
        classes = frozenset((ours.goods_class, theirs.goods_class))
        return len(classes) == 1 or classes in _MIXED_UP or _resemble(one, other)
    return True if _resemble(one, other) else None


def _resemble(one: str, other: str) -> bool:
    pairs, others = _pairs(one), _pairs(other)
    shorter = min(len(pairs), len(others))
    return shorter > 0 and len(pairs & others) / shorter >= _SHARED_PAIRS


def _pairs(text: str) -> set[str]:
    return {pair for at in range(len(text) - 1) if (pair := text[at : at + 2]).isalpha()}
