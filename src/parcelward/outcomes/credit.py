"""The credit view of couriers and outlets: how they keep their duties, each figure with what it rests on."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil

from parcelward.cases.subjects import KINDS
from parcelward.draws.draw import Draw
from parcelward.draws.lots import chances
from parcelward.draws.visits import PROBLEM, UNKNOWN, Results
from parcelward.outcomes.intervals import LEAST, Figure, counted_share, estimated_total, weighted_share, wilson
from parcelward.outcomes.quality import GROUPS, grouped, outside_controls, strata_of
from parcelward.outcomes.verdicts import Judged, Verdict

DUTY_THEMES = frozenset({"registration", "inspection_missing", "inspection_faked", "scan_missing"})
DUTY_RULES = frozenset(rule for rule, kind in KINDS.items() if kind.theme in DUTY_THEMES)
"""Rules that say that a duty was not done, or only on paper."""
SUSPICIONS = frozenset(rule for rule, kind in KINDS.items() if kind.theme == "inspection_faked")
"""Those of them that suspect somebody; the others state what is missing."""


@dataclass(frozen=True, slots=True)
class Times:
    """Times from being asked to answering, in seconds: `n` of `m` with a known time; None where too few to say."""

    n: int
    m: int
    median_s: float | None = None
    p90_s: float | None = None


@dataclass(frozen=True, slots=True)
class Credit:
    """Credit view of a courier or an outlet. `duties_kept` is of an estimated number of parcels, `duties_of`."""

    by: str
    name: str
    duties_kept: Figure
    confirmed: Figure
    answered: Figure
    answer_times: Times
    random_checks: Figure
    visits: Figure
    visited_parcels: Figure


@dataclass(frozen=True, slots=True)
class Visited:
    """One visit that could look at something: whose it was, the chance it had, and what came of it."""

    courier: str
    outlet: str
    chance: float
    problem: bool
    parcels: int
    wrong: int


def visited(draws: Iterable[tuple[Draw, Results]]) -> list[Visited]:
    """List the visits of several draws at which something could be looked at, each with its chance of being drawn."""
    found = []
    for draw, results in draws:
        chance = chances(draw.tickets, len(draw.visits))
        found += [
            Visited(
                one.courier,
                one.outlet,
                chance[f"{one.courier}/{one.outlet}"],
                one.result in PROBLEM,
                one.parcels_checked,
                one.parcels_wrong,
            )
            for one in results.outcomes
            if one.result not in UNKNOWN
        ]
    return found


def credit_views(alerts: Sequence[Judged], visits: Sequence[Visited], rate: float) -> list[Credit]:
    """Give the credit view of each courier, then of each outlet, in the order of their names."""
    found: list[Credit] = []
    for by, key in GROUPS.items():
        groups = dict(grouped(alerts, key))
        went: dict[str, list[Visited]] = {}
        for visit in visits:
            name = visit.courier if by == "courier" else f"{visit.courier}/{visit.outlet}"
            went.setdefault(name, []).append(visit)
        found += [credit(by, name, groups.get(name, []), went.get(name, []), rate) for name in sorted({*groups, *went})]
    return found


def credit(by: str, name: str, alerts: Sequence[Judged], visits: Sequence[Visited], rate: float) -> Credit:
    """Give the credit view of one courier or outlet."""
    checked = [one for one in outside_controls(alerts) if not one.flagged and one.known]
    asked = [one for one in alerts if one.asked]
    due = [one for one in asked if one.whole and (one.reminded or one.answered_ms is not None)]
    return Credit(
        by,
        name,
        duties_kept(alerts, rate),
        weighted_share(strata_of(alerts)),
        counted_share(sum(not one.reminded for one in due), len(due)),
        answer_times(asked),
        counted_share(sum(one.right for one in checked), len(checked)),
        problem_share(visits),
        Figure(sum(one.wrong for one in visits), sum(one.parcels for one in visits)),  # not independent: no interval
    )


def duties_kept(alerts: Sequence[Judged], rate: float, least: int = LEAST) -> Figure:
    """Estimate the share of parcels of which no duty was missing or faked: `n` of about `m` parcels.

    How many parcels there were follows from the random lane, whose rate is known outside of control periods; with too
    few drawn nobody knows how many, and nothing is said.
    """
    known = outside_controls(alerts)
    flagged = [one for one in known if one.flagged]
    drawn = len(known) - len(flagged)
    if rate <= 0 or drawn < least:
        return Figure(0, 0)
    broken = sum(duty_broken(one) for one in flagged)
    clean, fewest, most = estimated_total(drawn, rate)
    parcels = round(len(flagged) + clean)
    shares = [1 - broken / max(len(flagged) + number, 1) for number in (clean, fewest, most)]
    return Figure(parcels - broken, parcels, *shares)


def duty_broken(one: Judged) -> bool:
    """Tell whether an alert says that a duty was broken: a fact unless it was a false alarm, a suspicion if confirmed.

    An alert that later records took back says nothing against anybody.
    """
    if not one.stood or one.verdict is Verdict.FALSE_ALARM:
        return False
    return not (DUTY_RULES if one.right else DUTY_RULES - SUSPICIONS).isdisjoint(one.rules)


def answer_times(asked: Sequence[Judged], least: int = LEAST) -> Times:
    """Give median and 90th percentile of the times from being asked to answering."""
    times = sorted(
        (one.answered_ms - one.asked_ms) / 1000
        for one in asked
        if one.asked_ms is not None and one.answered_ms is not None
    )
    if len(times) < least:
        return Times(len(times), len(asked))
    return Times(len(times), len(asked), _quantile(times, 0.5), _quantile(times, 0.9))


def _quantile(times: Sequence[float], share: float) -> float:
    """The smallest time that so many are not longer than."""
    return times[ceil(share * len(times)) - 1]


def problem_share(visits: Sequence[Visited], least: int = LEAST) -> Figure:
    """Estimate the share of outlets with a problem, from visits: who had a greater chance counts less.

    Each visit is weighted by 1 / its chance (Hájek); Wilson's interval with the cases that it is worth (Kish).
    """
    problems = sum(one.problem for one in visits)
    if len(visits) < least:
        return Figure(problems, len(visits))
    weights = [1 / one.chance for one in visits]
    share = sum(weight for weight, one in zip(weights, visits, strict=True) if one.problem) / sum(weights)
    worth = sum(weights) ** 2 / sum(weight * weight for weight in weights)
    return Figure(problems, len(visits), share, *wilson(share, worth))
