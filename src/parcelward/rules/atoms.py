"""The tests that an expression is made of, and the values of their subjects that these tests can tell apart.

A *subject* is what a test compares with literals: a feature, or a term such as `size(goods_name)`. It has finitely many
values that matter: the codes of a coded feature; of a number, each constant and its neighbours on both sides, within
the number's range. A test of two subjects is a subject by itself, true or false.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from parcelward.features.table import FeatureType
from parcelward.rules import regex
from parcelward.rules.check import (
    AND,
    CHOICE,
    COMPARISONS,
    EQUAL,
    FEATURE,
    IN,
    LITERAL,
    MATCHES,
    MIRRORED,
    NOT,
    OR,
    UNEQUAL,
    Node,
)
from parcelward.rules.intervals import range_of
from parcelward.rules.words import WORDS

Scalar = str | int | float | bool | None

_HOLDS: dict[str, Callable[[Any, Any], bool]] = {
    EQUAL: lambda one, other: bool(one == other),
    UNEQUAL: lambda one, other: bool(one != other),
    "<": lambda one, other: bool(one < other),
    "<=": lambda one, other: bool(one <= other),
    ">": lambda one, other: bool(one > other),
    ">=": lambda one, other: bool(one >= other),
    IN: lambda one, others: one in others,
    MATCHES: lambda text, pattern: regex.search(pattern)(text),
    "contains_string": lambda text, part: part in text,
    "starts_with_string": lambda text, part: bool(text.startswith(part)),
    "ends_with_string": lambda text, part: bool(text.endswith(part)),
}
_ANOTHER = "\N{NULL}another"  # stands for all texts that no literal names


class Atom(NamedTuple):
    """A test. `subject` names what it asks about; `literals` are what it is compared with."""

    subject: str
    term: Node
    holds: Callable[[Scalar], bool]
    literals: tuple[Node, ...] = ()


def is_logic(node: Node) -> bool:
    """Tell whether a node combines truth values."""
    return node.op in (AND, OR, NOT) or (node.op == CHOICE and node.kind is FeatureType.BOOL)


def tests_in(node: Node) -> Iterator[Node]:
    """The tests that the logic of an expression combines."""
    if not is_logic(node):
        yield node
        return
    for arg in node.args:
        yield from tests_in(arg)


def codes_of(term: Node) -> tuple[str, ...]:
    """The values that a coded feature can have; none for any other term."""
    return tuple(WORDS.get(str(term.value), ())) if term.op == FEATURE else ()


def atom(node: Node) -> Atom:
    """The subject of a test, and how the test depends on its value."""
    sign = COMPARISONS.get(node.op, node.op)
    if node.op == LITERAL:
        return Atom(node.canonical, node, bool, (node,))
    if sign not in _HOLDS:
        return Atom(node.canonical, node, bool)
    term, other = node.args
    if term.op == LITERAL and other.op != LITERAL and sign in (*MIRRORED, EQUAL, UNEQUAL):
        term, other, sign = other, term, MIRRORED.get(sign, sign)
    if term.canonical == other.canonical and not _may_be_nan(term):
        # Nothing is greater than itself, everything contains itself.
        same = sign not in (UNEQUAL, "<", ">")
        return Atom("itself", term, lambda _: same)
    if (other.op != LITERAL and sign != IN) or not _has_few_values(term, sign):
        return Atom(node.canonical, node, bool)
    literals = other.args if sign == IN else (other,)
    against: Any = {item.value for item in literals} if sign == IN else other.value
    holds = _HOLDS[sign]
    return Atom(term.canonical, term, lambda value: holds(value, against), literals)


def _may_be_nan(term: Node) -> bool:
    """Tell whether a number can be NaN, which is unequal to itself and on no side of any limit: computed ones can."""
    return term.kind is FeatureType.DOUBLE and term.op not in (FEATURE, LITERAL)


def _has_few_values(term: Node, sign: str) -> bool:
    """Tell whether few values of a term stand for all, as far as a test of this kind tells them apart."""
    return term.kind is not FeatureType.STRING or bool(codes_of(term)) or sign in (EQUAL, UNEQUAL, IN)


def values(atoms: Sequence[Atom]) -> list[Scalar]:
    """The values of a subject that the tests of it can tell apart."""
    term, literals = atoms[0].term, [item.value for one in atoms for item in one.literals]
    if term.kind is FeatureType.BOOL:
        return [True, False] if term.op != LITERAL else [term.value]
    if term.kind is FeatureType.STRING:
        return [*codes_of(term)] or [*dict.fromkeys(literals), _ANOTHER]
    return [*_numbers(term, [float(x) if term.kind is FeatureType.DOUBLE else x for x in literals])]  # type: ignore


def _numbers(term: Node, constants: Sequence[int | float]) -> list[int | float]:
    least, most = range_of(term)
    if term.kind is FeatureType.INT:
        near = [number for constant in constants for number in (constant - 1, constant, constant + 1)]
    else:
        near = [
            number
            for constant in constants
            for number in (math.nextafter(constant, -math.inf), constant, math.nextafter(constant, math.inf))
        ]
    ends = [end for end in (least, most) if math.isfinite(end)]
    within = [number for number in dict.fromkeys((*ends, *near)) if least <= number <= most]
    return [*within, math.nan] if _may_be_nan(term) else within or [0]
