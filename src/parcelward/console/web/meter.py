"""Counts and times requests, by the route that answered."""

import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from parcelward.console_counts import NO_ROUTE, REQUEST_SECONDS, REQUESTS
from parcelward.metrics import Metrics

STATIC = "static"
FAILED = 500
"""Status of an answer that was never begun."""


class Meter:
    """Stands around everything else, so that what is refused early is counted, too."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status, begun = FAILED, time.perf_counter()

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noting)
        finally:
            route = _route_of(scope)
            self._metrics.add(REQUESTS, route, str(status))
            self._metrics.observe(REQUEST_SECONDS, time.perf_counter() - begun, route)


def _route_of(scope: Scope) -> str:
    """Name the route that answered; never the path, which may hold a waybill."""
    nameless = STATIC if scope["path"].startswith(f"/{STATIC}/") else NO_ROUTE
    return str(getattr(scope.get("route"), "name", nameless))
