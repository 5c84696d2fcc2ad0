"""The desk: what is due, most urgent first, cases before single alerts; many are answered at once."""

from typing import Annotated
from uuid import uuid4

from fastapi import APIRouter, Depends
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from parcelward.console.choices import PUT_OFF, FormError
from parcelward.console.store.desk import (
    View,
    changed,
    count_by,
    count_news,
    count_views,
    list_alerts,
    newest_mark,
)
from parcelward.console.web.desk_rows import groups_of, shown_cases
from parcelward.console.web.fates import status_of, what_is_wrong
from parcelward.console.web.many import NOTHING_TICKED, Ticked, decide_ticked, done_in
from parcelward.console.web.office import account_of, fields_of, form_of, office_of
from parcelward.console.web.rendering import page, query
from parcelward.console.web.saved_views import saved_views
from parcelward.console.web.stakes import UnsureError, ask_once_more
from parcelward.console.web.wanted import Wanted
from parcelward.contract.alerts import Lane
from parcelward.contract.decisions import Parcel
from parcelward.contract.steps import OVER, OutcomeKind, ReferralState
from parcelward.errors import UserError

router = APIRouter()
ROWS = 50


Form = Annotated[FormData, Depends(form_of)]


@router.get("/desk")
def desk(request: Request, after: str | None = None) -> Response:
    """Show what is asked for."""
    wanted = Wanted(request.query_params)
    return show_desk(request, wanted, after, [])


def show_desk(
    request: Request,
    wanted: Wanted,
    after: str | None,
    problems: list[str],
    status: int = 200,
    ticked: Ticked = NOTHING_TICKED,
) -> Response:
    """Show a list, and what is wrong with what was sent from it."""
    store, account = office_of(request).database, account_of(request)
    mark = newest_mark(store)  # before the list: what comes in between is news
    alerts, cases = wanted.alerts(account.token), wanted.cases(account.token)
    listed = list_alerts(store, alerts, ROWS, after)
    among = shown_cases(store, cases) if cases is not None and after is None else []
    counts, saved = count_views(store, alerts), saved_views(request, wanted)
    own = next((number for number, one in enumerate(saved) if one.is_here), None)
    return page(
        request,
        "desk.html",
        status,
        place="desk",
        wanted=wanted,
        mark=mark,
        groups=groups_of(wanted.view, among, listed.lines),
        alerts=listed.lines,
        over=OVER,
        counts=counts,
        views=list(View),
        saved=saved,
        here=list(View).index(wanted.view) if own is None else len(View) + own,
        lanes=list(Lane),
        states=list(ReferralState),
        couriers=sorted(count_by(store, alerts, "courier") | ({wanted.courier: 0} if wanted.courier else {})),
        next_page=None if listed.after is None else "/desk" + query(**wanted.fields, after=listed.after),
        looked_back_to_ms=listed.looked_back_to_ms,
        first_page="/desk" + query(**wanted.fields) if after is not None else None,
        form_id=uuid4(),
        outcomes=list(OutcomeKind),
        parcels=list(Parcel),
        waits=PUT_OFF,
        decides=account.role.decides_as is not None,
        problems=problems,
        ticked=ticked,
        done=done_in(request),
    )


@router.get("/desk/news")
def desk_news(request: Request, mark: int) -> Response:
    """Say how many are new, and show what changed in the rows that are shown; no row moves."""
    store, account = office_of(request).database, account_of(request)
    if newest_mark(store) <= mark:
        return Response(status_code=204)
    wanted = Wanted(request.query_params)
    alerts = wanted.alerts(account.token)
    lines = changed(store, tuple(request.query_params.getlist("shown"))[:ROWS], mark)
    return page(
        request,
        "desk_news.html",
        news=count_news(store, alerts, mark),
        changed=lines,
        counts=count_views(store, alerts),
        saved=saved_views(request, wanted),
        again="/desk" + query(**wanted.fields),
        view=wanted.view,
    )


@router.post("/desk/decide")
def decide_many(request: Request, form: Form) -> Response:
    """Take one decision on all that are ticked."""
    wanted = Wanted.from_text(fields_of(form).get("list", ""))
    try:
        done = decide_ticked(request, form)
    except UnsureError as unsure:
        return ask_once_more(request, form, unsure)
    except (FormError, UserError) as error:
        problems = [what_is_wrong(error, request.state.language)]
        return show_desk(request, wanted, None, problems, status_of(error), Ticked.in_form(form))
    return RedirectResponse("/desk?" + "&".join(filter(None, (wanted.text, done.said))), 303)
