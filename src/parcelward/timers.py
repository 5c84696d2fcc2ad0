"""When to look at a waybill again: one queue of deadlines per courier, on the courier's own arrival clock.

The ledger decides what a timer means. One whose waybill has another deadline by now says nothing, so timers are never
searched for or removed, and those that a batch set which was not committed do no harm.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from heapq import heapify, heappop, heappush

Timer = tuple[int, bytes]
"""Deadline (epoch ms, arrival clock) and ledger key."""


class Timers:
    """The deadlines of one partition. `take` is undone by `begin`, unless `commit` came between."""

    def __init__(self) -> None:
        self._queues: defaultdict[str, list[Timer]] = defaultdict(list)
        self._taken: list[tuple[str, Timer]] = []

    def __len__(self) -> int:
        return sum(map(len, self._queues.values()))

    def restore(self, timers: Iterable[tuple[str, int, bytes]]) -> None:
        """Start over with (courier, deadline, ledger key)."""
        self._queues.clear()
        self._taken.clear()
        for courier, due_ms, key in timers:
            self._queues[courier].append((due_ms, key))
        for queue in self._queues.values():
            heapify(queue)

    def begin(self) -> None:
        """Put back what an earlier batch took that was not committed."""
        for courier, timer in self._taken:
            heappush(self._queues[courier], timer)
        self._taken.clear()

    def commit(self) -> None:
        """What was taken is done with."""
        self._taken.clear()

    def queue(self, courier: str) -> Sequence[Timer]:
        """The courier's timers, the earliest first, the rest in no order: to be looked at, and only within a batch."""
        return self._queues[courier]

    def set(self, courier: str, due_ms: int, key: bytes) -> None:
        """Look at a waybill once the courier's clock is past `due_ms`."""
        heappush(self._queues[courier], (due_ms, key))

    def take(self, courier: str) -> Timer:
        """Remove the earliest timer of a courier that has one."""
        timer = heappop(self._queues[courier])
        self._taken.append((courier, timer))
        return timer
