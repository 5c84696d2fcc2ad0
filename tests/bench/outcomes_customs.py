"""`python -m tests.bench.outcomes_customs [--repeats 400]`: the corrected figures on labels that nobody here made.

Customs declarations (Seondong, MIT), each of them opened, so it is known of all if the goods fit the declaration. A
model learns from 2020 and flags a tenth of the first quarter of 2021. Then people look: at most of the flagged with a
high score, at few of the others, at some of the rest by a hunch (the higher the score, the likelier), and at those
drawn by lot. Printed: the true figures of that quarter, and what an office would believe that counts what it has seen.
"""

import argparse
import csv
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier

from parcelward.outcomes.intervals import Drawn, Figure, Stratum, recall, weighted_share, wilson

DATA = Path(__file__).parents[3] / "shared/data/customs-seondong"
NUMBERS = ("Net Mass", "Item Price", "Tax Rate", "HS6 Code", "Office ID", "Mode of Transport")
FLAGGED, RED = 0.10, 0.03
"""Shares of declarations that are flagged, and that are flagged as urgent."""
LOOKED_RED, LOOKED_YELLOW, HUNCHES, RATE, LOOKED_DRAWN = 0.95, 0.3, 0.1, 0.05, 0.85


@dataclass(frozen=True, slots=True)
class Quarter:
    """Declarations: what is wrong, the model's order, and which are flagged."""

    wrong: NDArray[np.bool_]
    score: NDArray[np.float64]
    red: NDArray[np.bool_]
    yellow: NDArray[np.bool_]


def main() -> None:
    """Print truth, mean estimate and coverage of each figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=400)
    given = parser.parse_args()
    if not DATA.is_dir():
        sys.exit(f"{DATA} is absent; skipped")
    quarter = flagged_quarter()
    flagged = quarter.red | quarter.yellow
    truths = {
        "precision": float(quarter.wrong[flagged].mean()),
        "recall": float(quarter.wrong[flagged].sum() / quarter.wrong.sum()),
    }
    chance = np.random.default_rng(1)
    found: dict[str, list[Figure]] = {}
    for _ in range(given.repeats):
        for name, figure in looked_at(quarter, chance).items():
            found.setdefault(name, []).append(figure)
    print(f"{len(quarter.wrong):,} declarations, {quarter.wrong.mean():.1%} wrong, {flagged.sum():,} flagged")
    print("| figure | truth | mean estimate | intervals that hold it |\n|---|---|---|---|")
    for name, figures in found.items():
        truth, said = truths[name.partition(",")[0]], [one for one in figures if one.share is not None]
        held = np.mean([(one.low or 0.0) <= truth <= (one.high or 1.0) for one in said])
        print(f"| {name} | {truth:.3f} | {np.mean([one.share or 0.0 for one in said]):.3f} | {held:.1%} |")


def flagged_quarter() -> Quarter:
    """Train on 2020, and flag the first quarter of 2021."""
    train, test = (read(DATA / f"df_syn_{name}_eng.csv") for name in ("train", "valid"))
    model = HistGradientBoostingClassifier(max_leaf_nodes=15, random_state=1).fit(train[0], train[1])
    score = model.predict_proba(test[0])[:, 1]
    rank = np.argsort(np.argsort(-score)) / len(score)
    return Quarter(test[1], score, rank < RED, (rank >= RED) & (rank < FLAGGED))


def read(path: Path) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Numbers and labels of a file of declarations."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows: list[dict[str, Any]] = list(csv.DictReader(file))
    numbers = np.array([[float(row[name] or "nan") for name in NUMBERS] for row in rows])
    return numbers, np.array([row["Fraud"] == "1" for row in rows])


def looked_at(quarter: Quarter, chance: np.random.Generator) -> dict[str, Figure]:
    """Let people look once, and give the figures that follow from what they saw."""
    size, flagged = len(quarter.wrong), quarter.red | quarter.yellow
    looked = np.where(quarter.red, chance.random(size) < LOOKED_RED, chance.random(size) < LOOKED_YELLOW)
    strata = [_stratum(quarter, lane, looked) for lane in (quarter.red, quarter.yellow)]
    drawn = ~flagged & (chance.random(size) < RATE)
    drawn_looked = drawn & (chance.random(size) < LOOKED_DRAWN)
    hunch = ~flagged & (chance.random(size) < HUNCHES * quarter.score / quarter.score[~flagged].max())
    lane = Drawn(RATE, int(drawn.sum()), int(drawn_looked.sum()), int((drawn_looked & quarter.wrong).sum()))
    right = sum(one.right for one in strata)
    decided = sum(one.decided for one in strata)
    seen_outside = int(((drawn_looked | hunch) & quarter.wrong).sum())
    return {
        "precision": weighted_share(strata),
        "precision, of what was seen": _plain(right, decided),
        "recall": recall(strata, (), lane),
        "recall, of what was found": _plain(right, right + seen_outside),
        "recall, of the random checks unweighted": _plain(right, right + lane.wrong),
    }


def _stratum(quarter: Quarter, lane: NDArray[np.bool_], looked: NDArray[np.bool_]) -> Stratum:
    seen = lane & looked
    return Stratum(int(lane.sum()), int(seen.sum()), int((seen & quarter.wrong).sum()))


def _plain(n: int, m: int) -> Figure:
    return Figure(n, m, n / m, *wilson(n / m, m))


if __name__ == "__main__":
    main()
