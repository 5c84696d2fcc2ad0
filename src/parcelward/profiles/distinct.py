"""Different values within a window, in bounded memory and in whatever order they come.

Each value has a count per time bucket, so that what was counted can be taken back. At most `kept` values are held:
those with the smallest hashes, whatever came first. Up to so many the answer is exact. Of more, those below the
smallest hash that was left out are a sample drawn by hash, and the answer is estimated from it: with 64 values the
standard error is an eighth, for a busy offender as for anybody.
"""

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
            self.left_out = max(self.left_out, bucket)
            return
        cells = self.values.setdefault(value, {})
        cells[bucket] = cells.get(bucket, 0) + 1
        if len(self.values) > self.kept:
            self.below = max(self.values)
            self.left_out = max(self.left_out, *self.values.pop(self.below))

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


class WeightClasses(Distinct, array_like=True, gc=False):
    """Weights of a week in classes of 10 %; no class is ever left out."""

    kept: ClassVar[int] = 512


class StaffSeen(Distinct, array_like=True, gc=False):
    """Staff documents of a week, in 14 buckets of half a day."""

    span: ClassVar[int] = 14
    kept: ClassVar[int] = 256


STAFF_WIDTH_MS = 12 * HOUR_MS
