"""One case: what its alerts share, how they spread, some of them, and one decision for all or a part."""

from collections.abc import Mapping
from typing import Annotated
from uuid import UUID, uuid4

from fastapi import APIRouter, Depends
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from parcelward.console.choices import INSTRUCTIONS, PUT_OFF, FormError, chosen_in, open_to
from parcelward.console.store.case_page import CaseView, members, spread
from parcelward.console.store.case_page import case as read_case
from parcelward.console.store.case_reach import reaches
from parcelward.console.web.columns import columns
from parcelward.console.web.fates import NOTHING_TYPED, fate_note, status_of, what_is_wrong
from parcelward.console.web.many import NOTHING_TICKED, Ticked, decide_ticked, done_in
from parcelward.console.web.office import account_of, colleagues_of, fields_of, form_of, office_of
from parcelward.console.web.rendering import page, query
from parcelward.console.web.stakes import UnsureError, ask_once_more
from parcelward.console.web.wanted import Wanted
from parcelward.contract.decisions import Parcel
from parcelward.contract.steps import OVER, OutcomeKind, StepKind
from parcelward.errors import UserError

router = APIRouter()
Form = Annotated[FormData, Depends(form_of)]
ROWS = 50
OUTLETS = 12


@router.get("/cases/{case_id}")
def case(request: Request, case_id: str, after: str | None = None) -> Response:
    """Show it as it stands."""
    return _case(request, case_id, request.query_params.get("list", ""), after, [])


def _view(request: Request, case_id: str) -> CaseView:
    view = read_case(office_of(request).database, case_id)
    if view is None:
        raise HTTPException(404)
    return view


def _case(
    request: Request,
    case_id: str,
    listed: str,
    after: str | None,
    problems: list[str],
    status: int = 200,
    typed: Mapping[str, str] = NOTHING_TYPED,
    ticked: Ticked = NOTHING_TICKED,
) -> Response:
    office, account = office_of(request), account_of(request)
    view, wanted = _view(request, case_id), Wanted.from_text(listed).within("")
    line, shown, spreads = view.line, members(office.database, case_id, ROWS, after), spread(office.database, case_id)
    ways = open_to(account.role.decides_as, line.state, True, line.lane, line.severity)
    return page(
        request,
        "case.html",
        status,
        place="desk",
        line=line,
        view=view,
        members=shown.lines,
        more=None if shown.after is None else f"/cases/{case_id}" + query(list=wanted.text, after=shown.after),
        drawn=columns(spreads.raised_ms),
        by_outlet=spreads.by_outlet[:OUTLETS],
        outlets_left=len(spreads.by_outlet[OUTLETS:]),
        most=max((one[2] for one in spreads.by_outlet), default=1),
        reaches=reaches(office.database, case_id, view.decisions),
        sent=request.query_params.get("sent", ""),
        over=OVER,
        ways=[one for one in ways if one is not StepKind.RELEASE or line.open],
        outcomes=list(OutcomeKind),
        parcels=list(Parcel),
        instructions=INSTRUCTIONS,
        waits=PUT_OFF,
        colleagues=colleagues_of(request),
        form_id=uuid4(),
        many_id=uuid4(),
        decides=account.role.decides_as is not None,
        done=done_in(request),
        list_text=wanted.text,
        walk_text=wanted.within(case_id).text,
        back="/desk" + query(**wanted.fields),
        problems=problems,
        typed=typed,
        ticked=ticked,
        fate=fate_note(request),
    )


@router.get("/cases/{case_id}/news")
def case_news(request: Request, case_id: str, revision: int) -> Response:
    """Say that the case has changed since it was shown."""
    line = _view(request, case_id).line
    if line.revision <= revision:
        return Response(status_code=204)
    return page(request, "case_news.html", line=line)


@router.post("/cases/{case_id}/decide")
def decide_case(request: Request, case_id: str, form: Form) -> Response:
    """Take a decision on the case as it was seen; the worker passes it on to each of its alerts."""
    office, account, fields = office_of(request), account_of(request), fields_of(form)
    listed = fields.get("list", "")
    try:
        form_id, revision = UUID(fields.get("form", "")), int(fields.get("revision", ""))
    except ValueError:
        raise HTTPException(400) from None
    line = _view(request, case_id).line
    try:
        chosen = chosen_in(fields, account.token, request.state.now_ms)
        sent = office.desk.decide(form_id, account, line, revision, chosen)
    except (FormError, UserError) as error:
        problems = [what_is_wrong(error, request.state.language)]
        return _case(request, case_id, listed, None, problems, status_of(error), typed=fields)
    office.desk.await_fates([sent], quiet=True)
    return RedirectResponse(f"/cases/{case_id}" + query(list=Wanted.from_text(listed).text, sent=sent, quiet=1), 303)


@router.post("/cases/{case_id}/decide-some")
def decide_members(request: Request, case_id: str, form: Form) -> Response:
    """Take one decision on those alerts of the case that are ticked."""
    _view(request, case_id)
    listed = Wanted.from_text(fields_of(form).get("list", "")).within("").text
    try:
        done = decide_ticked(request, form)
    except UnsureError as unsure:
        return ask_once_more(request, form, unsure)
    except (FormError, UserError) as error:
        problems = [what_is_wrong(error, request.state.language)]
        return _case(request, case_id, listed, None, problems, status_of(error), ticked=Ticked.in_form(form))
    return RedirectResponse(f"/cases/{case_id}" + (query(list=listed) + "&" if listed else "?") + done.said, 303)
