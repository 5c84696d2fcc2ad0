"""Generate one Python function for all rules of a pack.

An expression has one of two forms. *Plain*: it cannot fail. It becomes tests that are true exactly when CEL says true;
a feature is read from the row when it is first needed, and compared with None once. *Careful*: it can fail, or ?:
chooses a value in it. It is computed in the four-valued terms of `careful`.

A test that several rules share is made once, around all of them, so most rules cost nothing on most rows. Only our own
names and the repr of literals enter the source.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from parcelward.features.table import INDEX, FeatureType, Row
from parcelward.rules import careful, regex
from parcelward.rules.check import (
    AND,
    CHOICE,
    COMPARISONS,
    EQUAL,
    FEATURE,
    IN,
    LITERAL,
    MATCHES,
    NOT,
    OR,
    UNEQUAL,
    Node,
)

_LOGIC = {AND, OR, NOT, CHOICE}
_CAN_FAIL = {
    "add_int64": "add",
    "subtract_int64": "subtract",
    "multiply_int64": "multiply",
    "divide_int64": "divide",
    "modulo_int64": "modulo",
    "negate_int64": "negate",
    "double_to_int64": "to_int",
}
_INFIX = {**COMPARISONS, EQUAL: "==", UNEQUAL: "!=", "add_double": "+", "subtract_double": "-", "multiply_double": "*"}
_INFIX["add_string"] = "+"
_CALLS = {
    "divide_double": "divide_double({}, {})",
    "negate_double": "(-{})",
    "contains_string": "({1} in {0})",
    "starts_with_string": "{}.startswith({})",
    "ends_with_string": "{}.endswith({})",
    "string_size": "len({})",
    "size_string": "len({})",
    "int64_to_double": "float({})",
}


class Known(NamedTuple):
    """Result of earlier tests: the features that are in a local variable, and those that are known not to be None."""

    loaded: frozenset[str] = frozenset()
    present: frozenset[str] = frozenset()


class Test(NamedTuple):
    """A Python test, what is known after it succeeds, and the features that it loads in any case."""

    code: str
    after: Known
    always: frozenset[str]


class Wanted(NamedTuple):
    """Part of a rule: a node and the truth value that it must have. Without a node, `feature` must be known."""

    node: Node | None
    value: bool
    feature: str = ""

    @property
    def key(self) -> str:
        """A text that is equal for parts that demand the same."""
        return f"known {self.feature}" if self.node is None else f"{self.value} {self.node.canonical}"


def is_plain(node: Node) -> bool:
    """Tell whether an expression has the plain form: nothing in it can fail, and logic only combines its tests."""
    if node.op in _LOGIC and node.kind is FeatureType.BOOL:
        return all(is_plain(arg) for arg in node.args)
    return not any(part.op in _LOGIC or part.op in _CAN_FAIL for part in node.walk())


def local(feature: str) -> str:
    """Name of the local variable that holds a feature."""
    return f"f{INDEX[feature]}"


def _read(feature: str, known: Known) -> str:
    return local(feature) if feature in known.loaded else f"({local(feature)} := row[{INDEX[feature]}])"


def _value(node: Node) -> str:
    """Python for a value whose features are loaded and known."""
    if node.op == FEATURE:
        return local(str(node.value))
    if node.op == LITERAL:
        return f"({node.value!r})" if isinstance(node.value, int | float) and node.value < 0 else repr(node.value)
    if node.op == IN:
        return f"({_value(node.args[0])} in {_items(node)})"
    if node.op == MATCHES:
        return f"search({node.args[1].value!r}, {_value(node.args[0])})"
    parts = [_value(arg) for arg in node.args]
    if node.op in _INFIX:
        return f"({parts[0]} {_INFIX[node.op]} {parts[1]})"
    return _CALLS[node.op].format(*parts)


def _items(node: Node) -> str:
    return "(" + "".join(f"{item.value!r}, " for item in node.args[1].args) + ")"


def presence(feature: str, known: Known) -> Test:
    """The test that a feature is known."""
    loaded = known.loaded | {feature}
    return Test(f"{_read(feature, known)} is not None", Known(loaded, known.present | {feature}), loaded)


def test(wanted: Wanted, known: Known) -> Test:
    """The test that a plain node is known to have the wanted truth value."""
    node, value = wanted.node, wanted.value
    if node is None:
        return presence(wanted.feature, known)
    if node.op == NOT:
        return test(Wanted(node.args[0], not value), known)
    if node.op in (AND, OR):
        parts = [Wanted(arg, value) for arg in node.args]
        return _all(parts, known) if (node.op == AND) is value else _any([[part] for part in parts], known)
    if node.op == CHOICE:
        condition, yes, no = node.args
        return _any(
            [[Wanted(condition, True), Wanted(yes, value)], [Wanted(condition, False), Wanted(no, value)]], known
        )
    return _atom(node, value, known)


def _all(parts: Sequence[Wanted], known: Known) -> Test:
    codes: list[str] = []
    always: frozenset[str] | None = None
    for part in parts:
        one = test(part, known)
        codes.append(one.code)
        known = one.after
        always = one.always if always is None else always
    return Test(_joined(codes, " and "), known, known.loaded if always is None else always)


def _any(branches: Sequence[Sequence[Wanted]], known: Known) -> Test:
    codes: list[str] = []
    first: frozenset[str] | None = None
    loaded, present = [], []
    for branch in branches:
        one = _all(branch, known)
        codes.append(one.code)
        known = Known(one.always, known.present)
        first = one.always if first is None else first
        loaded.append(one.after.loaded)
        present.append(one.after.present)
    after = Known(frozenset.intersection(*loaded), frozenset.intersection(*present))
    return Test(_joined(codes, " or "), after, known.loaded if first is None else first)


def _joined(codes: list[str], word: str) -> str:
    return codes[0] if len(codes) == 1 else "(" + word.join(codes) + ")"


def _atom(node: Node, value: bool, known: Known) -> Test:
    if node.op == LITERAL:
        return Test(str(node.value is value), known, known.loaded)
    if node.op == FEATURE:
        name = str(node.value)
        loaded = known.loaded | {name}
        code = _read(name, known) if value else f"{_read(name, known)} is False"
        return Test(code, Known(loaded, known.present | {name}), loaded)
    shortcut = _comparison_with_none(node, value)
    if shortcut is not None:
        name, tail = shortcut
        loaded = known.loaded | {name}
        return Test(f"{_read(name, known)} {tail}", Known(loaded, known.present | {name}), loaded)
    guards: list[str] = []
    always: frozenset[str] | None = None
    for name in node.features:
        if name not in known.present:
            guard = presence(name, known)
            guards.append(guard.code)
            known = guard.after
            always = guard.always if always is None else always
    code = _value(node) if value else f"not {_value(node)}"
    return Test(_joined([*guards, code], " and "), known, known.loaded if always is None else always)


def _comparison_with_none(node: Node, value: bool) -> tuple[str, str] | None:
    """Feature and rest of a test that fails for None anyway (feature == literal, feature in [...]); else None."""
    if not value or node.op not in (IN, EQUAL) or node.args[0].op != FEATURE:
        return None
    subject = node.args[0]
    if node.op == IN:
        return str(subject.value), f"in {_items(node)}"
    if node.args[1].op == LITERAL:
        return str(subject.value), f"== {node.args[1].value!r}"
    return None


def conjuncts(node: Node, value: bool = True) -> list[Wanted]:
    """The tests that must all hold for a plain node. Tests that a feature is known stand alone, for rules to share."""
    if node.op == NOT:
        return conjuncts(node.args[0], not value)
    if node.op in (AND, OR) and (node.op == AND) is value:
        return [part for arg in node.args for part in conjuncts(arg, value)]
    parts = [Wanted(node, value)]
    if node.op not in _LOGIC and node.op != FEATURE and _comparison_with_none(node, value) is None:
        parts = [Wanted(None, True, name) for name in node.features] + parts
    return parts


def careful_code(node: Node) -> str:
    """Python for the four-valued result of any node."""
    if node.op == FEATURE:
        return f"row[{INDEX[str(node.value)]}]"
    if node.op == LITERAL:
        return repr(node.value)
    parts = [careful_code(arg) for arg in node.args if arg.op != "list"]
    word = {AND: "conjunction", OR: "disjunction", NOT: "negation", CHOICE: "choice"}.get(node.op)
    if word is not None:
        return f"{word}({', '.join(parts)})"
    if node.op in _CAN_FAIL:
        return f"strict({_CAN_FAIL[node.op]}, {', '.join(parts)})"
    if node.op == IN:
        return f"strict(lambda a: a in {_items(node)}, {parts[0]})"
    if node.op == MATCHES:
        return f"strict(lambda a, b: search(b, a), {', '.join(parts)})"
    if node.op in _INFIX:
        return f"strict(lambda a, b: a {_INFIX[node.op]} b, {', '.join(parts)})"
    names = ("a", "b")[: len(parts)]
    return f"strict(lambda {', '.join(names)}: {_CALLS[node.op].format(*names)}, {', '.join(parts)})"


class _Writer:
    """Writes the body of the function."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def line(self, depth: int, text: str) -> None:
        self.lines.append("    " * depth + text)

    def found(self, depth: int, position: int) -> None:
        self.line(depth, f"hits = [H{position}] if hits is None else [*hits, H{position}]")

    def plain(self, rules: list[tuple[int, list[Wanted]]], known: Known, depth: int) -> Known:
        """Write rules, given as (position, tests). Rules that share a test are written together behind it."""
        while True:
            counts = Counter(key for _, tests in rules for key in {one.key for one in tests})
            shared = counts.most_common(1)
            if not shared or shared[0][1] < 2 or depth > 12:
                break
            key = shared[0][0]
            members = [rule for rule in rules if any(one.key == key for one in rule[1])]
            rules = [rule for rule in rules if all(one.key != key for one in rule[1])]
            guard = test(next(one for one in members[0][1] if one.key == key), known)
            self.line(depth, f"if {guard.code}:")
            inner = [(position, [one for one in tests if one.key != key]) for position, tests in members]
            self.plain(inner, guard.after, depth + 1)
            known = Known(guard.always, known.present)
        for position, tests in rules:
            if not tests:
                self.found(depth, position)
                continue
            one = _all(tests, known)
            self.line(depth, f"if {one.code}:")
            self.found(depth + 1, position)
            known = Known(one.always, known.present)
        return known

    def careful(self, position: int, node: Node) -> None:
        self.line(1, f"r = {careful_code(node)}")
        self.line(1, "if r is True:")
        self.found(2, position)
        self.line(1, "elif r.__class__ is Fault:")
        self.line(2, f"hits = [*(hits or ()), failed({position}, r.reason)]")


def python_source(nodes: Sequence[Node]) -> str:
    """The source of `evaluate(row)` for all expressions; a hit names the position of its expression."""
    writer = _Writer()
    writer.line(0, "def evaluate(row):")
    writer.line(1, "hits = None")
    plain = [(position, _unique(conjuncts(node))) for position, node in enumerate(nodes) if is_plain(node)]
    writer.plain(plain, Known(), 1)
    for position, node in enumerate(nodes):
        if not is_plain(node):
            writer.careful(position, node)
    writer.line(1, "return nothing if hits is None else in_order(hits)")
    return "\n".join(writer.lines) + "\n"


def _unique(tests: list[Wanted]) -> list[Wanted]:
    return list({one.key: one for one in tests}.values())


def compiled(source: str, nodes: Sequence[Node], names: dict[str, Any]) -> Callable[[Row], Any]:
    """The function of a generated source. `names` gives it the hits H0, H1, ..., and nothing, failed and in_order."""
    patterns = {
        str(part.args[1].value): regex.search(str(part.args[1].value))
        for node in nodes
        for part in node.walk()
        if part.op == MATCHES
    }
    scope: dict[str, Any] = {
        **{name: getattr(careful, name) for name in ("conjunction", "disjunction", "negation", "choice", "strict")},
        **{name: getattr(careful, name) for name in (*_CAN_FAIL.values(), "divide_double", "Fault")},
        "search": lambda pattern, subject: patterns[pattern](subject),
        **names,
    }
    exec(compile(source, "<rule pack>", "exec"), scope)  # noqa: S102 - source made of our own names and literals only
    function: Callable[[Row], Any] = scope["evaluate"]
    return function
