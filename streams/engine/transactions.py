"""The transactions of a worker, one at a time: outputs, state and source positions commit together.

A transaction costs about a millisecond of CPU and some of waiting, whatever is in it, so all stages and partitions of
the worker share them: what was computed while one was under way goes into the next.
"""

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol
from zlib import crc32

from aiokafka.errors import KafkaError
from aiokafka.structs import TopicPartition

from parcelward.errors import UserError
from parcelward.footing import Bounds, Footing
from parcelward.settings import Settings
from parcelward.stage import Outcome, Send
from streams.engine.clients import TRANSACTION_S
from streams.engine.pacing import of_late
from streams.engine.producer import FencedError, Member, Output, Producer

log = logging.getLogger(__name__)

CLOSE_S = 5.0
DECIDED_S = 2 * TRANSACTION_S
"""Most seconds until transactions that former owners left open are decided."""
MOST_TURNS = 200
"""Event-loop turns that a commit waits for batches delivered with it. Bounded, so that a lost batch cannot block it."""
MOST_RECORDS = 8000
"""Records of one transaction, about. It may not take too long, and all that its batches lead to is held in memory. The
bound also leaves batches to be computed while a transaction is under way."""


class Found(NamedTuple):
    """Positions to read sources from, and bounds of the changelogs; nobody else can change either any more.

    The group has no position for the `uncommitted` sources: they are read from their beginning.
    """

    positions: Mapping[TopicPartition, int]
    uncommitted: frozenset[TopicPartition]
    changelogs: Mapping[TopicPartition, Bounds]


NEW = Bounds(0, 0)
"""Bounds of a log to which nothing was written."""

Connect = Callable[[Settings, str], Any]
"""Makes a producer with a name: `Producer`, or its stand-in in a simulation."""


class FailedError(Exception):
    """The transaction failed; it may or may not have been committed."""


@dataclass(eq=False, slots=True)
class Work:
    """The outcome of one batch of one stage on one partition number, to be committed; and how the commit ended.

    `positions` are the next ones of its source topics, `records` the number of records in the batch. Once it is
    committed, `written` is the changelog offset up to which its state is written (None: it changed no state), and
    `commit_s` how long the transaction took. If it failed, `error` says why.
    """

    stage: str
    number: int
    outcome: Outcome
    positions: Mapping[str, int]
    records: int = 0
    commit_s: float = 0.0
    done: bool = False
    written: int | None = None
    error: Exception | None = None


class Link(Protocol):
    """Work on records that are sent to `source` in the same transaction; its position is known once they are sent."""

    source: TopicPartition
    work: Work

    def follow(self) -> None:
        """Make memory equal to what was committed."""
        ...

    def release(self) -> None:
        """End the work, however the transaction ended."""
        ...


class Records(dict[TopicPartition, list[Output]]):
    """Records to be sent, by the topic and partition they go to, in order."""

    def __init__(self, partitions: int) -> None:
        super().__init__()
        self._partitions = partitions

    def add(self, partition: int, sends: Iterable[Send]) -> None:
        """Route records by their key; one without a key keeps the partition number of its batch."""
        partitions = self._partitions
        routed: defaultdict[tuple[str, int], list[Output]] = defaultdict(list)
        for topic, key, value, headers in sends:
            routed[topic, partition if key is None else crc32(key) % partitions].append((key, value, headers))
        for where, outputs in routed.items():
            self.setdefault(TopicPartition(*where), []).extend(outputs)

    def move(self, moves: Iterable[tuple[int, Send]]) -> None:
        """Send records into the partitions that are named: theirs are not ours to choose."""
        for partition, (topic, key, value, headers) in moves:
            self.setdefault(TopicPartition(topic, partition), []).append((key, value, headers))


Extend = Callable[[Records, list[Link]], Awaitable[None]]
"""Processes some of the records at once; adds the links that did so, and the records that they send."""


async def extend_by_nothing(records: Records, links: list[Link]) -> None:
    """Leave all records to the workers that read their topics."""


class Transactions:
    """The transactions of the partition numbers that a member of the group has in one generation.

    TRAP: the producer's id is that of the worker's lowest number. A former owner that was paused may be fenced late,
    by a worker that did not take over its partition. Until then the group refuses its positions, and so its
    transactions: every transaction holds positions, and the group takes none from an earlier generation.
    """

    def __init__(
        self, settings: Settings, numbers: Collection[int], member: Member, connect: Connect = Producer
    ) -> None:
        self._settings = settings
        self._connect = connect
        self._member = member
        self._numbers = sorted(numbers)
        self._producer: Any = None
        self._ready: list[Work] = []
        self._turn = asyncio.Lock()
        self._failed: Exception | None = None
        self.extend: Extend = extend_by_nothing
        self.computing: set[object] = set()
        self.last_commit = float("-inf")
        self.commit_s = 0.0
        self.ends: dict[TopicPartition, int] = {}
        self.topic_ids: Mapping[str, str] = {}
        self._changelogs: dict[TopicPartition, Bounds] = {}

    async def open(
        self,
        sources: Collection[TopicPartition],
        changelogs: Collection[TopicPartition],
        ours: Collection[TopicPartition] = (),
    ) -> Found:
        """Fence former owners, wait until the transactions that they left open are decided, and say what there is then.

        From now on only we change it. `ours` are sources that nobody else writes to; `ends` will hold their ends.
        """
        names = [f"{self._settings.topics.app_id}-{number}" for number in self._numbers]
        self._producer = self._connect(self._settings, names[0])
        try:
            async with asyncio.timeout(TRANSACTION_S):
                await self._producer.start(names)
        except TimeoutError as error:
            raise FailedError(f"nobody could be fenced within {TRANSACTION_S:.0f} s: brokers do not answer") from error
        try:
            async with asyncio.timeout(DECIDED_S):
                # Positions are read first. Each was committed with its changelog records, so the changelogs that are
                # read next cannot be older. Former owners can add no more positions.
                positions = await self._producer.stable_positions(sources)
                ends = await self._producer.await_records([*changelogs, *ours])
                uncommitted = frozenset(sources) - positions.keys()
                beginnings = await self._producer.beginnings([*changelogs, *uncommitted])
        except TimeoutError as error:
            raise FailedError(
                "brokers do not answer, or a former owner's transaction is still undecided for one of "
                f'{sorted({*sources, *changelogs})} (docs/runbook.md, "A transaction without an end")'
            ) from error
        except NotImplementedError as error:
            raise UserError("the brokers are older than Kafka 2.5") from error
        self.ends = {tp: ends[tp] for tp in ours}
        self._changelogs = {tp: Bounds(beginnings[tp], ends[tp]) for tp in changelogs}
        return Found(
            {tp: beginnings[tp] if tp in uncommitted else positions[tp] for tp in sources},
            uncommitted,
            dict(self._changelogs),
        )

    async def commit(self, work: Work) -> None:
        """Send an outcome and the next position of each source topic, in one transaction, and wait for its commit.

        Raises FencedError or FailedError; either way memory must not change.
        """
        self._ready.append(work)
        try:
            async with self._turn:
                if not work.done:  # with the transaction before
                    await self._await_others()
                    await self._commit_all(self._next())
        except asyncio.CancelledError:
            # It may be committed or not, and memory stays as it was: this worker must commit nothing more.
            self._failed = self._failed or FailedError("given up")
            raise
        if work.error is not None:
            raise work.error

    async def _await_others(self) -> None:
        """Wait for the batches that were delivered with this one: they are computed one after the other."""
        for _ in range(MOST_TURNS):
            await asyncio.sleep(0)
            if not self.computing or sum(work.records for work in self._ready) >= MOST_RECORDS:
                break

    def _next(self) -> list[Work]:
        """Remove and return the works of the next transaction, in the order in which they became ready."""
        ready, records = list[Work](), 0
        while self._ready and records < MOST_RECORDS:
            ready.append(self._ready.pop(0))
            records += ready[-1].records
        return ready

    async def _commit_all(self, ready: Sequence[Work]) -> None:
        """Commit them together, and note in each how that ended. After a failure nothing is committed any more."""
        error: Exception | None = FailedError("given up")  # for the others if this task is cancelled
        try:
            if self._failed is None:
                await self._commit(ready)
            error = self._failed
        except FencedError as fenced:
            error = fenced
        except (KafkaError, TimeoutError, AssertionError) as failed:
            error = FailedError(repr(failed))
            error.__cause__ = failed
        except Exception as raised:
            error = raised
        finally:
            self._failed = self._failed or error
            for work in ready:
                work.done, work.error = True, error

    async def _commit(self, ready: Sequence[Work]) -> None:
        links: list[Link] = []
        try:
            records = Records(self._settings.partitions)
            for work in ready:
                records.add(work.number, work.outcome.sends)
                records.move(work.outcome.moves)
            await self.extend(records, links)
            async with asyncio.timeout(TRANSACTION_S):
                await self._write(ready, links, records)
            for one in links:
                one.follow()
        finally:
            for one in links:
                one.release()

    async def _write(self, ready: Sequence[Work], links: Sequence[Link], records: Records) -> None:
        producer, topics = self._producer, self._settings.topics
        works = [*ready, *(one.work for one in links)]
        changelogs = [TopicPartition(topics.changelog(work.stage), work.number) for work in works]
        for work, changelog in zip(works, changelogs, strict=True):
            if work.outcome.updates:
                records[changelog] = [(key, value, ()) for key, value in work.outcome.updates.items()]
        begun = time.monotonic()
        await producer.begin(records)
        last = await producer.send(records)
        for one in links:
            one.work.positions = {one.source.topic: last[one.source] + 1}
        written = {tp: self._written(tp, last[tp]) for tp in changelogs if tp in last}
        producer.notes = self._notes(works, written)
        # After the records: a position that the group has taken says that all of them are in the logs.
        await producer.send_positions(
            {TopicPartition(topic, work.number): at for work in works for topic, at in work.positions.items()},
            self._member,
        )
        await producer.commit()
        self.last_commit = time.monotonic()
        self.commit_s = of_late(self.commit_s, self.last_commit - begun)
        self._changelogs |= written
        self.ends.update((tp, last[tp] + 1) for tp in self.ends.keys() & last.keys())
        for work, changelog in zip(works, changelogs, strict=True):
            work.commit_s = self.last_commit - begun
            # The commit marker takes the offset after the last record, and belongs to this write.
            work.written = last[changelog] + 1 if changelog in last else None

    def _written(self, changelog: TopicPartition, last: int) -> Bounds:
        """The bounds of a changelog after a record at offset `last`. Raises UserError if that is before its end."""
        known = self._changelogs.get(changelog, NEW)
        if last < known.end:
            raise UserError(
                f"the changelog {changelog.topic}, partition {changelog.partition}, was deleted and made again while "
                'the worker ran; see docs/runbook.md, "The state is gone"'
            )
        return Bounds(known.start, last + 1)

    def _notes(self, works: Iterable[Work], written: Mapping[TopicPartition, Bounds]) -> dict[TopicPartition, str]:
        """The note of each position (see `footing`); none where the topics' ids are not known."""
        ids, notes = self.topic_ids, {}
        if not ids:
            return {}
        for work in works:
            changelog = TopicPartition(self._settings.topics.changelog(work.stage), work.number)
            start, end = written.get(changelog) or self._changelogs.get(changelog, NEW)
            for topic in work.positions:
                if topic not in ids or changelog.topic not in ids:  # made a moment ago, and not yet known
                    continue
                footing = Footing(ids[topic], ids[changelog.topic], self._settings.partitions, start, end)
                notes[TopicPartition(topic, work.number)] = footing.note()
        return notes

    async def close(self) -> None:
        """Disconnect and commit nothing any more; never raises, never takes longer than a few seconds."""
        self._failed = self._failed or FailedError("given up")
        # Partitions that are referred to from here would live as long as the process: the garbage collector was told
        # to leave alone all that was there after recovery.
        self.extend = extend_by_nothing
        self.computing.clear()
        if self._producer is None:
            return
        try:
            async with asyncio.timeout(CLOSE_S):
                await self._producer.stop()
        except (KafkaError, TimeoutError) as error:
            log.info("a connection was left as it is", extra={"error": type(error).__name__})
