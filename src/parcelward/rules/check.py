"""Parse and type-check one CEL expression over the features; the answer is a small typed tree.

Google's checker does the parsing and typing. Its checked expression is read into `Node`s. Whatever this subset of CEL
does not support is refused here, by name and place, and so cannot fail at run time.
"""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from cel_expr_python import cel

from parcelward.features.table import FEATURES, FeatureType
from parcelward.rules import regex, wire
from parcelward.rules.explain import explained

FEATURE, LITERAL, LIST = "feature", "literal", "list"
AND, OR, NOT, CHOICE = "logical_and", "logical_or", "logical_not", "conditional"
EQUAL, UNEQUAL, IN, MATCHES = "equals", "not_equals", "in_list", "matches_string"
MAX_LENGTH = 2000
MAX_DEPTH = 40
MAX_CHOICES = 4
"""Nested ?: of one expression. Each level doubles what must be looked at, to check it and in the code made of it."""

_CEL_TYPE = {
    FeatureType.BOOL: cel.Type.BOOL,
    FeatureType.INT: cel.Type.INT,
    FeatureType.DOUBLE: cel.Type.DOUBLE,
    FeatureType.STRING: cel.Type.STRING,
}
_KINDS = {feature.name: feature.type for feature in FEATURES}

COMPARISONS = {
    f"{word}_{kind}": sign
    for word, sign in (("less", "<"), ("less_equals", "<="), ("greater", ">"), ("greater_equals", ">="))
    for kind in ("int64", "double", "string", "bool")
}
MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
"""The sign of a comparison whose sides change places."""
RESULT: dict[str, FeatureType] = {
    **dict.fromkeys((AND, OR, NOT, EQUAL, UNEQUAL, IN, MATCHES, *COMPARISONS), FeatureType.BOOL),
    **dict.fromkeys(("contains_string", "starts_with_string", "ends_with_string"), FeatureType.BOOL),
    **{f"{word}_int64": FeatureType.INT for word in ("add", "subtract", "multiply", "divide", "modulo", "negate")},
    **{f"{word}_double": FeatureType.DOUBLE for word in ("add", "subtract", "multiply", "divide", "negate")},
    "add_string": FeatureType.STRING,
    "string_size": FeatureType.INT,
    "size_string": FeatureType.INT,
    "int64_to_double": FeatureType.DOUBLE,
    "double_to_int64": FeatureType.INT,
}


@dataclass(frozen=True, slots=True)
class Node:
    """One typed expression. `op` is the id of a CEL overload, or FEATURE, LITERAL or LIST.

    `at` is its position in the source, counted in characters from 0.
    """

    op: str
    kind: FeatureType
    args: tuple["Node", ...] = ()
    value: str | int | float | bool | None = None
    at: int = 0

    def walk(self) -> Iterator["Node"]:
        """This node and all below, in the order they are written."""
        if self.args and self.op not in (NOT, LIST) and self.args[0].at < self.at:
            yield from self.args[0].walk()
            yield self
            rest = self.args[1:]
        else:
            yield self
            rest = self.args
        for node in rest:
            yield from node.walk()

    @property
    def canonical(self) -> str:
        """A text that is equal for expressions that are built alike, however they are written."""
        return f"{self.op}({','.join(arg.canonical for arg in self.args)}){self.value!r}"

    @property
    def features(self) -> tuple[str, ...]:
        """Names of the features used, each once, in order of appearance."""
        return tuple(dict.fromkeys(str(node.value) for node in self.walk() if node.op == FEATURE))


class ExpressionError(Exception):
    """A fault in an expression; `line` and `column` count from 1 within it."""

    def __init__(self, message: str, line: int, column: int) -> None:
        super().__init__(message)
        self.message, self.line, self.column = message, line, column


def fault_at(source: str, at: int, message: str) -> ExpressionError:
    """The fault at a position of an expression."""
    before = source[:at]
    return ExpressionError(message, before.count("\n") + 1, at - (before.rfind("\n") + 1) + 1)


@cache
def environment() -> cel.Env:
    """The CEL environment in which every feature is a variable of its type."""
    return cel.NewEnv(variables={feature.name: _CEL_TYPE[feature.type] for feature in FEATURES})


def check(source: str) -> Node:
    """The typed tree of a Boolean expression; raises ExpressionError naming the place.

    >>> check("is_person && weight_g > 20000").features
    ('is_person', 'weight_g')
    """
    if len(source) > MAX_LENGTH:
        raise ExpressionError(f"expression is longer than {MAX_LENGTH} characters", 1, 1)
    try:
        compiled = environment().compile(source)
    except RuntimeError as error:
        raise _translated(str(error), source) from None
    node = _Reader(source, compiled.serialize()).root()
    if node.kind is not FeatureType.BOOL:
        raise ExpressionError(f"a rule must be true or false, this expression is of type {node.kind}", 1, 1)
    if not node.features:
        raise ExpressionError("the expression uses no feature, so it is constant", 1, 1)
    verdict = compiled.eval(data={})
    if isinstance(verdict.value(), bool):
        word = "true" if verdict.value() else "false"
        raise ExpressionError(f"the expression is constant: it is {word} whatever the features are", 1, 1)
    return node


def _translated(message: str, source: str) -> ExpressionError:
    match = re.search(r"<input>:(\d+):(\d+): (.*)", message)
    if match is None:
        return ExpressionError(message.split("\n")[0], 1, 1)
    line, column, text = int(match[1]), int(match[2]), match[3]
    before = source.split("\n")[: line - 1]
    return ExpressionError(explained(text, source, sum(len(one) + 1 for one in before) + column - 1), line, column)


def _choices(node: Node) -> int:
    """Depth to which ?: is nested in an expression."""
    return (node.op == CHOICE) + max(map(_choices, node.args), default=0)


class _Reader:
    """Reads one serialized CheckedExpr. Numbers are field numbers of google/api/expr/v1alpha1/checked.proto."""

    def __init__(self, source: str, serialized: bytes) -> None:
        self.source = source
        checked = wire.fields_of(wire.message(wire.fields_of(serialized), 2) or b"")  # an Any: type_url, value
        self.references: dict[int, wire.Fields] = {}
        for entry in wire.messages(checked, 2):
            fields = wire.fields_of(entry)
            self.references[wire.unsigned(fields, 1)] = wire.fields_of(wire.message(fields, 2) or b"")
        self.expression = wire.message(checked, 4) or b""
        info = wire.fields_of(wire.message(checked, 5) or b"")
        positions = (wire.fields_of(entry) for entry in wire.messages(info, 4))
        self.positions = {wire.unsigned(entry, 1): wire.unsigned(entry, 2) for entry in positions}

    def root(self) -> Node:
        return self._node(self.expression, 0)

    def _fault(self, message: str, at: int) -> ExpressionError:
        return fault_at(self.source, at, message)

    def _node(self, raw: bytes, depth: int) -> Node:
        fields = wire.fields_of(raw)
        number = wire.unsigned(fields, 2)
        at = self.positions.get(number, 0)
        if depth > MAX_DEPTH:
            raise self._fault(f"expression is nested more than {MAX_DEPTH} deep", at)
        if (constant := wire.message(fields, 3)) is not None:
            return self._literal(constant, at)
        if (identifier := wire.message(fields, 4)) is not None:
            name = wire.text(wire.fields_of(identifier), 1)
            if name not in _KINDS:
                raise self._fault(f"'{name}' is not a feature", at)
            return Node(FEATURE, _KINDS[name], value=name, at=at)
        if (call := wire.message(fields, 6)) is not None:
            return self._call(wire.fields_of(call), number, at, depth)
        if (items := wire.message(fields, 7)) is not None:
            nodes = tuple(self._node(item, depth + 1) for item in wire.messages(wire.fields_of(items), 1))
            return Node(LIST, nodes[0].kind if nodes else FeatureType.STRING, nodes, at=at)
        raise self._fault("macros, maps and messages are not supported in rules", at)

    def _literal(self, raw: bytes, at: int) -> Node:
        fields = wire.fields_of(raw)
        if 2 in fields:
            return Node(LITERAL, FeatureType.BOOL, value=bool(wire.unsigned(fields, 2)), at=at)
        if 3 in fields:
            return Node(LITERAL, FeatureType.INT, value=wire.signed(fields, 3), at=at)
        if (number := wire.message(fields, 5)) is not None:
            value = wire.double(number)
            if not math.isfinite(value):
                raise self._fault("number is too large", at)
            return Node(LITERAL, FeatureType.DOUBLE, value=value, at=at)
        if 6 in fields:
            return Node(LITERAL, FeatureType.STRING, value=wire.text(fields, 6), at=at)
        raise self._fault("null, unsigned and bytes literals are not supported in rules", at)

    def _call(self, call: wire.Fields, number: int, at: int, depth: int) -> Node:
        overloads = wire.messages(self.references.get(number, {}), 3)
        op = overloads[0].decode() if len(overloads) == 1 else ""
        if op == "matches":
            op = MATCHES
        if op != CHOICE and op not in RESULT:
            name = wire.text(call, 2).strip("_@")
            raise self._fault(f"'{name}' is not supported here ({op or 'type known only at run time'})", at)
        target = wire.message(call, 1)
        parts = ([] if target is None else [target]) + wire.messages(call, 3)
        args = tuple(self._node(part, depth + 1) for part in parts)
        self._restrict(op, args, at)
        return Node(op, args[1].kind if op == CHOICE else RESULT[op], args, at=at)

    def _restrict(self, op: str, args: tuple[Node, ...], at: int) -> None:
        """Refuse legal CEL that is not part of this subset."""
        for position, node in enumerate(args):
            if node.op == LIST and not (op == IN and position == 1):
                raise self._fault("a list may only stand on the right of `in`", node.at)
        if op == IN:
            items = args[1]
            if items.op != LIST or any(item.op != LITERAL or item.kind is not args[0].kind for item in items.args):
                raise self._fault("`in` needs a list of literals of the type on its left", items.at)
        if op == CHOICE and args[1].kind is not args[2].kind:
            raise self._fault("both branches of ?: must have the same type", at)
        if op == CHOICE and max(map(_choices, args)) >= MAX_CHOICES:
            raise self._fault(f"?: is nested more than {MAX_CHOICES} deep", at)
        if op == MATCHES:
            if args[1].op != LITERAL:
                raise self._fault("the pattern of matches() must be a literal", args[1].at)
            try:
                regex.search(str(args[1].value))
            except regex.PatternError as fault:
                raise self._fault(f"pattern: {fault}", args[1].at) from None
