"""Sliding windows in bounded memory: counts per time bucket, with the total kept up to date.

A window reaches back from the newest time that it has seen, in whole buckets. A time older than the window is not
counted; a late time within the window is counted in its own bucket.

A reader names the time as of which it reads. Whatever was counted after that time is left out; whatever a newer time
pushed out of the window is forgotten. Reading changes nothing. So a part is never larger than its whole, at any time,
if both were added to at the same times (with `amount` 0 where the part does not count).

Times are numbers of buckets (epoch ms // `HOUR_MS` for a window of hours). A caller that reads many windows as of one
time then divides once.
"""

from collections.abc import Iterable
from typing import ClassVar

import msgspec

from parcelward.moments import HOUR_MS, HOURS_PER_DAY
from parcelward.shipments.series import Series


class Rolling(msgspec.Struct, array_like=True, gc=False):
    """Count over the last `span` buckets.

    >>> window = LastHour()
    >>> window.add(100)
    >>> window.add(105)
    >>> window.at(104), window.at(105), window.at(112)
    (1, 2, 1)
    """

    span: ClassVar[int]

    newest: int = 0  # number of the newest bucket
    total: int = 0
    cells: list[int] = []  # counts, the newest bucket's last; at most `span`. Buckets before the first count 0

    def add(self, bucket: int, amount: int = 1) -> None:
        """Count `amount` in a bucket."""
        if bucket == self.newest and (cells := self.cells):  # the most frequent case, so it comes first
            cells[-1] += amount
            self.total += amount
            return
        behind = self.newest - bucket
        if behind < 0:
            self._advance(-behind)
            behind = 0
        if not amount or behind >= self.span:
            return
        cells = self.cells
        if behind >= len(cells):
            cells[:0] = [0] * (behind + 1 - len(cells))
        cells[-1 - behind] += amount
        self.total += amount

    def take(self, bucket: int, amount: int = 1) -> None:
        """Take back what was counted in a bucket, as far as the window still reaches."""
        behind, cells = self.newest - bucket, self.cells
        if 0 <= behind < len(cells):
            taken = min(amount, cells[-1 - behind])
            cells[-1 - behind] -= taken
            self.total -= taken

    def _advance(self, buckets: int) -> None:
        """Move the window forward by so many buckets and forget the counts that leave it."""
        self.newest += buckets
        cells = self.cells
        if buckets >= self.span or not self.total:
            cells.clear()
            self.total = 0
            return
        cells += [0] * buckets
        excess = len(cells) - self.span
        if excess > 0:
            self.total -= sum(cells[:excess])
            del cells[:excess]

    def at(self, bucket: int) -> int:
        """Count in the window that ends with a bucket. The further the bucket is from the newest, the slower."""
        total = self.total
        if bucket == self.newest or not total:
            return total
        behind = self.newest - bucket
        if behind > 0:
            return total - sum(self.cells[-behind:]) if behind < self.span else 0
        gone = len(self.cells) - behind - self.span  # of the oldest cells
        return total - sum(self.cells[:gone]) if gone > 0 else total

    def counts(self, bucket: int) -> list[int]:
        """Give the counts of the buckets of the window that ends with a bucket, the newest last; their sum is `at`."""
        upto = self.cells[: max(len(self.cells) - self.newest + bucket, 0)] if bucket < self.newest else self.cells
        counts = [0] * self.span + upto + [0] * min(max(bucket - self.newest, 0), self.span)
        return counts[-self.span :]


class LastHour(Rolling):
    """12 buckets of 5 minutes."""

    span: ClassVar[int] = 12


class LastDay(Rolling):
    """24 buckets of an hour."""

    span: ClassVar[int] = 24


class LastWeek(Rolling):
    """168 buckets of an hour."""

    span: ClassVar[int] = 168

    def same_hour(self, bucket: int) -> int:
        """Count in the bucket's hour of the day, over the window that ends with the bucket."""
        cells = self.cells
        position = bucket - self.newest + len(cells) - 1
        first = position - (self.span - HOURS_PER_DAY)
        if first < 0:
            first = position % HOURS_PER_DAY
        return sum(cells[first : position + 1 : HOURS_PER_DAY]) if position >= 0 else 0


def rolled(feature: str, window: Rolling, bucket: int, width_ms: int, joined: int = 1) -> Series:
    """Make a series of a rolling window that ends with a bucket; so many of its buckets are `joined` into one."""
    counts = window.counts(bucket)
    counts = [sum(counts[at : at + joined]) for at in range(0, len(counts), joined)]
    begins_ms = (bucket - window.span + 1) * width_ms
    return Series(feature, sum(counts), begins_ms, width_ms * joined, counts, len(counts))


class RollingTop(msgspec.Struct, array_like=True, gc=False):
    """The most frequent value of about a day: 8 buckets of 3 hours.

    Values share `TOP_CELLS` counters by their hash, whatever came first. A bucket with more than `TOP_KEPT` counters in
    use has half as many, until it has not: those that differ in the highest bit become one. So the most frequent value
    is never counted too low, and memory is bounded; it is too high by the values that share its counter.

    >>> top = RollingTop()
    >>> for value in range(1000):
    ...     top.add(100, value)
    >>> top.at(100), len(top.cells[100])
    ((16, 1000), 64)
    """

    newest: int = 0
    cells: dict[int, dict[int, int]] = {}
    totals: dict[int, int] = {}  # by as many counters as the bucket with the fewest has
    counts: dict[int, int] = {}  # per bucket all occurrences
    fewer: dict[int, int] = {}  # bucket -> how many counters it has, if not `TOP_CELLS`

    def add(self, bucket: int, value: int) -> None:
        """Count one occurrence of a value."""
        if bucket > self.newest:
            self._advance(bucket)
        if bucket <= self.newest - TOP_SPAN:
            return
        cell = self.cells.setdefault(bucket, {})
        self.counts[bucket] = self.counts.get(bucket, 0) + 1
        own = value % self.fewer.get(bucket, TOP_CELLS)
        cell[own] = cell.get(own, 0) + 1
        value %= self._fewest()
        self.totals[value] = self.totals.get(value, 0) + 1
        if len(cell) > TOP_KEPT:
            self._share(bucket)

    def _advance(self, bucket: int) -> None:
        """Move the window forward and forget the buckets that leave it."""
        self.newest, fewest = bucket, self._fewest()
        for old in [cell for cell in self.cells if cell <= bucket - TOP_SPAN]:
            self.counts.pop(old)
            self.fewer.pop(old, None)
            for gone, count in self.cells.pop(old).items():
                gone %= fewest
                self.totals[gone] -= count
                if not self.totals[gone]:
                    del self.totals[gone]
        if self._fewest() > fewest:
            self.totals = self._sum(self.cells)

    def _share(self, bucket: int) -> None:
        """Let the values of a bucket share fewer counters."""
        cell, counters, fewest = self.cells[bucket], self.fewer.get(bucket, TOP_CELLS), self._fewest()
        while len(cell) > TOP_KEPT:
            counters //= 2
            cell = _shared((cell,), counters)
        self.cells[bucket], self.fewer[bucket] = cell, counters
        if counters < fewest:
            self.totals = _shared((self.totals,), counters)

    def _fewest(self) -> int:
        return min(self.fewer.values()) if self.fewer else TOP_CELLS

    def _sum(self, buckets: Iterable[int]) -> dict[int, int]:
        return _shared([self.cells[bucket] for bucket in buckets], self._fewest())

    def take(self, bucket: int, value: int) -> None:
        """Take back one occurrence, as far as the window still reaches."""
        cell = self.cells.get(bucket, {})
        own = value % self.fewer.get(bucket, TOP_CELLS)
        if not cell.get(own):
            return
        self.counts[bucket] -= 1
        for counts, at in ((cell, own), (self.totals, value % self._fewest())):
            counts[at] -= 1
            if not counts[at]:
                del counts[at]

    def at(self, bucket: int) -> tuple[int, int]:
        """Occurrences of the most frequent value, and of all values, in the window that ends with a bucket."""
        if bucket == self.newest:
            return max(self.totals.values(), default=0), sum(self.counts.values())
        within = [cell for cell in self.cells if bucket - TOP_SPAN < cell <= bucket]
        return max(self._sum(within).values(), default=0), sum(self.counts[cell] for cell in within)


def _shared(cells: Iterable[dict[int, int]], counters: int) -> dict[int, int]:
    """Sum up counters of buckets, by so many counters."""
    totals: dict[int, int] = {}
    for cell in cells:
        for value, count in cell.items():
            totals[value % counters] = totals.get(value % counters, 0) + count
    return totals


TOP_WIDTH_MS = 3 * HOUR_MS
TOP_SPAN = 8
TOP_CELLS = 2048
TOP_KEPT = 64
