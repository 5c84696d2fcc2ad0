"""Logging in and out, the start page, and the choice of a language."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from parcelward.console.people.roles import Role
from parcelward.console.people.sessions import ENDS_AFTER_MS
from parcelward.console.people.views import Views
from parcelward.console.store.desk import newest_mark
from parcelward.console.web.office import account_of, fields_of, form_of, local_path, office_of
from parcelward.console.web.rendering import page
from parcelward.console.web.saved_views import desk_path
from parcelward.console.web.security import cookie_name
from parcelward.console.web.words import word
from parcelward.moments import DAY_MS

router = APIRouter()
LANGUAGE_COOKIE = "language"


@router.get("/")
def start(request: Request) -> Response:
    """Lead to the page that a person begins with: a saved view, or that of the role."""
    account = account_of(request)
    if account.role is Role.COURIER:
        return RedirectResponse("/parcels", 303)
    own = next((one.query for one in Views(office_of(request).database).of(account.name) if one.starts), "")
    return RedirectResponse(desk_path(own), 303)


@router.get("/login")
def login(request: Request, back: str = "/") -> Response:
    """Show the form."""
    return page(request, "login.html", back=local_path(back), name="", problems=[])


@router.post("/login")
def log_in(request: Request, form: Annotated[FormData, Depends(form_of)]) -> Response:
    """Begin a session, or say that name or password is wrong, never which of them."""
    office, now_ms, fields = office_of(request), request.state.now_ms, fields_of(form)
    name, address = fields.get("name", "").strip().lower(), _address(request)
    back = local_path(fields.get("back", "/"))
    if office.attempts.must_wait(name, address, now_ms):
        return _again(request, back, name, "problem_too_often", 429)
    account = office.accounts.check(name, fields.get("password", ""))
    office.attempts.note(name, address, account is not None, now_ms)
    if account is None:
        return _again(request, back, name, "problem_log_in", 401)
    answer = RedirectResponse(back, 303)
    answer.set_cookie(
        cookie_name(office.over_tls),
        office.sessions.open(account, now_ms),
        max_age=ENDS_AFTER_MS // 1000,
        secure=office.over_tls,
        httponly=True,
        samesite="lax",
    )
    return answer


def _again(request: Request, back: str, name: str, problem: str, status: int) -> Response:
    said = word(problem, request.state.language)
    return page(request, "login.html", status, back=back, name=name, problems=[said])


def _address(request: Request) -> str:
    return request.client.host if request.client else ""


@router.post("/logout")
def log_out(request: Request) -> Response:
    """End the session."""
    office = office_of(request)
    office.sessions.close(request.state.visitor)
    answer = RedirectResponse("/login", 303)
    answer.delete_cookie(cookie_name(office.over_tls), secure=office.over_tls, httponly=True, samesite="lax")
    return answer


@router.get("/language/{chosen}")
def language(chosen: Literal["zh", "en"], back: str = "/") -> Response:
    """Remember a language, and go back."""
    answer = RedirectResponse(local_path(back), 303)
    answer.set_cookie(LANGUAGE_COOKIE, chosen, max_age=365 * DAY_MS // 1000, samesite="lax", httponly=True)
    return answer


@router.get("/health")
def health(request: Request) -> Response:
    """Say that the store can be read."""
    newest_mark(office_of(request).database)
    return PlainTextResponse("ok\n")
