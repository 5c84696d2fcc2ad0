"""Rates out of many looks at a running engine.

TRAP: two looks are not enough. An engine has computed more than it has committed: for ours that is up to four batches
of 10,000 records. Their CPU is before the first look and their alerts are after it, and at the end nothing is left
ahead, so the difference between a first and a last look counts them for the engine. Here a line is laid through all
looks of the steady part. How far an engine is ahead is much the same at each of them, so it moves the line and leaves
its slope alone. Neither the start is part of it nor the end, where what was read ahead is worked off for nothing.
"""

from collections.abc import Sequence
from statistics import linear_regression
from typing import NamedTuple

WARM_SHARE = 0.2
"""The first fifth of the records is not measured: it starts the engine, its caches and its compiler."""
STEADY_UNTIL = 0.9
"""The last tenth is not either: librdkafka alone reads up to 160,000 records ahead."""


class Look(NamedTuple):
    """An engine at one moment: wall and CPU seconds, how many of the records it has answered, its memory so far."""

    at: float
    cpu: float
    events: int
    peak_mb: float


class Figures(NamedTuple):
    """The result of one run.

    `whole_per_cpu_second` is all records over all CPU, from the start of the process on. It is no rate of the engine,
    but nothing can be ahead or behind in it: the others are checked against it.
    """

    events_per_cpu_second: float
    events_per_second: float
    whole_per_cpu_second: float
    peak_mb: float
    first_alert_s: float


class TooFewLooksError(ValueError):
    """No line goes through fewer than two looks."""


def figures(looks: Sequence[Look], events: int | None, begun: float) -> Figures:
    """Figures of a run over `events` records whose process began at `begun`; None: it was cut off, all looks count."""
    steady = [look for look in looks if events is None or WARM_SHARE * events <= look.events <= STEADY_UNTIL * events]
    if len({look.events for look in steady}) < 2:
        raise TooFewLooksError(f"{len(steady)} looks at the steady part of the run")
    last = looks[-1]
    done = [look.events for look in steady]
    return Figures(
        1 / linear_regression(done, [look.cpu for look in steady]).slope,
        1 / linear_regression(done, [look.at for look in steady]).slope,
        last.events / last.cpu,
        last.peak_mb,
        looks[0].at - begun,
    )
