"""The footing of a position: a note that Kafka keeps with it, about the logs that it was committed for.

A position alone is a number. It does not show that the topic was made anew since, or that the state that belongs to it
is gone. So each position is committed with the ids of its topic and of the changelog, and with how far the
changelog had been written. Positions of earlier versions, and those that somebody has set by hand, have none.
"""

from base64 import urlsafe_b64encode
from typing import NamedTuple
from uuid import UUID

FORMAT = "1"


class Bounds(NamedTuple):
    """The first offset that a log still has, and the one after its last."""

    start: int
    end: int


class Footing(NamedTuple):
    """The topic that a position is in, the changelog of its state, and the number of partitions then.

    `start` was the changelog's first offset; `written` was the least that its end can be.
    """

    topic: str
    changelog: str
    partitions: int
    start: int
    written: int

    def note(self) -> str:
        """Write it as Kafka keeps it."""
        return " ".join((FORMAT, self.topic, self.changelog, *map(str, self[2:])))


def footing_of(note: str | None) -> Footing | None:
    """Read a note; None when it is not one of ours.

    >>> footing_of(Footing("aGVsbG8", "d29ybGQ", 4, 0, 17).note())
    Footing(topic='aGVsbG8', changelog='d29ybGQ', partitions=4, start=0, written=17)
    """
    match (note or "").split(" "):
        case [format_, topic, changelog, *numbers] if format_ == FORMAT and len(numbers) == len(Footing._fields) - 2:
            try:
                return Footing(topic, changelog, *map(int, numbers))
            except ValueError:
                return None
    return None


def short_id(topic_id: str) -> str:
    """Write a topic's id as Kafka's own tools do."""
    return urlsafe_b64encode(UUID(topic_id).bytes).decode().rstrip("=")


def records_gone(position: int, log: Bounds, *, transactional: bool) -> int:
    """Count what was deleted before it was read, at most; 0 when nothing was.

    The end of a transaction takes an offset, too, and is no record. Where only transactions write, a log that is empty
    one offset after the position has lost nothing: its last record and the end of its transaction would be two.

    >>> records_gone(20, Bounds(25, 30), transactional=False)
    5
    >>> records_gone(20, Bounds(21, 21), transactional=True)
    0
    """
    gone = log.start - position
    if gone <= 0 or (transactional and gone == 1 and log.start == log.end):
        return 0
    return gone
