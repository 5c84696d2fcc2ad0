"""Precision of alerts, and recall, with what is missed: by rule, model, courier and outlet."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from parcelward.contract.alerts import Lane
from parcelward.outcomes.intervals import Drawn, Figure, Stratum, recall, weighted_share
from parcelward.outcomes.verdicts import Judged, Verdict, counted

LANES = (Lane.RED, Lane.YELLOW)
"""Lanes of alerts by a rule or the model: each is looked at with a chance of its own."""


@dataclass(frozen=True, slots=True)
class Quality:
    """Quality of the alerts of a group. `alerts` are all that stood; `unknown` those of them without a verdict."""

    by: str
    name: str
    alerts: int
    confirmed: int
    false_alarms: int
    unknown: int
    withdrawn: int
    precision: Figure
    recall: Figure


def strata_of(alerts: Iterable[Judged]) -> list[Stratum]:
    """Count alerts by lane; those taken back by later records are no longer any."""
    standing = [one for one in alerts if one.flagged and one.stood]
    return [
        Stratum(len(lane), sum(one.known for one in lane), sum(one.right for one in lane))
        for lane in ([one for one in standing if one.lane is which] for which in LANES)
        if lane
    ]


def outside_controls(alerts: Iterable[Judged]) -> list[Judged]:
    """List the alerts on parcels under no control period.

    A period may draw its parcels more often, so figures from the random lane are of the parcels outside of periods:
    there the rate is one and known. What was caught within is left out with what was drawn, or shares would be askew.
    """
    return [one for one in alerts if not one.controlled]


def drawn_under_controls(alerts: Iterable[Judged]) -> int:
    """Count the random checks of parcels under a control period."""
    return sum(one.controlled and not one.flagged for one in alerts)


def drawn_of(alerts: Iterable[Judged], rate: float) -> Drawn:
    """Count the random lane."""
    lane = [one for one in alerts if not one.flagged and one.stood]
    return Drawn(rate, len(lane), sum(one.known for one in lane), sum(one.right for one in lane))


def quality(by: str, name: str, caught: Sequence[Judged], everything: Sequence[Judged], rate: float) -> Quality:
    """Measure the alerts `caught` of a group, among `everything` that is known of the parcels which it judged."""
    mine = [one for one in caught if one.flagged]
    ids = {one.alert_id for one in mine}
    others = [one for one in everything if one.flagged and one.alert_id not in ids]
    standing = [one for one in mine if one.stood]
    return Quality(
        by,
        name,
        len(standing),
        counted(standing, Verdict.CONFIRMED),
        counted(standing, Verdict.FALSE_ALARM),
        sum(not one.known for one in standing),
        counted(mine, Verdict.WITHDRAWN),
        weighted_share(strata_of(mine)),
        recall(
            strata_of(outside_controls(mine)),
            strata_of(outside_controls(others)),
            drawn_of(outside_controls(everything), rate),
        ),
    )


def qualities(alerts: Sequence[Judged], rate: float) -> list[Quality]:
    """Measure all alerts, then by rule, by model, by courier and by outlet. An alert counts for each of its rules."""
    names = sorted({rule for one in alerts for rule in one.rules if one.flagged})
    found = [quality("all", "all", alerts, alerts, rate)]
    for name in names:
        by = "model" if name.partition(" ")[0] == "model" else "rule"
        found.append(quality(by, name, [one for one in alerts if name in one.rules], alerts, rate))
    found.sort(key=lambda one: ("all", "rule", "model").index(one.by))
    for by, key in GROUPS.items():
        found += [quality(by, name, group, group, rate) for name, group in grouped(alerts, key)]
    return found


def of_courier(one: Judged) -> str:
    """Name the courier of an alert."""
    return one.courier


def of_outlet(one: Judged) -> str:
    """Name the outlet of an alert."""
    return f"{one.courier}/{one.outlet}"


GROUPS: dict[str, Callable[[Judged], str]] = {"courier": of_courier, "outlet": of_outlet}
"""Groups of which figures are given. No other ones: nobody is counted by person, document or region."""


def grouped(alerts: Iterable[Judged], key: Callable[[Judged], str]) -> list[tuple[str, list[Judged]]]:
    """Group alerts, in the order of the groups' names."""
    groups: dict[str, list[Judged]] = {}
    for one in alerts:
        groups.setdefault(key(one), []).append(one)
    return sorted(groups.items())
