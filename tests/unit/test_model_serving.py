"""A released model scores, explains and refuses: against scikit-learn's own trees, on rows with unknown values."""

import json
import math
import random
from collections.abc import Callable, Iterator
from itertools import chain, cycle
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from parcelward.errors import UserError
from parcelward.features.table import FEATURES, MODEL_FEATURES, FeatureType, Row
from parcelward.model import Card, RiskModel, load_model
from parcelward.model.card import ARTEFACT, CARD, PARITY, AtThreshold, Data, Metrics, Ranking, sha256
from parcelward.model.trees import Matrix, Trees
from parcelward.model.views import model_matrix
from parcelward.training.artefact import to_onnx
from parcelward.training.release import write_release

_RANDOM_VALUES: dict[FeatureType, Callable[[random.Random], Any]] = {
    FeatureType.BOOL: lambda chance: chance.random() < 0.5,
    FeatureType.INT: lambda chance: chance.randrange(40),
    # so few that scikit-learn splits between float32 values
    FeatureType.DOUBLE: lambda chance: round(chance.gauss(0, 3), 1),
    FeatureType.STRING: lambda chance: chance.choice(["衣服", "tea"]),
}


def random_rows(count: int, seed: int) -> list[Row]:
    chance = random.Random(seed)
    return [
        [None if chance.random() < 0.25 else _RANDOM_VALUES[feature.type](chance) for feature in FEATURES]
        for _ in range(count)
    ]


def labels_for(rows: list[Row]) -> list[bool]:
    """Rare, noisy, and dependent on two features and on one being unknown."""
    chance, matrix = random.Random(7), np.nan_to_num(model_matrix(rows), nan=-5.0)
    odds = 0.4 * matrix[:, 3] + 0.1 * matrix[:, 8] - 0.3 * (matrix[:, 20] == -5.0) - 4
    return [chance.random() < 1 / (1 + math.exp(-value)) for value in odds.tolist()]


def card_for(artefact: bytes, **changes: Any) -> Card:
    nothing = Ranking(name="none", auc=0.5, average_precision=0.1, budgets=())
    shares = dict.fromkeys(AtThreshold.model_fields, 0.0)
    values: dict[str, Any] = {
        "version": "test.1",
        "artefact_sha256": sha256(artefact),
        "features": MODEL_FEATURES,
        "libraries": {"onnxruntime": onnxruntime.__version__},
        "seed": 1,
        "recipe": {"kind": "test"},
        "candidates": (),
        "threshold": 0.5,
        "threshold_choice": "none",
        "data": Data(source="random", parameters={}, sha256="0", splits=()),
        "metrics": Metrics(
            base_rate=0.1,
            model=nothing,
            among_persons=nothing,
            persons_base_rate=0.1,
            baselines=(),
            at_threshold=AtThreshold(**shares),
            patterns=(),
            mean_score=0.1,
            brier=0.1,
        ),
        "limits": ("test",),
    }
    return Card(**(values | changes))


def rows_on_thresholds(trained: HistGradientBoostingClassifier, count: int) -> Matrix:
    """Random rows, each with one value that lies exactly on a split."""
    matrix = model_matrix(random_rows(count, seed=2))
    splits = [node for (tree,) in trained._predictors for node in tree.nodes if not node["is_leaf"]]
    for line, node in zip(matrix, cycle(splits), strict=False):
        line[node["feature_idx"]] = node["num_threshold"]
    return matrix


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Models this small gain nothing from threads, and threads that spin on a busy machine cost minutes."""
    with threadpool_limits(1):
        yield


@pytest.fixture(scope="module")
def trained() -> HistGradientBoostingClassifier:
    rows = random_rows(4000, seed=1)
    model = HistGradientBoostingClassifier(max_iter=20, max_leaf_nodes=8, early_stopping=False, random_state=0)
    return model.fit(model_matrix(rows), labels_for(rows))


@pytest.fixture(scope="module")
def artefact(trained: HistGradientBoostingClassifier) -> bytes:
    return to_onnx(trained)


@pytest.fixture(scope="module")
def model(artefact: bytes) -> RiskModel:
    return RiskModel(card_for(artefact), artefact)


@pytest.fixture
def release(tmp_path: Path, trained: HistGradientBoostingClassifier, artefact: bytes) -> Path:
    sample = model_matrix(random_rows(16, seed=3))
    write_release(tmp_path, card_for(artefact), artefact, sample, trained.predict_proba(sample)[:, 1].tolist())
    return tmp_path / "test.1"


def test_scores_are_those_of_scikit_learn_with_unknown_values_and_exactly_on_a_threshold(
    trained: HistGradientBoostingClassifier, model: RiskModel
) -> None:
    matrix = rows_on_thresholds(trained, 3000)
    expected = trained.predict_proba(matrix)[:, 1]
    assert np.abs(np.array(model.score_matrix(matrix)) - expected).max() < 1e-6
    assert np.ptp(expected) > 0.3, "a flat model would prove nothing"


def test_scoring_does_not_depend_on_the_batch(model: RiskModel) -> None:
    rows = random_rows(70, seed=4)
    together = model.score(rows)
    assert together == pytest.approx(list(chain.from_iterable(model.score([row]) for row in rows)), abs=1e-7)
    assert model.score([]) == []
    assert model.explain([]) == []


def test_the_matrix_takes_model_features_in_order_and_unknown_becomes_nan() -> None:
    row: Row = [None] * len(FEATURES)
    names = [feature.name for feature in FEATURES]
    row[names.index("is_person")] = True
    row[names.index("weight_g")] = 1200
    row[names.index("goods_name")] = "衣服"
    line = model_matrix([row])[0]
    known = {name: float(value) for name, value in zip(MODEL_FEATURES, line, strict=True) if not np.isnan(value)}
    assert known == {"is_person": 1.0, "weight_g": 1200.0}


def test_contributions_and_bias_add_up_to_the_log_odds_of_the_score(
    trained: HistGradientBoostingClassifier, artefact: bytes, model: RiskModel
) -> None:
    matrix = rows_on_thresholds(trained, 500)
    trees = Trees.read(artefact)
    total = trees.bias + trees.contributions(matrix).sum(axis=1)
    assert 1 / (1 + np.exp(-total)) == pytest.approx(np.array(model.score_matrix(matrix)), abs=1e-6)


def test_contributions_follow_the_path_through_scikit_learns_own_trees(
    trained: HistGradientBoostingClassifier, artefact: bytes
) -> None:
    matrix = model_matrix(random_rows(40, seed=6))
    expected = np.array([_walk(trained, line) for line in matrix])
    assert Trees.read(artefact).contributions(matrix) == pytest.approx(expected, abs=1e-5)


def _walk(trained: HistGradientBoostingClassifier, line: np.ndarray[Any, Any]) -> list[float]:
    """Path contributions of one row, straight from the trained trees, one node at a time."""
    moved = [0.0] * len(line)
    for (tree,) in trained._predictors:
        nodes = tree.nodes

        def mean(at: int, nodes: Any = nodes) -> tuple[float, int]:
            node = nodes[at]
            if node["is_leaf"]:
                return float(node["value"]), int(node["count"])
            (left, n_left), (right, n_right) = mean(node["left"]), mean(node["right"])
            return (left * n_left + right * n_right) / (n_left + n_right), n_left + n_right

        at = 0
        while not nodes[at]["is_leaf"]:
            node = nodes[at]
            value = float(line[node["feature_idx"]])
            left = bool(node["missing_go_to_left"]) if math.isnan(value) else value <= node["num_threshold"]
            child = int(node["left"] if left else node["right"])
            moved[node["feature_idx"]] += mean(child)[0] - mean(at)[0]
            at = child
    return moved


def test_the_trees_are_read_as_the_onnx_library_reads_them(artefact: bytes) -> None:
    (ensemble,) = [node for node in onnx.load_from_string(artefact).graph.node if node.op_type.startswith("Tree")]
    lists = {attribute.name: onnx.helper.get_attribute_value(attribute) for attribute in ensemble.attribute}
    trees = Trees.read(artefact)
    assert trees.count == len(set(lists["nodes_treeids"])) == 20
    assert trees._threshold.tolist() == lists["nodes_values"]
    assert trees._feature.tolist() == lists["nodes_featureids"]


def test_an_explanation_names_what_raises_first_then_what_lowers_each_largest_first(model: RiskModel) -> None:
    rows = random_rows(50, seed=8)
    units = {feature.name: feature for feature in FEATURES}
    for row, (contributions, _, _) in zip(rows, model.explain(rows, top=4), strict=True):
        assert 1 <= len(contributions) <= 4
        order = [(part.weight < 0, -abs(part.weight)) for part in contributions]
        assert order == sorted(order)
        for part in contributions:
            feature = units[part.feature]
            actual = row[[f.name for f in FEATURES].index(part.feature)]
            assert part.value == (None if actual is None else float(actual))
            assert feature.meaning.startswith(part.text.en.split(":")[0])
            assert feature.meaning_zh.startswith(part.text.zh.split("：")[0])


@pytest.mark.parametrize(
    ("name", "value", "en", "zh"),
    [
        ("operator_gap_s", 2.5, "2.5 s", "2.5秒"),
        ("operator_gap_s", 1234.56, "20.6 min", "20.6分钟"),
        ("operator_gap_s", 23_364.0, "6.49 h", "6.49小时"),
        ("operator_gap_s", 0.0, "0 s", "0秒"),
        ("operator_gap_s", None, "unknown", "未知"),
        ("inspection_delay_s", -30.0, "-30 s", "-30秒"),
        ("photo_age_min", 4320.0, "3 d", "3天"),
        ("sender_known_days", 0.0, "with this parcel", "本件为首次"),
        ("weight_g", 850, "850 g", "850克"),
        ("weight_g", 12_300, "12.3 kg", "12.3千克"),
        ("hour_of_day", 3, "03:00 to 03:59", "3时"),
        ("quantity", 1, "1 piece", "1件"),
        ("quantity", 37, "37 pieces", "37件"),
        ("outlet_vague_share_1d", 0.444, "44.4 %", "44.4%"),
        ("weight_change", 0.5, "+50 %", "+50%"),
        ("weight_ratio", 0.39, "0.39 times", "0.39倍"),
        ("goods_vague", True, "yes", "是"),
        ("goods_vague", 0.0, "no", "否"),
        ("goods_danger_severity", 3, "prohibited", "禁寄"),
        ("goods_danger_severity", 0, "none", "无"),
    ],
)
def test_values_read_as_a_person_would_write_them(name: str, value: float | None, en: str, zh: str) -> None:
    from parcelward.model.plain_words import contribution

    text = contribution(name, value, 1.7).text
    assert text.en.endswith(f": {en}")
    assert text.zh.endswith(f"：{zh}")
    assert "（" not in text.zh, "an explanation of the feature would read as part of the value"
    assert text.en.count(":") - en.count(":") == 1, "codes and their legend stay out of a sentence"


def test_a_pointer_file_leads_to_the_release_it_names(release: Path) -> None:
    assert (release.parent / "current").read_text() == "test.1\n"
    assert load_model(release.parent / "current").version == load_model(release).version == "test.1"


def _change_card(folder: Path, **changes: object) -> None:
    card = json.loads((folder / CARD).read_text()) | changes
    (folder / CARD).write_text(json.dumps(card))


def _swap_features(folder: Path) -> None:
    _change_card(folder, features=[MODEL_FEATURES[1], MODEL_FEATURES[0], *MODEL_FEATURES[2:]])


def _other_scores(folder: Path) -> None:
    parity = json.loads((folder / PARITY).read_text())
    parity["scores"][5] += 2e-5
    (folder / PARITY).write_text(json.dumps(parity))


def _garbage_artefact(folder: Path) -> None:
    (folder / ARTEFACT).write_bytes(b"not a model")
    _change_card(folder, artefact_sha256=sha256(b"not a model"))


DAMAGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "features in another order": (_swap_features, "position 0: physical_read instead of is_person"),
    "fewer features": (lambda f: _change_card(f, features=list(MODEL_FEATURES[:-1])), "55 features instead of 56"),
    "artefact of another release": (lambda f: (f / ARTEFACT).write_bytes(b"x"), "sha256 differs"),
    "artefact that is no model": (_garbage_artefact, "not a usable model"),
    "other major version of the runtime": (
        lambda f: _change_card(f, libraries={"onnxruntime": "99.0.0"}),
        "checked with onnxruntime 99.0.0",
    ),
    "other scores": (_other_scores, "scores its parity sample differently"),
    "parity sample unreadable": (lambda f: (f / PARITY).write_text("{"), "parity sample"),
    "parity sample empty": (lambda f: (f / PARITY).write_text('{"rows": [], "scores": []}'), "parity sample"),
    "artefact missing": (lambda f: (f / ARTEFACT).unlink(), ARTEFACT),
    "card missing": (lambda f: (f / CARD).unlink(), "cannot be read"),
    "card not JSON": (lambda f: (f / CARD).write_text("{"), "the whole file"),
    "card with an unknown field": (lambda f: _change_card(f, colour="red"), "colour"),
    "pointer to nowhere": (lambda f: (f.parent / "current").write_text("test.2"), "test.2"),
    "pointer that climbs": (lambda f: (f.parent / "current").write_text("../test.1"), "no release folder"),
    "no model": (lambda f: (f.parent / "current").unlink(), "no model at"),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_loading_refuses_a_damaged_release_in_one_sentence(name: str, release: Path) -> None:
    damage, sentence = DAMAGES[name]
    damage(release)
    with pytest.raises(UserError) as refusal:
        load_model(release.parent / "current")
    assert sentence in str(refusal.value)
    assert "\n" not in str(refusal.value)
