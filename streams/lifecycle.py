"""Running an app until it is told to stop or fails, and ending it in good order either way."""

import asyncio
import logging
import os
import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # who only needs the signals loads no engine
    from streams.engine.faust_app import ScreeningApp

log = logging.getLogger(__name__)

START_S = 5.0
"""Seconds that a start may still take when the worker is told to stop meanwhile."""
STOP_S = 10.0
"""Seconds for leaving the group: a broker that is away is not waited for."""
END_S = 15.0
"""Seconds for the process to end after that; the consumer's thread alone would wait up to 20 s for a last answer."""


async def run_app(app: "ScreeningApp", stop: asyncio.Event) -> None:
    """Run until `stop` is set, then finish the batches in work and leave the group. Raises what made it fail."""
    assignment = app.assignment
    starting = asyncio.ensure_future(app.start())
    endings = [asyncio.ensure_future(wait()) for wait in (stop.wait, assignment.failed.wait, app._crashed.wait)]
    try:
        await asyncio.wait([starting, *endings], return_when=asyncio.FIRST_COMPLETED)
        if starting.done() and not starting.cancelled() and starting.exception() is None:
            await asyncio.wait(endings, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for waiting in endings:
            waiting.cancel()
        await _stop(app, starting)
    fault = assignment.fault or app.crash_reason or (starting.exception() if not starting.cancelled() else None)
    if fault is not None and not isinstance(fault, asyncio.CancelledError):
        raise fault


async def _stop(app: "ScreeningApp", starting: "asyncio.Future[None]") -> None:
    log.info("stopping")
    try:
        await app.assignment.finish()
        # A start that is under way leaves tasks behind when it is cut off.
        await asyncio.wait([starting], timeout=START_S)
        await app.assignment.give_up()
        app.assignment.close()
    finally:
        # In any case: Faust's tasks cannot be cancelled, and would keep the process and its partitions for ever.
        await _leave(app, starting)


async def _leave(app: "ScreeningApp", starting: "asyncio.Future[None]") -> None:
    try:
        async with asyncio.timeout(STOP_S):
            await app.stop()
            starting.cancel()
            await asyncio.gather(starting, return_exceptions=True)
    except TimeoutError:
        log.warning("the worker did not leave the group in time")


def end_within(seconds: float, code: int) -> None:
    """End the process with `code` if it does not end by itself in time: it must not keep its place in the group."""

    def end() -> None:
        log.warning("ended by force")
        os._exit(code)

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()


def stop_on_signals(stop: asyncio.Event, on_stop: Callable[[], None] = lambda: None) -> None:
    """Set `stop` on the first SIGTERM or SIGINT; further ones change nothing until the process has ended."""
    loop = asyncio.get_running_loop()

    def begin(number: int) -> None:
        if stop.is_set():
            return
        log.info("signal received", extra={"signal": signal.Signals(number).name})
        on_stop()
        stop.set()

    def handle(number: int, frame: FrameType | None) -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(begin, number)

    # Not the loop's own handlers: they end with the loop. A second SIGTERM would then kill a process that is about to
    # exit with its own code.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, handle)
