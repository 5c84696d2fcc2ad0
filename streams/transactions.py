"""One transactional producer per partition number: outputs, state and source positions of its stages commit together.

A transaction costs about a millisecond of CPU and twenty of waiting, whatever is in it, so the stages of a partition
number share them: what was computed while one was under way goes into the next.
"""

import asyncio
import contextlib
import logging
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zlib import crc32

from aiokafka import AIOKafkaProducer
from aiokafka.errors import IllegalOperation, InvalidProducerEpoch, KafkaError, ProducerFenced
from aiokafka.structs import OffsetAndMetadata, TopicPartition

from parcelward.settings import Settings
from parcelward.stage import Outcome, Send
from streams.clients import TRANSACTION_S, producer_options

log = logging.getLogger(__name__)

CLOSE_S = 5.0
FENCED = (ProducerFenced, InvalidProducerEpoch)

Connect = Callable[..., Any]
"""Makes a producer from its options: `AIOKafkaProducer`, or what stands in for it in a simulation."""


class FencedError(Exception):
    """Another worker has taken the partition over; nothing of this transaction was committed."""


class FailedError(Exception):
    """The transaction failed for another reason; it may or may not have been committed."""


Output = tuple[bytes | None, bytes | None, Sequence[tuple[str, bytes]]]
"""Key, value and headers of one record on its way out."""


def route(sends: Iterable[Send], partitions: int, own: int) -> dict[TopicPartition, list[Output]]:
    """Group records by where they go, in order: by key; a record without key keeps the partition number it is from."""
    routed: defaultdict[tuple[str, int], list[Output]] = defaultdict(list)
    for topic, key, value, headers in sends:
        routed[topic, own if key is None else crc32(key) % partitions].append((key, value, headers))
    return {TopicPartition(*where): outputs for where, outputs in routed.items()}


@dataclass(eq=False, slots=True)
class Work:
    """What one batch of one stage leads to, and what came of it: `written`, or the `error` that it failed with."""

    stage: str
    outcome: Outcome
    positions: Mapping[str, int]
    done: bool = False
    written: int | None = None
    error: Exception | None = None


class Transactions:
    """The transactions of one partition number, one at a time."""

    def __init__(self, settings: Settings, partition: int, connect: Connect = AIOKafkaProducer) -> None:
        self._settings = settings
        self._connect = connect
        self._partition = partition
        self._group = settings.topics.app_id
        self._id = f"{self._group}-{partition}"
        self._producer: Any = None
        self._ready: list[Work] = []
        self._turn = asyncio.Lock()
        self._failed: Exception | None = None

    async def open(self) -> None:
        """Fence whoever owned the partitions of this number before, and settle what they left open.

        Positions and changelogs are final for us once this returns, so it comes before either is read.
        """
        self._producer = self._connect(**producer_options(self._settings, self._id))
        async with asyncio.timeout(TRANSACTION_S):
            await self._producer.start()

    async def commit(self, stage: str, outcome: Outcome, positions: Mapping[str, int]) -> int | None:
        """Send an outcome and the next position of each source topic, in one transaction, and wait for its commit.

        Returns the changelog offset up to which the state is then written, None when nothing was. Raises FencedError
        or FailedError; either way memory must not change.
        """
        work = Work(stage, outcome, positions)
        self._ready.append(work)
        try:
            async with self._turn:
                if not work.done:  # by whoever had the turn before
                    await asyncio.sleep(0)  # other stages may be about to compute
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
                await self._transaction(ready)
            error = self._failed
        except Exception as raised:
            error = raised
        finally:
            self._failed = self._failed or error
            for work in ready:
                work.done, work.error = True, error

    async def _transaction(self, ready: Sequence[Work]) -> None:
        manager = self._producer._txn_manager
        try:
            async with asyncio.timeout(TRANSACTION_S):
                await self._commit(ready)
        except (KafkaError, TimeoutError, AssertionError, IllegalOperation) as error:
            # TRAP: when the broker ends a transaction while we still send, aiokafka refuses our next step as not
            # allowed; only the transaction's own future says that we were fenced.
            fenced = isinstance(error, FENCED) or isinstance(_ended_by(manager), FENCED)
            raise (FencedError if fenced else FailedError) from error

    async def _commit(self, ready: Sequence[Work]) -> None:
        producer, partition = self._producer, self._partition
        await producer.begin_transaction()
        waiting: list[Any] = []
        routed = route((send for work in ready for send in work.outcome.sends), self._settings.partitions, partition)
        for where, outputs in routed.items():
            await self._send(where, outputs, waiting)
        states: list[tuple[Any, int] | None] = []
        for work in ready:
            changelog = TopicPartition(self._settings.topics.changelog(work.stage), partition)
            updates = [(key, value, ()) for key, value in work.outcome.updates.items()]
            states.append(await self._send(changelog, updates, waiting))
        # TRAP: aiokafka commits even when a record batch was refused; only its future says so.
        for result in await asyncio.gather(*waiting, return_exceptions=True):
            if isinstance(result, BaseException):
                raise result
        offsets = {
            TopicPartition(topic, partition): OffsetAndMetadata(offset, "")
            for work in ready
            for topic, offset in work.positions.items()
        }
        if offsets:
            # Not earlier: while the group is being added to the transaction the broker refuses its records, and each
            # refusal costs a retry.
            await producer.send_offsets_to_transaction(offsets, self._group)
        await producer.commit_transaction()
        for work, state in zip(ready, states, strict=True):
            # The commit marker takes the offset after the last record, and it belongs to what we have written.
            work.written = None if state is None else state[0].result().offset + state[1]

    async def _send(
        self, where: TopicPartition, outputs: Sequence[Output], waiting: list[Any]
    ) -> tuple[Any, int] | None:
        """Send as record batches; adds their futures to `waiting` and returns the last one with its record count."""
        producer, last, at = self._producer, None, 0
        now, none = int(time.time() * 1000), list[Any]()
        while at < len(outputs):
            batch = producer.create_batch()
            append = batch.append
            # The first record is taken whatever its size, so one that is larger than a batch gets one of its own.
            while at < len(outputs):
                key, value, headers = outputs[at]
                if append(key=key, value=value, timestamp=now, headers=list(headers) if headers else none) is None:
                    break
                at += 1
            last = (await producer.send_batch(batch, where.topic, partition=where.partition), batch.record_count())
            waiting.append(last[0])
        return last

    async def close(self) -> None:
        """Abort what is open and disconnect; never raises, never takes longer than a few seconds."""
        producer, self._producer = self._producer, None
        if producer is None:
            return
        manager = producer._txn_manager
        try:
            async with asyncio.timeout(CLOSE_S):
                if manager.is_in_transaction():
                    with contextlib.suppress(KafkaError, AssertionError):
                        await producer.abort_transaction()
                await producer.stop()
        except (KafkaError, TimeoutError) as error:
            log.info("producer was closed by force", extra={"error": type(error).__name__})
            with contextlib.suppress(Exception):
                await producer.client.close()
        finally:
            _ended_by(manager)  # we know already; asyncio would report that nobody asked the future


def _ended_by(manager: Any) -> BaseException | None:
    """The error that ended the last transaction, if one did."""
    waiter = manager._transaction_waiter
    return waiter.exception() if waiter is not None and waiter.done() and not waiter.cancelled() else None
