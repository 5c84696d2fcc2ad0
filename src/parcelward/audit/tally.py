"""Counts records by content: those that must be there, and those that are."""

from collections import Counter
from collections.abc import Sequence
from hashlib import blake2b
from typing import NamedTuple

Headers = Sequence[tuple[str, bytes]]


class Place(NamedTuple):
    """Where a record belongs, for the report."""

    topic: str
    partition: int
    key: bytes | None


class Tally:
    """What is missing and what is there once too often, over any number of topics, in any order of telling."""

    def __init__(self) -> None:
        self._open: Counter[bytes] = Counter()
        self._places: dict[bytes, Place] = {}
        self.expected = 0
        self.found = 0

    def expect(self, topic: str, partition: int, key: bytes | None, value: bytes | None, headers: Headers = ()) -> None:
        """A record must be there (once more)."""
        self.expected += 1
        self._count(1, Place(topic, partition, key), value, headers)

    def find(self, topic: str, partition: int, key: bytes | None, value: bytes | None, headers: Headers = ()) -> None:
        """A record is there (once more)."""
        self.found += 1
        self._count(-1, Place(topic, partition, key), value, headers)

    @property
    def missing(self) -> dict[Place, int]:
        """Records that must be there and are not, with how often."""
        return {self._places[mark]: count for mark, count in self._open.items() if count > 0}

    @property
    def surplus(self) -> dict[Place, int]:
        """Records that are there and must not be, or not so often."""
        return {self._places[mark]: -count for mark, count in self._open.items() if count < 0}

    def _count(self, amount: int, place: Place, value: bytes | None, headers: Headers) -> None:
        mark = _mark(place, value, headers)
        self._open[mark] += amount
        if self._open[mark]:
            self._places[mark] = place
        else:  # settled: only what is open takes memory
            del self._open[mark], self._places[mark]


def _mark(place: Place, value: bytes | None, headers: Headers) -> bytes:
    digest = blake2b(digest_size=16)
    parts = [place.topic.encode(), b"%d" % place.partition, place.key, value]
    for name, text in headers:
        parts += [name.encode(), text]
    for part in parts:
        digest.update(b"-" if part is None else b"%d:%b" % (len(part), part))
    return digest.digest()
