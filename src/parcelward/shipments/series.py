"""The counts in time behind one feature, as a profile gives them, a stage passes them on, and an alert keeps them."""

import msgspec

EVENTS_KEPT = 20
"""Events of a window that are named, the newest."""
BUCKETS_KEPT = 60

Counted = tuple[int, str, str, str]
"""A counted event: epoch ms, courier, waybill, outlet; the texts are empty where they are not kept."""


class Series(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """Counts of a feature by bucket, the newest last. The last `within` buckets are those that `value` counts.

    Their sum is `value`, unless that is an estimate: then they hold the sample that it was made from.
    """

    feature: str
    value: int
    begins_ms: int
    bucket_ms: int
    counts: list[int]
    within: int
    events: list[Counted] = []  # of the window, the newest last; none where only counts are kept
    operator: str = ""  # whose profile it is, where it is an operator's
    outlet: str = ""  # where it is an outlet's or an operator's

    @property
    def is_estimate(self) -> bool:
        """Tell whether the buckets hold a sample only."""
        return sum(self.counts[-self.within :]) != self.value


def in_buckets(times: list[int], begins_ms: int, bucket_ms: int, buckets: int) -> list[int]:
    """Count times by bucket; those before the first or after the last are left out.

    >>> in_buckets([99, 100, 119, 120, 140], 100, 20, 2)
    [2, 1]
    """
    counts = [0] * buckets
    for time in times:
        position = (time - begins_ms) // bucket_ms
        if 0 <= position < buckets:
            counts[position] += 1
    return counts
