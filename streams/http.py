"""Serves /metrics, /health and /ready."""

import contextlib
from collections.abc import AsyncIterator, Callable, Mapping

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from parcelward.errors import UserError
from parcelward.settings import Settings

Checks = Callable[[], Mapping[str, bool]]


def http_app(registry: CollectorRegistry, checks: Checks) -> web.Application:
    """Build the three pages, and one that links them. /ready answers 503 with the checks that fail, until all pass."""

    async def metrics(request: web.Request) -> web.Response:
        return web.Response(body=generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def health(request: web.Request) -> web.Response:
        return web.json_response({"live": True})

    async def ready(request: web.Request) -> web.Response:
        now = checks()
        broken = sorted(name for name, passed in now.items() if not passed)
        answer = {"ready": not broken, "broken": broken, "checks": dict(now)}
        return web.json_response(answer, status=503 if broken else 200)

    async def index(request: web.Request) -> web.Response:
        links = "".join(f'<li><a href="{path}">{path}</a>: {says}</li>' for path, (_, says) in pages.items())
        return web.Response(text=f"<!doctype html><title>Parcelward</title><ul>{links}</ul>", content_type="text/html")

    pages = {
        "/metrics": (metrics, "figures for Prometheus"),
        "/health": (health, "the process lives"),
        "/ready": (ready, "it screens; if not, which check fails"),
    }
    app = web.Application()
    app.add_routes([web.get("/", index), *(web.get(path, page) for path, (page, _) in pages.items())])
    return app


@contextlib.asynccontextmanager
async def served(settings: Settings, app: web.Application) -> AsyncIterator[int]:
    """Serve inside the block; gives the port. Raises UserError when the port is in use."""
    runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=1.0)
    await runner.setup()
    try:
        site = web.TCPSite(runner, settings.http_host, settings.http_port)
        try:
            await site.start()
        except OSError as error:
            raise UserError(
                f"/metrics cannot be served on {settings.http_host}:{settings.http_port} ({error.strerror}); "
                "set http_port or http_host"
            ) from None
        yield int(runner.addresses[0][1])
    finally:
        await runner.cleanup()
