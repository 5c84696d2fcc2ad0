"""Different values within a window, in bounded memory and in whatever order they come.

Each value has a count per time bucket, so that what was counted can be taken back. At most `kept` values are held:
those with the smallest hashes, whatever came first. Up to so many the answer is exact. Of more, those below the
smallest hash that was left out are a sample drawn by hash, and the answer is estimated from it: with 64 values the
standard error is an eighth, for a busy offender as for anybody.

Where days are read as well as weeks, a few more values are held of each bucket. Else a day would have to do with what a
busy week leaves it of its sample, which is nothing or noise.
"""

from collections.abc import Collection, Iterable
from typing import ClassVar

import msgspec

from parcelward.moments import HOUR_MS

HASHES = 1 << 32
"""Values are hashes of 32 bits."""
DISTINCT_WIDTH_MS = 3 * HOUR_MS
DISTINCT_DAY, DISTINCT_WEEK = 8, 56
"""Buckets of a day and of a week."""


class Distinct(msgspec.Struct, array_like=True, gc=False):
    """Different values of a week, in 56 buckets of three hours.

    >>> seen = Distinct()
    >>> for value in (7, 7, 8):
    ...     seen.add(100, value)
    >>> seen.at(100, DISTINCT_DAY), seen.at(107, DISTINCT_DAY), seen.at(108, DISTINCT_DAY)
    (2, 2, 0)
    """

    span: ClassVar[int] = DISTINCT_WEEK
    kept: ClassVar[int] = 64

    newest: int = 0  # number of the newest bucket
    values: dict[int, dict[int, int]] = {}  # value -> bucket -> count
    left_out: int = 0  # newest bucket with a value that was left out
    below: int = HASHES  # hashes from here on are left out

    def add(self, bucket: int, value: int) -> None:
        """Count a value in a bucket."""
        self.advance(bucket)
        if bucket <= self.newest - self.span:
            return
        if value >= self.below:
            self._leave_out(value, {bucket: 1})
            return
        cells = self.values.setdefault(value, {})
        cells[bucket] = cells.get(bucket, 0) + 1
        if len(self.values) > self.kept:
            self.below = max(self.values)
            self._leave_out(self.below, self.values.pop(self.below))

    def _leave_out(self, value: int, cells: dict[int, int]) -> None:
        """Note that a value is not held any more, with its counts by bucket."""
        self.left_out = max(self.left_out, *cells)

    def take(self, bucket: int, value: int) -> None:
        """Take back what was counted once."""
        cells = self.values.get(value)
        if cells is None or bucket not in cells:
            return
        cells[bucket] -= 1
        if not cells[bucket]:
            del cells[bucket]
            if not cells:
                del self.values[value]

    def advance(self, bucket: int) -> None:
        """Forget what a bucket pushes out of the span."""
        if bucket <= self.newest:
            return
        self.newest = bucket
        floor = bucket - self.span
        for value in [value for value, cells in self.values.items() if min(cells) <= floor]:
            cells = {at: count for at, count in self.values[value].items() if at > floor}
            if cells:
                self.values[value] = cells
            else:
                del self.values[value]
        if self.left_out <= floor:
            self.left_out, self.below = 0, HASHES

    def within(self, bucket: int, span: int) -> list[int]:
        """Give the values held that were counted in the `span` buckets up to `bucket`."""
        floor = bucket - span
        return [value for value, cells in self.values.items() if any(floor < at <= bucket for at in cells)]

    def firsts(self, bucket: int, span: int) -> list[int]:
        """Count the values held in the `span` buckets up to `bucket`, each in the bucket where these have it first."""
        floor, counts = bucket - span, [0] * span
        for cells in self._held():
            first = min((at for at in cells if floor < at <= bucket), default=None)
            if first is not None:
                counts[first - floor - 1] += 1
        return counts

    def _held(self) -> Iterable[Collection[int]]:
        """Give the buckets of each value that is held."""
        return self.values.values()

    def at(self, bucket: int, span: int) -> int:
        """Count the different values in the `span` buckets up to `bucket`; estimate it if some were left out."""
        held = len(self.within(bucket, span))
        return held if self.below == HASHES else max(held, round(held * HASHES / self.below))

    @property
    def total(self) -> int:
        """Count everything that is held."""
        return sum(sum(cells.values()) for cells in self.values.values())

    def seen_since(self, bucket: int, value: int) -> bool:
        """Tell whether a value was counted in the span up to `bucket`, or later."""
        cells = self.values.get(value)
        return cells is not None and max(cells) > bucket - self.span


class DailyDistinct(Distinct, array_like=True, gc=False):
    """Different values of a week and of a day: of each bucket the smallest hashes that the week leaves out, too.

    Up to so many in a bucket all of it is known, whatever else the week held. A value stands for as many as the buckets
    in which it was held leave out: for itself alone, if one of them leaves out none.

    >>> seen = DailyDistinct()
    >>> for value in range(1000):
    ...     seen.add(100, value)
    >>> for value in range(5000, 5006):
    ...     seen.add(110, value)
    >>> seen.at(110, DISTINCT_DAY)
    6
    """

    extra_kept: ClassVar[int] = 16

    extra: dict[int, dict[int, int]] = {}  # bucket -> value that the week left out -> count
    bounds: dict[int, int] = {}  # bucket -> the smallest hash that it left out altogether
    since: int = 0  # the first bucket of which more is held; none, while the week leaves out nothing

    def add(self, bucket: int, value: int) -> None:
        """Count a value in a bucket."""
        self.advance(bucket)
        if bucket > self.newest - self.span:
            if self.below == HASHES:
                self.since = 1
            elif not self.since:  # the record of a version that held nothing more
                self.since = self.newest + 1
            super().add(bucket, value)

    def _leave_out(self, value: int, cells: dict[int, int]) -> None:
        super()._leave_out(value, cells)
        for at, count in cells.items():
            self._hold(at, value, count)

    def _hold(self, bucket: int, value: int, count: int) -> None:
        """Hold a value of a bucket that the week left out, if it is among the smallest of these."""
        if bucket < self.since or value >= self.bounds.get(bucket, HASHES):
            return
        held = self.extra.setdefault(bucket, {})
        held[value] = held.get(value, 0) + count
        if len(held) > self.extra_kept:
            self.bounds[bucket] = most = max(held)
            del held[most]

    def take(self, bucket: int, value: int) -> None:
        """Take back what was counted once."""
        held = self.extra.get(bucket)
        if held is None or value not in held:
            super().take(bucket, value)
            return
        held[value] -= 1
        if not held[value]:
            del held[value]

    def advance(self, bucket: int) -> None:
        """Forget what a bucket pushes out of the span."""
        if bucket <= self.newest:
            return
        super().advance(bucket)
        floor = bucket - self.span
        for known in (self.extra, self.bounds):
            for old in [at for at in known if at <= floor]:
                del known[old]
        if self.below == HASHES:
            self.since = 0

    def at(self, bucket: int, span: int) -> int:
        """Count the different values in the `span` buckets up to `bucket`; estimate it if some were left out."""
        if self.below == HASHES:
            return len(self.within(bucket, span))
        floor, below = bucket - span, self.below
        since = self.since or self.newest + 1
        reach: dict[int, int] = {}  # value -> the smallest hash that was left out where this one was held
        for value, cells in self.values.items():
            for at in cells:
                if floor < at <= bucket:
                    known = self.bounds.get(at, HASHES) if at >= since else below
                    reach[value] = max(reach.get(value, 0), known)
        for at, held in self.extra.items():
            if floor < at <= bucket:
                known = self.bounds.get(at, HASHES)
                for value in held:
                    reach[value] = max(reach.get(value, 0), known)
        return round(sum(HASHES / known for known in reach.values()))

    def _held(self) -> Iterable[Collection[int]]:
        if self.below == HASHES:
            return self.values.values()
        buckets: dict[int, list[int]] = {value: list(cells) for value, cells in self.values.items()}
        for at, held in self.extra.items():
            for value in held:
                buckets.setdefault(value, []).append(at)
        return buckets.values()

    @property
    def total(self) -> int:
        """Everything that is held."""
        return super().total + sum(sum(held.values()) for held in self.extra.values())


class WeightClasses(Distinct, array_like=True, gc=False):
    """Weights of a week in classes of 10 %; no class is ever left out."""

    kept: ClassVar[int] = 512


class StaffSeen(Distinct, array_like=True, gc=False):
    """Staff documents of a week, in 14 buckets of half a day."""

    span: ClassVar[int] = 14
    kept: ClassVar[int] = 256


STAFF_WIDTH_MS = 12 * HOUR_MS
