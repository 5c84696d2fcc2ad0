"""Builds the web application: what it stands on is given, and each request is authorised before its page is made."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from fastapi import Depends, FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from parcelward.alerts.terminal import Language
from parcelward.console.api import problems
from parcelward.console.api.application import PATH, build_api
from parcelward.console.figures import new_metrics
from parcelward.console.judging import NOTHING_KNOWN, Judging
from parcelward.console.people.accounts import Accounts
from parcelward.console.people.attempts import Attempts
from parcelward.console.people.keys import Keys
from parcelward.console.people.sessions import Sessions, Visitor
from parcelward.console.sending import Desk, Letterbox
from parcelward.console.store.database import Database
from parcelward.console.web.meter import Meter
from parcelward.console.web.office import Doors, Office, office_of
from parcelward.console.web.pages import (
    alert,
    audit,
    case,
    checks,
    couriers,
    credit,
    design,
    desk,
    duty,
    log_in,
    looking,
    model,
    parcels,
    rules,
    views,
)
from parcelward.console.web.pages.log_in import LANGUAGE_COOKIE
from parcelward.console.web.rendering import STATIC, page, query
from parcelward.console.web.rights import ANYBODY, may
from parcelward.console.web.security import SAFE, Guard, cookie_name, is_token_of
from parcelward.console.web.words import word
from parcelward.errors import UserError
from parcelward.metrics import Metrics
from parcelward.topics import Topics

BY_ITSELF = frozenset(("desk_news", "alert_news", "case_news", "looking"))
"""Routes that a page asks by itself: they keep no session alive."""
WORTH_PACKING = 1_000
"""Bytes from which on an answer is compressed; news of a second are shorter."""


def build_app(
    database: Database,
    topics: Topics,
    letterbox: Letterbox,
    over_tls: bool = False,
    now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    certain_ms: Callable[[], int] | None = None,
    metrics: Metrics | None = None,
    judging: Judging = NOTHING_KNOWN,
    doors: Doors = Doors(),  # noqa: B008 - a value that does not change
) -> FastAPI:
    """Build the application on an open store. `certain_ms` says when it last missed nothing; None: it never does."""
    metrics = metrics or new_metrics()
    app = FastAPI(
        title="Parcelward console",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        dependencies=[Depends(_authorise), Depends(_check_form)],
    )
    api = build_api()
    app.state.office = api.state.office = Office(
        database, Accounts(database), Sessions(database), Keys(database), Attempts(database),
        Desk(database, topics, letterbox, now_ms, metrics), judging, over_tls, now_ms, certain_ms or now_ms, doors,
    )  # fmt: skip
    for module in (
        log_in, desk, views, alert, case, looking, couriers, credit, rules, model, checks, duty, audit,
        parcels, design,
    ):  # fmt: skip
        app.include_router(module.router)
    app.mount(PATH, api, "api")
    app.mount("/static", _Static(directory=str(STATIC)), "static")
    app.add_exception_handler(HTTPException, _say_so)
    app.add_exception_handler(RequestValidationError, _say_so)
    app.add_exception_handler(UserError, _say_so)
    app.add_middleware(GZipMiddleware, minimum_size=WORTH_PACKING, compresslevel=5)
    app.add_middleware(Guard, over_tls=over_tls)
    app.add_middleware(Meter, metrics=metrics)
    return app


class _Static(StaticFiles):
    """Files of the package; they are asked for under a mark that changes with them, so they may be kept."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        response = super().file_response(*args, **kwargs)
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response


class _LogInFirst(HTTPException):
    """Nobody is logged in."""


def _authorise(request: Request) -> None:
    """Let through whoever may use the route, and leave in `request.state` who it is."""
    route = _name_of(request.scope)
    visitor = _prepare(request, by_hand=route not in BY_ITSELF)
    if may(visitor.account.role if visitor else None, route):
        return
    if visitor is None and route not in ANYBODY:
        raise _LogInFirst(401)
    raise HTTPException(403)


async def _check_form(request: Request) -> None:
    """Refuse a form that was not made for the session that sends it. Logging in has no session yet."""
    if request.method in SAFE or _name_of(request.scope) in ANYBODY:
        return
    token = (await request.form()).get("csrf")
    visitor: Visitor | None = request.state.visitor
    if visitor is None or not isinstance(token, str) or not is_token_of(visitor, token):
        raise HTTPException(403)


def _name_of(scope: Scope) -> str:
    return str(getattr(scope.get("route"), "name", ""))


def _prepare(request: Request, by_hand: bool) -> Visitor | None:
    office, state = office_of(request), request.state
    state.now_ms = office.now_ms()
    number = request.cookies.get(cookie_name(office.over_tls))
    state.visitor = office.sessions.visitor(number, state.now_ms, by_hand)
    state.language = language_of(request.cookies, request.headers)
    state.certain_ms = office.certain_ms() if state.visitor else state.now_ms
    state.names = office.accounts.names() if state.visitor else {}
    visitor: Visitor | None = state.visitor
    return visitor


def language_of(cookies: Mapping[str, str], headers: Mapping[str, str]) -> Language:
    """Give the language that was chosen, else the one that the browser asks for first, else Chinese.

    >>> language_of({}, {"accept-language": "en-GB,en;q=0.9"}), language_of({"language": "zh"}, {}), language_of({}, {})
    ('en', 'zh', 'zh')
    """
    chosen = cookies.get(LANGUAGE_COOKIE) or headers.get("accept-language", "")
    return "en" if chosen[:2] == "en" else "zh"


def _say_so(request: Request, error: Exception) -> Response:
    """Answer a request that failed: with the log-in page, or in words."""
    if request.url.path.startswith(f"{PATH}/"):  # a path that reaches no route, as one with a line break
        return problems.say_so(request, error)
    if not hasattr(request.state, "visitor"):
        _prepare(request, by_hand=False)
    if isinstance(error, _LogInFirst):
        if request.headers.get("hx-request"):
            return Response(status_code=204, headers={"HX-Refresh": "true"})
        back = str(request.url.path) + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse("/login" + query(back=back if request.method == "GET" else "/"), 303)
    status = error.status_code if isinstance(error, HTTPException) else 400
    said = status if status in (403, 404, 429) else 400
    language = request.state.language
    text = str(error) if isinstance(error, UserError) else word(f"http_{said}_text", language)
    return page(request, "message.html", status, head=word(f"http_{said}", language), text=text)
