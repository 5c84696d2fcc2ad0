"""Random checks: of parcels, as an estimate of what the rules miss; and of outlets, drawn by lot."""

from collections.abc import Iterable
from datetime import date

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from parcelward.console.draw_folder import DrawFiles, Folder, draws_in
from parcelward.console.store.checks_page import SPAN, Check, group, grouped, missed, random_checks
from parcelward.console.web.office import account_of, office_of
from parcelward.console.web.rendering import page
from parcelward.console.web.rights import may
from parcelward.console.web.rule_rows import DayBar, day_bars
from parcelward.moments import CHINA, china_day, utc

router = APIRouter()


@router.get("/checks")
def checks(request: Request) -> Response:
    """Show the random checks of the last days, and the draws of outlets."""
    office, now_ms = office_of(request), request.state.now_ms
    found = random_checks(office.database, now_ms)
    total = group(one.fate for one in found.all)
    return page(
        request,
        "checks.html",
        place="checks",
        total=total,
        is_cut=found.is_cut,
        span=SPAN,
        bars=_bars(found.all, china_day(now_ms)),
        couriers=grouped(found.all, lambda one: one.courier),
        rate=office.judging.sampled_share,
        missed=missed(total, office.judging.sampled_share),
        folder=_folder(request),
        has_folder=office.judging.draws is not None,
        today=_today(request),
        sees_drawn=may(account_of(request).role, "draw"),
    )


def _bars(found: Iterable[Check], today: int) -> tuple[DayBar, ...]:
    by_day = grouped(found, lambda one: one.day)
    groups = [by_day.get(day) for day in range(today - SPAN + 1, today + 1)]
    return day_bars([one.drawn if one else 0 for one in groups], today, [one.found if one else 0 for one in groups])


def _folder(request: Request) -> Folder:
    folder = office_of(request).judging.draws
    return Folder((), ()) if folder is None else draws_in(folder)


def _today(request: Request) -> date:
    return utc(request.state.now_ms).astimezone(CHINA).date()


@router.get("/checks/draws/{number}")
def draw(request: Request, number: str) -> Response:
    """Show who was drawn: it is not public before the visits are over, so few may see it."""
    one = next((one for one in _folder(request).draws if one.drawn is not None and one.drawn.number == number), None)
    if one is None or one.drawn is None:
        raise HTTPException(404)
    return page(
        request,
        "draw.html",
        place="checks",
        one=one,
        visits=one.drawn.draw.visits,
        results=_results(one),
        today=_today(request),
    )


def _results(one: DrawFiles) -> dict[str, object]:
    """Give the result of each visit by the outlet's code."""
    outcomes = () if one.results is None else one.results.outcomes
    return {f"{outcome.courier}/{outcome.outlet}": outcome for outcome in outcomes}
