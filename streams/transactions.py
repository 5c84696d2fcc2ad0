"""The transactions of a worker, one at a time: outputs, state and source positions commit together.

A transaction costs about a millisecond of CPU and some of waiting, whatever is in it, so all stages and partitions of
the worker share them: what was computed while one was under way goes into the next.
"""

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zlib import crc32

from aiokafka.errors import KafkaError
from aiokafka.structs import TopicPartition

from parcelward.errors import UserError
from parcelward.settings import Settings
from parcelward.stage import Outcome
from streams.clients import TRANSACTION_S
from streams.producer import FencedError, Member, Output, Producer

log = logging.getLogger(__name__)

CLOSE_S = 5.0
SETTLE_S = 2 * TRANSACTION_S

Connect = Callable[[Settings, str], Any]
"""Makes a producer with a name: `Producer`, or what stands in for it in a simulation."""


class FailedError(Exception):
    """The transaction failed; it may or may not have been committed."""


@dataclass(eq=False, slots=True)
class Work:
    """What one batch of one stage on one partition leads to, and what came of it: `written`, or the `error`."""

    stage: str
    partition: int
    outcome: Outcome
    positions: Mapping[str, int]
    done: bool = False
    written: int | None = None
    error: Exception | None = None


def route(ready: Iterable[Work], partitions: int) -> dict[TopicPartition, list[Output]]:
    """Group records by where they go, in order: by key; a record without key keeps the partition number it is from."""
    routed: defaultdict[tuple[str, int], list[Output]] = defaultdict(list)
    for work in ready:
        for topic, key, value, headers in work.outcome.sends:
            where = topic, work.partition if key is None else crc32(key) % partitions
            routed[where].append((key, value, headers))
    return {TopicPartition(*where): outputs for where, outputs in routed.items()}


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
        self.last_commit = float("-inf")

    async def open(self, sources: Collection[TopicPartition], changelogs: Collection[TopicPartition]) -> None:
        """Fence whoever owned these before, and wait until what they left open is decided.

        Positions of sources and changelogs are final for us once this returns, so it comes before either is read.
        """
        names = [f"{self._settings.topics.app_id}-{number}" for number in self._numbers]
        self._producer = self._connect(self._settings, names[0])
        async with asyncio.timeout(TRANSACTION_S):
            await self._producer.start(names)
        try:
            async with asyncio.timeout(SETTLE_S):
                # The group takes no more positions of former owners, and what belongs to those that it has taken stands
                # in the changelogs already.
                await self._producer.await_positions(sources)
                await self._producer.await_records(changelogs)
        except TimeoutError as error:
            raise FailedError(
                f"a former owner's transaction is still undecided for one of {sorted({*sources, *changelogs})} "
                '(docs/runbook.md, "A transaction without an end")'
            ) from error
        except NotImplementedError as error:
            raise UserError("the brokers are older than Kafka 2.5") from error

    async def commit(self, stage: str, partition: int, outcome: Outcome, positions: Mapping[str, int]) -> int | None:
        """Send an outcome and the next position of each source topic, in one transaction, and wait for its commit.

        Returns the changelog offset up to which the state is then written, None when nothing was. Raises FencedError
        or FailedError; either way memory must not change.
        """
        work = Work(stage, partition, outcome, positions)
        self._ready.append(work)
        try:
            async with self._turn:
                if not work.done:  # by whoever had the turn before
                    await asyncio.sleep(0)  # others may be about to compute
                    ready, self._ready = self._ready, []
                    await self._commit_all(ready)
        except asyncio.CancelledError:
            # Committed or not, memory will not follow: nothing may be computed from it and committed any more.
            self._failed = self._failed or FailedError("given up")
            raise
        if work.error is not None:
            raise work.error
        return work.written

    async def _commit_all(self, ready: Sequence[Work]) -> None:
        """Commit them together, and tell each what came of it. After one that failed there is no other."""
        error: Exception | None = FailedError("given up")  # what the others hear if this task is cancelled
        try:
            if self._failed is None:
                async with asyncio.timeout(TRANSACTION_S):
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
        producer, topics = self._producer, self._settings.topics
        records = route(ready, self._settings.partitions)
        changelogs = [TopicPartition(topics.changelog(work.stage), work.partition) for work in ready]
        for work, changelog in zip(ready, changelogs, strict=True):
            if work.outcome.updates:
                records[changelog] = [(key, value, ()) for key, value in work.outcome.updates.items()]
        await producer.begin(records)
        last = await producer.send(records)
        # After the records: a position that the group has taken says that all of them are in the logs.
        await producer.send_positions(
            {TopicPartition(topic, work.partition): at for work in ready for topic, at in work.positions.items()},
            self._member,
        )
        await producer.commit()
        self.last_commit = time.monotonic()
        for work, changelog in zip(ready, changelogs, strict=True):
            # The commit marker takes the offset after the last record, and it belongs to what we have written.
            work.written = last[changelog] + 1 if changelog in last else None

    async def close(self) -> None:
        """Disconnect; never raises, never takes longer than a few seconds. Nothing is committed any more."""
        self._failed = self._failed or FailedError("given up")
        if self._producer is None:
            return
        try:
            async with asyncio.timeout(CLOSE_S):
                await self._producer.stop()
        except (KafkaError, TimeoutError) as error:
            log.info("a connection was left as it is", extra={"error": type(error).__name__})
