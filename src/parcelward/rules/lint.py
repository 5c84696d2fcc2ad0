"""Checks of a rule without running it: features surely known when it fires, its limits, tests that say nothing."""

import math
from collections.abc import Iterator
from difflib import get_close_matches
from typing import NamedTuple

from parcelward.features.ranges import RANGES, Range
from parcelward.features.table import FEATURES, INDEX, FeatureType, Value
from parcelward.rules.atoms import atom, is_logic, tests_in
from parcelward.rules.check import (
    AND,
    CHOICE,
    COMPARISONS,
    EQUAL,
    FEATURE,
    IN,
    LITERAL,
    MIRRORED,
    NOT,
    OR,
    UNEQUAL,
    Node,
)
from parcelward.rules.truth import Question
from parcelward.rules.words import WORDS


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
            left, right, sign = right, left, MIRRORED[sign]
        if left.op == FEATURE and right.op == LITERAL and not isinstance(right.value, str | bool | None):
            found.append((str(left.value), sign, right.value))
    return found


def limits(node: Node) -> dict[str, tuple[float | int, ...]]:
    """The numbers that each feature is compared with, in order."""
    found: dict[str, tuple[float | int, ...]] = {}
    for feature, _, number in comparisons(node):
        found[feature] = (*found.get(feature, ()), number)
    return found


def least_counts(node: Node) -> dict[str, int]:
    """Give of each whole number that is compared with a lower limit the smallest that passes any such test.

    >>> from parcelward.rules.check import check
    >>> least_counts(check("sender_names_7d >= 3 || sender_names_7d > 5 && sender_sends_1d < 4"))
    {'sender_names_7d': 3}
    """
    found: dict[str, int] = {}
    for feature, sign, number in comparisons(node):
        if sign in (">=", ">") and FEATURES[INDEX[feature]].type is FeatureType.INT:
            least = int(number) + (sign == ">")
            found[feature] = min(found.get(feature, least), least)
    return found


class Fault(NamedTuple):
    """A fault of an expression, and the part that has it."""

    node: Node
    message: str

    @property
    def at(self) -> int:
        """The position where the part begins."""
        return min(part.at for part in self.node.walk())


def meaning_fault(root: Node) -> Fault | None:
    """Find a value that a feature never has, a part that is always or never true, or a branch that decides nothing.

    >>> from parcelward.rules.check import check
    >>> meaning_fault(check("weight_g > 10 && weight_g < 5")).message
    'the rule can never fire: no weight_g satisfies this (weight_g is 1 to 2,000,000)'
    """
    for node in tests_in(root):
        if (fault := _value_fault(node)) is not None:
            return fault
    question = Question(root)
    for node in _parts(root):
        features = ", ".join(node.features)
        if node.features and not question.can_be(True, node):
            rule = "the rule can never fire" if _is_demanded(node, root) else "this can never be true"
            return Fault(node, f"{rule}: no {features} satisfies this{_ranges(node)}")
        if node.features and not question.can_be(False, node):
            return Fault(node, f"this is always true where {features} is known{_ranges(node)}")
    for node in question.dead_branches():
        return Fault(node, "this branch can never make the rule fire: the tests around it exclude it")
    return None


def value_fault(feature: str, value: Value) -> str | None:
    """Say that a feature never has this value; None where it may.

    >>> value_fault("sender_kind", "persn")
    "sender_kind is never 'persn'; did you mean 'person'? There are person, organisation, agreement"
    """
    codes = WORDS.get(feature)
    if codes is not None and value not in codes:
        close = get_close_matches(str(value), codes, n=1)
        hint = f"did you mean '{close[0]}'? There are" if close else "there are"
        return f"{feature} is never {value!r}; {hint} {', '.join(codes)}"
    least, most = RANGES[feature]
    if isinstance(value, int | float) and not least <= value <= most:
        return f"{feature} is never {value}; it is {_span(least, most)}"
    return None


def _value_fault(node: Node) -> Fault | None:
    """A literal that a feature is compared with for equality, and that it never equals."""
    if node.op not in (EQUAL, UNEQUAL, IN):
        return None
    one = atom(node)
    if one.term.op != FEATURE:
        return None
    for literal in one.literals:
        if (message := value_fault(str(one.term.value), literal.value)) is not None:
            return Fault(literal, message)
    return None


def _parts(node: Node) -> Iterator[Node]:
    """The tests and what combines them, the innermost first."""
    if is_logic(node):
        for arg in node.args:
            yield from _parts(arg)
    yield node


def _is_demanded(node: Node, root: Node) -> bool:
    """Tell whether the whole expression is false where this part is."""
    return node is root or (root.op == AND and any(_is_demanded(node, arg) for arg in root.args))


def _ranges(node: Node) -> str:
    """The ranges and codes of the features of a part, as a clause."""
    said = [
        f"{name} is {_span(*RANGES[name])}" if RANGES[name] != Range() else f"{name} is one of {', '.join(WORDS[name])}"
        for name in node.features
        if RANGES[name] != Range() or name in WORDS
    ]
    return f" ({'; '.join(said)})" if said and len(said) == len(node.features) else ""


def _span(least: float, most: float) -> str:
    if not math.isfinite(most):
        return f"at least {least:,}"
    return f"{least:,} to {most:,}"
