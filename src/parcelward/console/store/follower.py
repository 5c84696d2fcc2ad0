"""Follows the topics, and keeps the tables up with them; of several consoles on one database, one does it at a time."""

import logging
import threading
import time
from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from kafka.errors import KafkaError
from sqlalchemy import Connection, func, select, update
from sqlalchemy.exc import SQLAlchemyError

from parcelward.cluster.positioned import OutOfRangeError, PositionedReader
from parcelward.cluster.rewriting import topic_settings
from parcelward.console.store.certainty import Certainty
from parcelward.console.store.database import Database
from parcelward.console.store.ground import doubts
from parcelward.console.store.kinds import COMPACTED, topics_read
from parcelward.console.store.locks import projecting
from parcelward.console.store.projection import Log, OvertakenError, Projection
from parcelward.console.store.retention import take_out
from parcelward.console.store.tables import positions, standing
from parcelward.console.store.transactions import learn_sizes, write_on
from parcelward.errors import UserError
from parcelward.moments import DAY_MS
from parcelward.settings import Settings
from parcelward.stage import SourceRecord

log = logging.getLogger(__name__)

POLL_S = 0.2
AT_ONCE = 10_000
LOOK_S = 0.25
"""Time between two looks at what another console has projected."""
SAID_EVERY_S = 60.0
"""The same trouble is logged this often: it is tried again each second."""
CHECK_S = 30.0
"""Time between two looks at the logs: new topics, what retention took, whether they are still the same."""
CERTAIN_S = 10.0
"""Time after which it is noted again that nothing is missing."""
DELETIONS_KEPT = "delete.retention.ms"


class Logs(Protocol):
    """The logs of a cluster; `PositionedReader` says what each does."""

    def topic_ids(self, topics: Collection[str]) -> dict[Log, str]: ...
    def bounds(self, logs: Collection[Log]) -> dict[Log, tuple[int, int]]: ...
    def read_from(self, positions: Mapping[Log, int]) -> None: ...
    def poll(self, timeout_s: float) -> tuple[list[SourceRecord], dict[Log, int]]: ...


@dataclass(frozen=True, slots=True)
class Progress:
    """Progress of the tables: `ready` once everything of some moment was read, `behind` the records that wait;
    `projecting`: by this very process; `unreadable`: records that were left out; `certain_ms`: the newest moment of
    which it is certain that nothing is missing."""

    ready: bool
    behind: int
    projecting: bool
    unreadable: int
    certain_ms: int


class Follower:
    """A thread that projects, or stands by while another console does. `start`, then `stop`."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        open_logs: Callable[[Settings], AbstractContextManager[Logs]] = PositionedReader,
    ) -> None:
        self._settings, self._database, self._open_logs = settings, database, open_logs
        self._kinds = topics_read(settings)
        self._stopped = threading.Event()
        self._news = threading.Condition()
        self._mark = 0
        self._projecting = False
        self._sizes_known = False
        self._certainty = Certainty()
        self._said, self._said_at = "", 0.0
        self._thread = threading.Thread(target=self._run, name="console-follower", daemon=True)

    def start(self) -> None:
        """Begin to follow."""
        self._thread.start()

    def stop(self) -> None:
        """End, after what is being written is written."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join()

    def progress(self) -> Progress:
        """Say how far the tables are."""
        projecting = self._projecting  # asked first: once it is true, what is noted is of this process
        with self._database.reading() as connection:
            row = connection.execute(select(standing.c.behind, standing.c.at_ms)).one()
            unreadable = connection.execute(select(func.sum(positions.c.unreadable))).scalar()
        return Progress(row.at_ms > 0, row.behind, projecting, int(unreadable or 0), row.at_ms)

    def wait(self, mark: int, timeout_s: float) -> int:
        """Wait until something newer than a mark was written, or for so long; returns the newest mark."""
        with self._news:
            self._news.wait_for(lambda: self._mark > mark or self._stopped.is_set(), timeout_s)
            return self._mark

    def _say(self, error: str) -> None:
        """Log what keeps it from reading: at once, and the same again once in a while."""
        now = time.monotonic()
        if error != self._said or now - self._said_at >= SAID_EVERY_S:
            self._said, self._said_at = error, now
            log.warning("console_projection_interrupted error=%s", error)

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                with self._database.engine.connect() as connection, projecting(connection) as mine:
                    if mine:
                        self._project(connection)
            except (SQLAlchemyError, KafkaError, UserError, OSError, OvertakenError, OutOfRangeError) as error:
                self._say(f"{type(error).__name__}: {_first_line(error)}")
            except Exception:  # a fault of ours: pages go on with what is there, and say since when
                log.exception("console_projection_failed")
            finally:
                self._projecting = False
            for _ in range(4):
                if self._stopped.wait(LOOK_S):
                    return
                self._look()

    def _look(self) -> None:
        """Hear what another console has written."""
        try:
            with self._database.reading() as connection:
                self._tell(connection.execute(select(standing.c.mark)).scalar_one())
        except SQLAlchemyError as error:
            log.warning("console_database_away error=%s", _first_line(error))

    def _tell(self, mark: int) -> None:
        with self._news:
            if mark != self._mark:
                self._mark = mark
                self._news.notify_all()

    def _project(self, connection: Connection) -> None:
        projection = Projection(self._kinds)
        self._certainty = Certainty()
        with self._open_logs(self._settings) as logs:
            log.info("console_projecting")
            while not self._stopped.is_set():
                projection.read_positions(connection)
                self._stand(connection, projection, logs)
                self._note(connection, projection, logs)
                self._projecting = True
                self._follow(connection, projection, logs, time.monotonic() + CHECK_S)

    def _stand(self, connection: Connection, projection: Projection, logs: Logs) -> None:
        """Look whether the logs are those that were read before; if not, read everything anew. Then take up new ones,
        and let go what retention took."""
        ids = logs.topic_ids(self._kinds)
        bounds = logs.bounds(ids)
        found = [f"{one.log[0]}/{one.log[1]}: {one.why}" for one in doubts(projection.positions, ids, bounds)]
        if not found and projection.positions and (away := self._away(connection)) is not None:
            found = [f"for {away} h nobody has read, and deletions are not kept so long"]
        if found:
            log.warning("console_rebuilt logs=%d why=%s", len(found), "; ".join(found[:5]))
            projection.forget_all(connection)
            self._sizes_known, self._certainty = False, Certainty()
        fresh = {at: (topic_id, bounds[at][0]) for at, topic_id in ids.items() if at not in projection.positions}
        projection.begin_with(connection, fresh)
        taken = take_out(connection, projection, {at: bounds[at][0] for at in projection.positions})
        if taken:
            log.info("console_rows_expired offsets=%d", taken)
        logs.read_from({at: one.next for at, one in projection.positions.items()})

    def _away(self, connection: Connection) -> int | None:
        """Hours since it was last certain that nothing is missing, if that is longer than deletions are kept."""
        at_ms = connection.execute(select(standing.c.at_ms)).scalar_one()
        connection.rollback()
        away_ms = int(time.time() * 1000) - at_ms
        if at_ms == 0 or away_ms < DAY_MS // 24:
            return None
        topics = [topic for topic, kind in self._kinds.items() if kind in COMPACTED]
        try:
            kept = topic_settings(self._settings, topics, [DELETIONS_KEPT])
        except UserError:
            kept = {}
        least = min((one.get(DELETIONS_KEPT, DAY_MS) for one in kept.values()), default=DAY_MS)
        return away_ms // 3_600_000 if away_ms >= least else None

    def _follow(self, connection: Connection, projection: Projection, logs: Logs, until: float) -> None:
        noted = time.monotonic()
        while not self._stopped.is_set() and time.monotonic() < until:
            records, read = _gather(logs)
            projection.write(connection, records, read)
            self._tell(projection.mark)
            if records or time.monotonic() - noted > CERTAIN_S:
                self._note(connection, projection, logs)
                noted = time.monotonic()

    def _note(self, connection: Connection, projection: Projection, logs: Logs) -> None:
        """Note how much waits to be read, and the newest moment of which nothing is missing."""
        asked_ms = int(time.time() * 1000)
        ends = {at: end for at, (_, end) in logs.bounds(projection.positions).items()}
        read = {at: one.next for at, one in projection.positions.items()}
        certain_ms = self._certainty.look(asked_ms, ends, read)
        values = {"behind": sum(max(end - read[at], 0) for at, end in ends.items())}
        with write_on(connection):
            connection.execute(update(standing).values(values | ({} if certain_ms is None else {"at_ms": certain_ms})))
        if certain_ms is not None and not self._sizes_known:
            learn_sizes(connection)
            self._sizes_known = True


def _gather(logs: Logs) -> tuple[list[SourceRecord], dict[Log, int]]:
    """Take what has come, in one batch as long as it is not large: a large one costs less for each record."""
    records, read = logs.poll(POLL_S)
    more = records
    while more and len(records) < AT_ONCE:
        more, read = logs.poll(0)
        records = [*records, *more]
    return records, read


def _first_line(error: BaseException) -> str:
    lines = str(getattr(error, "orig", None) or error).strip().splitlines()
    return lines[0][:300] if lines else ""
