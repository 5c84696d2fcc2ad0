"""Shows every component of the design on one page."""

from datetime import timedelta

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from parcelward.alerts.terminal import Language
from parcelward.console.store.courier_days import Day
from parcelward.console.web.columns import columns
from parcelward.console.web.course import MOVERS, Happening
from parcelward.console.web.day_charts import day_charts
from parcelward.console.web.rendering import page
from parcelward.console.web.score_chart import EXAMPLE, score_chart
from parcelward.console.web.time_line import time_line
from parcelward.console.web.words import word
from parcelward.contract.alerts import Lane, Severity
from parcelward.contract.steps import ReferralState
from parcelward.moments import MINUTE_MS, utc
from parcelward.outcomes.intervals import Figure

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
        movers=MOVERS,
        line=time_line(_course(now_ms, request.state.language), now_ms, request.state.language),
        spread=columns([now_ms - number * number * MINUTE_MS for number in range(12)]),
        days=day_charts(_days(now_ms), utc(now_ms).date()),
        figures=(Figure(9, 30, 0.3, 0.167, 0.479), Figure(1, 3)),
    )


def _course(now_ms: int, language: Language) -> list[Happening]:
    signs = ("accepted", "raised", "told", "acknowledge", "due")
    return [
        Happening(now_ms + (number * number - 9) * MINUTE_MS, kind, sign, word(f"mover_{kind}", language))
        for number, (kind, sign) in enumerate(zip(MOVERS, signs, strict=True))
    ]


def _days(now_ms: int) -> list[Day]:
    """Nine days of which one has no account, and of which the last is bad."""
    newest = utc(now_ms).date()
    return [
        Day(newest - timedelta(days=back), sent=1000 + 40 * (back % 3) if back else 400, refused=20)
        for back in range(8, -1, -1)
        if back != 4
    ]
