"""Reading fetched records whose header names are not UTF-8.

aiokafka decodes header names itself, and a name that is not UTF-8 makes its fetcher fail on the same record for ever:
one courier's mistake would stop every courier of the partition. Such a name is read with U+FFFD in place of what is
wrong; key, value and header values stay as they are.
"""

from collections.abc import Iterator
from typing import Any

from aiokafka.consumer import fetcher
from aiokafka.record.default_records import _DefaultRecordBatchPy
from aiokafka.record.memory_records import MemoryRecords

from parcelward.lenient import Lenient

FRAME_BYTES = 12  # base offset (8) and length (4) before what the length counts


class ReadableBatch:
    """A record batch as aiokafka's fetcher uses it; reads it anew, slowly, when a header name cannot be decoded."""

    def __init__(self, batch: Any, raw: bytes) -> None:
        self._batch = batch
        self._raw = raw

    def __getattr__(self, name: str) -> Any:
        return getattr(self._batch, name)

    def __next__(self) -> Any:
        return next(self._batch)

    def __iter__(self) -> Iterator[Any]:
        try:
            return iter(list(self._batch))
        except UnicodeDecodeError:
            slow: Any = _DefaultRecordBatchPy(bytearray(self._raw))
            slow._maybe_uncompress()
            slow._buffer = Lenient(slow._buffer)
            return iter(list(slow))


class ReadableRecords:
    """The batches of one fetched partition; takes the place of aiokafka's MemoryRecords."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0
        self._records = MemoryRecords(data)

    def size_in_bytes(self) -> int:
        """Bytes fetched."""
        return int(self._records.size_in_bytes())

    def has_next(self) -> bool:
        """Whether another complete batch follows."""
        return bool(self._records.has_next())

    def next_batch(self) -> ReadableBatch | None:
        """The next batch."""
        batch = self._records.next_batch()
        if batch is None:
            return None
        end = self._at + FRAME_BYTES + int.from_bytes(self._data[self._at + 8 : self._at + FRAME_BYTES])
        raw = self._data[self._at : end]
        self._at = end
        return ReadableBatch(batch, raw)


def read_any_header() -> None:
    """Make the fetchers of this process read through `ReadableRecords`.

    aiokafka's fetcher takes its reader from its module, so there is no narrower place to say so.
    """
    fetcher.MemoryRecords = ReadableRecords
