"""Events that were taken and are not delivered yet, on disk: they outlive the process and an outage of hours.

A row of the SQLite database is a portion of events. It is written before `publish` returns, so that a process that is
killed leaves every event that it has taken. Rows are removed when the brokers have acknowledged them.
"""

import fcntl
import logging
import os
import sqlite3
import threading
from collections import deque
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, NamedTuple

import msgspec

from parcelward.errors import UserError
from parcelward.publisher.failures import SpoolFull
from parcelward.publisher.outbox import ROUND_EVENTS, Portion, size_of
from parcelward.publisher.record_bytes import Body

FORMAT = 1
PAGE = 4096
WAL_BYTES = 4_000_000
AT_HAND_BYTES = 16_000_000
"""Bytes of events that are held in memory too, so that a sender that keeps up reads nothing back."""
FILES = ("events.db", "events.db-wal", "events.db-shm")

_TABLES = """
create table if not exists portion (first integer primary key, events integer not null, bodies blob not null);
create table if not exists refused (number integer primary key, cause text not null, body blob not null);
"""
_STATE = "select (select coalesce(max(first + events - 1), 0) from portion), exists (select 1 from refused)"
_INSERT = "insert into portion values (?, ?, ?)"
_to_bytes = msgspec.msgpack.Encoder().encode
_bodies = msgspec.msgpack.Decoder(list[Body]).decode
_body = msgspec.msgpack.Decoder(Body).decode
log = logging.getLogger(__name__)


class SetAside(NamedTuple):
    """An event that the brokers will never take, and why."""

    number: int
    cause: str
    body: Body


class Spool:
    """Keeps events in a folder, at most so many bytes; one publisher at a time. Readable by its owner only.

    With `fsync` each portion is forced to the disk itself, and outlives a power cut too.
    """

    def __init__(self, folder: Path, most_bytes: int, fsync: bool = False) -> None:
        """Raises UserError when the folder cannot be used, or another publisher uses it."""
        self.kept: str | None = str(folder)
        self._folder = folder
        self._most_bytes, self._fsync = most_bytes, fsync
        self._guard = threading.Lock()
        self._at_hand: deque[Portion] = deque()
        self._at_hand_bytes = 0
        self._lock = _locked(folder)
        try:
            self._database = self._opened()
            last, refused = self._database.execute(_STATE).fetchone()
        except sqlite3.Error as error:
            self._lock.close()
            raise UserError(
                f"the spool in {folder} cannot be used ({error}); mend the disk, or name another folder"
            ) from None
        except BaseException:
            self._lock.close()
            raise
        self.last = int(last)
        self._delivered = 0
        self._refused = bool(refused)

    def _opened(self) -> sqlite3.Connection:
        file = self._folder / FILES[0]
        os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))  # SQLite gives its other files the same rights
        database = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
        try:
            for pragma in (
                "locking_mode=exclusive",  # nobody else has the folder; saves two system calls a portion
                "journal_mode=wal",
                f"synchronous={'full' if self._fsync else 'normal'}",
                "secure_delete=fast",
                f"wal_autocheckpoint={WAL_BYTES // PAGE}",
                f"max_page_count={max(self._most_bytes // PAGE, 16)}",
            ):
                database.execute(f"pragma {pragma}")
            (found,) = database.execute("pragma user_version").fetchone()
            if found not in (0, FORMAT):
                raise UserError(f"the spool in {self._folder} was written by a newer version (format {found})")
            database.executescript(_TABLES + f"pragma user_version={FORMAT};")
        except BaseException:
            database.close()
            raise
        return database

    def append(self, bodies: Sequence[Body]) -> int:
        """Take events, all of them or none; they are in the file when this returns. Raises SpoolFull."""
        packed = _to_bytes(bodies)
        with self._guard:
            first = self.last + 1
            row = (first, len(bodies), packed)
            try:
                try:
                    self._database.execute(_INSERT, row)
                except sqlite3.Error:
                    if self._delivered < self.last:
                        raise
                    self._begin_anew()  # nothing is in it, and yet there is no room: a full disk
                    self._database.execute(_INSERT, row)
            except sqlite3.Error as error:
                raise SpoolFull(f"the spool in {self._folder} takes no more ({error})") from None
            if self._at_hand_bytes < AT_HAND_BYTES:
                self._at_hand.append(Portion(first, bodies))
                self._at_hand_bytes += size_of(bodies)
            self.last += len(bodies)
            return first

    def after(self, number: int, most: int) -> list[Portion]:
        """The portions after an event, at most so many."""
        with self._guard:
            at_hand = self._at_hand
            while at_hand and at_hand[0].first <= number:
                self._at_hand_bytes -= size_of(at_hand.popleft().bodies)
            found: list[Portion] = []
            for portion in at_hand:
                if portion.first != number + 1 or len(found) == most:
                    break
                found.append(portion)
                number = portion.last
            return found or self._stored(number, most)

    def _stored(self, number: int, most: int) -> list[Portion]:
        if number >= self.last:
            return []
        rows = self._database.execute(
            "select first, bodies from portion where first > ? order by first limit ?", (number, most)
        )
        found: list[Portion] = []
        events = 0
        for first, packed in rows:
            found.append(Portion(first, _bodies(packed)))
            events += len(found[-1].bodies)
            if events >= ROUND_EVENTS:
                break
        rows.close()  # a statement that is under way would hold up the write-ahead log
        return found

    def remove_through(self, number: int) -> None:
        """Forget every portion up to this event. On a full disk this may have to wait until all are delivered."""
        with self._guard:
            self._delivered = number
            try:
                self._database.execute("delete from portion where first <= ?", (number,))
            except sqlite3.Error as error:
                log.warning("the spool in %s keeps delivered events for the moment: %s", self._folder, error)
                if number >= self.last:
                    self._begin_anew()

    def _begin_anew(self) -> None:
        """Make room where nothing can be written, not even what is deleted: with new files in place of these."""
        if self._refused:
            return  # they are kept for a person to see
        with suppress(sqlite3.Error):
            self._database.close()
            self._remove_files()
            self._database = self._opened()

    def set_aside(self, bodies: Sequence[Body], cause: str) -> None:
        """Keep events that the brokers will never take in a table of their own, with the reason."""
        with self._guard:
            self._refused = True
            try:
                for body in bodies:
                    self._database.execute("insert into refused (cause, body) values (?, ?)", (cause, _to_bytes(body)))
            except sqlite3.Error as error:
                log.error("the spool in %s cannot keep a refused event: %s", self._folder, error)

    def refused(self) -> list[SetAside]:
        """The events that the brokers will never take, the oldest first."""
        with self._guard:
            rows = self._database.execute("select number, cause, body from refused order by number").fetchall()
        return [SetAside(number, cause, _body(packed)) for number, cause, packed in rows]

    def forget_refused(self, numbers: Iterable[int]) -> None:
        """Remove events that were set aside, once somebody else has them."""
        with self._guard:
            self._database.executemany("delete from refused where number = ?", [(number,) for number in numbers])
            (left,) = self._database.execute("select exists (select 1 from refused)").fetchone()
            self._refused = bool(left)

    def close(self) -> None:
        """Close the file, and free the folder. An empty spool leaves no file with events behind."""
        with self._guard:
            try:
                (used,) = self._database.execute(
                    "select exists (select 1 from portion) or exists (select 1 from refused)"
                ).fetchone()
            except sqlite3.Error:
                used = True
            self._database.close()
            if not used:
                self._remove_files()
            self._lock.close()

    def _remove_files(self) -> None:
        for name in FILES:
            with suppress(OSError):
                (self._folder / name).unlink(missing_ok=True)


def _locked(folder: Path) -> IO[bytes]:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = open(os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600), "wb")  # noqa: SIM115 - kept open
    except OSError as error:
        raise UserError(f"the spool cannot be kept in {folder}: {error.strerror}; name another folder") from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        raise UserError(
            f"another publisher uses the spool in {folder}; stop it, or give each publisher a folder of its own"
        ) from None
    return lock
