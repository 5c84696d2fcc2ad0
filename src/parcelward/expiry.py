"""Forgetting: state that no window reaches any more counts as absent, and a slow sweep deletes it.

Time is the arrival of the evidence, never the clock of the machine, so that a state rebuilt later is the same. The
sweep waits longer than the readers, so that nobody notices when it comes: not even a shipment that lags behind.
"""

from collections.abc import Callable, Iterator, Mapping
from itertools import islice

import msgspec

from parcelward.formats import ARRAY_16

TEXT_1, UINT_64 = 0xA1, 0xCF
"""MessagePack: a text of one byte begins with the first, a time in ms with the second."""
LAG_MS = 86_400_000  # shipments of one batch, or of two intake partitions, may lie this far apart in arrival
# Each look costs a third of a microsecond. It finds at most one key to delete, so there are more looks than new keys
# (an inspection may bring eight photos), or the state would grow for ever: with twice as many, half of it may be dead.
RECORDS_PER_LOOK = 2
LOOKS_PER_NEW_KEY = 2


class _Beginning(msgspec.Struct, array_like=True, gc=False):
    """The first elements of a state value of any format: the format and a time; in format 0 the time alone."""

    first: str | int
    second: msgspec.Raw = msgspec.Raw(b"\0")


_decode_beginning = msgspec.msgpack.Decoder(_Beginning).decode
_decode_ms = msgspec.msgpack.Decoder(int).decode


def touched_ms(value: bytes) -> int:
    """Read the first field of a state value, when it last mattered (epoch ms), and nothing else of it.

    In every format it is an integer, first after the format.
    """
    at = 5 if value[0] == ARRAY_16 else 3
    if value[at - 2] == TEXT_1 and value[at] == UINT_64:
        return int.from_bytes(value[at + 1 : at + 9])
    beginning = _decode_beginning(value)
    return beginning.first if isinstance(beginning.first, int) else _decode_ms(beginning.second)


def is_absent(touched_ms: int, keep_ms: int, now_ms: int) -> bool:
    """Tell whether a value counts as absent for a shipment that arrived at `now_ms`, swept already or not."""
    return touched_ms + keep_ms < now_ms


class Sweep:
    """Visits every key of a partition's state in turn and finds what has been absent for a day."""

    def __init__(self, keep_ms: Callable[[bytes], int], shortest_ms: int) -> None:
        """`keep_ms` gives for a key how long (ms) after its last touch it is kept, `shortest_ms` the least of all."""
        self._keep_ms = keep_ms
        self._shortest_ms = shortest_ms
        self._round: Iterator[bytes] = iter(())
        self._looked: list[bytes] = []

    def restore(self) -> None:
        """Start over."""
        self._round, self._looked = iter(()), []

    def expired(
        self,
        state: Mapping[bytes, bytes],
        records: int,
        newest_ms: int,
        now_of: Callable[[bytes], int],
        new_keys: int = 0,
    ) -> list[bytes]:
        """Keys to delete, found by looking at a few; until `commit` it looks at the same ones again.

        `newest_ms` is the newest arrival of the batch (epoch ms), and `now_of` gives for a key the newest that concerns
        it; `new_keys` is about how many keys the batch adds.
        """
        if not self._looked:
            looks = max(-(-records // RECORDS_PER_LOOK), new_keys * LOOKS_PER_NEW_KEY)
            self._looked = list(islice(self._round, looks))
            if not self._looked and looks:
                self._round = walk(state)
                self._looked = list(islice(self._round, looks))
        oldest_ms, get = newest_ms - self._shortest_ms - LAG_MS, state.get
        return [
            key
            for key in self._looked
            if (value := get(key)) is not None
            and (touched := touched_ms(value)) < oldest_ms
            and is_absent(touched, self._keep_ms(key) + LAG_MS, now_of(key))
        ]

    def commit(self) -> None:
        """The batch was committed: move on."""
        self._looked = []


def walk(state: Mapping[bytes, bytes]) -> Iterator[bytes]:
    """All keys, once; what is written meanwhile may be among them or not."""
    # A dict cannot be walked through while it grows. Other states can, and may not fit into memory.
    return iter(list(state) if isinstance(state, dict) else state)
