"""Figures of the model: scores of the newest alerts, how people decided by score, and what scores were made of."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import literal, select

from parcelward.alerts.verdict import MODEL_RULE
from parcelward.console.store.database import Database
from parcelward.console.store.ranks import LANES
from parcelward.console.store.tables import alerts, referrals
from parcelward.console.store.versions import Judged
from parcelward.contract.steps import OutcomeKind, ReferralState
from parcelward.outcomes.intervals import Figure, Stratum, weighted_share
from parcelward.outcomes.verdicts import CONFIRMING

NEWEST = 10_000
"""The newest alerts that are looked at."""
BINS, BANDS = 20, 5
"""Parts of the scores from 0 to 1: of the drawing, and those of which it is said how right they are."""
MOST_FACTORS = 12


@dataclass(frozen=True, slots=True)
class Scores:
    """The newest alerts; those in which the model found something (hints) are counted by score in `BINS` parts."""

    alerts: int
    scored: int
    hints: int
    bins: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Band:
    """Alerts of the model with a score from `low` to `high`."""

    low: float
    high: float
    alerts: int
    precision: Figure


@dataclass(frozen=True, slots=True)
class Factor:
    """A feature that raised scores: in how many alerts, and by how much in the middle of these, in log-odds."""

    feature: str
    alerts: int
    weight: float


def scores(database: Database) -> Scores:
    """Count the scores of the newest alerts."""
    query = select(alerts.c.score, alerts.c.rules).order_by(alerts.c.number.desc()).limit(NEWEST)
    with database.reading() as connection:
        rows = connection.execute(query).all()
    scored = [(score, rules) for score, rules in rows if score is not None]
    hints = [_part(score, BINS) for score, rules in scored if MODEL_RULE in rules.split()]
    return Scores(len(rows), len(scored), len(hints), tuple(hints.count(part) for part in range(BINS)))


def bands(database: Database) -> tuple[list[Band], Figure]:
    """Estimate how right the newest alerts of the model are: by score, the highest first, and all of them together."""
    newest = select(alerts.c.alert_id, alerts.c.score, alerts.c.rules).order_by(alerts.c.number.desc()).limit(NEWEST)
    shown = newest.subquery()
    spaced = literal(" ").concat(shown.c.rules).concat(" ")
    query = (
        select(shown.c.score, referrals.c.lane, referrals.c.state, referrals.c.outcome)
        .join(referrals, referrals.c.alert_id == shown.c.alert_id)
        .where(spaced.contains(f" {MODEL_RULE} "), shown.c.score.is_not(None))
    )
    parts: dict[int, list[Any]] = defaultdict(list)
    with database.reading() as connection:
        for row in connection.execute(query):
            if row.outcome is not None or row.state not in (ReferralState.WITHDRAWN, ReferralState.CLOSED):
                parts[_part(row.score, BANDS)].append(row)
    found = [
        Band(part / BANDS, (part + 1) / BANDS, len(parts[part]), _precision(parts[part]))
        for part in sorted(parts, reverse=True)
    ]
    return found, _precision([row for rows in parts.values() for row in rows])


def _precision(rows: Sequence[Any]) -> Figure:
    """Each decided alert stands for all of its lane, as `outcomes` counts it."""
    strata = []
    for rank in range(len(LANES)):
        lane = [row.outcome for row in rows if row.lane == rank]
        right = sum(outcome in CONFIRMING for outcome in lane)
        if lane:
            strata.append(Stratum(len(lane), right + lane.count(OutcomeKind.FALSE_ALARM), right))
    return weighted_share(strata)


def factors(judged: Iterable[Judged]) -> tuple[int, list[Factor]]:
    """Tell which features raised the scores of the model's alerts most often; first how many alerts these are."""
    weights: dict[str, list[float]] = defaultdict(list)
    count = 0
    for one in judged:
        if one.said.score is None or all(finding.rule != MODEL_RULE for finding in one.said.findings):
            continue
        count += 1
        for part in one.said.score.contributions:
            if part.weight > 0:
                weights[part.feature].append(part.weight)
    found = [Factor(feature, len(some), sorted(some)[len(some) // 2]) for feature, some in weights.items()]
    return count, sorted(found, key=lambda one: (-one.alerts * one.weight, one.feature))[:MOST_FACTORS]


def versions_by_day(judged: dict[int, list[Judged]]) -> dict[str, list[int]]:
    """Count the model versions that alerts name, day by day; "" stands for none."""
    counts = [Counter(one.said.model_version or "" for one in of_day) for _, of_day in sorted(judged.items())]
    names = sorted({name for of_day in counts for name in of_day}, reverse=True)
    return {name: [of_day[name] for of_day in counts] for name in names}


def _part(score: float, parts: int) -> int:
    """Give the part of the scores in which one lies; a score of 1 lies in the last."""
    return min(int(score * parts), parts - 1)
