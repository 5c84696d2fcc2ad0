"""Worlds of which the truth is known, to measure the estimators of outcomes: how often do their intervals cover it?

A world has parcels, some of them wrong; a rule raises red and yellow alerts; people look at most red ones and at few
yellow ones; a lot draws clean parcels, and some of these are never looked at.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from parcelward.outcomes.intervals import Drawn, Figure, Stratum, recall, weighted_share, wilson


@dataclass(frozen=True, slots=True)
class World:
    """Parcels, the share of wrong ones, and how the rule, the people and the lot treat them.

    Of the wrong parcels the rule finds `found_red` and `found_yellow`, and as false alarms it takes `false_red` and
    `false_yellow` of the right ones. People look at `looked_red`, `looked_yellow` and, of those drawn with `rate`, at
    `looked_drawn`.
    """

    name: str
    parcels: int
    wrong: float
    found_red: float
    found_yellow: float
    false_red: float
    false_yellow: float
    looked_red: float
    looked_yellow: float
    rate: float
    looked_drawn: float


WORLDS = (
    World("usual: 1 of 1,000 drawn", 400_000, 0.005, 0.5, 0.2, 0.0005, 0.003, 0.95, 0.3, 0.001, 0.8),
    World("a city's month: 1 of 100 drawn", 100_000, 0.01, 0.4, 0.2, 0.001, 0.004, 0.9, 0.25, 0.01, 0.9),
    World("nothing much is missed", 200_000, 0.004, 0.8, 0.18, 0.0005, 0.002, 0.95, 0.5, 0.01, 0.9),
    World("most is missed", 100_000, 0.02, 0.1, 0.1, 0.001, 0.002, 0.9, 0.3, 0.005, 0.7),
    World("one outlet: few of everything", 4_000, 0.02, 0.4, 0.3, 0.002, 0.01, 0.9, 0.4, 0.05, 0.9),
)


@dataclass(frozen=True, slots=True)
class Seen:
    """One history of a world: what was counted, and the truth behind it."""

    strata: tuple[Stratum, Stratum]
    random: Drawn
    found_outside: int
    precision: float
    recall: float


def history(world: World, chance: np.random.Generator) -> Seen:
    """Let a world happen once. `found_outside` are wrong parcels without an alert that were found at all."""
    wrong = int(chance.binomial(world.parcels, world.wrong))
    right_red, right_yellow, missed = map(
        int, chance.multinomial(wrong, [world.found_red, world.found_yellow, 1 - world.found_red - world.found_yellow])
    )
    clean = world.parcels - wrong
    false_red, false_yellow = (int(chance.binomial(clean, share)) for share in (world.false_red, world.false_yellow))
    strata = (
        _looked_at(right_red, false_red, world.looked_red, chance),
        _looked_at(right_yellow, false_yellow, world.looked_yellow, chance),
    )
    drawn_wrong = int(chance.binomial(missed, world.rate))
    drawn_right = int(chance.binomial(clean - false_red - false_yellow, world.rate))
    drawn = _looked_at(drawn_wrong, drawn_right, world.looked_drawn, chance)
    share = world.wrong * (world.found_red + world.found_yellow)
    alarms = share + (1 - world.wrong) * (world.false_red + world.false_yellow)
    return Seen(
        strata,
        Drawn(world.rate, drawn.alerts, drawn.decided, drawn.right),
        drawn.right,
        share / alarms,
        (right_red + right_yellow) / max(wrong, 1),
    )


def _looked_at(right: int, wrong: int, share: float, chance: np.random.Generator) -> Stratum:
    seen_right, seen_wrong = int(chance.binomial(right, share)), int(chance.binomial(wrong, share))
    return Stratum(right + wrong, seen_right + seen_wrong, seen_right)


@dataclass(frozen=True, slots=True)
class Measured:
    """An estimator in a world: mean estimate and truth, the share of intervals that held it, and how often it spoke."""

    truth: float
    estimate: float
    covered: float
    spoke: float


def measure(world: World, repeats: int, seed: int = 1) -> dict[str, Measured]:
    """Measure all estimators in a world, the naive ones too."""
    chance = np.random.default_rng(seed)
    seen = [history(world, chance) for _ in range(repeats)]
    return {
        "precision": _measured(seen, lambda one: one.precision, lambda one: weighted_share(one.strata)),
        "precision, naive": _measured(seen, lambda one: one.precision, _naive_precision),
        "recall": _measured(seen, lambda one: one.recall, lambda one: recall(one.strata, (), one.random)),
        "recall, naive": _measured(seen, lambda one: one.recall, _naive_recall),
    }


def _naive_precision(one: Seen) -> Figure:
    """Confirmed of decided, whoever was looked at."""
    decided, right = (sum(getattr(part, name) for part in one.strata) for name in ("decided", "right"))
    return Figure(right, decided, right / decided, *wilson(right / decided, decided)) if decided else Figure(0, 0)


def _naive_recall(one: Seen) -> Figure:
    """Confirmed alerts of all wrong parcels that anybody found."""
    right = sum(part.right for part in one.strata)
    found = right + one.found_outside
    return Figure(right, found, right / found, *wilson(right / found, found)) if found else Figure(0, 0)


def _measured(seen: list[Seen], truth: Callable[[Seen], float], estimate: Callable[[Seen], Figure]) -> Measured:
    spoken = [(truth(one), figure) for one in seen if (figure := estimate(one)).share is not None]
    if not spoken:
        return Measured(float(np.mean([truth(one) for one in seen])), float("nan"), float("nan"), 0.0)
    covered = [
        figure.low <= value <= figure.high
        for value, figure in spoken
        if figure.low is not None and figure.high is not None
    ]
    return Measured(
        float(np.mean([value for value, _ in spoken])),
        float(np.mean([figure.share for _, figure in spoken if figure.share is not None])),
        float(np.mean(covered)),
        len(spoken) / len(seen),
    )
