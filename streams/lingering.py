"""A worker that must not work says why, for a while, where Prometheus and people look.

Without that it is gone before anybody has read a metric, and an alert could only say that no worker answers.
"""

import asyncio
import logging
import threading

from parcelward.cluster.ground import gather
from parcelward.controls import ControlError
from parcelward.counts import READY, WORKER_UP
from parcelward.errors import UserError
from parcelward.ground.check import GroundError, check_ground
from parcelward.ground.flaw import Code, stops
from parcelward.metrics import Metrics
from parcelward.screening.build import build_stages
from parcelward.settings import Settings
from streams.ground import report_flaws
from streams.http import http_app, served
from streams.lifecycle import stop_on_signals

log = logging.getLogger(__name__)


def linger(settings: Settings, metrics: Metrics, error: UserError) -> None:
    """Serve what keeps the worker from working as metrics, as long as `linger` says or until it is told to stop."""
    if not settings.linger:
        return
    log.error("not working, and ending in %d s: %s", settings.linger.total_seconds(), str(error))
    try:
        asyncio.run(_serve(settings, metrics, error))
    except UserError as second:  # the port is taken
        log.warning("the reason is not served: %s", str(second))


def find(settings: Settings) -> Code:
    """Find what keeps a worker with these settings from working."""
    try:
        flaws = check_ground(settings, gather(settings))
    except UserError:
        return Code.KAFKA
    try:
        build_stages(settings)
    except ControlError:
        return Code.CONTROL_PERIODS
    except UserError:
        return Code.RULES_OR_MODEL
    stopping = stops(flaws)
    return stopping[0].code if stopping else Code.OTHER


async def _serve(settings: Settings, metrics: Metrics, error: UserError) -> None:
    stop = asyncio.Event()
    stop_on_signals(stop)
    checks = {"tables": False}

    def say(code: Code) -> None:
        report_flaws(metrics, [code])
        checks["broker"] = code is not Code.KAFKA
        metrics.set(READY, checks["broker"], "broker")

    metrics.set(WORKER_UP, False)
    metrics.set(READY, False, "tables")
    if isinstance(error, GroundError):
        say(error.flaw.code)
    else:
        # A thread of its own: a broker that is away may take long to say so, and the worker's end waits for nothing.
        threading.Thread(target=lambda: say(find(settings)), name="examination", daemon=True).start()
    async with served(settings, http_app(metrics.registry, lambda: dict(checks))):
        try:
            async with asyncio.timeout(settings.linger.total_seconds()):
                await stop.wait()
        except TimeoutError:
            return
