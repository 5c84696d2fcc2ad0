"""The thread that delivers: portion by portion, each until it is acknowledged, so that no waybill's order changes."""

import logging
import threading
import time
from collections.abc import Sequence

from parcelward.publisher.delivery import Progress, Refusal
from parcelward.publisher.link import Link, Stopped
from parcelward.publisher.outbox import ROUND_EVENTS, Outbox, Portion, size_of
from parcelward.publisher.record_bytes import event_id_in
from parcelward.publisher.round import Round
from parcelward.settings import Settings

ROUND_S = 0.02
"""Time between two rounds, unless a full one waits."""
ROUND_BYTES = 4_000_000
log = logging.getLogger(__name__)


class Sender(threading.Thread):
    """Delivers what an outbox holds, oldest first: one round at a time, the next when all of it has an outcome."""

    def __init__(self, settings: Settings, outbox: Outbox, progress: Progress) -> None:
        super().__init__(name="parcelward-publisher", daemon=True)
        self._topics = settings.topics
        self._outbox = outbox
        self._progress = progress
        self._own_from = outbox.last + 1
        self._ending = threading.Event()
        self._wanted = threading.Event()
        self._link = Link(settings, self._ending.is_set)

    def nudge(self) -> None:
        """There is something to send."""
        if not self._wanted.is_set():
            self._wanted.set()

    def stop(self) -> None:
        """End soon, whatever is under way; what was sent may arrive."""
        self._ending.set()
        self._wanted.set()

    def run(self) -> None:
        try:
            while not self._ending.is_set():
                if portions := self._round():
                    begun = time.monotonic()
                    self._deliver(portions)
                    if self._outbox.last - self._progress.through < ROUND_EVENTS:
                        self._ending.wait(begun + ROUND_S - time.monotonic())
                else:
                    self._wanted.wait()
        except Stopped:
            pass
        except Exception as error:  # a fault of ours must not leave callers waiting
            log.exception("the publisher's sender failed")
            self._progress.stick(f"internal error {type(error).__name__}: {error}")
        finally:
            self._link.drop()
            self._progress.end()

    def _round(self) -> list[Portion]:
        self._wanted.clear()  # before the look: what comes later sets it again
        found: list[Portion] = []
        events = size = 0
        for portion in self._outbox.after(self._progress.through, ROUND_EVENTS):
            events += len(portion.bodies)
            size += size_of(portion.bodies)
            if found and (events > ROUND_EVENTS or size > ROUND_BYTES):
                break
            found.append(portion)
        return found

    def _deliver(self, portions: Sequence[Portion]) -> None:
        bodies = [body for portion in portions for body in portion.bodies]
        first, last = portions[0].first, portions[-1].last
        self._progress.begin()
        found = Round(self._link, self._topics.intake, bodies, self._pause).deliver()
        for at, cause in found.items():
            self._outbox.set_aside([bodies[at]], cause)
        self._outbox.remove_through(last)
        refused = {first + at: Refusal(event_id_in(bodies[at]), cause) for at, cause in found.items()}
        own = max(0, last + 1 - max(first, self._own_from)) - sum(number >= self._own_from for number in refused)
        self._progress.advance(last, refused, own)

    def _pause(self, cause: str, seconds: float) -> None:
        """Say why nothing moves, and wait. Raises Stopped."""
        self._progress.stick(cause)
        if self._ending.wait(seconds):
            raise Stopped
