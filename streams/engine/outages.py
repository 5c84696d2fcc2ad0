"""Outages of Kafka, and the time that deadlines wait afterwards for what couriers kept meanwhile.

A courier that could not publish did its duties all the same, and its records come when Kafka is back: not at once,
because clients try again after a pause that grows with the outage. Pure; times are those of the brokers, in ms.
"""

from typing import Any

AWAY_MS = 5_000
"""A partition that gave no answer for so long was away; otherwise it is asked several times a second."""
MOST_MS = 600_000
"""Longest wait, however long the outage was."""
START = 0
"""All deadlines wait: it is not known since when Kafka, or this worker, was away."""


class Outages:
    """For each partition, the time from which on deadlines wait, while they do."""

    def __init__(self, grace_ms: int) -> None:
        self._grace_ms = grace_ms
        self._answered: dict[Any, int] = {}
        self._until: dict[Any, int] = {}
        self.held: dict[Any, int] = {}

    def answered(self, tp: Any, now_ms: int | None, *, new: bool = False) -> None:
        """Note that a partition answered; the time is None while clocks are in doubt. A `new` one waits for nothing.

        A wait begins with the first answer after an outage, and lasts as long as that was, but at least the grace.
        """
        if now_ms is None:
            self.held.setdefault(tp, self._answered.get(tp, START))
            self._until.pop(tp, None)
            return
        last = self._answered.get(tp)
        self._answered[tp] = now_ms
        if tp in self.held and tp not in self._until:  # clocks agree again
            self._until[tp] = now_ms + self._grace_ms
        elif last is None and self._grace_ms and not new:
            self._hold(tp, START, now_ms + self._grace_ms)
        elif last is not None and self._grace_ms and now_ms - last > AWAY_MS:
            self._hold(tp, last, now_ms + min(max(now_ms - last, self._grace_ms), MOST_MS))

    def _hold(self, tp: Any, since_ms: int, until_ms: int) -> None:
        self.held.setdefault(tp, since_ms)
        self._until[tp] = max(until_ms, self._until.get(tp, until_ms))

    def is_over(self, tp: Any, now_ms: int) -> bool:
        """Tell whether deadlines wait no more, once a partition was read up to its end; the wait ends with that."""
        if tp in self.held:
            if now_ms < self._until.get(tp, now_ms + 1):
                return False
            del self.held[tp], self._until[tp]
        return True
