"""Forgetting: state that no window reaches any more is found by a slow sweep and deleted."""

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from itertools import islice

from parcelward.shipment import decode_touched

LOOKS_PER_RECORD = 2  # the sweep passes the whole state once in (keys / 2) records: bounded work, bounded lag


class Sweep:
    """Visits every key of a partition's state in turn; results never depend on when a key is found expired."""

    def __init__(self, keep_ms: Callable[[bytes], int]) -> None:
        """`keep_ms` gives for a key how long (ms) after its last touch it is kept."""
        self._keep_ms = keep_ms
        self._keys: deque[bytes] = deque()
        self._looked = 0
        self._gone: set[bytes] = set()

    def restore(self, keys: Iterable[bytes]) -> None:
        """Start over with all keys of the state."""
        self._keys = deque(keys)
        self._looked = 0

    def expired(self, state: Mapping[bytes, bytes], records: int, now_ms: int) -> list[bytes]:
        """Keys to delete, found by looking at a few; changes nothing that an aborted batch would leave behind."""
        self._looked = min(LOOKS_PER_RECORD * records, len(self._keys))
        found = []
        self._gone = set()
        for key in islice(self._keys, self._looked):
            value = state.get(key)
            if value is None:
                self._gone.add(key)
            elif decode_touched(value).touched_ms + self._keep_ms(key) < now_ms:
                found.append(key)
        return found

    def commit(self, updates: Mapping[bytes, bytes | None], new_keys: Iterable[bytes]) -> None:
        """Move on: looked-at keys that live go to the end, deleted ones leave, new ones join."""
        for _ in range(self._looked):
            key = self._keys.popleft()
            if key not in self._gone and updates.get(key, b"") is not None:
                self._keys.append(key)
        self._looked = 0
        self._keys.extend(new_keys)
