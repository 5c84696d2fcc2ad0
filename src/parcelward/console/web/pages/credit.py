"""The credit view of a courier and its outlets: facts with intervals, as `parcelward outcomes` counts them."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from parcelward.console.store.courier_days import courier_codes
from parcelward.console.store.judged_alerts import NEWEST, judged_alerts
from parcelward.console.web.credit_rows import FIGURES, credit_rows
from parcelward.console.web.office import office_of
from parcelward.console.web.rendering import page
from parcelward.console.web.wanted import cleaned
from parcelward.outcomes.credit import credit_views
from parcelward.outcomes.quality import drawn_under_controls

router = APIRouter()


@router.get("/couriers/credit")
def credit(request: Request, courier: str = "") -> Response:
    """Show one courier; the first, if none is named."""
    office = office_of(request)
    codes = courier_codes(office.database)
    chosen = cleaned(courier) or next(iter(codes), "")
    found = judged_alerts(office.database, chosen) if chosen in codes else []
    return page(
        request,
        "credit.html",
        place="couriers",
        codes=codes,
        chosen=chosen,
        rows=credit_rows(credit_views(found, (), office.judging.sampled_share)),
        figures=FIGURES,
        looked_at=len(found),
        is_cut=len(found) == NEWEST,
        since_ms=min((one.raised_ms for one in found), default=None),
        under_controls=drawn_under_controls(found),
    )
