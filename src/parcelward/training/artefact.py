"""Write a trained HistGradientBoostingClassifier as ONNX, split for split. Needs the training dependencies.

The general converter does not do. With these versions it fails: it gives node numbers as unsigned numpy integers, which
the ONNX package refuses. And it leaves out how many training rows reached each node, which explanations need.
"""

from collections import defaultdict
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto, checker, helper
from sklearn.ensemble import HistGradientBoostingClassifier

from parcelward.model.views import INPUT, SCORE

_LOG_ODDS = "log_odds"
_OPSETS = (("", 18), ("ai.onnx.ml", 3))
_IR_VERSION = 8


def to_onnx(model: HistGradientBoostingClassifier) -> bytes:
    """The artefact of a fitted binary model without categorical features. It maps (n, k) float32 to scores (n, 1)."""
    attributes: dict[str, list[Any]] = defaultdict(list)
    for number, (tree,) in enumerate(model._predictors):
        _add_tree(attributes, number, tree.nodes)
    ensemble = helper.make_node(
        "TreeEnsembleRegressor",
        [INPUT],
        [_LOG_ODDS],
        domain="ai.onnx.ml",
        n_targets=1,
        aggregate_function="SUM",
        post_transform="NONE",  # ONNX Runtime ignores LOGISTIC for one target, hence the Sigmoid below
        base_values=[float(model._baseline_prediction.ravel()[0])],
        **attributes,
    )
    graph = helper.make_graph(
        [ensemble, helper.make_node("Sigmoid", [_LOG_ODDS], [SCORE])],
        "risk",
        [helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, [None, model.n_features_in_])],
        [helper.make_tensor_value_info(SCORE, TensorProto.FLOAT, [None, 1])],
    )
    opsets = [helper.make_opsetid(*opset) for opset in _OPSETS]
    proto = helper.make_model(graph, opset_imports=opsets, producer_name="parcelward", ir_version=_IR_VERSION)
    checker.check_model(proto)
    content: bytes = proto.SerializeToString(deterministic=True)
    return content


def _add_tree(attributes: dict[str, list[Any]], number: int, nodes: NDArray[Any]) -> None:
    """Append one tree. `nodes_hitrates` carries the training rows per node."""
    leaf = nodes["is_leaf"].astype(bool)
    thresholds = _down_to_float32(np.where(leaf, 0.0, nodes["num_threshold"]))
    attributes["nodes_treeids"] += [number] * len(nodes)
    attributes["nodes_nodeids"] += range(len(nodes))
    attributes["nodes_modes"] += ["LEAF" if is_leaf else "BRANCH_LEQ" for is_leaf in leaf]
    attributes["nodes_values"] += thresholds.tolist()
    attributes["nodes_hitrates"] += nodes["count"].astype(float).tolist()
    for name, column in (
        ("nodes_featureids", "feature_idx"),
        ("nodes_truenodeids", "left"),
        ("nodes_falsenodeids", "right"),
        ("nodes_missing_value_tracks_true", "missing_go_to_left"),
    ):
        attributes[name] += np.where(leaf, 0, nodes[column]).astype(int).tolist()
    leaves = np.flatnonzero(leaf)
    attributes["target_treeids"] += [number] * len(leaves)
    attributes["target_nodeids"] += leaves.tolist()
    attributes["target_ids"] += [0] * len(leaves)
    attributes["target_weights"] += nodes["value"][leaves].tolist()


def _down_to_float32(thresholds: NDArray[np.float64]) -> NDArray[np.float32]:
    """The largest float32 not above each threshold: x <= t then means the same for every float32 x."""
    rounded = thresholds.astype(np.float32)
    below = np.nextafter(rounded, np.float32(-np.inf))
    return np.where(rounded.astype(np.float64) > thresholds, below, rounded)
