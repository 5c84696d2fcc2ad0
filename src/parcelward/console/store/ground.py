"""Doubts that forbid to add rows to those that are there: the logs must be the ones that were read before."""

from collections.abc import Mapping
from typing import NamedTuple

from parcelward.console.store.projection import Log, Position


class Doubt(NamedTuple):
    """A reason to read everything anew."""

    log: Log
    why: str


def doubts(
    positions: Mapping[Log, Position], topic_ids: Mapping[Log, str], bounds: Mapping[Log, tuple[int, int]]
) -> list[Doubt]:
    """Find logs that are no longer those to which the positions belong, or of which records are gone unread."""
    found = []
    for log, position in positions.items():
        if log not in topic_ids:
            found.append(Doubt(log, "its topic is gone"))
            continue
        begin, end = bounds[log]
        if topic_ids[log] != position.topic_id:
            found.append(Doubt(log, "its topic was made anew"))
        elif position.next > end:
            found.append(Doubt(log, f"it was read up to {position.next}, and ends at {end}"))
        elif position.next < begin:
            gone = begin - position.next
            found.append(Doubt(log, f"{gone} records were deleted before they were read, {position.next} to {begin}"))
    return found
