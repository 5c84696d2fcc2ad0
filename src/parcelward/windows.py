"""Sliding windows in bounded memory: counts per time bucket, with the total kept up to date.

A window reaches back from the newest time it has seen, at the granularity of its bucket. Something older than the
window is not counted; something late but within it falls into its own bucket. Reading is as of a time the reader
names, and changes nothing: what was counted after that time is left out, what a newer time pushed out is forgotten.
So a part is at most its whole, at any time, when both were added to at the same times (`amount` 0 where the part does
not count).
"""

from collections import Counter

import msgspec

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
WEEK_MS = 7 * DAY_MS


class Rolling(msgspec.Struct, array_like=True, gc=False):
    """Count over the last `span` buckets of `width_ms`."""

    width_ms: int
    span: int
    newest: int = 0  # number of the newest bucket
    total: int = 0
    cells: dict[int, int] = {}

    def advance(self, now_ms: int) -> None:
        """Forget what left the window by `now_ms`; a time in the past changes nothing."""
        bucket = now_ms // self.width_ms
        if bucket <= self.newest:
            return
        self.newest = bucket
        floor = bucket - self.span
        for old in [cell for cell in self.cells if cell <= floor]:
            self.total -= self.cells.pop(old)

    def add(self, at_ms: int, amount: int = 1) -> None:
        """Count `amount` at a time."""
        self.advance(at_ms)
        bucket = at_ms // self.width_ms
        if amount and bucket > self.newest - self.span:
            self.cells[bucket] = self.cells.get(bucket, 0) + amount
            self.total += amount

    def at(self, t_ms: int) -> int:
        """Count in the window that ends with the bucket of a time; the further from the newest, the slower."""
        bucket = t_ms // self.width_ms
        if bucket == self.newest:
            return self.total
        if abs(bucket - self.newest) >= self.span:
            return 0
        if bucket < self.newest:
            outside = range(bucket + 1, self.newest + 1)
        else:
            outside = range(self.newest - self.span + 1, bucket - self.span + 1)
        get = self.cells.get
        return self.total - sum([get(cell, 0) for cell in outside])


def last_hour() -> Rolling:
    """12 buckets of 5 minutes."""
    return Rolling(5 * MINUTE_MS, 12)


def last_day() -> Rolling:
    """24 buckets of an hour."""
    return Rolling(HOUR_MS, 24)


def last_week() -> Rolling:
    """168 buckets of an hour."""
    return Rolling(HOUR_MS, 168)


class RollingTop(msgspec.Struct, array_like=True, gc=False):
    """The most frequent values of about a day: 8 buckets of 3 hours, at most `KEPT` values in each."""

    newest: int = 0
    cells: dict[int, dict[int, int]] = {}
    totals: dict[int, int] = {}
    counts: dict[int, int] = {}  # per bucket all occurrences, those of values left out included

    def add(self, at_ms: int, value: int) -> None:
        """Count one occurrence; a value that is new to a full bucket is left out (it is not the most frequent)."""
        bucket = at_ms // TOP_WIDTH_MS
        if bucket > self.newest:
            self.newest = bucket
            for old in [cell for cell in self.cells if cell <= bucket - TOP_SPAN]:
                self.counts.pop(old)
                for gone, count in self.cells.pop(old).items():
                    self.totals[gone] -= count
                    if not self.totals[gone]:
                        del self.totals[gone]
        if bucket <= self.newest - TOP_SPAN:
            return
        cell = self.cells.setdefault(bucket, {})
        self.counts[bucket] = self.counts.get(bucket, 0) + 1
        if value in cell or len(cell) < TOP_KEPT:
            cell[value] = cell.get(value, 0) + 1
            self.totals[value] = self.totals.get(value, 0) + 1

    def at(self, t_ms: int) -> tuple[int, int]:
        """How often the most frequent value occurred in the window that ends with a time's bucket; out of how many."""
        bucket = t_ms // TOP_WIDTH_MS
        if bucket == self.newest:
            return max(self.totals.values(), default=0), sum(self.counts.values())
        within = [cell for cell in self.cells if bucket - TOP_SPAN < cell <= bucket]
        totals: Counter[int] = Counter()
        for cell in within:
            totals.update(self.cells[cell])
        return max(totals.values(), default=0), sum(self.counts[cell] for cell in within)


TOP_WIDTH_MS = 3 * HOUR_MS
TOP_SPAN = 8
TOP_KEPT = 48
