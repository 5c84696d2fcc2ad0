"""An explanation says what is unusual about this parcel: relative to clean parcels of its kind, not to all parcels."""

import json
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
import pytest

from parcelward.contract.alerts import Alert
from parcelward.features.table import FEATURES, INDEX, MODEL_FEATURES, Row
from parcelward.model import RiskModel, load_model
from parcelward.model.card import ARTEFACT, PARITY, resolve_release
from parcelward.model.trees import Floats, Matrix, Trees
from parcelward.model.typical import LEAST_PEERS, TypicalContributions
from parcelward.screening.build import build_stages
from parcelward.screening.in_memory import Pipeline, batches
from parcelward.settings import Settings
from parcelward.simulate import Plan, Simulation
from parcelward.simulate.plan import live
from parcelward.stage import Record

CURRENT = Path(__file__).parents[2] / "models" / "current"
LARGEST_SHARE_OF_ONE_REASON = 0.4
HOURS_MS = 3_600_000


@pytest.fixture(scope="module")
def model() -> RiskModel:
    return load_model(CURRENT)


@pytest.fixture(scope="module")
def sample() -> tuple[Matrix, Floats]:
    parity = json.loads((resolve_release(CURRENT) / PARITY).read_text())
    return np.array(parity["rows"], dtype=np.float32), np.array(parity["scores"])


@pytest.fixture(scope="module")
def alerts(model: RiskModel) -> dict[str, list[list[Alert]]]:
    """The latest alerts with a share of the model, per planted pattern and case of a small live simulation."""
    settings = Settings(model=CURRENT)
    simulation = Simulation(live(Plan(seed=1, days=40 / 86_400), 300))
    pipeline, topics = Pipeline(build_stages(settings), settings.topics), settings.topics
    latest: dict[tuple[str, str], Alert] = {}
    now = 0
    records = (
        Record(topics.intake(each.courier), 0, number, each.arrival_ms, each.key, each.value, each.headers)
        for number, each in enumerate(simulation.records())
    )
    sends = []
    for batch in batches(records, 256):
        sends += pipeline.feed(batch).alerts
        now = batch[-1].timestamp
    sends += pipeline.feed(
        [], {topics.intake(courier): now + 48 * HOURS_MS for courier in simulation.plan.couriers}
    ).alerts
    for send in sends:
        alert = Alert.model_validate_json(send.value or b"")
        if any(finding.rule == "model" for finding in alert.findings):
            latest[alert.courier, alert.waybill] = alert
    found: dict[str, dict[str, list[Alert]]] = {}
    for label in simulation.labels():
        if (label.courier, label.waybill) in latest:
            cases = found.setdefault(label.pattern, {})
            cases.setdefault(label.case, []).append(latest[label.courier, label.waybill])
    return {pattern: list(cases.values()) for pattern, cases in found.items()}


def test_no_single_reason_comes_first_for_most_planted_patterns(alerts: dict[str, list[list[Alert]]]) -> None:
    """Every pattern counts the same, however many cases and parcels of it were planted."""
    first: defaultdict[str, float] = defaultdict(float)
    for cases in alerts.values():
        of_pattern = [alert.score.contributions[0].feature for case in cases for alert in case if alert.score]
        for feature, count in Counter(of_pattern).items():
            first[feature] += count / len(of_pattern) / len(alerts)
    feature, share = max(first.items(), key=lambda each: each[1])
    assert len(alerts) >= 6, "too few flagged patterns to say anything"
    assert share <= LARGEST_SHARE_OF_ONE_REASON, f"{feature} comes first for {share:.0%} of what is flagged"


def test_no_reason_is_given_for_nearly_every_parcel(alerts: dict[str, list[list[Alert]]]) -> None:
    """Features that ordinary parcels of a counter share are no reason for any of them."""
    every: Counter[str] = Counter()
    flagged = [case for cases in alerts.values() for case in cases]
    for case in flagged:
        every.update({part.feature for alert in case if alert.score for part in alert.score.contributions})
    feature, count = every.most_common(1)[0]
    assert count <= 0.6 * len(flagged), f"{feature} given for {count} of {len(flagged)} cases"


def test_every_flagged_parcel_is_told_first_what_raises_its_risk(
    alerts: dict[str, list[list[Alert]]],
) -> None:
    flagged = [alert for cases in alerts.values() for case in cases for alert in case]
    assert flagged
    for alert in flagged:
        assert alert.score is not None
        assert alert.score.contributions[0].weight > 0


def test_what_an_alert_says_of_its_score_adds_up_to_it(alerts: dict[str, list[list[Alert]]]) -> None:
    for score in (alert.score for cases in alerts.values() for case in cases for alert in case):
        assert score is not None
        assert score.baseline is not None
        assert score.rest is not None
        total = score.baseline + score.rest + sum(part.weight for part in score.contributions)
        assert total == pytest.approx(np.log(score.value / (1 - score.value)), abs=1e-2)


def test_weights_add_up_to_the_distance_from_clean_parcels(model: RiskModel, sample: tuple[Matrix, Floats]) -> None:
    matrix, scores = sample
    trees = Trees.read((resolve_release(CURRENT) / ARTEFACT).read_bytes())
    typical = TypicalContributions.of(trees, matrix, scores, model.threshold)
    log_odds = np.log(scores / (1 - scores))
    apart = (trees.contributions(matrix) - typical.for_rows(matrix)).sum(axis=1)
    usual = trees.bias + typical.for_rows(matrix).sum(axis=1)
    assert apart == pytest.approx(log_odds - usual, abs=1e-3)
    assert (usual < np.log(model.threshold / (1 - model.threshold))).all(), "an ordinary parcel is not flagged"


def test_a_kind_with_too_few_clean_parcels_borrows_and_without_any_the_bias_counts(
    model: RiskModel, sample: tuple[Matrix, Floats]
) -> None:
    matrix, scores = sample
    trees = Trees.read((resolve_release(CURRENT) / ARTEFACT).read_bytes())
    clean = np.flatnonzero(scores < model.threshold)[: LEAST_PEERS - 1]
    few = TypicalContributions.of(trees, matrix[clean], scores[clean], model.threshold).for_rows(matrix)
    assert np.ptp(few, axis=0).max() == 0, "all kinds share what little there is"
    assert np.abs(few).max() > 0
    spoilt = scores >= model.threshold
    assert not TypicalContributions.of(trees, matrix[spoilt], scores[spoilt], model.threshold).for_rows(matrix).any()


def test_what_is_not_known_is_named_as_unknown_where_that_raised_the_score(
    model: RiskModel, sample: tuple[Matrix, Floats]
) -> None:
    nothing: Row = [None] * len(FEATURES)
    named = 0
    for line in sample[0]:
        row: Row = list(nothing)
        for name, value in zip(MODEL_FEATURES, line.tolist(), strict=True):
            row[INDEX[name]] = None if np.isnan(value) else value
        ((parts, _, _),) = model.explain([row])
        unknown = [part for part in parts if part.value is None]
        named += len(unknown)
        assert all("unknown" in part.text.en and "未知" in part.text.zh for part in unknown)
        assert all(part.weight > 0 for part in unknown) or len(unknown) == len(parts)
    assert named
