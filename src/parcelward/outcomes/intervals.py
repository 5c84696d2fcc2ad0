"""Shares with 95 % intervals: Wilson's for what was counted, simulated ones for what was partly guessed.

Wilson's interval is used for a share of n because it is right where n is small or the share is near 0 or 1, as it
mostly is here, and because anybody can compute it by hand. `tests/estimators.py` measures that both cover.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Z = 1.959963984540054
"""95 % of a normal distribution lie within so many deviations."""
LEAST = 20
"""Cases on which a figure must rest; with fewer its interval would span half of all that is possible."""
IGNORED = 0.1
"""Share of alerts of which nobody decided any that may be passed over; with more nothing is said of the whole."""
DRAWS = 4000
SEED = 20261123
"""Seed of the simulated intervals: the same counts give the same figures."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A share and what it rests on: `n` of `m`. `share`, `low` and `high` are None where these are too few to say."""

    n: int
    m: int
    share: float | None = None
    low: float | None = None
    high: float | None = None


class Stratum(NamedTuple):
    """Alerts that were looked at with one chance: all, those that people decided, and of these the right ones."""

    alerts: int
    decided: int
    right: int


class Drawn(NamedTuple):
    """The random lane: clean parcels drawn with a known `rate`, those that were looked at, and of these the wrong."""

    rate: float
    drawn: int
    decided: int
    wrong: int


def wilson(share: float, n: float) -> tuple[float, float]:
    """The 95 % interval of a share of `n` cases (Wilson 1927).

    >>> [round(end, 4) for end in wilson(0.0, 10)]
    [0.0, 0.2775]
    """
    middle = (share + Z * Z / (2 * n)) / (1 + Z * Z / n)
    half = Z / (1 + Z * Z / n) * sqrt(share * (1 - share) / n + Z * Z / (4 * n * n))
    return max(middle - half, 0.0), min(middle + half, 1.0)


def counted_share(n: int, m: int, least: int = LEAST) -> Figure:
    """A share of what was counted.

    >>> counted_share(3, 19)
    Figure(n=3, m=19, share=None, low=None, high=None)
    """
    if m < least:
        return Figure(n, m)
    return Figure(n, m, n / m, *wilson(n / m, m))


def weighted_share(strata: Sequence[Stratum], least: int = LEAST) -> Figure:
    """A share of all alerts, from those that were decided: each decided one stands for all of its stratum.

    So an urgent lane that is always looked at does not speak for one that hardly ever is. The interval is Wilson's with
    the number of cases that would be worth as much (Kish): 1 / sum of W^2 / n over the strata.
    """
    right, decided = sum(one.right for one in strata), sum(one.decided for one in strata)
    all_alerts = sum(one.alerts for one in strata)
    seen = [one for one in strata if one.decided]
    covered = sum(one.alerts for one in seen)
    if decided < least or covered < (1 - IGNORED) * all_alerts:
        return Figure(right, decided)
    share = sum(one.alerts * one.right / one.decided for one in seen) / covered
    worth = 1 / sum((one.alerts / covered) ** 2 / one.decided for one in seen)
    return Figure(right, decided, share, *wilson(share, worth))


def recall(caught: Sequence[Stratum], by_others: Sequence[Stratum], random: Drawn, least: int = LEAST) -> Figure:
    """The share of all wrong parcels that were caught, those included that nobody looked at. Rests on `n` of `m` wrong.

    Wrong parcels among alerts that nobody decided are guessed from the decided ones of their stratum; wrong parcels
    without an alert from the random lane: each one found there stands for 1 / (rate * share looked at) parcels. The
    figures are median and interval of `DRAWS` worlds that could have led to what was counted (Jeffreys' priors): a
    plain quotient would be too high, and 1 where the few random checks found nothing.
    """
    found = sum(one.right for one in caught)
    wrong = found + sum(one.right for one in by_others) + random.wrong
    if random.decided < least or sum(one.decided for one in (*caught, *by_others)) < least or random.rate <= 0:
        return Figure(found, wrong)
    chance = np.random.default_rng(SEED)
    mine = _worlds(caught, chance)
    everything = mine + _worlds(by_others, chance) + _missed_worlds(random, chance)
    if not everything.all():
        return Figure(found, wrong)  # perhaps nothing was wrong at all, and nothing is no share of nothing
    low, middle, high = np.quantile(mine / everything, [0.025, 0.5, 0.975])
    return Figure(found, wrong, float(middle), float(low), float(high))


def _worlds(strata: Sequence[Stratum], chance: np.random.Generator) -> NDArray[np.float64]:
    """Wrong parcels of the strata in many possible worlds: those confirmed, and a guess of those not decided."""
    total = np.zeros(DRAWS)
    for one in strata:
        open_alerts = one.alerts - one.decided
        share = chance.beta(one.right + 0.5, one.decided - one.right + 0.5, DRAWS)
        total += one.right + chance.binomial(open_alerts, share)
    return total


def _missed_worlds(random: Drawn, chance: np.random.Generator) -> NDArray[np.float64]:
    """Wrong parcels without an alert in many possible worlds: those found, and for each those that were not drawn."""
    looked_at = chance.beta(random.decided + 0.5, random.drawn - random.decided + 0.5, DRAWS)
    not_found = chance.negative_binomial(random.wrong + 0.5, random.rate * looked_at, DRAWS)
    return not_found.astype(np.float64) + random.wrong


def estimated_total(drawn: int, rate: float) -> tuple[float, float, float]:
    """Estimate how many there are of which `drawn` were drawn with a known rate, and the 95 % interval."""
    chance = np.random.default_rng(SEED)
    low, high = np.quantile(drawn + chance.negative_binomial(drawn + 0.5, rate, DRAWS), [0.025, 0.975])
    return drawn / rate, float(low), float(high)
