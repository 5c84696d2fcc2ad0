"""The trees inside a released ONNX artefact, read without any training library, and a row's way through them.

A worker has only ONNX Runtime, which does not show its trees; the `onnx` package is a training dependency.
"""

import struct
from collections.abc import Iterator
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from parcelward.protobuf import fields, varint

Floats = NDArray[np.float64]
Matrix = NDArray[np.float32]

# Field numbers in onnx.proto: ModelProto.graph, GraphProto.node, NodeProto.op_type and attribute, AttributeProto.*
GRAPH, NODE, OP_TYPE, ATTRIBUTE, NAME, FLOATS, INTS, STRINGS = 7, 1, 4, 5, 1, 7, 8, 9
ENSEMBLE = "TreeEnsembleRegressor"
_SUPPORTED_MODES = {b"BRANCH_LEQ", b"LEAF"}


class Trees:
    """A sum of decision trees in log-odds. All nodes have one numbering, and a leaf points to itself.

    The value of an inner node is the expected one: the mean of its leaves, weighted by how many training rows reached
    them.
    """

    def __init__(self, nodes: "_Nodes", base: float) -> None:
        self._feature = nodes.feature
        self._threshold = nodes.threshold
        self._left, self._right = nodes.left, nodes.right
        self._unknown = np.where(nodes.missing_left, nodes.left, nodes.right)
        value = _expected(nodes)
        self._moved = _moved(nodes, value)
        self._roots = nodes.roots
        self._depth = _depth(nodes)
        self.bias = base + float(value[nodes.roots].sum())
        self.count = len(nodes.roots)

    @classmethod
    def read(cls, artefact: bytes) -> Self:
        """Trees of a TreeEnsembleRegressor with one target. Raises ValueError for anything else."""
        attributes = ensemble(artefact)
        return cls(_nodes(attributes), float(attributes.get("base_values", [0.0])[0]))

    def contributions(self, matrix: Matrix) -> Floats:
        """Compute how far each feature moved each row from the bias, in log-odds; shape (rows, features).

        These are Saabas' path contributions: each step changes the expected value, and the feature asked there gets the
        change. The bias plus a row's contributions is the row's log-odds.
        """
        moved, asked = np.zeros(matrix.shape), self._moved.shape[1]
        for line, row in enumerate(matrix):
            value = row[self._feature]  # for every node: quicker than for the nodes on the row's way only
            child = np.where(
                np.isnan(value), self._unknown, np.where(value <= self._threshold, self._left, self._right)
            )
            node = self._roots
            for _ in range(self._depth):
                node = child[node]
            moved[line, :asked] = self._moved[node].sum(axis=0)
        return moved


class _Nodes(NamedTuple):
    """All nodes of all trees; children always lie behind their parent."""

    feature: NDArray[np.intp]
    threshold: Matrix
    left: NDArray[np.intp]
    right: NDArray[np.intp]
    missing_left: NDArray[np.bool_]
    leaf: NDArray[np.bool_]
    weight: Floats
    cover: Floats
    roots: NDArray[np.intp]


Attributes = dict[str, list[float] | list[int] | list[bytes]]


def _nodes(attributes: Attributes) -> _Nodes:
    """Nodes from the attributes of a TreeEnsembleRegressor, renumbered over all trees."""
    try:
        tree = np.array(attributes["nodes_treeids"], dtype=np.intp)
        own = np.array(attributes["nodes_nodeids"], dtype=np.intp)
        modes = attributes["nodes_modes"]
        number = np.arange(len(tree), dtype=np.intp)
        roots = number[own == 0]
        start = roots[tree]  # trees are numbered 0, 1, 2, ... and stored one after the other
        if not (set(modes) <= _SUPPORTED_MODES and np.array_equal(own, number - start)):
            raise ValueError("trees are not stored as this reader expects")
        leaf = np.array([mode == b"LEAF" for mode in modes])
        weight = np.zeros(len(tree))
        at = roots[np.array(attributes["target_treeids"])] + np.array(attributes["target_nodeids"])
        weight[at] = attributes["target_weights"]
        return _Nodes(
            np.array(attributes["nodes_featureids"], dtype=np.intp),
            np.array(attributes["nodes_values"], dtype=np.float32),
            np.where(leaf, number, start + np.array(attributes["nodes_truenodeids"])),
            np.where(leaf, number, start + np.array(attributes["nodes_falsenodeids"])),
            np.array(attributes["nodes_missing_value_tracks_true"], dtype=bool),
            leaf,
            weight,
            np.array(attributes["nodes_hitrates"], dtype=np.float64),
            roots,
        )
    except (KeyError, IndexError) as error:
        raise ValueError(f"tree attribute is missing or short: {error}") from None


def _expected(nodes: _Nodes) -> Floats:
    """Value of every node: a leaf's own, an inner node's mean over its children by cover."""
    value = nodes.weight.copy()
    for inner in np.flatnonzero(~nodes.leaf)[::-1]:
        left, right = nodes.left[inner], nodes.right[inner]
        cover_left, cover_right = nodes.cover[left], nodes.cover[right]
        value[inner] = (value[left] * cover_left + value[right] * cover_right) / (cover_left + cover_right)
    return value


def _moved(nodes: _Nodes, value: Floats) -> Floats:
    """Compute how far each feature moves the expected score on the way from the root to each node.

    Shape (nodes, features up to the last one asked).
    """
    moved = np.zeros((len(value), int(nodes.feature.max()) + 1))
    for inner in np.flatnonzero(~nodes.leaf):
        for child in (nodes.left[inner], nodes.right[inner]):
            moved[child] = moved[inner]
            moved[child, nodes.feature[inner]] += value[child] - value[inner]
    return moved


def _depth(nodes: _Nodes) -> int:
    """Steps from a root to the deepest leaf."""
    depth = np.zeros(len(nodes.leaf), dtype=np.intp)
    for inner in np.flatnonzero(~nodes.leaf):
        depth[nodes.left[inner]] = depth[nodes.right[inner]] = depth[inner] + 1
    return int(depth.max())


def ensemble(artefact: bytes) -> Attributes:
    """List-valued attributes of the TreeEnsembleRegressor in an artefact. Raises ValueError where there is none."""
    for op_type, attributes in _operators(artefact):
        if op_type == ENSEMBLE:
            return attributes
    raise ValueError(f"no {ENSEMBLE} in the artefact")


def _operators(artefact: bytes) -> Iterator[tuple[str, Attributes]]:
    """Operator type and list-valued attributes of every node of the graph."""
    for number, model_part in fields(artefact):
        if number != GRAPH or not isinstance(model_part, bytes):
            continue
        for kind, graph_part in fields(model_part):
            if kind == NODE and isinstance(graph_part, bytes):
                yield operator(graph_part)


def operator(node: bytes) -> tuple[str, Attributes]:
    """Operator type and list-valued attributes of one node of the graph."""
    op_type, attributes = "", Attributes()
    for number, part in fields(node):
        if number == OP_TYPE and isinstance(part, bytes):
            op_type = part.decode()
        elif number == ATTRIBUTE and isinstance(part, bytes):
            name, values = attribute(part)
            attributes[name] = values
    return op_type, attributes


def attribute(content: bytes) -> tuple[str, list[float] | list[int] | list[bytes]]:
    """Name and values of one attribute; no values where it holds no list."""
    name = ""
    floats: list[float] = []
    ints: list[int] = []
    strings: list[bytes] = []
    for number, part in fields(content):
        if number == NAME and isinstance(part, bytes):
            name = part.decode()
        elif number == FLOATS and isinstance(part, bytes):  # single (4 bytes) or packed: the same to unpack
            floats += struct.unpack(f"<{len(part) // 4}f", part)
        elif number == INTS:
            ints += _varints(part) if isinstance(part, bytes) else [part]
        elif number == STRINGS and isinstance(part, bytes):
            strings.append(part)
    return name, floats or ints or strings


def _varints(packed: bytes) -> list[int]:
    values, at = [], 0
    while at < len(packed):
        value, at = varint(packed, at)
        values.append(value)
    return values
