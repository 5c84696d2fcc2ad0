"""A folder of draws: one whose visits are over, one whose visits are going on, one that is announced alone."""

from datetime import date
from pathlib import Path

from parcelward.draws.announcement import Announcement, PublicValue, rendered, sha256
from parcelward.draws.draw import Draw, made
from parcelward.draws.visits import FoundKind, Outcome, Results, VisitResult
from tests.draws import PUBLIC, SHARES, announcement

OVER, GOING_ON, ANNOUNCED = "2026-10", "2026-11", "2026-12"


def announced(period: str, announced_on: date, last_day: date) -> Announcement:
    """An announcement of a month."""
    first_day = last_day.replace(day=1)
    public = PublicValue(source="双色球", on=announced_on.replace(day=announced_on.day + 1), form="numbers", count=7)
    return announcement(
        period=period, announced_on=announced_on, first_day=first_day, last_day=last_day, public=public, visits=4
    )


def written(path: Path, content: bytes) -> None:
    """Write a file, and the folder that it lies in."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def write_draws(folder: Path) -> dict[str, Draw]:
    """Write the three, as `parcelward draw` does; gives the draws by their periods."""
    plans = {
        OVER: announced(OVER, date(2026, 9, 20), date(2026, 10, 31)),
        GOING_ON: announced(GOING_ON, date(2026, 10, 25), date(2026, 11, 30)),
        ANNOUNCED: announced(ANNOUNCED, date(2026, 11, 23), date(2026, 12, 31)),
    }
    draws = {}
    for period, plan in plans.items():
        written(folder / period / "before" / "announcement.json", rendered(plan))
        if period != ANNOUNCED:
            draws[period] = made(plan, SHARES, PUBLIC)
            written(folder / period / "drawn" / "draw.json", rendered(draws[period]))
    over = rendered(draws[OVER])
    written(folder / OVER / "after" / "draw.json", over)
    written(folder / OVER / "after" / "results.json", rendered(results(draws[OVER], sha256(over))))
    return draws


def results(draw: Draw, draw_sha256: str) -> Results:
    """Results of all visits but the last; the first found something."""
    codes = [(one.outlet.courier, one.outlet.outlet) for one in draw.visits]
    outcomes = [
        Outcome(
            courier=courier,
            outlet=outlet,
            visited_on=draw.announcement.first_day,
            result=VisitResult.NO_PROBLEM if number else VisitResult.CORRECTED,
            found=None if number else FoundKind.PROCEDURE_NOT_KEPT,
            parcels_checked=20,
            parcels_wrong=0 if number else 3,
        )
        for number, (courier, outlet) in enumerate(codes[:-1])
    ]
    still = ("/".join(codes[-1]),)
    return Results(period=draw.announcement.period, draw_sha256=draw_sha256, outcomes=tuple(outcomes), open=still)
