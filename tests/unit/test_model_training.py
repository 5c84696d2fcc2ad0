"""Training: split by time, measured within a review budget, the same release from the same seed."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from parcelward.errors import UserError
from parcelward.features.table import FEATURES, INDEX, MODEL_FEATURES, Row
from parcelward.moments import DAY_MS
from parcelward.training.evaluation import at_threshold, by_chance, found_within, pattern_recall, ranking
from parcelward.training.fit import Days, Recipe, Trained, train
from parcelward.training.make import split_days
from parcelward.training.report import page
from parcelward.training.rows import Screening, Screenings

SMALL = (Recipe("all", 15, 6, 0.2), Recipe("last", 10, 4, 0.2))
DAYS = Days((0, 2), (3, 3), (4, 5))


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Models this small gain nothing from threads, and threads that spin on a busy machine cost minutes."""
    with threadpool_limits(1):
        yield


def row(**values: float) -> Row:
    line: Row = [None] * len(FEATURES)
    for name, value in values.items():
        line[INDEX[name]] = value
    return line


def screened(waybill: str, day: float, **values: float) -> Screening:
    return Screening("swift", waybill, row(**values), int(day * DAY_MS), int(values.get("photos", 0) > 8))


def traffic(seed: int = 1, waybills: int = 3000) -> Screenings:
    """Six days; a violation is probable where weight is high and photos are few, and a rule knows one case."""
    chance = np.random.default_rng(seed)
    lines: list[Screening] = []
    patterns: dict[tuple[str, str], str] = {}
    for number in range(waybills):
        day, weight, photos = 6 * number / waybills, float(chance.normal()), float(chance.integers(0, 10))
        if chance.random() < 0.5 * (weight > 1) * (photos < 3) + 0.01:
            patterns["swift", f"W{number}"] = "R22" if chance.random() < 0.5 else "R3"
        lines.append(screened(f"W{number}", day, weight_change=weight))
        if chance.random() < 0.9:
            lines.append(screened(f"W{number}", day + 0.01, weight_change=weight, photos=photos))
    lines.sort(key=lambda line: line.arrival_ms)
    return Screenings.collect(lines, lambda: patterns, 0)


def trained(screenings: Screenings, seed: int = 5) -> Trained:
    return train(screenings, DAYS, version="t.1", seed=seed, source="made up", parameters={"n": 1}, candidates=SMALL)


def test_a_waybill_is_one_however_often_it_was_screened() -> None:
    one = Screenings.collect(
        [screened("A", 0.1, photos=9), screened("B", 0.2), screened("A", 1.1, photos=2)],
        lambda: {("swift", "A"): "R3"},
        0,
    )
    assert one.waybill.tolist() == [0, 1, 0]
    assert one.violation.tolist() == [True, False]
    assert one.day.tolist() == [0, 0], "the day of the first screening counts"
    assert one.last_rows().tolist() == [2, 1]
    assert one.highest(np.array([0.9, 0.2, 0.4])).tolist() == [0.9, 0.2]
    assert one.highest(one.rules_fired).tolist() == [1, 0]


def test_the_split_by_time_tears_no_waybill_apart_and_loses_none() -> None:
    everything = traffic()
    parts = [everything.between(*days) for days in (DAYS.train, DAYS.validation, DAYS.test)]
    assert sum(len(part.day) for part in parts) == len(everything.day)
    assert sum(len(part.waybill) for part in parts) == len(everything.waybill)
    assert [int(part.day.max()) for part in parts] == [2, 3, 5]
    for part in parts:
        assert np.array_equal(np.unique(part.waybill), np.arange(len(part.day)))
    assert sum(int(part.violation.sum()) for part in parts) == int(everything.violation.sum())


def test_worlds_are_joined_without_mixing_their_waybills() -> None:
    one, other = traffic(1, 50), traffic(2, 30)
    joined = Screenings.joined([one, other])
    assert len(joined.day) == 80
    assert joined.pattern == one.pattern + other.pattern
    assert joined.matrix[joined.last_rows()[60]].tolist() == pytest.approx(
        other.matrix[other.last_rows()[10]].tolist(), nan_ok=True
    )


def test_densely_planted_violations_weigh_as_much_as_an_honest_share() -> None:
    dense = traffic(1, 500)
    honest = dense.as_if_planted(0.01)
    share = honest.weight[honest.violation].sum() / honest.weight.sum()
    assert share == pytest.approx(0.01)
    assert dense.weight.tolist() == [1.0] * 500
    assert set(honest.weight[~honest.violation].tolist()) == {1.0}


def test_the_digest_sees_every_value_and_label() -> None:
    one = traffic(1, 100)
    changed = one.matrix.copy()
    changed[3, 7] = 42.0
    assert one.digest() == traffic(1, 100).digest()
    assert one.digest() != replace(one, matrix=changed).digest()
    assert one.digest() != replace(one, pattern=("R1", *one.pattern[1:])).digest()


def test_a_review_budget_finds_what_lies_on_top_and_ties_count_by_chance() -> None:
    order, violation = np.array([0.9, 0.8, 0.5, 0.5, 0.1]), np.array([True, False, True, False, True])
    assert found_within(1, order, violation) == 1
    assert found_within(2, order, violation) == 1
    assert found_within(3, order, violation) == pytest.approx(1.5)
    assert found_within(0, order, violation) == 0


def test_rankings_hold_precision_and_recall_at_each_budget() -> None:
    violation = np.zeros(1000, dtype=bool)
    violation[:10] = True
    perfect = ranking("perfect", np.arange(1000.0)[::-1], violation)
    assert [(budget.reviewed, budget.precision, budget.recall) for budget in perfect.budgets] == [
        (1, 1.0, 0.1),
        (5, 1.0, 0.5),
        (10, 1.0, 1.0),
    ]
    assert (perfect.auc, perfect.average_precision) == (1.0, 1.0)
    assert ranking("flat", np.ones(1000), violation).budgets[0].precision == pytest.approx(0.01)
    assert by_chance(violation).budgets[2].recall == 0.01


def test_rules_and_model_are_compared_on_the_same_waybills() -> None:
    flagged, rules = np.array([True, True, False, False]), np.array([False, True, True, False])
    at = at_threshold(flagged, rules, np.array([True, True, False, True]))
    assert (at.flagged_share, at.precision, at.recall) == (0.5, 1.0, 0.66667)
    assert (at.rules_precision, at.either_precision, at.either_recall) == (0.5, 0.66667, 0.66667)
    (one, two) = pattern_recall(("R3", "R3", "", "R22"), flagged, rules)
    assert (one.pattern, one.planted, one.by_rules, one.by_model, one.by_either) == ("R3", 2, 0.5, 1.0, 1.0)
    assert (two.pattern, two.by_either) == ("R22", 0.0)


def test_training_learns_what_was_planted_and_beats_a_single_feature() -> None:
    card = trained(traffic()).card
    by_name = {ranking.name.split(" (")[0]: ranking for ranking in card.metrics.baselines}
    assert card.metrics.model.average_precision > 2 * card.metrics.base_rate
    assert card.metrics.model.average_precision > by_name["single best feature"].average_precision
    assert card.metrics.mean_score == pytest.approx(card.metrics.base_rate, abs=0.03)
    assert [split.name for split in card.data.splits] == ["train", "validation", "test"]
    assert len(card.candidates) == len(SMALL)


def test_the_same_data_and_seed_give_the_same_release_whatever_the_threads() -> None:
    one = trained(traffic())
    with threadpool_limits(2):
        other = trained(traffic())
    assert one.card == other.card
    assert one.artefact == other.artefact
    assert one.expected == other.expected


def test_what_was_not_known_at_training_time_changes_nothing_but_the_measurement() -> None:
    """Labels of the test days must not reach the model or its threshold."""
    data = traffic()
    blind = replace(
        data,
        pattern=tuple(
            ("" if pattern else "R1" if number % 9 == 0 else "") if day >= DAYS.test[0] else pattern
            for number, (pattern, day) in enumerate(zip(data.pattern, data.day.tolist(), strict=True))
        ),
    )
    one, other = trained(data), trained(blind)
    assert (one.artefact, one.card.threshold) == (other.artefact, other.card.threshold)
    assert one.card.metrics != other.card.metrics


def test_days_with_too_few_violations_are_refused() -> None:
    data = traffic()
    clean = replace(data, pattern=tuple("" for _ in data.pattern))
    with pytest.raises(UserError, match="train days hold fewer than 10 violations"):
        trained(clean)
    with pytest.raises(UserError, match="nothing was screened"):
        Screenings.collect([], dict, 0)


@pytest.mark.parametrize("days", [3, 4, 5, 9, 14])
def test_simulated_days_are_split_without_gap_or_overlap_from_the_first_on(days: int) -> None:
    split = split_days(days)
    covered = [day for first, last in (split.train, split.validation, split.test) for day in range(first, last + 1)]
    assert covered == list(range(days))


def test_the_report_names_threshold_and_every_feature() -> None:
    card = trained(traffic()).card
    text = page(card)
    assert "release t.1" in text
    assert f"{card.threshold}: " in text
    assert all(f"`{name}`" in text for name in MODEL_FEATURES)
