"""A batch of records becomes rows, together with the positions up to which topics were read: in one transaction."""

import contextlib
import gc
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from sqlalchemy import Connection, insert, select, update
from sqlalchemy.exc import DBAPIError, OperationalError

from parcelward.console.store import tables
from parcelward.console.store.alert_rows import write_alerts
from parcelward.console.store.design import clear
from parcelward.console.store.kinds import Kind
from parcelward.console.store.letter_rows import (
    Writer,
    write_accounts,
    write_answers,
    write_decisions,
    write_instructions,
    write_refused,
)
from parcelward.console.store.placed import Placed, Unreadable
from parcelward.console.store.places import place_of
from parcelward.console.store.referral_rows import write_cases, write_referrals
from parcelward.console.store.transactions import make_room, write_on
from parcelward.stage import SourceRecord

log = logging.getLogger(__name__)

WRITERS: Mapping[Kind, Writer] = {
    Kind.ALERTS: write_alerts,
    Kind.REFERRALS: write_referrals,
    Kind.CASES: write_cases,
    Kind.INSTRUCTIONS: write_instructions,
    Kind.ANSWERS: write_answers,
    Kind.DECISIONS: write_decisions,
    Kind.REFUSED: write_refused,
    Kind.ACCOUNTS: write_accounts,
}
Log = tuple[str, int]
"""A topic and one of its partitions."""


class OvertakenError(Exception):
    """Somebody else has projected meanwhile: nothing was written, and the positions must be read again."""


class Position(NamedTuple):
    """Position in a log: `number` is its own, `begin` the first offset that has rows, `next` the one to be read."""

    number: int
    topic_id: str
    begin: int
    next: int
    unreadable: int = 0


@dataclass(slots=True)
class Projection:
    """The positions, and what is written with them. Made by the one process that projects."""

    kinds: Mapping[str, Kind]
    positions: dict[Log, Position] = field(default_factory=dict)
    mark: int = 0

    def read_positions(self, connection: Connection) -> None:
        """Read how far it came."""
        make_room(connection)
        table = tables.positions
        self.positions = {
            (row.topic, row.partition): Position(row.number, row.topic_id, row.begin, row.next, row.unreadable)
            for row in connection.execute(select(table))
        }
        self.mark = connection.execute(select(tables.standing.c.mark)).scalar_one()
        connection.rollback()

    def begin_with(self, connection: Connection, logs: Mapping[Log, tuple[str, int]]) -> None:
        """Note logs that have no position yet: by each its topic's id, and the offset with which it begins."""
        with write_on(connection):
            for log_, (topic_id, begin) in sorted(logs.items()):
                number = 1 + max((one.number for one in self.positions.values()), default=0)
                row = {"number": number, "topic_id": topic_id, "begin": begin, "next": begin, "unreadable": 0}
                connection.execute(insert(tables.positions).values(topic=log_[0], partition=log_[1], **row))
                self.positions[log_] = Position(number, topic_id, begin, begin)

    def forget_all(self, connection: Connection) -> None:
        """Empty the projected tables, positions among them. The mark goes on, so that whoever waits hears of it."""
        with write_on(connection):
            clear(connection)
            self.mark += 1
            connection.execute(update(tables.standing).values(mark=self.mark))
        self.positions = {}

    def write(self, connection: Connection, records: Sequence[SourceRecord], read: Mapping[Log, int]) -> int:
        """Write a batch, and how far each log was `read`; returns how many records could not be.

        The records of a log come in the order of their offsets; those before its position are left out. Raises
        OvertakenError, and whatever the database fails with; then nothing was written.
        """
        try:
            with without_collector():
                return self._write(connection, records, read, WRITERS)
        except OperationalError as error:
            if not _is_of_a_record(error):
                raise
        except (DBAPIError, OverflowError, ValueError) as error:
            if isinstance(error, DBAPIError) and error.connection_invalidated:
                raise
        # Some record holds what the database does not take. One by one it is found, and left out.
        log.warning("console_batch_failed records=%d: written one by one", len(records))
        return self._write(connection, records, read, {kind: _one_by_one(writer) for kind, writer in WRITERS.items()})

    def _write(
        self,
        connection: Connection,
        records: Sequence[SourceRecord],
        read: Mapping[Log, int],
        writers: Mapping[Kind, Writer],
    ) -> int:
        batches: dict[Kind, list[Placed]] = {}
        for record in records:
            position = self.positions[record.topic, record.partition]
            if record.offset >= position.next:
                placed = Placed(place_of(position.number, record.offset), record)
                batches.setdefault(self.kinds[record.topic], []).append(placed)
        unreadable, mark = Unreadable(), self.mark + 1
        moved = {at: offset for at, offset in read.items() if offset > self.positions[at].next}
        if not moved:
            return 0
        after: dict[Log, Position] = {}
        with write_on(connection):
            for kind in Kind:
                if kind in batches:
                    writers[kind](connection, batches[kind], mark, unreadable)
            for at, offset in moved.items():
                before = self.positions[at]
                count = before.unreadable + unreadable.counts[before.number]
                after[at] = before._replace(next=offset, unreadable=count)
                self._move(connection, before, after[at])
            connection.execute(update(tables.standing).values(mark=mark))
        self.positions |= after
        self.mark = mark
        return unreadable.counts.total()

    def _move(self, connection: Connection, before: Position, after: Position) -> None:
        table = tables.positions
        there = (table.c.number == before.number, table.c.next == before.next, table.c.topic_id == before.topic_id)
        values = {"next": after.next, "unreadable": after.unreadable, "begin": after.begin}
        if connection.execute(update(table).where(*there).values(values)).rowcount != 1:
            raise OvertakenError


@contextlib.contextmanager
def without_collector() -> Iterator[None]:
    """Put off the search for circles: many objects are made, none of them in one, and looking takes half the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _one_by_one(writer: Writer) -> Writer:
    def write(connection: Connection, placed: Sequence[Placed], mark: int, unreadable: Unreadable) -> None:
        for one in placed:
            try:
                with connection.begin_nested():
                    writer(connection, [one], mark, unreadable)
            except (DBAPIError, OverflowError, ValueError) as error:
                if isinstance(error, DBAPIError) and error.connection_invalidated:
                    raise
                unreadable.add(one.place >> 44, one.record, type(error).__name__)

    return write


def _is_of_a_record(error: OperationalError) -> bool:
    """True where the database refuses a value, and not its own service: PostgreSQL calls too large an entry of an index
    so."""
    return str(getattr(error.orig, "sqlstate", "")).startswith("54")
