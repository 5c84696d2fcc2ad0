"""Reading fetched batches: no batch of a client can stop the worker, and a record costs little.

aiokafka unpacks a batch without a limit, and when its fetcher cannot read a batch it fails on it for ever: the mistake
of one client would stop all. A batch that is too large or unreadable is replaced by its stand-in
(`parcelward.record_batch`). aiokafka also decodes header names itself; one that is not UTF-8 is read with U+FFFD
in place of the wrong bytes. Key, value and header values stay as they are.

A batch whose checksum is wrong was damaged on a broker's disk or on its way here. No client is to blame, and nothing
in it can be believed, not even when it can be unpacked: reading it raises UserError.

aiokafka makes an object with a dozen fields for each record and passes it through two generators. Here all records of a
batch are made at once, as `Record`. They pass through aiokafka's own code as if they were one record; it still looks
after aborted transactions, control batches and positions.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from aiokafka.consumer import fetcher
from aiokafka.errors import CorruptRecordException
from aiokafka.record.default_records import DefaultRecordBatch, _DefaultRecordBatchPy
from aiokafka.record.memory_records import MemoryRecords

from parcelward.errors import UserError
from parcelward.record_batch import Lenient, is_plain, is_whole, readable, stand_in
from parcelward.stage import Record

FRAME_BYTES = 12  # base offset (8) and length (4) before what the length counts

_new_tuple = tuple.__new__


class _Whole(NamedTuple):
    """All records of a batch, which aiokafka's code takes for one record with the offset of the last."""

    offset: int
    records: Sequence[Any]
    bytes: int


class DamagedError(ValueError):
    """The checksum of a batch is wrong; `offset` is the offset of its first record."""

    def __init__(self, offset: int) -> None:
        super().__init__(offset)
        self.offset = offset


class ReadableBatch:
    """A record batch as aiokafka's fetcher uses it; reads it a second time, slowly, if a header name cannot be decoded.

    `raw` holds its bytes as they came. Raises DamagedError when their checksum is wrong.
    """

    def __init__(self, batch: Any, raw: bytes) -> None:
        if not is_whole(raw):
            raise DamagedError(batch.base_offset)
        self._raw = self._read = raw
        self._batch = batch
        if not is_plain(raw):
            self._read = readable(raw)
            self._batch = DefaultRecordBatch(self._read)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._batch, name)

    def __next__(self) -> Any:
        return next(self._batch)

    def __iter__(self) -> Iterator[_Whole]:
        records = self.records()
        return iter([_Whole(records[-1].offset, records, len(self._read))] if records else [])

    def records(self) -> Sequence[Any]:
        """The records as aiokafka reads them."""
        try:
            return list(self._batch)
        except UnicodeDecodeError:
            slow: Any = _DefaultRecordBatchPy(bytearray(self._read))
            slow._buffer = Lenient(slow._buffer)
            return list(slow)
        except CorruptRecordException:
            return list(DefaultRecordBatch(stand_in(self._raw)))


class ReadableRecords:
    """The batches of one fetched partition; takes the place of aiokafka's MemoryRecords."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0
        self._records = MemoryRecords(data)

    def size_in_bytes(self) -> int:
        """Number of bytes fetched."""
        return int(self._records.size_in_bytes())

    def has_next(self) -> bool:
        """Tell whether another complete batch follows."""
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


class PartitionBatches(fetcher.PartitionRecords):  # type: ignore[misc]
    """The fetched records of one partition, handed out in lists; takes the place of aiokafka's PartitionRecords."""

    next_fetch_offset: int

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._start = self.next_fetch_offset
        self._left: list[Record] = []
        self.exhausted = False

    def read(self, limit: int | None) -> list[Record]:
        """The next records, at most `limit`; sets `exhausted` when there are no more."""
        found, self._left = self._left, []
        while limit is None or len(found) < limit:
            try:
                more = next(self, None)
            except DamagedError as error:
                if not found:
                    raise UserError(_damaged(self._tp, error.offset)) from None
                more = None  # first the records before it; the next fetch begins with this batch
            if more is None:
                self.exhausted = True
                return found
            found += more
        found, self._left = found[:limit], found[limit:]
        self.next_fetch_offset = found[-1].offset + 1
        return found

    def _consumer_record(self, tp: Any, whole: _Whole) -> list[Record]:
        topic, partition = tp.topic, tp.partition
        size = whole.bytes // len(whole.records)
        # Not by Record's own constructor: it is a Python function and costs as much as all the rest.
        records = [
            _new_tuple(
                Record, (topic, partition, one.offset, one.timestamp, one.key, one.value, one.headers or (), size)
            )
            for one in whole.records
        ]
        if records[0].offset < self._start:  # a batch is fetched whole, even if only its end is still to be read
            records = [record for record in records if record.offset >= self._start]
        return records


def _damaged(tp: Any, offset: int) -> str:
    return (
        f"the record batch at offset {offset} of topic {tp.topic}, partition {tp.partition}, is damaged: its checksum "
        "is wrong; start the worker again, and if it stays so let a broker lead the partition whose copy is whole "
        '(docs/runbook.md, "A damaged batch")'
    )


class BatchResult(fetcher.FetchResult):  # type: ignore[misc]
    """Takes the place of aiokafka's FetchResult, with the same rules on when records may be handed out."""

    _partition_records: Any

    def getall(self, max_records: int | None = None) -> list[Record]:
        """The next records, at most `max_records`; none if meanwhile the partition was revoked or its position set."""
        if not self.check_assignment(self._topic_partition) or not self.has_more():
            return []
        batches: PartitionBatches = self._partition_records
        found = batches.read(max_records)
        self._update_position()
        if batches.exhausted:
            self._partition_records = None
        return found


def read_in_batches() -> None:
    """Make the fetchers of this process read through the classes above.

    aiokafka's fetcher looks its classes up in its module, so they are replaced there, for the whole process.
    """
    fetcher.MemoryRecords = ReadableRecords
    fetcher.PartitionRecords = PartitionBatches
    fetcher.FetchResult = BatchResult
