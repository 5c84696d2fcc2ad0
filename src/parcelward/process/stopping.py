"""Waits for Ctrl-C or SIGTERM."""

import os
import select
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Stop:
    """Set by the first signal; a second Ctrl-C interrupts whatever still runs.

    A pipe, not a `threading.Event`: interrupted code may hold the event's lock, and the handler would hang for ever.
    """

    def __init__(self) -> None:
        self._reader, self._writer = os.pipe()
        self.requested = False

    def handle(self, number: int, frame: FrameType | None) -> None:
        """Signal handler."""
        if self.requested and number == signal.SIGINT:
            raise KeyboardInterrupt
        self.requested = True
        os.write(self._writer, b"\0")

    def wait(self, seconds: float) -> bool:
        """Wait at most `seconds` (0 only looks); True once a signal came."""
        return self.requested or bool(select.select([self._reader], [], [], seconds)[0])

    def fileno(self) -> int:
        """Give the end of the pipe that can be read once a signal came, for `select`."""
        return self._reader

    def close(self) -> None:
        """Free the pipe."""
        os.close(self._reader)
        os.close(self._writer)


@contextmanager
def stop_signals() -> Iterator[Stop]:
    """Catch SIGINT and SIGTERM inside the block; the handlers that were there before return afterwards."""
    stop = Stop()
    before = {number: signal.signal(number, stop.handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        stop.close()
