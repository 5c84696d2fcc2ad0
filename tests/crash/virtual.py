"""An event loop without sockets and with a clock of its own: waiting costs nothing, and every run is the same."""

import asyncio
from collections.abc import Coroutine
from typing import Any

MOST_TURNS = 50_000
TURN_S = 1e-6
"""Every turn of the loop takes a moment, or sums of fractions could stop the clock."""


class BrokenError(AssertionError):
    """The protocol broke: a process crashed by itself, stood still, or left something wrong."""


class VirtualLoop(asyncio.BaseEventLoop):
    """Runs what is ready; when nothing is, the clock jumps to the next timer."""

    _scheduled: list[asyncio.TimerHandle]

    def __init__(self) -> None:
        super().__init__()
        self._now = 0.0
        self._turns = 0
        self._selector = self

    def time(self) -> float:
        """Seconds since the loop was made."""
        return self._now

    def select(self, timeout: float | None) -> list[Any]:
        """Nothing ever comes from outside: a loop without timers would sleep for ever."""
        self._turns += 1
        if self._turns == MOST_TURNS:
            raise BrokenError("the processes go round in circles")
        if timeout is None:
            raise BrokenError("nothing is ready and no timer is set")
        self._now += TURN_S
        if timeout > 0:
            self._now = max(self._now, self._scheduled[0].when())
        return []

    def _process_events(self, events: list[Any]) -> None:
        """There are none."""

    def _write_to_self(self) -> None:
        """There are no other threads."""


def run_virtually(main: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine on a loop of its own; tasks that are left are thrown away without being told."""
    loop = VirtualLoop()
    loop.set_exception_handler(lambda loop, context: None)
    asyncio.set_event_loop(loop)
    try:
        return loop.run_until_complete(main)
    finally:
        while left := asyncio.all_tasks(loop):  # some start others when they are cancelled
            for task in left:
                task.cancel()
            loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        asyncio.set_event_loop(None)
        loop.close()
