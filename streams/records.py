"""Reading fetched batches whatever a courier has put into them: one courier's mistake would stop every courier.

aiokafka unpacks a batch without a limit, and its fetcher fails on the same batch for ever when it cannot read it. What
is too large or unreadable is replaced by its stand-in (`parcelward.batches`). aiokafka also decodes header names
itself; one that is not UTF-8 is read with U+FFFD in place of what is wrong. Key, value and header values stay as they
are.
"""

from collections.abc import Iterator
from typing import Any

from aiokafka.consumer import fetcher
from aiokafka.errors import CorruptRecordException
from aiokafka.record.default_records import DefaultRecordBatch, _DefaultRecordBatchPy
from aiokafka.record.memory_records import MemoryRecords
from aiokafka.record.util import calc_crc32c

from parcelward.batches import is_plain, readable, stand_in
from parcelward.lenient import Lenient
from parcelward.reasons import Reason

FRAME_BYTES = 12  # base offset (8) and length (4) before what the length counts


class ReadableBatch:
    """A record batch as aiokafka's fetcher uses it; reads it anew, slowly, when a header name cannot be decoded.

    `raw` are its bytes as they came; the checksum is that of these.
    """

    def __init__(self, batch: Any, raw: bytes) -> None:
        self._raw = self._read = raw
        self._batch = batch
        if not is_plain(raw):
            self._read = readable(raw, calc_crc32c)
            self._batch = DefaultRecordBatch(self._read)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._batch, name)

    def __next__(self) -> Any:
        return next(self._batch)

    def __iter__(self) -> Iterator[Any]:
        try:
            return iter(list(self._batch))
        except UnicodeDecodeError:
            slow: Any = _DefaultRecordBatchPy(bytearray(self._read))
            slow._buffer = Lenient(slow._buffer)
            return iter(list(slow))
        except CorruptRecordException:
            return iter(list(DefaultRecordBatch(stand_in(self._raw, Reason.INVALID_ENCODING, calc_crc32c))))


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
