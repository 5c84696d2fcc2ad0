"""Measures how well an ordering of waybills puts violations first, within a fixed amount of review work."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, roc_auc_score

from parcelward.model.card import AtThreshold, Budget, PatternRecall, Ranking
from parcelward.model.trees import Floats
from parcelward.training.rows import Flags

BUDGETS = (0.001, 0.005, 0.01)


def ranking(name: str, order: Floats, violation: Flags) -> Ranking:
    """Measure how well `order` (higher first) ranks waybills. Where all or none are violations: as by chance."""
    if violation.all() or not violation.any():
        return by_chance(violation).model_copy(update={"name": name})
    return Ranking(
        name=name,
        auc=_rounded(roc_auc_score(violation, order)),
        average_precision=_rounded(average_precision_score(violation, order)),
        budgets=tuple(_budget(share, order, violation) for share in BUDGETS),
    )


def by_chance(violation: Flags) -> Ranking:
    """Ranking by chance: a review at random finds the base rate."""
    rate, count = _rounded(violation.mean()) if len(violation) else 0.0, len(violation)
    budgets = tuple(
        Budget(share=share, reviewed=round(share * count), precision=rate, recall=share) for share in BUDGETS
    )
    return Ranking(name="at random (base rate)", auc=0.5, average_precision=rate, budgets=budgets)


def found_within(reviewed: int, order: Floats, violation: Flags) -> float:
    """Count the violations among the `reviewed` highest. Of equal ones at the edge, count the average of a random pick.

    >>> found_within(2, np.array([0.9, 0.5, 0.5]), np.array([True, True, False]))
    1.5
    """
    if reviewed == 0:
        return 0.0
    edge = np.partition(order, -reviewed)[-reviewed]
    above, level = order > edge, order == edge
    return float(violation[above].sum() + (reviewed - above.sum()) * violation[level].mean())


def at_threshold(flagged: Flags, by_rules: Flags, violation: Flags) -> AtThreshold:
    """Measure the waybills that the model flags, those that the rules flag, and those that either flags."""
    model, rules, either = (_flagging(flags, violation) for flags in (flagged, by_rules, flagged | by_rules))
    return AtThreshold(
        flagged_share=model[0],
        precision=model[1],
        recall=model[2],
        rules_flagged_share=rules[0],
        rules_precision=rules[1],
        rules_recall=rules[2],
        either_flagged_share=either[0],
        either_precision=either[1],
        either_recall=either[2],
    )


def pattern_recall(pattern: Sequence[str], flagged: Flags, by_rules: Flags) -> tuple[PatternRecall, ...]:
    """Share found of each planted pattern."""
    names: NDArray[np.str_] = np.array(pattern)
    lines = []
    for name in sorted(set(pattern) - {""}, key=lambda name: (len(name), name)):
        of_it = names == name
        lines.append(
            PatternRecall(
                pattern=name,
                planted=int(of_it.sum()),
                by_rules=_rounded(by_rules[of_it].mean()),
                by_model=_rounded(flagged[of_it].mean()),
                by_either=_rounded((flagged | by_rules)[of_it].mean()),
            )
        )
    return tuple(lines)


def _budget(share: float, order: Floats, violation: Flags) -> Budget:
    reviewed = round(share * len(order))
    found = found_within(reviewed, order, violation)
    return Budget(
        share=share,
        reviewed=reviewed,
        precision=_rounded(found / max(reviewed, 1)),
        recall=_rounded(found / max(int(violation.sum()), 1)),
    )


def _flagging(flagged: Flags, violation: Flags) -> tuple[float, float, float]:
    """Share flagged, precision, recall."""
    found = int((flagged & violation).sum())
    precision, recall = found / max(int(flagged.sum()), 1), found / max(int(violation.sum()), 1)
    return _rounded(flagged.mean()), _rounded(precision), _rounded(recall)


def _rounded(value: float | np.floating[np.typing.NBitBase]) -> float:
    return round(float(value), 5)
