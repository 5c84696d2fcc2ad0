"""Sliding windows in bounded memory: counts per time bucket, with the total kept up to date.

A window reaches back from the newest time that it has seen, in whole buckets. A time older than the window is not
counted; a late time within the window is counted in its own bucket.

A reader names the time as of which it reads. Whatever was counted after that time is left out; whatever a newer time
pushed out of the window is forgotten. Reading changes nothing. So a part is never larger than its whole, at any time,
if both were added to at the same times (with `amount` 0 where the part does not count).

Times are numbers of buckets (epoch ms // `HOUR_MS` for a window of hours). A caller that reads many windows as of one
time then divides once.
"""

from collections import Counter
from typing import ClassVar

import msgspec

from parcelward.moments import HOUR_MS, HOURS_PER_DAY


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


class RollingTop(msgspec.Struct, array_like=True, gc=False):
    """The most frequent value of about a day: 8 buckets of 3 hours.

    Values share `TOP_CELLS` counters by their hash, whatever came first. So the most frequent one is never counted too
    low; it is too high by the values that share its counter, one in `TOP_CELLS` of the others on average.
    """

    newest: int = 0
    cells: dict[int, dict[int, int]] = {}
    totals: dict[int, int] = {}
    counts: dict[int, int] = {}  # per bucket all occurrences

    def add(self, bucket: int, value: int) -> None:
        """Count one occurrence of a value."""
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
        value %= TOP_CELLS
        cell[value] = cell.get(value, 0) + 1
        self.totals[value] = self.totals.get(value, 0) + 1

    def take(self, bucket: int, value: int) -> None:
        """Take back one occurrence, as far as the window still reaches."""
        cell = self.cells.get(bucket, {})
        value %= TOP_CELLS
        if not cell.get(value):
            return
        self.counts[bucket] -= 1
        for counts in (cell, self.totals):
            counts[value] -= 1
            if not counts[value]:
                del counts[value]

    def at(self, bucket: int) -> tuple[int, int]:
        """Occurrences of the most frequent value, and of all values, in the window that ends with a bucket."""
        if bucket == self.newest:
            return max(self.totals.values(), default=0), sum(self.counts.values())
        within = [cell for cell in self.cells if bucket - TOP_SPAN < cell <= bucket]
        totals: Counter[int] = Counter()
        for cell in within:
            totals.update(self.cells[cell])
        return max(totals.values(), default=0), sum(self.counts[cell] for cell in within)


TOP_WIDTH_MS = 3 * HOUR_MS
TOP_SPAN = 8
TOP_CELLS = 2048
