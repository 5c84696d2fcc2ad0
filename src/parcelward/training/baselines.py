"""Rivals that the model has to beat: chance, the best single feature, the rules alone, a logistic regression."""

import numpy as np
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from parcelward.features.table import MODEL_FEATURES
from parcelward.model.card import Ranking
from parcelward.model.trees import Floats, Matrix
from parcelward.training.evaluation import by_chance, ranking
from parcelward.training.rows import Screenings

_ORDINARY_WAYBILLS = 40_000  # a linear model learns nothing more from more of them


def baselines(train: Screenings, test: Screenings, model_order: Floats, seed: int) -> tuple[Ranking, ...]:
    """Rankings of the test waybills by each baseline; the last orders by rules first, then by `model_order`."""
    violation = test.violation
    fired = test.highest(test.rules_fired)
    feature, direction = _best_feature(train)
    name = f"single best feature ({'high' if direction > 0 else 'low'} {MODEL_FEATURES[feature]})"
    return (
        by_chance(violation),
        ranking(name, _feature_order(test, feature, direction), violation),
        ranking("logistic regression", _logistic_order(train, test, seed), violation),
        ranking("rules only (by number of rules that fired)", fired, violation),
        ranking("rules first, then by model score", (fired > 0) + model_order, violation),
    )


def _best_feature(train: Screenings) -> tuple[int, int]:
    """Column and direction (1: high is suspicious, -1: low) with the best average precision on the last screenings."""
    violation = train.violation
    candidates = [
        (average_precision_score(violation, _feature_order(train, column, direction)), column, direction)
        for column in range(len(MODEL_FEATURES))
        for direction in (1, -1)
    ]
    _, column, direction = max(candidates)
    return column, direction


def _feature_order(screenings: Screenings, column: int, direction: int) -> Floats:
    """Waybills by one feature at their last screening; unknown values come last."""
    values = screenings.matrix[screenings.last_rows(), column].astype(np.float64) * direction
    return np.where(np.isnan(values), -1e30, values)


def _logistic_order(train: Screenings, test: Screenings, seed: int) -> Floats:
    """Highest log-odds of each waybill by a logistic regression, trained on all screenings as the model is."""
    violation = train.violation
    ordinary = np.flatnonzero(~violation)
    kept = np.random.default_rng(seed).permutation(ordinary)[:_ORDINARY_WAYBILLS]
    share = np.zeros(len(violation))  # number of waybills that each chosen one stands for; 0: not chosen
    share[violation], share[kept] = train.weight[violation], len(ordinary) / len(kept)
    rows = np.flatnonzero(share[train.waybill])
    of_waybill = train.waybill[rows]
    weight = share[of_waybill] / np.bincount(of_waybill, minlength=len(share))[of_waybill]
    steps = make_pipeline(
        SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True),
        StandardScaler(),
        LogisticRegression(max_iter=400, C=0.3),
    )
    steps.fit(_flattened(train.matrix[rows]), violation[of_waybill], logisticregression__sample_weight=weight)
    return test.highest(steps.decision_function(_flattened(test.matrix)))


def _flattened(matrix: Matrix) -> Floats:
    """Signed logarithm: counts and times span decades, which a linear model cannot use as they are."""
    wide = matrix.astype(np.float64)
    flat: Floats = np.sign(wide) * np.log1p(np.abs(wide))
    return flat
