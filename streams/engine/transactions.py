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
from parcelward.settings import Settings
from parcelward.stage import Outcome, Send
from streams.engine.clients import TRANSACTION_S
from streams.engine.producer import FencedError, Member, Output, Producer
from streams.engine.state import Bounds

log = logging.getLogger(__name__)

CLOSE_S = 5.0
SETTLE_S = 2 * TRANSACTION_S
MOST_TURNS = 200
"""Of the loop, in which others that were delivered at the same time are computed; one that is lost holds nobody up."""
MOST_RECORDS = 8000
"""Records whose batches go into one transaction, about: it may not take too long, and all that comes of them is held in
memory. It also leaves batches to be computed while it is under way."""


class Found(NamedTuple):
    """What is in Kafka, final for us: where each source is to be read from, and what each changelog has.

    Of the `uncommitted` sources the group has no position; they are read from their beginning.
    """

    positions: Mapping[TopicPartition, int]
    uncommitted: frozenset[TopicPartition]
    changelogs: Mapping[TopicPartition, Bounds]


Connect = Callable[[Settings, str], Any]
"""Makes a producer with a name: `Producer`, or what stands in for it in a simulation."""


class FailedError(Exception):
    """The transaction failed; it may or may not have been committed."""


@dataclass(eq=False, slots=True)
class Work:
    """What one batch of one stage on one partition leads to, and what came of it.

    `positions` are the next ones of its source topics, `records` how many it is of. `written` is the changelog offset
    up to which its state is written once it is committed, None when nothing was; `commit_s` is how long the transaction
    took, and `error` why it failed.
    """

    stage: str
    partition: int
    outcome: Outcome
    positions: Mapping[str, int]
    records: int = 0
    commit_s: float = 0.0
    done: bool = False
    written: int | None = None
    error: Exception | None = None


class Carried(Protocol):
    """Work on what is sent in the same transaction, to `source`; its position is known once that was sent."""

    source: TopicPartition
    work: Work

    def settle(self) -> None:
        """It is committed."""
        ...

    def release(self) -> None:
        """It is over, however it ended."""
        ...


class Records(dict[TopicPartition, list[Output]]):
    """Records on their way out, by where they go, in order."""

    def __init__(self, partitions: int) -> None:
        super().__init__()
        self._partitions = partitions

    def add(self, partition: int, sends: Iterable[Send]) -> None:
        """Route by key; a record without key keeps the partition number that it is from."""
        partitions = self._partitions
        routed: defaultdict[tuple[str, int], list[Output]] = defaultdict(list)
        for topic, key, value, headers in sends:
            routed[topic, partition if key is None else crc32(key) % partitions].append((key, value, headers))
        for where, outputs in routed.items():
            self.setdefault(TopicPartition(*where), []).extend(outputs)


Carry = Callable[[Records, list[Carried]], Awaitable[None]]
"""Does what can be done at once with some of the records, and adds what that leads to."""


async def carry_nothing(records: Records, carried: list[Carried]) -> None:
    """Whatever is sent is read again, by whoever has the partition."""


class Transactions:
    """The transactions of the partition numbers that a member of the group was given in one generation.

    TRAP: the producer has the name of the lowest number, and every name is fenced by whoever has its number now. So a
    former owner that was paused is fenced for certain, but perhaps by another worker than the one that has its
    partition. What keeps it from committing in between is that positions belong to every transaction, and that the
    group takes none from an earlier generation.
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
        self.carry: Carry = carry_nothing
        self.computing: set[object] = set()
        self.last_commit = float("-inf")
        self.ends: dict[TopicPartition, int] = {}

    async def open(
        self,
        sources: Collection[TopicPartition],
        changelogs: Collection[TopicPartition],
        ours: Collection[TopicPartition] = (),
    ) -> Found:
        """Fence whoever owned these before, wait until what they left open is decided, and say what there is then.

        Only we change it from now on. The same holds for `ours`, sources that nobody else writes to; `ends` has their
        ends.
        """
        names = [f"{self._settings.topics.app_id}-{number}" for number in self._numbers]
        self._producer = self._connect(self._settings, names[0])
        try:
            async with asyncio.timeout(TRANSACTION_S):
                await self._producer.start(names)
        except TimeoutError as error:
            raise FailedError(f"nobody could be fenced within {TRANSACTION_S:.0f} s: brokers do not answer") from error
        try:
            async with asyncio.timeout(SETTLE_S):
                # The group takes no more positions of former owners, and what belongs to those that it has taken stands
                # in the changelogs already.
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
        return Found(
            {tp: beginnings[tp] if tp in uncommitted else positions[tp] for tp in sources},
            uncommitted,
            {tp: Bounds(beginnings[tp], ends[tp]) for tp in changelogs},
        )

    async def commit(self, work: Work) -> None:
        """Send an outcome and the next position of each source topic, in one transaction, and wait for its commit.

        Raises FencedError or FailedError; either way memory must not change.
        """
        self._ready.append(work)
        try:
            async with self._turn:
                if not work.done:  # by whoever had the turn before
                    await self._await_others()
                    await self._commit_all(self._next())
        except asyncio.CancelledError:
            # Committed or not, memory will not follow: nothing may be computed from it and committed any more.
            self._failed = self._failed or FailedError("given up")
            raise
        if work.error is not None:
            raise work.error

    async def _await_others(self) -> None:
        """Batches that were delivered together are computed one after the other, and belong together."""
        for _ in range(MOST_TURNS):
            await asyncio.sleep(0)
            if not self.computing or sum(work.records for work in self._ready) >= MOST_RECORDS:
                break

    def _next(self) -> list[Work]:
        """What goes into the next transaction. It became ready in the order of turns: whoever has the turn is first."""
        ready, records = list[Work](), 0
        while self._ready and records < MOST_RECORDS:
            ready.append(self._ready.pop(0))
            records += ready[-1].records
        return ready

    async def _commit_all(self, ready: Sequence[Work]) -> None:
        """Commit them together, and tell each what came of it. After one that failed there is no other."""
        error: Exception | None = FailedError("given up")  # what the others hear if this task is cancelled
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
        carried: list[Carried] = []
        try:
            records = Records(self._settings.partitions)
            for work in ready:
                records.add(work.partition, work.outcome.sends)
            await self.carry(records, carried)
            async with asyncio.timeout(TRANSACTION_S):
                await self._write(ready, carried, records)
            for one in carried:
                one.settle()
        finally:
            for one in carried:
                one.release()

    async def _write(self, ready: Sequence[Work], carried: Sequence[Carried], records: Records) -> None:
        producer, topics = self._producer, self._settings.topics
        works = [*ready, *(one.work for one in carried)]
        changelogs = [TopicPartition(topics.changelog(work.stage), work.partition) for work in works]
        for work, changelog in zip(works, changelogs, strict=True):
            if work.outcome.updates:
                records[changelog] = [(key, value, ()) for key, value in work.outcome.updates.items()]
        begun = time.monotonic()
        await producer.begin(records)
        last = await producer.send(records)
        for one in carried:
            one.work.positions = {one.source.topic: last[one.source] + 1}
        # After the records: a position that the group has taken says that all of them are in the logs.
        await producer.send_positions(
            {TopicPartition(topic, work.partition): at for work in works for topic, at in work.positions.items()},
            self._member,
        )
        await producer.commit()
        self.last_commit = time.monotonic()
        self.ends.update((tp, last[tp] + 1) for tp in self.ends.keys() & last.keys())
        for work, changelog in zip(works, changelogs, strict=True):
            work.commit_s = self.last_commit - begun
            # The commit marker takes the offset after the last record, and it belongs to what we have written.
            work.written = last[changelog] + 1 if changelog in last else None

    async def close(self) -> None:
        """Disconnect; never raises, never takes longer than a few seconds. Nothing is committed any more."""
        self._failed = self._failed or FailedError("given up")
        # What belongs to us and is referred to from here would live as long as the process: it was there when the
        # garbage collector was told to forget all there is.
        self.carry = carry_nothing
        self.computing.clear()
        if self._producer is None:
            return
        try:
            async with asyncio.timeout(CLOSE_S):
                await self._producer.stop()
        except (KafkaError, TimeoutError) as error:
            log.info("a connection was left as it is", extra={"error": type(error).__name__})
