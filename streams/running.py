"""Runs an app until it is told to stop or fails: in good order either way."""

import asyncio
import logging
import signal
from collections.abc import Callable

from streams.app import ScreeningApp

log = logging.getLogger(__name__)

STOP_S = 10.0
"""Time for leaving the group; a broker that is away cannot be waited for."""


async def run_app(app: ScreeningApp, stop: asyncio.Event) -> None:
    """Run until `stop` is set, then finish the batches in work and leave the group. Raises what made it fail."""
    ownership = app.ownership
    starting = asyncio.ensure_future(app.start())
    endings = [asyncio.ensure_future(wait()) for wait in (stop.wait, ownership.failed.wait, app._crashed.wait)]
    try:
        await asyncio.wait([starting, *endings], return_when=asyncio.FIRST_COMPLETED)
        if starting.done() and not starting.cancelled() and starting.exception() is None:
            await asyncio.wait(endings, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for waiting in endings:
            waiting.cancel()
        await _stop(app, starting)
    fault = ownership.fault or app.crash_reason or (starting.exception() if not starting.cancelled() else None)
    if fault is not None and not isinstance(fault, asyncio.CancelledError):
        raise fault


async def _stop(app: ScreeningApp, starting: "asyncio.Future[None]") -> None:
    log.info("stopping")
    await app.ownership.finish()
    await app.ownership.give_up()
    app.ownership.close()
    try:
        async with asyncio.timeout(STOP_S):
            await app.stop()
    except TimeoutError:
        log.warning("the worker did not leave the group in time")
    if not starting.done():
        starting.cancel()
    await asyncio.gather(starting, return_exceptions=True)


def stop_on_signals(stop: asyncio.Event, on_stop: Callable[[], None] = lambda: None) -> None:
    """Set `stop` on SIGTERM and SIGINT."""
    loop = asyncio.get_running_loop()

    def handle(number: signal.Signals) -> None:
        log.info("signal received", extra={"signal": number.name})
        on_stop()
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, handle, number)
