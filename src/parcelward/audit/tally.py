"""Counts records by content: those that must be there, and those that are."""

from collections import Counter
from collections.abc import Sequence
from hashlib import blake2b
from typing import NamedTuple

Headers = Sequence[tuple[str, bytes]]


class RecordPlace(NamedTuple):
    """Topic, partition and key of a record, for the report."""

    topic: str
    partition: int
    key: bytes | None


class Tally:
    """Compares records of any number of topics, told in any order: some are missing, some are there too often."""

    def __init__(self) -> None:
        self._open: Counter[bytes] = Counter()
        self._places: dict[bytes, RecordPlace] = {}
        self.expected = 0
        self.found = 0

    def expect(self, topic: str, partition: int, key: bytes | None, value: bytes | None, headers: Headers = ()) -> None:
        """Note that a record must be there (once more)."""
        self.expected += 1
        self._count(1, RecordPlace(topic, partition, key), value, headers)

    def find(self, topic: str, partition: int, key: bytes | None, value: bytes | None, headers: Headers = ()) -> None:
        """Note that a record is there (once more)."""
        self.found += 1
        self._count(-1, RecordPlace(topic, partition, key), value, headers)

    @property
    def missing(self) -> dict[RecordPlace, int]:
        """Records that must be there and are not, and how many of each."""
        return {self._places[mark]: count for mark, count in self._open.items() if count > 0}

    @property
    def surplus(self) -> dict[RecordPlace, int]:
        """Records that must not be there, or not so often, and how many of each are too many."""
        return {self._places[mark]: -count for mark, count in self._open.items() if count < 0}

    def _count(self, amount: int, place: RecordPlace, value: bytes | None, headers: Headers) -> None:
        mark = _mark(place, value, headers)
        self._open[mark] += amount
        if self._open[mark]:
            self._places[mark] = place
        else:  # both sides agree: only what is open takes memory
            del self._open[mark], self._places[mark]


def _mark(place: RecordPlace, value: bytes | None, headers: Headers) -> bytes:
    digest = blake2b(digest_size=16)
    parts = [place.topic.encode(), b"%d" % place.partition, place.key, value]
    for name, text in headers:
        parts += [name.encode(), text]
    for part in parts:
        digest.update(b"-" if part is None else b"%d:%b" % (len(part), part))
    return digest.digest()
