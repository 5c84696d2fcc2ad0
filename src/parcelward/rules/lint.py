"""Checks of a rule without running it: features surely known when it fires, thresholds, bounds that contradict."""

from parcelward.features.table import FeatureType
from parcelward.rules.check import AND, CHOICE, COMPARISONS, FEATURE, LITERAL, NOT, OR, Node

_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}


def surely_known(node: Node, value: bool = True) -> frozenset[str]:
    """Features that cannot be unknown when the expression has this truth value.

    >>> from parcelward.rules.check import check
    >>> sorted(surely_known(check("is_person && (weight_g > 5 || quantity > 1)")))
    ['is_person']
    """
    if node.op == NOT:
        return surely_known(node.args[0], not value)
    if node.op in (AND, OR):
        sides = [surely_known(arg, value) for arg in node.args]
        return frozenset.union(*sides) if (node.op == AND) is value else frozenset.intersection(*sides)
    if node.op == CHOICE and node.kind is FeatureType.BOOL:
        condition, yes, no = node.args
        return (surely_known(condition, True) | surely_known(yes, value)) & (
            surely_known(condition, False) | surely_known(no, value)
        )
    return _needed(node)


def _needed(node: Node) -> frozenset[str]:
    """Features without which the node has no value."""
    if node.op == CHOICE:
        condition, yes, no = node.args
        return (surely_known(condition, True) | _needed(yes)) & (surely_known(condition, False) | _needed(no))
    if node.op in (AND, OR, NOT):  # a truth value used as a value: known either way
        return surely_known(node, True) & surely_known(node, False)
    if node.op == FEATURE:
        return frozenset({str(node.value)})
    return frozenset().union(*(_needed(arg) for arg in node.args))


def comparisons(node: Node) -> list[tuple[str, str, float | int]]:
    """All comparisons of a feature with a number, in order, as (feature, sign, number): `3 < weight_g` has sign `>`."""
    found: list[tuple[str, str, float | int]] = []
    for part in node.walk():
        sign = COMPARISONS.get(part.op)
        if sign is None:
            continue
        left, right = part.args
        if left.op == LITERAL and right.op == FEATURE:
            left, right, sign = right, left, _MIRRORED[sign]
        if left.op == FEATURE and right.op == LITERAL and not isinstance(right.value, str | bool | None):
            found.append((str(left.value), sign, right.value))
    return found


def limits(node: Node) -> dict[str, tuple[float | int, ...]]:
    """The numbers that each feature is compared with, in order."""
    found: dict[str, tuple[float | int, ...]] = {}
    for feature, _, number in comparisons(node):
        found[feature] = (*found.get(feature, ()), number)
    return found


def bounds_fault(node: Node) -> str | None:
    """Name a feature that has no value within its bounds, all of which must hold; None when there is none.

    >>> from parcelward.rules.check import check
    >>> bounds_fault(check("weight_g > 10 && weight_g < 5"))
    'the rule can never fire: no weight_g satisfies both bounds'
    """
    low: dict[str, tuple[float, bool]] = {}
    high: dict[str, tuple[float, bool]] = {}
    for part in _demanded(node):
        for feature, sign, number in comparisons(part):
            strict = "=" not in sign
            if sign[0] == ">":
                low[feature] = max(low.get(feature, (float("-inf"), False)), (number, strict))
            else:
                # Of two bounds at the same number the strict one is tighter, so it must be the minimum.
                bound = min(high.get(feature, (float("inf"), True)), (number, not strict))
                high[feature] = bound
    for feature in low.keys() & high.keys():
        (least, open_below), (most, closed_above) = low[feature], high[feature]
        if least > most or (least == most and (open_below or not closed_above)):
            return f"the rule can never fire: no {feature} satisfies both bounds"
    return None


def _demanded(node: Node) -> list[Node]:
    if node.op == AND:
        return [part for arg in node.args for part in _demanded(arg)]
    return [node] if node.op in COMPARISONS else []
