"""Tells who else has an alert or a case open. A page asks for it by itself, and so says that it is open."""

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from parcelward.console.people.looking import Looking
from parcelward.console.web.office import account_of, office_of
from parcelward.console.web.rendering import namer, page

router = APIRouter()
MOST = 64
"""Characters of an id of an alert or a case."""


@router.get("/looking/{about}")
def looking(request: Request, about: str) -> Response:
    """Name the others who may decide on it and have it open. Who may not decide is in nobody's way, and not noted."""
    if len(about) > MOST:
        raise HTTPException(404)
    account, present = account_of(request), Looking(office_of(request).database)
    if account.role.decides_as is not None:
        present.note(about, account.token, request.state.now_ms)
    name_of = namer(request.state.names, request.state.language)
    names = [name_of(token) for token in present.others(about, account.token)]
    return page(request, "looking.html", names=names)
