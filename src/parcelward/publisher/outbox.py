"""Events that were taken and are not delivered yet: what keeps them, and the keeping in memory."""

import threading
from collections import deque
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import NamedTuple, Protocol

from parcelward.publisher.failures import SpoolFull
from parcelward.publisher.record_bytes import Body

PORTION = 500
"""Most events that are stored, and taken out, together."""
ROUND_EVENTS = 2_000
"""Events that are sent together; nobody needs more of them at once."""


class Portion(NamedTuple):
    """Events with successive numbers; `first` is that of the first one."""

    first: int
    bodies: Sequence[Body]

    @property
    def last(self) -> int:
        """Number of the last event."""
        return self.first + len(self.bodies) - 1


class Outbox(Protocol):
    """Keeps events until they are delivered. Thread-safe."""

    last: int
    """Number of the last event that was taken; 0 when none was."""

    @property
    def kept(self) -> str | None:
        """The place where events outlive this process; None for memory."""
        ...

    def append(self, bodies: Sequence[Body]) -> int:
        """Take at most `PORTION` events, all of them or none; the number of the first. Raises SpoolFull."""
        ...

    def after(self, number: int, most: int) -> list[Portion]:
        """The portions after an event, at most so many."""
        ...

    def remove_through(self, number: int) -> None:
        """Forget every portion up to this event: it is delivered, or set aside."""
        ...

    def set_aside(self, bodies: Sequence[Body], cause: str) -> None:
        """Take note of events that the brokers will never take."""
        ...

    def close(self) -> None:
        """Let go of files and locks."""
        ...


class MemoryOutbox:
    """Keeps events in memory, at most so many bytes. What is set aside is forgotten; its publisher has reported it."""

    kept: str | None = None

    def __init__(self, most_bytes: int) -> None:
        self._most = most_bytes
        self._size = 0
        self._portions: deque[Portion] = deque()
        self._lock = threading.Lock()
        self.last = 0

    def append(self, bodies: Sequence[Body]) -> int:
        size = size_of(bodies)
        with self._lock:
            if self._portions and self._size + size > self._most:
                raise SpoolFull(f"{self._size:,} bytes of events wait in memory, and at most {self._most:,} may")
            first = self.last + 1
            self._portions.append(Portion(first, bodies))
            self._size += size
            self.last += len(bodies)
            return first

    def after(self, number: int, most: int) -> list[Portion]:
        with self._lock:
            return list(islice((portion for portion in self._portions if portion.first > number), most))

    def remove_through(self, number: int) -> None:
        with self._lock:
            while self._portions and self._portions[0].last <= number:
                self._size -= size_of(self._portions.popleft().bodies)

    def set_aside(self, bodies: Sequence[Body], cause: str) -> None:
        """Nothing: memory is no place to keep them."""

    def close(self) -> None:
        """Nothing to let go of."""


def size_of(bodies: Sequence[Body]) -> int:
    """Bytes of the records."""
    return sum([len(body.bytes) for body in bodies])


def portions_after(outbox: Outbox, number: int) -> Iterator[Portion]:
    """Every portion after an event."""
    while found := outbox.after(number, PORTION):
        yield from found
        number = found[-1].last
