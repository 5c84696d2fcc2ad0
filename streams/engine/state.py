"""States of partitions: copies of their changelogs, each up to an offset, in memory or in a folder.

The changelog is the truth. A state is written after the transaction was committed, never before, so a copy is never
ahead of it, and after a rebalance or a restart only the rest of the changelog has to be read.
"""

import time
from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Any, NamedTuple, Protocol

from parcelward.expiry import walk
from parcelward.stage import apply

NOTHING_WRITTEN = -1
KEEP_S = 600.0
"""A state in memory whose partition was given up is kept for so long: most often the partition comes back."""

Place = tuple[str, int]
"""Stage and partition number."""


class Bounds(NamedTuple):
    """The first offset that a changelog partition still has, and the one after its last."""

    start: int
    end: int


class State(Mapping[bytes, bytes]):
    """The state of one stage on one partition; `written` is the changelog offset up to which it is current."""

    written: int = NOTHING_WRITTEN

    @abstractmethod
    def write(self, updates: Mapping[bytes, bytes | None], written: int) -> None:
        """Apply committed updates (None deletes) and the offset they end at: all of it or nothing."""

    def check(self, bounds: Bounds) -> None:
        """Forget everything if the rest of the changelog would not make the state current."""


class MemoryState(dict[bytes, bytes], State):
    """A state in memory."""

    def write(self, updates: Mapping[bytes, bytes | None], written: int) -> None:
        """Apply committed updates."""
        apply(updates, self)
        self.written = written


class Ahead(Mapping[bytes, bytes]):
    """A state with updates (None deletes) that are not committed yet."""

    def __init__(self, state: Mapping[bytes, bytes], updates: Mapping[bytes, bytes | None]) -> None:
        self._state = state
        self._updates = updates

    def __getitem__(self, key: bytes) -> bytes:
        value = self._updates[key] if key in self._updates else self._state[key]
        if value is None:
            raise KeyError(key)
        return value

    def get(self, key: bytes, default: Any = None) -> Any:
        """Without raising and catching anything: most keys that are asked for are new."""
        value = self._updates[key] if key in self._updates else self._state.get(key)
        return default if value is None else value

    def __iter__(self) -> Iterator[bytes]:
        """All keys; both may grow meanwhile."""
        added = [key for key in self._updates if key not in self._state]
        return filter(self.__contains__, chain(walk(self._state), added))

    def __len__(self) -> int:
        return sum(1 for _ in self)


class States(Protocol):
    """Where a worker's states are."""

    def take(self, places: Iterable[Place]) -> Mapping[Place, State]:
        """The states of the partitions that are ours now, as far as they are known."""
        ...

    def give_up(self, states: Mapping[Place, State]) -> None:
        """The partitions of these states are no longer ours."""
        ...

    def close(self) -> None:
        """The worker ends."""
        ...


class MemoryStates:
    """States in memory; those that were given up are kept until it is known who gets the partitions."""

    def __init__(self) -> None:
        self._kept: Mapping[Place, State] = {}
        self._since = float("-inf")

    def take(self, places: Iterable[Place]) -> Mapping[Place, State]:
        """What was kept, if only a moment has passed; empty states for the rest."""
        kept = self._kept if time.monotonic() - self._since < KEEP_S else {}
        self._kept = {}
        return {place: kept.get(place) or MemoryState() for place in places}

    def give_up(self, states: Mapping[Place, State]) -> None:
        """Keep them for a moment."""
        self._kept, self._since = states, time.monotonic()

    def close(self) -> None:
        """Nothing is left behind."""
