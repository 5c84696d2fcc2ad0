"""Cases: lists of them, one with everything about it, and its alerts."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request

from parcelward.console.api.alert_shapes import AlertList, AlertSummary
from parcelward.console.api.asked import After, CasePath, CourierAsked, LaneAsked, Limit, ViewAsked, checked
from parcelward.console.api.case_shapes import CaseDetail, CaseList, CaseSummary
from parcelward.console.api.problems import ProblemError, ProblemReason
from parcelward.console.store.case_desk import CaseFilter, list_cases
from parcelward.console.store.case_page import CaseView, members
from parcelward.console.store.case_page import case as read_case
from parcelward.console.store.desk import LIMIT, OPEN_VIEWS, View
from parcelward.console.web.office import account_of, office_of

router = APIRouter(tags=["cases"])
AttentionAsked = Annotated[bool | None, Query(description="Only those that ask for a person, or only the others.")]


@router.get("/cases", name="api_cases")
def cases(
    request: Request,
    view: ViewAsked = View.DUE,
    lane: LaneAsked = None,
    courier: CourierAsked = None,
    attention: AttentionAsked = None,
    limit: Limit = LIMIT,
    after: After = None,
) -> CaseList:
    """List cases, as the desk does: what is open the most urgent first, all others the newest first."""
    wanted = CaseFilter(view=view, me=account_of(request).token, lane=lane, courier=courier, attention=attention)
    place = checked(after, 3 if view in OPEN_VIEWS else 1)
    listed = list_cases(office_of(request).database, wanted, limit, place)
    return CaseList(cases=tuple(map(CaseSummary.of, listed.lines)), next=listed.after)


@router.get("/cases/{case_id}", name="api_case")
def case(request: Request, case_id: CasePath) -> CaseDetail:
    """Give one case: its document, where it stands, and the decisions on it."""
    return CaseDetail.of(view_of(request, case_id))


@router.get("/cases/{case_id}/alerts", name="api_case_alerts")
def case_alerts(request: Request, case_id: CasePath, limit: Limit = LIMIT, after: After = None) -> AlertList:
    """List the alerts of a case: those that are open before those that are over, the gravest first."""
    view_of(request, case_id)
    listed = members(office_of(request).database, case_id, limit, checked(after, 4))
    return AlertList(alerts=tuple(map(AlertSummary.of, listed.lines)), next=listed.after)


def view_of(request: Request, case_id: str) -> CaseView:
    """Read a case. Raises ProblemError where no topic knows it."""
    view = read_case(office_of(request).database, case_id)
    if view is None:
        raise ProblemError(ProblemReason.NOT_FOUND)
    return view
