"""A released model at work: scores rows of features with ONNX Runtime and explains the scores."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from parcelward.contract.alerts import Contribution
from parcelward.errors import UserError
from parcelward.features.table import INDEX, MODEL_FEATURES, Row
from parcelward.model.card import ARTEFACT, PARITY, Card, read_card, read_release_file, resolve_release, sha256
from parcelward.model.plain_words import contribution
from parcelward.model.trees import Floats, Matrix, Trees
from parcelward.model.typical import TypicalContributions
from parcelward.model.views import ModelViews, model_matrix

PARITY_TOLERANCE = 1e-5
LEAST_SHARE = 0.05  # of the sizes of all contributions: a smaller one is no reason

WEIGHT_DIGITS = 4

_COLUMNS = tuple(INDEX[name] for name in MODEL_FEATURES)


class Explanation(NamedTuple):
    """Explanation of one score: in log-odds, `baseline`, the named weights and `rest` add up to it."""

    contributions: tuple[Contribution, ...]
    baseline: float
    """Log-odds of a clean parcel of this kind."""
    rest: float
    """Weights of all features that are not named, together."""


class RiskModel:
    """A released model: estimated probability of a violation for rows of features. One thread, no state."""

    def __init__(self, card: Card, artefact: bytes) -> None:
        self.card = card
        self.version = card.version
        self.threshold = card.threshold
        self._trees = Trees.read(artefact)
        self._views = ModelViews(artefact)
        self._typical = TypicalContributions.none()

    def explain_relative_to(self, sample: Matrix, scores: Floats) -> None:
        """Explain from now on relative to the clean rows of `sample`: those whose score is under the threshold."""
        self._typical = TypicalContributions.of(self._trees, sample, scores, self.threshold)

    def score(self, rows: Sequence[Row]) -> list[float]:
        """Score of each row (all FEATURES in order, None unknown), 0 to 1."""
        return self._views.score(rows)

    def score_matrix(self, matrix: Matrix) -> list[float]:
        """Score of each line of a matrix whose columns are MODEL_FEATURES."""
        return self._views.whole.score_matrix(matrix)

    def explain(self, rows: Sequence[Row], top: int = 5) -> list[Explanation]:
        """Explain each row by the features that set it most apart from ordinary parcels, `top` of them at most.

        Features that raise the risk come first. The baseline, the weights of the named features and the rest add up to
        the row's log-odds. A feature is left out if its weight is under LEAST_SHARE of all weights' sizes. What is
        unknown is named as unknown where that raised the score. Explaining costs more than scoring: give it flagged
        rows only.
        """
        if not rows:
            return []
        matrix = model_matrix(rows)
        typical = self._typical.for_rows(matrix)
        apart = self._trees.contributions(matrix) - typical
        return [
            self._explanation(row, weights, unknown, self._trees.bias + float(usual.sum()), top)
            for row, weights, unknown, usual in zip(rows, apart, np.isnan(matrix), typical, strict=True)
        ]

    def _explanation(
        self, row: Row, weights: Floats, unknown: NDArray[np.bool_], baseline: float, top: int
    ) -> Explanation:
        named = tuple(
            contribution(MODEL_FEATURES[column], row[_COLUMNS[column]], float(weights[column]))
            for column in _worth_naming(weights, unknown, top)
        )
        rest = float(weights.sum()) - sum(part.weight for part in named)
        return Explanation(named, round(baseline, WEIGHT_DIGITS), round(rest, WEIGHT_DIGITS))


def _worth_naming(weights: Floats, unknown: NDArray[np.bool_], top: int) -> list[int]:
    """The columns worth naming, `top` at most: those that raise the risk, then those that lower it, largest first.

    A value that is unknown and lowers the risk tells a person nothing; it is named where there is nothing else.
    """
    size = np.abs(weights)
    enough = (size > 0) & (size >= LEAST_SHARE * size.sum())
    telling = enough & ~(unknown & (weights < 0))
    named = np.flatnonzero(telling if telling.any() else enough)
    largest: list[int] = named[np.argsort(-size[named], kind="stable")][:top].tolist()
    return sorted(largest, key=lambda column: bool(weights[column] < 0))


def load_model(folder: Path) -> RiskModel:
    """Load the release in `folder`, or the one that a pointer file names. It is proven to score as it did at training.

    Raises UserError when a file is missing or damaged, when the features are not MODEL_FEATURES in their order, when
    the installed ONNX Runtime is of another major version, or when the parity sample scores differently.
    """
    release = resolve_release(folder)
    card = read_card(release)
    _require_same_features(card, release)
    _require_same_runtime(card, release)
    artefact = read_release_file(release / ARTEFACT)
    if sha256(artefact) != card.artefact_sha256:
        raise UserError(f"{release / ARTEFACT} is not the artefact its card describes (sha256 differs); restore both")
    try:
        model = RiskModel(card, artefact)
    except Exception as error:  # ONNX Runtime raises a dozen unrelated classes for an artefact it cannot read
        raise UserError(
            f"{release / ARTEFACT} is not a usable model ({type(error).__name__}); train a new one: make model"
        ) from None
    sample, expected = _read_parity(release)
    _require_parity(model, sample, expected, release)
    model.explain_relative_to(sample, expected)
    return model


def _require_same_features(card: Card, release: Path) -> None:
    if card.features == MODEL_FEATURES:
        return
    differing = [
        f"position {position}: {theirs} instead of {ours}"
        for position, (theirs, ours) in enumerate(zip(card.features, MODEL_FEATURES, strict=False))
        if theirs != ours
    ]
    first = differing[0] if differing else f"{len(card.features)} features instead of {len(MODEL_FEATURES)}"
    raise UserError(f"model {release} was trained on other features ({first}); train a new one: make model")


def _require_same_runtime(card: Card, release: Path) -> None:
    trained, installed = card.libraries.get("onnxruntime", "none"), onnxruntime.__version__
    if trained.split(".")[0] != installed.split(".")[0]:
        raise UserError(
            f"model {release} was checked with onnxruntime {trained}, installed is {installed};"
            " install that major version or train a new model: make model"
        )


def _require_parity(model: RiskModel, sample: Matrix, expected: Floats, release: Path) -> None:
    """Refuse a model that does not score the sample as scikit-learn scored it at training."""
    worst = float(np.abs(np.array(model.score_matrix(sample)) - expected).max())
    if not worst <= PARITY_TOLERANCE:
        raise UserError(
            f"model {release} scores its parity sample differently than at training (by {worst:.2g}); do not use it,"
            " train a new one: make model"
        )


def _read_parity(release: Path) -> tuple[Matrix, Floats]:
    """Rows of the sample, NaN where unknown, and their scores at training time."""
    path = release / PARITY
    try:
        sample = json.loads(read_release_file(path))
        matrix = np.array(sample["rows"], dtype=np.float32)  # null is read as NaN
        expected = np.array(sample["scores"], dtype=np.float64)
        if matrix.shape != (len(expected), len(MODEL_FEATURES)) or not len(expected):
            raise ValueError("wrong shape")
    except (ValueError, KeyError, TypeError):
        raise UserError(f"parity sample {path} is not readable; restore the release or train a new one") from None
    return matrix, expected
