"""Places where a token still lies, why, and until when."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from parcelward.erasure.person import Person
from parcelward.moments import HOUR_MS
from parcelward.stage import SourceRecord

ASKED = ("retention.ms", "segment.ms", "max.compaction.lag.ms", "delete.retention.ms", "cleanup.policy")
NUMBERS = ASKED[:-1]


class Remains(NamedTuple):
    """Records of one partition, or lines of one file, that hold a token. `stays`: it has to, so it is no fault."""

    place: str
    records: int
    until_ms: int | None  # when the last of them goes, at the latest; None: when somebody takes it away
    why: str
    stays: bool = False


def in_changelog(
    person: Person, found: Sequence[SourceRecord], newest: Sequence[SourceRecord], config: Mapping[str, int]
) -> Iterator[Remains]:
    """Say what of a changelog's partition holds a token: records that count, replaced ones, marks of deletion.

    `found` may hold one; `newest` are the last committed records of their keys.
    """
    last = {one.key: one.offset for one in newest}
    held = [one for one in found if person.owns(one.key) or person.is_in(one.value)]
    if counting := [one for one in held if one.value is not None and last.get(one.key) == one.offset]:
        yield Remains(_place(counting), len(counting), None, "state that counts; run `parcelward erase`")
    lag = config.get("max.compaction.lag.ms", 0)
    if replaced := [one for one in held if one.value is not None and last.get(one.key) != one.offset]:
        until = max(one.timestamp for one in replaced) + lag + config.get("segment.ms", 0)
        why = "replaced; compaction takes it away once the partition is written to again"
        yield Remains(_place(replaced), len(replaced), until, why)
    if marks := [one for one in held if one.value is None and person.owns(one.key)]:
        kept = config.get("delete.retention.ms", 0)
        until = max(one.timestamp for one in marks) + 2 * lag + config.get("segment.ms", 0) + kept
        why = "a mark of deletion, whose key is the token; compaction takes it away after delete.retention.ms"
        yield Remains(_place(marks), len(marks), until, why)


def on_topic(found: Sequence[SourceRecord], config: Mapping[str, int], why: str, stays: bool) -> Remains:
    """Say until when records of a partition with retention hold a token; at least one was found."""
    retention = config.get("retention.ms", -1)
    newest = max(one.timestamp for one in found)
    until = None if retention < 0 else newest + retention + config.get("segment.ms", HOUR_MS)
    return Remains(_place(found), len(found), until, why, stays)


def _place(records: Sequence[SourceRecord]) -> str:
    return f"{records[0].topic}/{records[0].partition}"
