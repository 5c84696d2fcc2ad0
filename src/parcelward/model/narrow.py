"""A model made smaller for rows in which some columns are unknown: fewer columns and nodes, exactly the same scores.

All trees stay, in their order, so that they add up to the same number. Only a node that asks an unknown column goes;
the child to which an unknown value leads takes its place.
"""

import struct
from collections import defaultdict
from collections.abc import Container, Sequence
from typing import Any

from parcelward.model.trees import (
    ATTRIBUTE,
    ENSEMBLE,
    FLOATS,
    GRAPH,
    INTS,
    NAME,
    NODE,
    STRINGS,
    Attributes,
    attribute,
    ensemble,
    operator,
)
from parcelward.protobuf import field_bytes, fields, varint_bytes

_INPUT = 11  # GraphProto.input
_TYPE, _KIND = 20, {FLOATS: 6, INTS: 7, STRINGS: 8}  # AttributeProto.type
_LEAF = b"LEAF"


def narrowed(artefact: bytes, columns: Sequence[int]) -> bytes:
    """The artefact over `columns` alone, in this order, for rows in which all others are unknown.

    Raises ValueError for an artefact without a TreeEnsembleRegressor.
    """
    lists = _pruned(ensemble(artefact), columns)
    return b"".join(
        field_bytes(number, _graph(part, lists, len(columns)) if number == GRAPH and isinstance(part, bytes) else part)
        for number, part in fields(artefact)
    )


def _pruned(attributes: Attributes, columns: Sequence[int]) -> dict[str, list[Any]]:
    """The lists of all nodes that such rows can reach."""
    nodes: dict[str, list[Any]] = dict(attributes)
    leaves = zip(nodes["target_treeids"], nodes["target_nodeids"], strict=True)
    weights = dict(zip(leaves, nodes["target_weights"], strict=True))
    position = {column: place for place, column in enumerate(columns)}
    roots = [place for place, number in enumerate(nodes["nodes_nodeids"]) if number == 0]
    kept: dict[str, list[Any]] = defaultdict(list)
    for tree, root in enumerate(roots):
        waiting = [_decider(nodes, root, 0, position)]  # breadth first: a child's number is its place in this list
        for number, at in enumerate(waiting):
            leaf = nodes["nodes_modes"][at] == _LEAF
            for name in ("nodes_modes", "nodes_values", "nodes_hitrates", "nodes_missing_value_tracks_true"):
                kept[name].append(nodes[name][at])
            kept["nodes_treeids"].append(tree)
            kept["nodes_nodeids"].append(number)
            kept["nodes_featureids"].append(0 if leaf else position[nodes["nodes_featureids"][at]])
            for name in ("nodes_truenodeids", "nodes_falsenodeids"):
                kept[name].append(0 if leaf else len(waiting))
                if not leaf:
                    waiting.append(_decider(nodes, root, nodes[name][at], position))
            if leaf:
                for name, value in (("treeids", tree), ("nodeids", number), ("ids", 0)):
                    kept[f"target_{name}"].append(value)
                kept["target_weights"].append(weights[tree, at - root])
    return kept


def _decider(nodes: dict[str, list[Any]], root: int, number: int, asked: Container[int]) -> int:
    """Place of the first node, from one of a tree downwards, that is a leaf or asks a column of `asked`."""
    at = root + number
    while nodes["nodes_modes"][at] != _LEAF and nodes["nodes_featureids"][at] not in asked:
        left = nodes["nodes_missing_value_tracks_true"][at]
        at = root + nodes["nodes_truenodeids" if left else "nodes_falsenodeids"][at]
    return at


def _graph(graph: bytes, lists: dict[str, list[Any]], width: int) -> bytes:
    parts: list[bytes] = []
    for number, part in fields(graph):
        if number == NODE and isinstance(part, bytes) and operator(part)[0] == ENSEMBLE:
            part = _node(part, lists)
        elif number == _INPUT and isinstance(part, bytes):
            part = _input(part, width)
        parts.append(field_bytes(number, part))
    return b"".join(parts)


def _node(node: bytes, lists: dict[str, list[Any]]) -> bytes:
    others = [
        field_bytes(number, part)
        for number, part in fields(node)
        if not (number == ATTRIBUTE and isinstance(part, bytes) and attribute(part)[0] in lists)
    ]
    return b"".join((*others, *(field_bytes(ATTRIBUTE, _attribute(name, values)) for name, values in lists.items())))


def _attribute(name: str, values: Sequence[Any]) -> bytes:
    if isinstance(values[0], float):
        number, content = FLOATS, field_bytes(FLOATS, struct.pack(f"<{len(values)}f", *values))
    elif isinstance(values[0], int):
        number, content = INTS, field_bytes(INTS, b"".join(map(varint_bytes, values)))
    else:
        number, content = STRINGS, b"".join(field_bytes(STRINGS, value) for value in values)
    return field_bytes(NAME, name.encode()) + content + field_bytes(_TYPE, _KIND[number])


def _input(value_info: bytes, width: int) -> bytes:
    """The input of the same name as a tensor of floats with so many columns."""
    name = next(part for number, part in fields(value_info) if number == NAME)
    shape = _message((1, b""), (1, _message((1, width))))  # any number of lines
    return _message((1, name), (2, _message((1, _message((1, 1), (2, shape))))))


def _message(*parts: tuple[int, int | bytes]) -> bytes:
    return b"".join(field_bytes(number, part) for number, part in parts)
