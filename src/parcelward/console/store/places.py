"""The position of a record as one number: which log it is in, and its offset there."""

OFFSET_BITS = 44
_OFFSETS = (1 << OFFSET_BITS) - 1


def place_of(log: int, offset: int) -> int:
    """The place of an offset in a log.

    >>> place_of(1, 5) - place_of(1, 0)
    5
    """
    return log << OFFSET_BITS | offset


def log_of(place: int) -> int:
    """Number of the log."""
    return place >> OFFSET_BITS


def offset_of(place: int) -> int:
    """Offset within the log."""
    return place & _OFFSETS


_SINCE_MS = 1_577_836_800_000  # 2020
_NUMBER_BITS = 13


def number_of(arrived_ms: int, partition: int, offset: int) -> int:
    """A number for an alert by which alerts sort as they arrived: no two records have the same.

    Records of one millisecond and one partition are told apart by the end of their offset; no partition takes 8,192 of
    them in that time.
    """
    return (max(arrived_ms - _SINCE_MS, 0) << 9 | partition & 511) << _NUMBER_BITS | offset & 8191
