"""States of partitions: copies of their changelogs, each up to an offset, in memory or in a folder.

The changelog is the truth. A state is written after the commit of its transaction, never before, so it is never ahead
of the changelog. After a rebalance or a restart only the rest of the changelog has to be read.
"""

import time
from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Any, Protocol

from parcelward.expiry import walk
from parcelward.footing import Bounds as Bounds
from parcelward.stage import apply

NOTHING_WRITTEN = -1
KEEP_S = 600.0
"""Seconds that a state in memory is kept after its partition was given up: most often the partition comes back."""

PartitionId = tuple[str, int]
"""Name of the stage, and partition number."""


class State(Mapping[bytes, bytes]):
    """The state of one stage on one partition; `written` is the changelog offset up to which it is current."""

    written: int = NOTHING_WRITTEN

    @abstractmethod
    def write(self, updates: Mapping[bytes, bytes | None], written: int) -> None:
        """Apply committed updates (None deletes) and the offset they end at: all of it or nothing."""

    def forget_unless_current(self, bounds: Bounds) -> None:
        """Forget everything if the rest of the changelog would not make the state current."""


class MemoryState(dict[bytes, bytes], State):
    """A state in memory."""

    def write(self, updates: Mapping[bytes, bytes | None], written: int) -> None:
        """Apply committed updates."""
        apply(updates, self)
        self.written = written


class Ahead(Mapping[bytes, bytes]):
    """A state as it will be once some updates (None deletes) are committed."""

    def __init__(self, state: Mapping[bytes, bytes], updates: Mapping[bytes, bytes | None]) -> None:
        self._state = state
        self._updates = updates

    def __getitem__(self, key: bytes) -> bytes:
        value = self._updates[key] if key in self._updates else self._state[key]
        if value is None:
            raise KeyError(key)
        return value

    def get(self, key: bytes, default: Any = None) -> Any:
        """The value of a key. Most keys that are asked for are new, so nothing is raised and caught here."""
        value = self._updates[key] if key in self._updates else self._state.get(key)
        return default if value is None else value

    def __iter__(self) -> Iterator[bytes]:
        """All keys; both may grow meanwhile."""
        added = [key for key in self._updates if key not in self._state]
        return filter(self.__contains__, chain(walk(self._state), added))

    def __len__(self) -> int:
        return sum(1 for _ in self)


class States(Protocol):
    """The states of a worker, wherever they are kept."""

    def open(self, partitions: Iterable[PartitionId]) -> Mapping[PartitionId, State]:
        """The states of partitions that were taken over, as far as they are known."""
        ...

    def give_up(self, states: Mapping[PartitionId, State]) -> None:
        """Put away the states of partitions that were given up."""
        ...

    def close(self) -> None:
        """End: the worker ends."""
        ...


class MemoryStates:
    """States in memory. Those that were given up are kept for the next assignment."""

    def __init__(self) -> None:
        self._kept: Mapping[PartitionId, State] = {}
        self._since = float("-inf")

    def open(self, partitions: Iterable[PartitionId]) -> Mapping[PartitionId, State]:
        """The states that were kept, unless too much time has passed; empty ones for the other partitions."""
        kept = self._kept if time.monotonic() - self._since < KEEP_S else {}
        self._kept = {}
        return {one: kept.get(one) or MemoryState() for one in partitions}

    def give_up(self, states: Mapping[PartitionId, State]) -> None:
        """Keep them for a moment."""
        self._kept, self._since = states, time.monotonic()

    def close(self) -> None:
        """Do nothing: memory ends with the process."""
