"""Outcomes, as people read them: each figure with its interval and what it rests on."""

from collections.abc import Iterable, Sequence

from parcelward.cli.tables import show_table
from parcelward.outcomes.credit import Credit, Times
from parcelward.outcomes.intervals import LEAST, Figure
from parcelward.outcomes.quality import Quality

TOO_FEW, NOTHING = "too few to say", "-"


def in_words(figure: Figure) -> str:
    """Write a figure: the share, its 95 % interval, and the cases it rests on.

    >>> in_words(Figure(31, 46, 0.674, 0.53, 0.791)), in_words(Figure(3, 5)), in_words(Figure(0, 0))
    ('67% (53 to 79), 31 of 46', 'too few to say, 3 of 5', '-')
    """
    if not figure.m:
        return NOTHING
    rests_on = count_in_words(figure)
    if figure.share is None or figure.low is None or figure.high is None:
        return f"{TOO_FEW}, {rests_on}"
    digits = 0 if 0.02 < figure.share < 0.98 else 1 if 0.002 < figure.share < 0.998 else 2
    low, high = (f"{end * 100:.{digits}f}" for end in (figure.low, figure.high))
    return f"{figure.share:.{digits}%} ({low} to {high}), {rests_on}"


def count_in_words(figure: Figure) -> str:
    """Write what was counted, of which no share is given.

    >>> count_in_words(Figure(31, 1460))
    '31 of 1,460'
    """
    if not figure.m:
        return NOTHING
    return f"{figure.n:,} of {figure.m:,}"


def times_in_words(times: Times) -> str:
    """Write answer times.

    >>> times_in_words(Times(40, 44, 312.0, 1510.0))
    '5 min, 9 of 10 within 25 min; 40 of 44'
    """
    if not times.m:
        return NOTHING
    if times.median_s is None or times.p90_s is None:
        return f"{TOO_FEW}, {times.n:,} of {times.m:,}"
    return f"{times.median_s / 60:.0f} min, 9 of 10 within {times.p90_s / 60:.0f} min; {times.n:,} of {times.m:,}"


def show_quality(found: Sequence[Quality], *, outlets: bool) -> None:
    """Print how right alerts were and how much they missed."""
    chosen = [one for one in found if outlets or one.by != "outlet"]
    show_table(
        (
            "alerts of",
            "alerts",
            "confirmed",
            "false",
            "unknown",
            "taken back",
            "right (95 %)",
            "of what is wrong (95 %)",
        ),
        [
            (
                one.name if one.by in ("all", "model") else f"{one.by} {one.name}",
                f"{one.alerts:,}",
                f"{one.confirmed:,}",
                f"{one.false_alarms:,}",
                f"{one.unknown:,}",
                f"{one.withdrawn:,}",
                in_words(one.precision),
                in_words(one.recall),
            )
            for one in chosen
        ],
        "Alerts: how many were right, and how much of what is wrong they found",
    )


def show_credit(found: Sequence[Credit], *, outlets: bool) -> None:
    """Print the credit view."""
    show_table(
        (
            "of",
            "duties kept, about",
            "alerts confirmed",
            "answered unreminded",
            "time to answer",
            "wrong in random checks",
            "visits with a problem",
            "wrong at visits",
        ),
        [
            (
                one.name,
                in_words(one.duties_kept),
                in_words(one.confirmed),
                in_words(one.answered),
                times_in_words(one.answer_times),
                in_words(one.random_checks),
                in_words(one.visits),
                count_in_words(one.visited_parcels),
            )
            for one in found
            if outlets or one.by != "outlet"
        ],
        f"Credit: figures on fewer than {LEAST} cases are not given",
    )


def left_out(found: Iterable[Quality]) -> int:
    """Count the outlets that are shown with `--outlets` only."""
    return sum(one.by == "outlet" for one in found)
