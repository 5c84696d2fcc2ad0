"""The outcome of an event that was taken: not yet known, acknowledged, or refused for good."""

import asyncio
import heapq
import threading
import time
from collections.abc import Callable, Generator
from itertools import count
from typing import Any, NamedTuple

from parcelward.publisher.failures import NotDelivered


class Refusal(NamedTuple):
    """An event that the brokers will never take."""

    event_id: str | None
    cause: str


NOT_YET = "no answer from the broker yet"


class Progress:
    """Point to which delivery has come: every event up to `through` has its outcome. Thread-safe."""

    def __init__(self, through: int, kept: str | None) -> None:
        self.through = through
        self.kept = kept
        self.cause = NOT_YET
        """The reason why nothing moves at present, or the last one."""
        self.moved = time.monotonic()
        self.stuck = False
        """True while the brokers take nothing."""
        self.refused: dict[int, Refusal] = {}
        self._not_said: list[Refusal] = []
        self.acknowledged = 0
        self.ended = False
        self._changed = threading.Condition()
        self._waiting: list[tuple[int, int, Callable[[], None]]] = []
        self._tie = count()

    def advance(self, through: int, refused: dict[int, Refusal], acknowledged: int) -> None:
        """Every event up to `through` is delivered, but for those that were refused."""
        with self._changed:
            self.through = through
            self.refused |= refused
            self._not_said += refused.values()
            self.acknowledged += acknowledged
            self.moved, self.stuck = time.monotonic(), False
            ready = []
            while self._waiting and self._waiting[0][0] <= through:
                ready.append(heapq.heappop(self._waiting)[2])
            self._changed.notify_all()
        for call in ready:
            call()

    def begin(self) -> None:
        """Events are under way."""
        self.moved = time.monotonic()

    def stick(self, cause: str) -> None:
        """Nothing moves, and why."""
        with self._changed:
            self.cause, self.stuck = cause, True
            self._changed.notify_all()

    def refusals_not_said(self) -> list[Refusal]:
        """Refusals since the last call."""
        with self._changed:
            found, self._not_said = self._not_said, []
            return found

    def is_still(self, seconds: float) -> bool:
        """Tell whether the brokers take nothing, or have not for so long."""
        return self.stuck or self.ended or time.monotonic() - self.moved > seconds

    def end(self) -> None:
        """Nothing will move any more; whoever waits is told."""
        with self._changed:
            self.ended = True
            ready = [call for _, _, call in sorted(self._waiting)]
            self._waiting.clear()
            self._changed.notify_all()
        for call in ready:
            call()

    def await_through(self, number: int, seconds: float | None) -> bool:
        """Wait until an event has its outcome, or nothing moves any more; True when it has."""
        with self._changed:
            self._changed.wait_for(lambda: self.through >= number or self.ended, seconds)
            return self.through >= number

    def await_change(self, seconds: float) -> None:
        """Wait until something changes, at most so long."""
        with self._changed:
            self._changed.wait(seconds)

    def call_at(self, number: int, call: Callable[[], None]) -> None:
        """Call once an event has its outcome, or nothing moves any more; at once when that is so already."""
        with self._changed:
            if self.through < number and not self.ended:
                heapq.heappush(self._waiting, (number, next(self._tie), call))
                return
        call()


class Delivery:
    """The delivery of one event: `result()` waits for it, `await delivery` does so in asyncio.

    It is acknowledged when all in-sync replicas have it.
    """

    __slots__ = ("_number", "_progress", "event_id")

    def __init__(self, number: int, event_id: str | None, progress: Progress) -> None:
        self._number = number
        self._progress = progress
        self.event_id = event_id

    def done(self) -> bool:
        """Tell whether the outcome is known."""
        return self._progress.through >= self._number

    def result(self, timeout: float | None = None) -> None:
        """Wait until the event is acknowledged. Raises NotDelivered when it is refused, or not yet acknowledged."""
        self._progress.await_through(self._number, timeout)
        if (error := self.exception()) is not None:
            raise error

    def exception(self) -> NotDelivered | None:
        """The reason why the event is not acknowledged, or not yet; None when it is. Does not wait."""
        progress = self._progress
        if progress.through < self._number:
            return NotDelivered([self.event_id], progress.cause, progress.kept)
        refusal = progress.refused.get(self._number)
        return None if refusal is None else NotDelivered([self.event_id], refusal.cause)

    def add_done_callback(self, call: Callable[["Delivery"], object]) -> None:
        """Call with this delivery when it is done, or its publisher was closed before; from another thread."""

        def tell() -> None:
            call(self)

        self._progress.call_at(self._number, tell)

    def __await__(self) -> Generator[Any, None, None]:
        if not self.done():
            loop = asyncio.get_running_loop()
            known = loop.create_future()

            def tell() -> None:
                if not known.done():
                    known.set_result(None)

            def tell_loop() -> None:
                if not loop.is_closed():
                    loop.call_soon_threadsafe(tell)

            self._progress.call_at(self._number, tell_loop)
            yield from known.__await__()
        if (error := self.exception()) is not None:
            raise error
