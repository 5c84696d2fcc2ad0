"""States in a folder, one RocksDB database per stage and partition: for what outgrows memory, and for quick restarts.

Each write is one atomic batch that holds the changelog offset it ends at. Nothing is synchronised to the disk: after a
kill everything written is there, after a power loss an earlier point of it (RocksDB recovers a prefix of its log), and
either way the rest is in the changelog.
"""

import fcntl
import logging
import shutil
import time
from collections.abc import Callable, ItemsView, Iterable, Iterator, Mapping
from contextlib import suppress
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar, overload

import msgspec
from rocksdict import BlockBasedOptions, Cache, DBCompressionType, Options, Rdict, WriteBatch, WriteBufferManager

from parcelward.errors import UserError
from parcelward.formats import NEWEST, newer
from streams.engine.state import NOTHING_WRITTEN, Bounds, PartitionId, State

log = logging.getLogger(__name__)

FOLDER_FORMAT = 1  # a folder of another format is read anew; formats of the records in it: parcelward.formats
OLDEST_S = 6 * 3600.0
"""The changelog keeps deletions for a day (`delete.retention.ms`); a copy older than this is not brought up to date."""
CACHE_BYTES = 128 << 20  # of read blocks, all partitions together
BUFFERS_BYTES = 96 << 20  # of writes not yet sorted into files, all partitions together
BUFFER_BYTES = 16 << 20
ABOUT = b"\0"  # key of the note about the copy itself; no key of a stage begins with this byte
FIRST = b"\1"
CHUNK = 256

T = TypeVar("T")


class Unusable(StrEnum):
    """Reason to drop a state on disk and read anew from the changelog, as the log and docs/runbook.md say it."""

    UNREADABLE = "unreadable"
    OTHER_CHANGELOG = "other_changelog"
    AHEAD_OF_CHANGELOG = "ahead_of_changelog"
    BEFORE_CHANGELOG = "before_changelog"
    TOO_OLD = "too_old"


class _About(msgspec.Struct, array_like=True):
    """A note beside the state: the changelog it is a copy of, up to which offset, and when it was written (epoch s)."""

    format: int
    changelog: str
    written: int
    at: float
    records: int = 0  # newest format that its records may have


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_About).decode


class DiskState(State):
    """One state on disk. After a write that failed it takes no further one: there must be no gap."""

    def __init__(self, folder: Path, changelog: str, options: Callable[[], Options]) -> None:
        """`changelog` identifies the topic; a copy of another one is forgotten."""
        self._folder = folder
        self._changelog = changelog
        self._options = options
        self._near: dict[bytes, bytes] = {}  # read by a walk, and about to be asked for
        self._failed = False
        try:
            self._open()
        except (msgspec.DecodeError, _CorruptError) as error:
            self._forget(Unusable.UNREADABLE, error)

    def _open(self) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with suppress(OSError):
            self._folder.chmod(0o700)  # an earlier version left its files readable by everybody
        try:
            self._database = Rdict(str(self._folder), self._options())
            about = self._database.get(ABOUT)
        except Exception as error:
            if "Corruption" in str(error):
                raise _CorruptError(str(error)) from error
            raise _not_usable(self._folder, error) from error
        self._about = (
            _About(FOLDER_FORMAT, self._changelog, NOTHING_WRITTEN, 0.0, NEWEST) if about is None else _decode(about)
        )
        self.written = self._about.written
        if (self._about.format, self._about.changelog) != (FOLDER_FORMAT, self._changelog):
            self._forget(Unusable.OTHER_CHANGELOG)
        elif self._about.records > NEWEST:
            self.close()
            raise newer(f"state folder {self._folder}", self._about.records)

    def _forget(self, reason: Unusable, error: Exception | None = None) -> None:
        log.warning("state on disk is read anew", extra={"folder": self._folder.name, "reason": reason}, exc_info=error)
        self.close()
        shutil.rmtree(self._folder, ignore_errors=True)
        self._near = {}
        self._open()

    def forget_unless_current(self, bounds: Bounds) -> None:
        """Forget everything if the rest of the changelog would not make the state current."""
        behind = self.written + 1
        if self.written == NOTHING_WRITTEN or behind == bounds.end:
            return
        if behind > bounds.end:
            self._forget(Unusable.AHEAD_OF_CHANGELOG)
        elif behind < bounds.start:
            self._forget(Unusable.BEFORE_CHANGELOG)
        elif time.time() - self._about.at > OLDEST_S:
            self._forget(Unusable.TOO_OLD)  # the changelog may have dropped deletions since

    def write(self, updates: Mapping[bytes, bytes | None], written: int) -> None:
        """Write committed updates and their offset. Raises UserError when the disk refuses, now or before."""
        batch, near = WriteBatch(raw_mode=True), self._near
        put, delete = batch.put, batch.delete
        for key, value in updates.items():
            near.pop(key, None)
            if value is None:
                delete(key)
            else:
                put(key, value)
        about = _About(FOLDER_FORMAT, self._changelog, written, time.time(), NEWEST)
        put(ABOUT, _encode(about))
        try:
            if self._failed:
                raise OSError("an earlier write failed")
            self._database.write(batch)
        except Exception as error:
            self._failed = True
            raise _not_usable(self._folder, error) from error
        self._about, self.written = about, written

    @overload
    def get(self, key: bytes, /) -> bytes | None: ...
    @overload
    def get(self, key: bytes, /, default: bytes | T) -> bytes | T: ...
    def get(self, key: bytes, /, default: Any = None) -> Any:
        """The value of a key. Raises UserError when the disk does not give it."""
        value = self._near.get(key)
        if value is not None:
            return value
        try:
            return self._database.get(key, default)
        except Exception as error:
            raise _not_usable(self._folder, error) from error

    def __getitem__(self, key: bytes) -> bytes:
        value = self.get(key)
        if value is None:
            raise KeyError(key)
        return value

    def __contains__(self, key: object) -> bool:
        return isinstance(key, bytes) and self.get(key) is not None

    def __len__(self) -> int:
        """About how many keys: overwritten ones count twice until RocksDB has merged them."""
        return max(0, (self._database.property_int_value("rocksdb.estimate-num-keys") or 0) - 1)

    def __iter__(self) -> Iterator[bytes]:
        """The keys in order. Writing meanwhile does no harm; the walk may or may not see it."""
        chunk = self._chunk(FIRST)
        while chunk:
            self._near = dict(chunk)
            yield from self._near.copy()
            chunk = self._chunk(chunk[-1][0] + b"\0")
        self._near = {}

    def items(self) -> ItemsView[bytes, bytes]:
        """All entries, read in one go."""
        return _Entries(self)

    def entries(self, first: bytes) -> Iterator[tuple[bytes, bytes]]:
        """Keys from `first` on, in order, with their values. Raises UserError when the disk gives not all of them."""
        found: Any = self._database.iter()
        found.seek(first)
        while found.valid():
            yield found.key(), found.value()
            found.next()
        # TRAP: a block that cannot be read looks like the end of all keys, and `items` of Rdict never says so.
        try:
            found.status()
        except Exception as error:
            raise _not_usable(self._folder, error) from error

    def _chunk(self, first: bytes) -> list[tuple[bytes, bytes]]:
        # A new iterator for each chunk: one for the whole walk would keep files that were merged away since.
        return list(islice(self.entries(first), CHUNK))

    def close(self) -> None:
        """Give the folder back; does not raise, since the changelog has what cannot be written any more."""
        database = self.__dict__.pop("_database", None)
        try:
            if database is not None:
                database.close()
        except Exception as error:
            # Most often the disk is full, which is why the worker stops.
            log.warning("state on disk was not closed in order", extra={"folder": self._folder.name}, exc_info=error)


class _Entries(ItemsView[bytes, bytes]):
    _mapping: DiskState

    def __iter__(self) -> Iterator[tuple[bytes, bytes]]:
        return self._mapping.entries(FIRST)


class _CorruptError(Exception):
    """RocksDB says that the files do not fit together."""


def _not_usable(folder: Path, error: Exception) -> UserError:
    return UserError(
        f"state folder {folder} cannot be used: {error}; make room there or mend it, and start the worker again "
        "(nothing is lost; an emptied folder is filled again from the changelog)"
    )


class DiskStates:
    """The states of one worker in its own folder."""

    def __init__(self, folder: Path, changelogs: Callable[[], Mapping[str, str]]) -> None:
        """`changelogs` gives an identity for each stage's changelog. Raises UserError if the folder is in use."""
        self._folder = folder
        self._ask = changelogs
        self._ids: Mapping[str, str] = {}
        self._cache = Cache(CACHE_BYTES)
        self._buffers = WriteBufferManager(BUFFERS_BYTES, False)
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock = (folder / "in-use").open("w")
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._lock.close()
            raise UserError(
                f"state folder {folder} is in use by another worker; give each worker a state_dir of its own"
            ) from None
        except OSError as error:
            raise _not_usable(folder, error) from None

    def open(self, partitions: Iterable[PartitionId]) -> Mapping[PartitionId, State]:
        """Open the folders of partitions that were taken over."""
        self._ids = self._ids or self._ask()
        return {
            (stage, number): DiskState(self._folder / f"{stage}-{number}", self._ids[stage], self._options)
            for stage, number in partitions
        }

    def give_up(self, states: Mapping[PartitionId, State]) -> None:
        """Close them; they stay on disk, for the partitions may come back."""
        for state in states.values():
            if isinstance(state, DiskState):
                state.close()

    def close(self) -> None:
        """Let another worker have the folder."""
        self._lock.close()

    def _options(self) -> Options:
        blocks = BlockBasedOptions()
        blocks.set_block_cache(self._cache)
        blocks.set_bloom_filter(10, False)  # most reads are of keys that are not there yet
        options = Options(raw_mode=True)
        options.create_if_missing(True)
        options.set_block_based_table_factory(blocks)
        options.set_compression_type(DBCompressionType.lz4())
        options.set_write_buffer_size(BUFFER_BYTES)
        options.set_write_buffer_manager(self._buffers)
        options.set_memtable_prefix_bloom_ratio(0.1)
        options.set_memtable_whole_key_filtering(True)
        options.set_level_compaction_dynamic_level_bytes(True)
        options.set_max_background_jobs(2)
        options.set_keep_log_file_num(2)
        return options
