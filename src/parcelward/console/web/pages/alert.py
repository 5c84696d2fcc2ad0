"""One alert: what to do, why, what happened, and every decision that the reader may take now."""

from collections.abc import Mapping
from typing import Annotated, Any, NamedTuple
from uuid import UUID, uuid4

from fastapi import APIRouter, Depends
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from parcelward.alerts.clears import finding_clears
from parcelward.alerts.law import law_in_english
from parcelward.alerts.page import label, page_lines
from parcelward.alerts.terminal import Language, by_model
from parcelward.console.choices import INSTRUCTIONS, PUT_OFF, FormError, chosen_in, open_to
from parcelward.console.sending import is_quiet
from parcelward.console.store.alert_page import AlertView, earlier
from parcelward.console.store.alert_page import alert as read_alert
from parcelward.console.web.chosen import comment_in
from parcelward.console.web.course import course_of
from parcelward.console.web.documents import alert_in
from parcelward.console.web.facts import facts_against_limits
from parcelward.console.web.fates import NOTHING_TYPED, fate_note, status_of, what_is_wrong
from parcelward.console.web.office import account_of, colleagues_of, fields_of, form_of, office_of
from parcelward.console.web.profile_charts import profile_charts
from parcelward.console.web.rendering import bilingual, page, query
from parcelward.console.web.score_chart import score_chart
from parcelward.console.web.time_line import time_line
from parcelward.console.web.two_places import two_places
from parcelward.console.web.walk import Walk
from parcelward.console.web.wanted import Wanted
from parcelward.contract.alerts import Alert
from parcelward.contract.decisions import Parcel
from parcelward.contract.steps import OVER, OutcomeKind, StepKind
from parcelward.errors import UserError

router = APIRouter()
Form = Annotated[FormData, Depends(form_of)]
ABOUT_THE_PARCEL = (
    "goods",
    "regions",
    "accepted",
    "inspection",
    "where",
    "photo",
    "document_place",
    "sender",
    "operator",
)
JUDGED = ("judged", "control", "raised", "alert", "evidence")
BEFORE = ("waybill", "document", "phone", "operator", "outlet")
"""Subjects of which earlier alerts are named."""


@router.get("/alerts/{alert_id}")
def alert(request: Request, alert_id: str) -> Response:
    """Show it as it stands."""
    return _alert(request, alert_id, request.query_params.get("list", ""), [])


def _view(request: Request, alert_id: str) -> AlertView:
    view = read_alert(office_of(request).database, alert_id)
    if view is None:
        raise HTTPException(404)
    return view


def _alert(
    request: Request,
    alert_id: str,
    listed: str,
    problems: list[str],
    status: int = 200,
    typed: Mapping[str, str] = NOTHING_TYPED,
) -> Response:
    office, account, language = office_of(request), account_of(request), request.state.language
    view = _view(request, alert_id)
    line, wanted = view.line, Wanted.from_text(listed)
    walk = Walk(office.database, wanted, account.token, alert_id)
    document = None if view.alert is None else alert_in(view.alert)
    ways = [] if line is None else open_to(account.role.decides_as, line.state, line.held, line.lane, line.severity)
    return page(
        request,
        "alert.html",
        status,
        place="desk",
        line=line,
        view=view,
        alert=document,
        **({} if document is None else _in_words(document, view, language)),
        **({} if document is None else _in_pictures(request, document, view)),
        before=[(kind, one) for kind, one in _earlier(request, alert_id).items() if kind in BEFORE and one.count],
        over=OVER,
        ending=_ending(view),
        told=view.instructions[-1].document["action"] if view.instructions else None,
        ways=ways,
        outcomes=list(OutcomeKind),
        parcels=list(Parcel),
        instructions=INSTRUCTIONS,
        waits=PUT_OFF,
        colleagues=colleagues_of(request),
        form_id=uuid4(),
        list_text=wanted.text,
        back=walk.back,
        in_case=bool(wanted.case),
        beside=walk.beside,
        problems=problems,
        typed=typed,
        fate=fate_note(request),
        sent=request.query_params.get("sent", ""),
    )


class Ending(NamedTuple):
    """The decision that ended an alert."""

    person: str
    at_ms: int
    comment: str


def _ending(view: AlertView) -> Ending | None:
    """Give the decision that ended the alert; None while it is open, or where no person ended it."""
    if view.line is None or view.line.state not in OVER or view.line.outcome is None:
        return None
    taken = [one for one in view.decisions if one.kind == StepKind.OUTCOME and one.refused is None]
    if not taken:
        return None
    document = taken[-1].document
    comment = comment_in(document.get("data", document)["decision"])
    return Ending(taken[-1].person, taken[-1].arrived_ms, comment)


def _in_words(alert: Alert, view: AlertView, language: Language) -> dict[str, Any]:
    """Give what the templates show of the alert's document."""
    lines = [(name, label(name, language), text) for name, text in page_lines(alert, language)]
    findings = [
        {
            "rule": one.rule,
            "severity": one.severity,
            "reason": bilingual(one.reason, language),
            "clears": bilingual(finding_clears(one), language),
            "law": one.legal_basis if language == "zh" else law_in_english(one.legal_basis),
        }
        for one in alert.findings
    ]
    return {
        "findings": findings,
        "facts": facts_against_limits(alert, language),
        "chart": None if alert.score is None or not by_model(alert) else score_chart(alert.score, language),
        "parcel": [one for one in lines if one[0] in ABOUT_THE_PARCEL],
        "calls": [one for one in lines if one[0] == "call"],
        "score": next((text for name, _, text in lines if name == "score"), None),
        "judged": [one for one in lines if one[0] in JUDGED],
    }


def _in_pictures(request: Request, alert: Alert, view: AlertView) -> dict[str, Any]:
    """Give what the templates draw."""
    language: Language = request.state.language
    course = course_of(view, alert, language)
    return {
        "course": course,
        "drawn": time_line(course, request.state.now_ms, language),
        "way": two_places(office_of(request).database, alert, language),
        "profiles": profile_charts(office_of(request).database, alert, language),
    }


def _earlier(request: Request, alert_id: str) -> dict[str, Any]:
    return dict(earlier(office_of(request).database, alert_id))


@router.get("/alerts/{alert_id}/news")
def alert_news(request: Request, alert_id: str, revision: int, sent: str = "") -> Response:
    """Say that the alert has changed since it was shown, or what became of the decision that was just sent."""
    fate = fate_note(request)
    if sent and fate is not None and fate.known:
        return Response(status_code=204, headers={"HX-Refresh": "true"})
    line = _view(request, alert_id).line
    if line is None or line.revision <= revision:
        return Response(status_code=204)
    return page(request, "alert_news.html", line=line)


@router.post("/alerts/{alert_id}/decide")
def decide_alert(request: Request, alert_id: str, form: Form) -> Response:
    """Take a decision on the revision that was seen; then show what became of it, or the next alert of the list."""
    office, account, fields = office_of(request), account_of(request), fields_of(form)
    listed = fields.get("list", "")
    try:
        form_id, revision = UUID(fields.get("form", "")), int(fields.get("revision", ""))
    except ValueError:
        raise HTTPException(400) from None
    line = _view(request, alert_id).line
    if line is None:
        raise HTTPException(404)
    wanted = Wanted.from_text(listed)
    walk = Walk(office.database, wanted, account.token, alert_id)
    following = walk.following
    try:
        chosen = chosen_in(fields, account.token, request.state.now_ms)
        sent = office.desk.decide(form_id, account, line, revision, chosen)
    except (FormError, UserError) as error:
        problems = [what_is_wrong(error, request.state.language)]
        return _alert(request, alert_id, listed, problems, status_of(error), fields)
    quiet = is_quiet(line, chosen)
    (fate,) = office.desk.await_fates([sent], quiet)
    goes_on = fields.get("then") == "next" and fate.state != "refused"
    if goes_on and following is None:
        return RedirectResponse(walk.ended(fate.state == "counted" or (fate.state == "sent" and quiet)), 303)
    shown = following if goes_on else alert_id
    return RedirectResponse(f"/alerts/{shown}" + query(list=wanted.text, sent=sent, quiet=(quiet and 1) or None), 303)
