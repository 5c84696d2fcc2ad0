"""Forgetting: state that no window reaches any more counts as absent, and a slow sweep deletes it.

Time is the arrival of the evidence, never the clock of the machine, so that a state rebuilt later is the same. The
sweep waits longer than the readers, so that nobody notices when it comes: not even a shipment that lags behind.
"""

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from itertools import islice

from parcelward.shipment import decode_touched

LAG_MS = 86_400_000  # shipments of one batch, or of two intake partitions, may lie this far apart in arrival
LOOKS_PER_RECORD = 2  # the sweep passes the whole state once in (keys / 2) records: bounded work, bounded lag


def is_absent(touched_ms: int, keep_ms: int, now_ms: int) -> bool:
    """Whether a value counts as absent for a shipment that arrived at `now_ms`, swept already or not."""
    return touched_ms + keep_ms < now_ms


class Sweep:
    """Visits every key of a partition's state in turn and finds what has been absent for a day."""

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

    def expired(self, state: Mapping[bytes, bytes], records: int, now_of: Callable[[bytes], int]) -> list[bytes]:
        """Keys to delete, found by looking at a few; changes nothing that an aborted batch would leave behind.

        `now_of` gives for a key the newest arrival (epoch ms) of the batch that concerns it.
        """
        self._looked = min(LOOKS_PER_RECORD * records, len(self._keys))
        found = []
        self._gone = set()
        for key in islice(self._keys, self._looked):
            value = state.get(key)
            if value is None:
                self._gone.add(key)
            elif is_absent(decode_touched(value).touched_ms, self._keep_ms(key) + LAG_MS, now_of(key)):
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
