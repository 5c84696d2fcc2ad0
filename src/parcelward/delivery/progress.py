"""Progress of one partition: the position that may be committed, and what of the records after it is still open.

One record that its receiver does not take holds back the position for days, while thousands after it are delivered. So
the note that Kafka keeps with a position names the records that are open, with their attempts. After a restart the
others are read over, and the attempts go on where they were.
"""

from collections.abc import Iterator, Mapping
from heapq import heappop, heappush
from typing import NamedTuple

NOTE_BYTES = 4000
"""Kafka takes 4,096 bytes (`offset.metadata.max.bytes`)."""
VERSION = "1"


class Tried(NamedTuple):
    """Attempts of one record, in whole seconds: how many, since when, when the next is due."""

    attempts: int = 0
    first_s: int = 0
    due_s: int = 0


class Progress:
    """Records of one partition, from the first open one on."""

    def __init__(self, position: int, note: str = "") -> None:
        self.next = position
        """Offset of the first record that has not been read."""
        self._open: set[int] = set()
        self._lowest: list[int] = []
        self._until, self._before = _read(position, note)

    def begin(self, offset: int) -> Tried | None:
        """Take up a record that was read, in order; None when it was done before the restart."""
        self.next = offset + 1
        if offset < self._until and offset not in self._before:
            return None
        self._open.add(offset)
        heappush(self._lowest, offset)
        return self._before.pop(offset, Tried())

    def end(self, offset: int) -> None:
        """Note that a record is done: delivered, or written to the topic of undelivered records."""
        self._open.discard(offset)

    def position(self) -> int:
        """The first record that is not done."""
        while self._lowest and self._lowest[0] not in self._open:
            heappop(self._lowest)
        return self._lowest[0] if self._lowest else self.next

    def note(self, tried: Mapping[int, Tried]) -> str:
        """Write what is open after the position, as far as it fits; `tried` has those with attempts.

        What does not fit is taken for open: it may be sent again, and is never left out.
        """
        position = self.position()
        still_before = {offset: said for offset, said in self._before.items() if offset >= self.next}
        until = max(self.next, self._until)
        if not self._open and not still_before and until == position:
            return ""
        parts: list[str] = []
        room = NOTE_BYTES - 40
        last = position
        for offset in (*sorted(self._open), *sorted(still_before)):
            said = tried.get(offset) or still_before.get(offset) or Tried()
            part = f"{offset - last:x}" + (
                f".{said.attempts:x}.{said.first_s:x}.{said.due_s:x}" if said.attempts else ""
            )
            room -= len(part) + 1
            if room < 0:
                until = offset
                break
            parts.append(part)
            last = offset
        return f"{VERSION};{until - position:x};{','.join(parts)}"


def _read(position: int, note: str) -> tuple[int, dict[int, Tried]]:
    """Read a note: the offset before which all is done but what it names. Of another form, it says nothing."""
    try:
        version, until, parts = note.split(";")
        if version != VERSION:
            return position, {}
        return position + int(until, 16), dict(_tried(position, parts))
    except ValueError:
        return position, {}


def _tried(position: int, parts: str) -> Iterator[tuple[int, Tried]]:
    offset = position
    for part in filter(None, parts.split(",")):
        delta, *said = (int(number, 16) for number in part.split("."))
        offset += delta
        if len(said) not in (0, len(Tried._fields)):
            raise ValueError(part)
        yield offset, Tried(*said)
