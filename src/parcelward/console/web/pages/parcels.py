"""A courier's page: what it must do now with its own parcels, and nothing else."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from parcelward.console.store.feed import tasks
from parcelward.console.web.office import account_of, office_of
from parcelward.console.web.rendering import page, query

router = APIRouter()


@router.get("/parcels")
def parcels(request: Request, after: str | None = None) -> Response:
    """List the newest instruction about each parcel, the latest first."""
    account = account_of(request)
    courier = account.courier or ""
    listed = tasks(office_of(request).database, courier, after=after)
    more = None if listed.after is None else "/parcels" + query(after=listed.after)
    return page(request, "parcels.html", place="parcels", courier=courier, told=listed.lines, more=more)
