"""Trains, chooses and measures a risk model on screenings split by time."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version as installed_version
from typing import Any

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import average_precision_score

from parcelward.errors import UserError
from parcelward.features.table import MODEL_FEATURES
from parcelward.model.card import Card, Data, Metrics, sha256
from parcelward.model.trees import Floats, Matrix
from parcelward.training.artefact import to_onnx
from parcelward.training.baselines import baselines
from parcelward.training.evaluation import at_threshold, pattern_recall, ranking
from parcelward.training.rows import Numbers, Screenings

LIBRARIES = ("scikit-learn", "numpy", "onnx", "onnxruntime")
FLAGGED_SHARE = 0.005  # of waybills that the model may flag: about what the platform can look at beside the rules
PARITY_ROWS = 64
LEAST_VIOLATIONS = 10
LEAST_KNOWN = 100  # rows in which a feature must be known to be learnt from

LIMITS = (
    "Trained and measured on simulated traffic only: the figures say that the pipeline learns what was planted, not"
    " how often it will be right on real parcels. Retrain on answered alerts before a decision rests on the score.",
    "The simulated share of violations is a choice of the simulation, not an estimate of the real one; a score is a"
    " probability only where that share holds.",
    "It sees records, not parcels: well-timed false records, lent documents used once, and what is in a closed box"
    " leave no trace in them.",
    "Profiles remember 7 days; what repeats more slowly looks new each time.",
    "It knows no person: no name, origin, age, sex or address is a feature. It must not be used to rate people.",
    "The score supports a person who decides; it refuses no parcel by itself.",
)


@dataclass(frozen=True, slots=True)
class Days:
    """First and last simulated day of each slice: for training, for choosing model and threshold, for measuring."""

    train: tuple[int, int]
    validation: tuple[int, int]
    test: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Recipe:
    """Parameters of one candidate. `rows` says from which screenings of a waybill it learns: last or all."""

    rows: str
    trees: int
    leaves: int
    rate: float


# The model scores at every event, so it naturally learns from all screenings. The last alone is tried as well, because
# most is known then. Each waybill weighs the same, however many screenings it has.
CANDIDATES = (
    Recipe("last", 100, 15, 0.08),
    Recipe("all", 100, 15, 0.08),
    Recipe("all", 100, 31, 0.06),
    Recipe("all", 150, 15, 0.08),
)


@dataclass(frozen=True, slots=True)
class Trained:
    """A model ready to be released: card, artefact, parity sample and its scores by scikit-learn."""

    card: Card
    artefact: bytes
    sample: Matrix
    expected: list[float]


def train(
    screenings: Screenings,
    days: Days,
    *,
    version: str,
    seed: int,
    source: str,
    parameters: dict[str, int | float | str],
    candidates: tuple[Recipe, ...] = CANDIDATES,
    note: Callable[[str], None] = lambda _: None,
) -> Trained:
    """Fit every candidate on the first days, choose on the next, measure on the last. Same input, same output.

    Raises UserError when a slice of time holds too few violations to learn or to measure from.
    """
    slices = {name: screenings.between(*getattr(days, name)) for name in ("train", "validation", "test")}
    for name, part in slices.items():
        if part.violation.sum() < LEAST_VIOLATIONS:
            raise UserError(f"the {name} days hold fewer than {LEAST_VIOLATIONS} violations; simulate more")
    tried: list[dict[str, int | float | str]] = []
    fitted: list[tuple[float, HistGradientBoostingClassifier, Recipe]] = []
    for recipe in candidates:
        model = _fit(slices["train"], recipe, seed)
        quality = float(average_precision_score(slices["validation"].violation, _order(model, slices["validation"])))
        note(f"{recipe}: average precision {quality:.4f} on validation")
        tried.append(_parameters(recipe) | {"validation_average_precision": round(quality, 5)})
        fitted.append((quality, model, recipe))
    _, model, recipe = max(fitted, key=lambda each: each[0])
    threshold = _threshold(_order(model, slices["validation"]))
    artefact = to_onnx(model)
    card = Card(
        version=version,
        artefact_sha256=sha256(artefact),
        features=MODEL_FEATURES,
        libraries={name: installed_version(name) for name in LIBRARIES},
        seed=seed,
        recipe={"kind": "HistGradientBoostingClassifier, log loss, missing values as they are"} | _parameters(recipe),
        candidates=tuple(tried),
        threshold=threshold,
        threshold_choice=f"the model alone flags {FLAGGED_SHARE:.1%} of the waybills of the validation days",
        data=Data(
            source=source,
            parameters=parameters,
            sha256=screenings.digest(),
            splits=tuple(part.describe(name, *getattr(days, name)) for name, part in slices.items()),
        ),
        metrics=_measure(model, threshold, slices["train"], slices["test"], seed),
        limits=LIMITS,
    )
    sample = _parity_sample(slices["test"], seed)
    return Trained(card, artefact, sample, model.predict_proba(sample)[:, 1].tolist())


def _fit(part: Screenings, recipe: Recipe, seed: int) -> HistGradientBoostingClassifier:
    rows = _chosen_rows(part, recipe.rows)
    of_waybill = part.waybill[rows]
    weight = part.weight[of_waybill] / np.bincount(of_waybill, minlength=len(part.day))[of_waybill]
    model = HistGradientBoostingClassifier(
        max_iter=recipe.trees,
        max_leaf_nodes=recipe.leaves,
        learning_rate=recipe.rate,
        min_samples_leaf=20,
        l2_regularization=1.0,
        max_features=0.25,  # each split sees a quarter of the features: many faint traits, not a few loud ones
        early_stopping=False,  # it would split at random, not by time
        random_state=seed,
    )
    return model.fit(_teachable(part.matrix[rows]), part.violation[of_waybill], sample_weight=weight)


def _teachable(matrix: Matrix) -> Matrix:
    """Make the columns constant that are hardly ever known: they teach nothing, and binning an empty one fails."""
    unknown = (~np.isnan(matrix)).sum(axis=0) < LEAST_KNOWN
    matrix[:, unknown] = 0.0
    return matrix


def _chosen_rows(part: Screenings, which: str) -> Numbers:
    return part.last_rows() if which == "last" else np.arange(len(part.waybill))


def _order(model: HistGradientBoostingClassifier, part: Screenings) -> Floats:
    """Highest score of each waybill over all its screenings."""
    return part.highest(model.predict_proba(part.matrix)[:, 1])


def _threshold(order: Floats) -> float:
    """The score that FLAGGED_SHARE of the waybills reach, rounded up so that not more of them do."""
    reached = float(np.quantile(order, 1 - FLAGGED_SHARE, method="higher"))
    return min(max(round(reached + 5e-5, 4), 1e-4), 0.9999)


def _measure(
    model: HistGradientBoostingClassifier, threshold: float, train_part: Screenings, test: Screenings, seed: int
) -> Metrics:
    """Measure everything that the card says about the test days."""
    scores = model.predict_proba(test.matrix)[:, 1]
    order, violation = test.highest(scores), test.violation
    flagged, by_rules = order >= threshold, test.highest(test.rules_fired) > 0
    last = scores[test.last_rows()]
    persons = test.matrix[test.last_rows(), MODEL_FEATURES.index("is_person")] == 1
    return Metrics(
        base_rate=round(float(violation.mean()), 5),
        model=ranking("model", order, violation),
        among_persons=ranking("model", order[persons], violation[persons]),
        persons_base_rate=round(float(violation[persons].sum() / max(int(persons.sum()), 1)), 5),
        baselines=baselines(train_part, test, order, seed),
        at_threshold=at_threshold(flagged, by_rules, violation),
        patterns=pattern_recall(test.pattern, flagged, by_rules),
        mean_score=round(float(last.mean()), 5),
        brier=round(float(((last - violation) ** 2).mean()), 6),
    )


def _parity_sample(test: Screenings, seed: int) -> Matrix:
    """Rows of the test days, violations among them, and one with nothing known."""
    chance = np.random.default_rng(seed)
    spoilt = np.flatnonzero(test.violation[test.waybill])
    half = PARITY_ROWS // 2
    rows = np.concatenate([chance.permutation(spoilt)[:half], chance.permutation(len(test.waybill))[:half]])
    nothing = np.full((1, test.matrix.shape[1]), np.nan, dtype=np.float32)
    return np.concatenate([test.matrix[rows], nothing])


def _parameters(recipe: Recipe) -> dict[str, Any]:
    return {"rows": recipe.rows, "trees": recipe.trees, "leaves": recipe.leaves, "learning_rate": recipe.rate}
