"""Callers: the account behind the key that a request carries, and whether it may use the route."""

from typing import Annotated

from fastapi import Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.requests import Request

from parcelward.console.api.problems import ProblemError, ProblemReason
from parcelward.console.people.sessions import Visitor
from parcelward.console.web.office import Office, office_of
from parcelward.console.web.rights import ANYBODY, may

SCHEME = "key"
_bearer = HTTPBearer(
    auto_error=False,
    scheme_name=SCHEME,
    description="A key of an account, made by `parcelward console-user key`. It may do what the account's role may.",
)
_Credentials = Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)]


def authorise(request: Request, credentials: _Credentials) -> None:
    """Let through whoever may use the route, and leave in `request.state` who it is. Raises ProblemError."""
    office, route = office_of(request), str(request.scope["route"].name)
    request.state.now_ms = office.now_ms()
    if route in ANYBODY:
        return
    if credentials is None:
        raise ProblemError(ProblemReason.NO_KEY)
    account = office.keys.account(credentials.credentials, request.state.now_ms)
    if account is None:
        raise ProblemError(_refused(request, office))
    if not may(account.role, route):
        raise ProblemError(ProblemReason.NOT_ALLOWED)
    request.state.visitor = Visitor(account, session="", csrf="")


def _refused(request: Request, office: Office) -> ProblemReason:
    """Count a wrong key of an address. A right one always opens: nobody can guess 256 bits, and several programs may
    stand behind one address."""
    address = f"key {request.client.host if request.client else ''}"  # wrong keys keep no person from logging in
    if office.attempts.must_wait(None, address, request.state.now_ms):
        return ProblemReason.TOO_MANY_WRONG_KEYS
    office.attempts.note("", address, False, request.state.now_ms)
    return ProblemReason.WRONG_KEY
