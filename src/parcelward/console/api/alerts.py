"""Alerts: lists of them, and one with everything about it."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request

from parcelward.console.api.alert_shapes import AlertDetail, AlertList, AlertSummary
from parcelward.console.api.asked import (
    After,
    AlertPath,
    CourierAsked,
    LaneAsked,
    Limit,
    OutletAsked,
    RuleAsked,
    SeverityAsked,
    ViewAsked,
    WordsAsked,
    checked,
)
from parcelward.console.api.problems import ProblemError, ProblemReason
from parcelward.console.store.alert_page import AlertView
from parcelward.console.store.alert_page import alert as read_alert
from parcelward.console.store.desk import LIMIT, OPEN_VIEWS, DeskFilter, View, list_alerts
from parcelward.console.web.office import account_of, office_of
from parcelward.contract.steps import ReferralState

router = APIRouter(tags=["alerts"])
StateAsked = Annotated[ReferralState | None, Query(description="Only this state.", examples=["escalated"])]


@router.get("/alerts", name="api_alerts")
def alerts(
    request: Request,
    view: ViewAsked = View.DUE,
    lane: LaneAsked = None,
    severity: SeverityAsked = None,
    state: StateAsked = None,
    courier: CourierAsked = None,
    outlet: OutletAsked = None,
    rule: RuleAsked = None,
    q: WordsAsked = "",
    limit: Limit = LIMIT,
    after: After = None,
) -> AlertList:
    """List alerts, as the desk does: what is open the most urgent first, all others the newest step first."""
    wanted = DeskFilter(
        view=view,
        me=account_of(request).token,
        lane=lane,
        severity=severity,
        state=state,
        courier=courier,
        outlet=outlet,
        rule=rule or None,
        words=q.strip(),
    )
    place = checked(after, 3 if view in OPEN_VIEWS else 1)
    listed = list_alerts(office_of(request).database, wanted, limit, place)
    return AlertList(alerts=tuple(map(AlertSummary.of, listed.lines)), next=listed.after)


@router.get("/alerts/{alert_id}", name="api_alert")
def alert(request: Request, alert_id: AlertPath) -> AlertDetail:
    """Give one alert: its document, where it stands, its revisions, steps, instructions, answers, decisions, cases."""
    return AlertDetail.of(view_of(request, alert_id))


def view_of(request: Request, alert_id: str) -> AlertView:
    """Read an alert. Raises ProblemError where no topic knows it."""
    view = read_alert(office_of(request).database, alert_id)
    if view is None:
        raise ProblemError(ProblemReason.NOT_FOUND)
    return view
