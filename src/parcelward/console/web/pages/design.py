"""Shows every component of the design on one page."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from parcelward.console.web.rendering import page
from parcelward.console.web.score_chart import EXAMPLE, score_chart
from parcelward.contract.alerts import Lane, Severity
from parcelward.contract.steps import ReferralState
from parcelward.moments import MINUTE_MS

router = APIRouter()


@router.get("/design")
def design(request: Request) -> Response:
    """Show it."""
    now_ms: int = request.state.now_ms
    return page(
        request,
        "design.html",
        place="design",
        lanes=list(Lane),
        severities=list(reversed(Severity)),
        states=list(ReferralState),
        dues=(now_ms + 200 * MINUTE_MS, now_ms + 4 * MINUTE_MS, now_ms - 9 * MINUTE_MS),
        chart=score_chart(EXAMPLE, request.state.language),
    )
