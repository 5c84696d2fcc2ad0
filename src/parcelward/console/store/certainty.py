"""The moment up to which nothing is missing, also while records come without end."""

from collections.abc import Mapping

Log = tuple[str, int]
"""A topic and one of its partitions."""


class Certainty:
    """Remembers where the logs ended at some moment: once all of that is read, nothing of that moment is missing."""

    def __init__(self) -> None:
        self._asked_ms, self._ends = 0, dict[Log, int]()

    def look(self, now_ms: int, ends: Mapping[Log, int], read: Mapping[Log, int]) -> int | None:
        """Take where the logs end now, and up to where each was read; give the newest moment of which nothing is
        missing, if there is a newer one.

        >>> certainty = Certainty()
        >>> certainty.look(1000, {("alerts", 0): 20}, {("alerts", 0): 10}) is None
        True
        >>> certainty.look(2000, {("alerts", 0): 30}, {("alerts", 0): 20})
        1000
        """
        if all(read[log] >= end for log, end in ends.items()):
            self._ends = {}
            return now_ms
        before = self._asked_ms if self._ends else None
        if before is not None and any(read[log] < end for log, end in self._ends.items() if log in read):
            return None
        self._asked_ms, self._ends = now_ms, dict(ends)
        return before
