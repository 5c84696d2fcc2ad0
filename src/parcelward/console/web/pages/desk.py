"""The desk: what is due, most urgent first, cases before single alerts; many are answered at once."""

from collections.abc import Sequence
from typing import Annotated, Any, NamedTuple
from uuid import UUID, uuid4

from fastapi import APIRouter, Depends
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from parcelward.console.choices import DECISIONS, PUT_OFF, FormError, chosen_in
from parcelward.console.sending import is_quiet
from parcelward.console.store.case_desk import CaseLine, list_cases
from parcelward.console.store.case_page import case
from parcelward.console.store.desk import (
    View,
    changed,
    count_by,
    count_news,
    count_views,
    list_alerts,
    newest_mark,
)
from parcelward.console.store.lines import Line
from parcelward.console.web.office import account_of, fields_of, form_of, office_of
from parcelward.console.web.rendering import page, query
from parcelward.console.web.wanted import Wanted
from parcelward.console.web.words import word
from parcelward.contract.alerts import Lane
from parcelward.contract.decisions import Parcel
from parcelward.contract.steps import OVER, OutcomeKind, ReferralState, StepKind

router = APIRouter()
CASES_READ, CASES_SHOWN = 50, 8
ROWS = 50
MANY = (StepKind.ACKNOWLEDGE, StepKind.OUTCOME, StepKind.COMMENT, StepKind.SNOOZE)
"""Decisions that can be taken on many at once."""


class Group(NamedTuple):
    """Lines of one urgency: cases, then alerts."""

    name: str
    cases: Sequence[CaseLine]
    alerts: Sequence[Line]


Form = Annotated[FormData, Depends(form_of)]


@router.get("/desk")
def desk(request: Request, after: str | None = None) -> Response:
    """Show what is asked for."""
    wanted = Wanted(request.query_params)
    return _desk(request, wanted, after, [])


def _desk(request: Request, wanted: Wanted, after: str | None, problems: list[str], status: int = 200) -> Response:
    store, account = office_of(request).database, account_of(request)
    mark = newest_mark(store)  # before the list: what comes in between is news
    alerts, cases = wanted.alerts(account.token), wanted.cases(account.token)
    listed = list_alerts(store, alerts, ROWS, after)
    read = list_cases(store, cases, CASES_READ).lines if cases is not None and after is None else ()
    shown_cases = [one for one in read if one.count > 1][:CASES_SHOWN]  # one with one alert is listed as that alert
    counts = count_views(store, alerts)
    return page(
        request,
        "desk.html",
        status,
        place="desk",
        wanted=wanted,
        mark=mark,
        groups=_groups(wanted.view, shown_cases, listed.lines),
        alerts=listed.lines,
        over=OVER,
        counts=counts,
        views=list(View),
        lanes=list(Lane),
        states=list(ReferralState),
        couriers=sorted(count_by(store, alerts, "courier") | ({wanted.courier: 0} if wanted.courier else {})),
        next_page=None if listed.after is None else "/desk" + query(**wanted.fields, after=listed.after),
        looked_back_to_ms=listed.looked_back_to_ms,
        first_page="/desk" + query(**wanted.fields) if after is not None else None,
        form_id=uuid4(),
        many=[one for one in DECISIONS if one in MANY],
        outcomes=list(OutcomeKind),
        parcels=list(Parcel),
        waits=PUT_OFF,
        decides=account.role.decides_as is not None,
        problems=problems,
        done=_done(request),
    )


def _groups(view: View, cases: Sequence[CaseLine], alerts: Sequence[Line]) -> list[Group]:
    """Part what is open into what is red and what has time; of other views nothing is due."""
    if view in (View.ALL, View.OVER):
        parts = [Group("newest", cases, alerts)]
    else:
        parts = [
            Group(name, [one for one in cases if of(one.lane)], [one for one in alerts if of(one.lane)])
            for name, of in (("red", Lane.RED.__eq__), ("shift", Lane.RED.__ne__))
        ]
    return [one for one in parts if one.cases or one.alerts]


def _done(request: Request) -> tuple[int, int, list[str]]:
    """Give what became of many decisions, as the URL that follows on them says: counted, not yet known, refused."""
    asked = request.query_params
    numbers = [int(text) if (text := asked.get(name, "0")).isdecimal() else 0 for name in ("counted", "waiting")]
    return numbers[0], numbers[1], [one for one in asked.getlist("refused") if one.replace("_", "").isalpha()][:9]


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
        again="/desk" + query(**wanted.fields),
        view=wanted.view,
    )


@router.post("/desk/decide")
def decide_many(request: Request, form: Form) -> Response:
    """Take one decision on all that are ticked; each has its own id, made from that of the form."""
    office, account, fields = office_of(request), account_of(request), fields_of(form)
    wanted = Wanted.from_text(fields.get("list", ""))
    try:
        form_id, chosen = UUID(fields.get("form", "")), chosen_in(fields, account.token, request.state.now_ms)
        ticked = [_ticked(request, str(one)) for one in form.getlist("one")[: ROWS + CASES_SHOWN]]
        if not ticked:
            raise FormError("problem_none")
        if chosen["kind"] not in MANY:
            raise FormError("problem_step")
    except FormError as error:
        return _desk(request, wanted, None, [word(error.problem, request.state.language)], 422)
    except ValueError:
        raise HTTPException(400) from None
    sent = [office.desk.decide(form_id, account, line, revision, chosen) for line, revision in ticked]
    quiet = all(is_quiet(line, chosen) for line, _ in ticked)
    fates = office.desk.await_fates(sent, quiet)
    refused = [one.refusal.reason for one in fates if one.refusal is not None]
    counted = sum(
        one.state == "counted" or (one.state == "sent" and is_quiet(line, chosen))
        for one, (line, _) in zip(fates, ticked, strict=True)
    )
    said: dict[str, Any] = {**wanted.fields, "counted": counted, "waiting": len(sent) - counted - len(refused)}
    path = "/desk" + query(**said)
    return RedirectResponse(path + "".join(f"&refused={reason}" for reason in refused[:9]), 303)


def _ticked(request: Request, said: str) -> tuple[Line | CaseLine, int]:
    """Find what a tick names: its kind, its id, and the revision that was seen. Raises ValueError."""
    kind, name, revision = said.split(":")
    store = office_of(request).database
    if kind == "case":
        view = case(store, name)
        line: Line | CaseLine | None = None if view is None else view.line
    else:
        line = next(iter(changed(store, (name,), -1)), None)
    if line is None:
        raise ValueError(said)
    return line, int(revision)
