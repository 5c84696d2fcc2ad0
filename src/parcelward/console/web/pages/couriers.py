"""Couriers and outlets in figures: their days, what stands out, how they answer, and which outlets got worse."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from parcelward.alerts.terminal import Language
from parcelward.console.store.answer_days import answer_days
from parcelward.console.store.courier_days import DAYS, courier_codes, courier_days, last_heard
from parcelward.console.store.desk import LIMIT
from parcelward.console.store.feed import WEEK, OutletWeek, answer_times, outlet_weeks
from parcelward.console.web.courier_rows import MEASURES, CourierRow, figures
from parcelward.console.web.day_charts import day_charts
from parcelward.console.web.office import office_of
from parcelward.console.web.rendering import page
from parcelward.console.web.wanted import cleaned
from parcelward.console.web.words import WORDS, word
from parcelward.moments import DAY_MS

router = APIRouter()
WORST = 15
"""Outlets that are listed of all couriers; of one courier there are more."""


@router.get("/couriers")
def couriers(request: Request, courier: str = "") -> Response:
    """Show all couriers, or one with all of its days."""
    store, now_ms = office_of(request).database, request.state.now_ms
    codes, days = courier_codes(store), courier_days(store)
    chosen = cleaned(courier)
    newest = max((some[-1].date for some in days.values()), default=None)
    rows = [
        CourierRow(
            courier=code,
            figures=figures(own := days.get(code, ())),
            newest=own[-1] if own else None,
            missing=bool(own) and own[-1].date != newest,
            answers=answer_times(store, code, now_ms, now_ms - WEEK * DAY_MS),
            heard=last_heard(store, code),
        )
        for code in codes
        if chosen in ("", code)
    ]
    since_ms = now_ms - DAYS * DAY_MS
    outlets = outlet_weeks(store, now_ms, chosen or None)
    return page(
        request,
        "couriers.html",
        place="couriers",
        codes=codes,
        chosen=chosen,
        rows=rows,
        measures=MEASURES,
        charts=[
            (row.courier, day_charts(days.get(row.courier, ()), newest, answer_days(store, row.courier, since_ms)))
            for row in rows
        ],
        cause=lambda reason: _cause(reason, request.state.language),
        days=tuple(reversed(days.get(chosen, ()))),
        outlets=outlets if chosen else _worse(outlets),
        most_outlets=LIMIT if chosen else WORST,
        most=max((max(one.this_week, one.week_before) for one in outlets), default=1) or 1,
    )


def _worse(outlets: tuple[OutletWeek, ...]) -> list[OutletWeek]:
    """Choose the outlets that have more alerts than the week before."""
    return [one for one in outlets if one.this_week > one.week_before][:WORST]


def _cause(reason: str, language: Language) -> str:
    """Give the words of a reason to refuse a record, also of one of a later version."""
    return word(f"cause_{reason}" if f"cause_{reason}" in WORDS else "cause_other", language)
