"""A record with its place, as it goes into rows; and the tally of those that cannot be read."""

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple, TypeVar

import msgspec

from parcelward.stage import SourceRecord

log = logging.getLogger(__name__)

NUL = b"\\u0000"
"""A text with this character cannot be stored by PostgreSQL; no text of the contract has it."""
_ESCAPE = b"\\"
SAID = 20
"""Unreadable records of a batch that are named one by one."""

Read = TypeVar("Read")


class Placed(NamedTuple):
    """A record and its place."""

    place: int
    record: SourceRecord


class Unreadable:
    """Counts the records of a batch that cannot be read, by the number of their log, and says which they are."""

    def __init__(self) -> None:
        self.counts: Counter[int] = Counter()

    def add(self, log_number: int, record: SourceRecord, why: str) -> None:
        """Count one. Its content is never shown."""
        self.counts[log_number] += 1
        if self.counts.total() <= SAID:
            log.warning(
                "console_record_skipped topic=%s partition=%d offset=%d reason=%s",
                record.topic,
                record.partition,
                record.offset,
                why,
            )


def read_all(
    placed: Sequence[Placed], read: Callable[[bytes], Read], unreadable: Unreadable, log_of: Callable[[int], int]
) -> Iterator[tuple[Placed, Read]]:
    """Read the values of records; what breaks the contract is counted and left out."""
    for one in placed:
        value = one.record.value
        if value is None:
            unreadable.add(log_of(one.place), one.record, "no_value")
            continue
        try:
            if _ESCAPE in value and NUL in value:  # the first is found in no time, and most documents have none
                raise msgspec.ValidationError("NUL")
            found = read(value)
        except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
            unreadable.add(log_of(one.place), one.record, type(error).__name__)
            continue
        yield one, found


def text_of(header: Any) -> str:
    """A header's text, whatever its bytes are."""
    return bytes(header or b"").decode(errors="replace").replace("\x00", "")
