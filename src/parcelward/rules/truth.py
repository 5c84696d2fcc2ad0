"""Possible truth values of an expression and of its parts, given what values its features have.

It is tried on all values that its tests can tell apart. What is found to be impossible is impossible; the other way
round it is not so, for two terms such as `weight_g` and `weight_g * 2` are taken to be independent.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from parcelward.rules.atoms import Atom, Scalar, atom, is_logic, tests_in, values
from parcelward.rules.check import AND, CHOICE, NOT, OR, Node

MOST_TRIES = 20_000
"""Tests tried for one expression. What they do not settle is taken to be possible."""

Chosen = Mapping[int, int]
"""For some `&&`, `||` and `?:` (by id) the one argument that decides."""


class Branch(NamedTuple):
    """One way to make an expression true: an argument of `||` (or of `&&` under `!`), or a side of `?:`."""

    node: Node
    chosen: Chosen


class Question:
    """Questions about one expression."""

    def __init__(self, root: Node) -> None:
        self._root = root
        self._tries = 0
        self._atoms: dict[str, Atom] = {test.canonical: atom(test) for test in tests_in(root)}
        by_subject: dict[str, list[Atom]] = {}
        for one in self._atoms.values():
            by_subject.setdefault(one.subject, []).append(one)
        self._values = {subject: values(atoms) for subject, atoms in by_subject.items()}

    def can_be(self, wanted: bool, node: Node, chosen: Chosen | None = None) -> bool:
        """Tell whether a part of the expression can have this truth value."""
        return self._search(wanted, node, chosen or {}, {})

    def dead_branches(self) -> Iterator[Node]:
        """Branches by which the whole expression can never become true."""
        for branch in _branches(self._root, True):
            if not self.can_be(True, self._root, branch.chosen):
                yield branch.node

    def _search(self, wanted: bool, node: Node, chosen: Chosen, known: dict[str, Scalar]) -> bool:
        undecided: list[str] = []
        truth = self._truth(node, chosen, known, undecided)
        if truth is not None:
            return truth is wanted
        if self._tries > MOST_TRIES:
            return True
        subject = undecided[0]
        return any(self._search(wanted, node, chosen, {**known, subject: value}) for value in self._values[subject])

    def _truth(self, node: Node, chosen: Chosen, known: Mapping[str, Scalar], undecided: list[str]) -> bool | None:
        """The truth value as far as it follows from what is known. A subject that it waits for goes to `undecided`."""
        if not is_logic(node):
            self._tries += 1
            one = self._atoms[node.canonical]
            if one.subject in known:
                return one.holds(known[one.subject])
            undecided.append(one.subject)
            return None
        if node.op == NOT:
            inner = self._truth(node.args[0], chosen, known, undecided)
            return None if inner is None else not inner
        pick = chosen.get(id(node))
        if node.op == CHOICE:
            condition = self._truth(node.args[0], chosen, known, undecided)
            if condition is None:
                return None
            if pick is not None and condition is not (pick == 1):
                return False
            return self._truth(node.args[1 if condition else 2], chosen, known, undecided)
        if pick is not None:
            return self._truth(node.args[pick], chosen, known, undecided)
        decides = node.op == OR
        truths = []
        for arg in node.args:
            truths.append(self._truth(arg, chosen, known, undecided))
            if truths[-1] is decides:
                return decides
        return None if None in truths else not decides


def _branches(node: Node, positive: bool) -> Iterator[Branch]:
    if not is_logic(node):
        return
    if node.op == NOT:
        yield from _branches(node.args[0], not positive)
        return
    if (node.op == OR) is positive and node.op in (AND, OR):
        for number, arg in enumerate(node.args):
            yield Branch(arg, {id(node): number})
    if node.op == CHOICE:
        if positive:
            for number in (1, 2):
                yield Branch(node.args[number], {id(node): number})
        yield from (branch for arg in node.args[1:] for branch in _branches(arg, positive))
        return
    for arg in node.args:
        yield from _branches(arg, positive)
