"""The requests of one transactional producer, each repeated until the broker has carried it out or refused it for good.

aiokafka's own producer takes single records at any time, through a task, an accumulator and a future per batch, which
costs about two milliseconds a transaction. Ours has all of it in hand when a transaction begins. Connections, formats
of requests and record batches are aiokafka's (`streams/engine/protocol.py` adds those that it does not have).
"""

import asyncio
import contextlib
import itertools
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from aiokafka.client import AIOKafkaClient, ConnectionGroup, CoordinationType
from aiokafka.errors import KafkaError, for_code
from aiokafka.protocol.offset import OffsetRequest
from aiokafka.protocol.produce import ProduceRequest
from aiokafka.protocol.transaction import (
    AddOffsetsToTxnRequest,
    AddPartitionsToTxnRequest,
    EndTxnRequest,
    InitProducerIdRequest,
)
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.structs import TopicPartition

from parcelward.settings import Settings
from streams.engine.clients import TRANSACTION_S, producer_options
from streams.engine.protocol import PositionsRequest, StablePositionsRequest

BATCH_BYTES = 1_000_000
"""Size of one record batch; below the 1 MiB that brokers accept by default. One larger record goes alone."""
REQUEST_BYTES = 16 * 1024 * 1024
"""Record batches in one request; brokers accept 100 MiB by default."""
MAGIC = 2
SEQUENCES = 2**31
NO_POSITION = -1
LATEST, EARLIEST = -1, -2
"""In place of a time stamp whose offset is asked for."""
RETRY_S = (0.005, 0.1)
"""First and longest pause before a request is repeated. Most refusals say that the previous transaction is still being
written."""

# Kafka's error codes. A request that is refused only for the moment is repeated as long as the transaction may take.
NONE = 0
NOT_ATTEMPTED = 55  # another partition of the same request was refused, and its code says why
MOVED = frozenset({3, 5, 6, 15, 16, 56})  # ask another broker, or this one a little later
BUSY = frozenset({7, 14, 19, 20, 51, 88})
FENCED = frozenset({22, 25, 47, 90})  # by another producer of this name, or by a newer generation of the group

Output = tuple[bytes | None, bytes | None, Sequence[tuple[str, bytes]]]
"""Key, value and headers of one record to be sent."""
Codes = Iterable[int]


class FencedError(KafkaError):  # type: ignore[misc]
    """Another worker has the partitions, or the broker has ended the transaction."""


class StoppedError(KafkaError):  # type: ignore[misc]
    """The producer was stopped."""


class Member(NamedTuple):
    """A member of the group, and the generation in which it has its partitions."""

    id: str
    generation: int


NOBODY = Member("", -1)


class RecordBatch(NamedTuple):
    """A record batch ready to be sent."""

    data: Any
    records: int


class Producer:
    """A transactional producer of one worker. Raises FencedError, and KafkaError when a broker refuses for good.

    It has no time limits: a request is repeated until its caller cancels it.
    """

    def __init__(self, settings: Settings, name: str) -> None:
        self._client: Any = AIOKafkaClient(**producer_options(settings, name))
        self._group = settings.topics.app_id
        self._name = name
        self._id, self._epoch = -1, -1
        self._sequences: dict[TopicPartition, int] = {}
        self._coordinators: dict[tuple[CoordinationType, str], int] = {}
        self._stopped = False
        self.notes: Mapping[TopicPartition, str] = {}

    async def start(self, names: Collection[str]) -> None:
        """Connect, and fence every producer of these transactional ids: what they left open is aborted. Ours is one."""
        await self._client.bootstrap()
        await asyncio.gather(*map(self._fence, names))

    async def _fence(self, name: str) -> None:
        request = InitProducerIdRequest(name, int(TRANSACTION_S * 1000))
        answer = await self._coordinated(CoordinationType.TRANSACTION, name, request, _one_code)
        if name == self._name:
            self._id, self._epoch = answer.producer_id, answer.producer_epoch

    async def stable_positions(self, sources: Collection[TopicPartition]) -> Mapping[TopicPartition, int]:
        """The group's positions of the sources that have one; waits until none is part of an undecided transaction."""
        request = StablePositionsRequest(self._group, _by_topic(sources))
        answer = await self._coordinated(CoordinationType.GROUP, self._group, request, _codes_of_positions)
        said = {
            TopicPartition(topic, number): position
            for topic, partitions, *_ in answer.topics
            for number, position, *_ in partitions
        }
        # A source that is missing in the answer is an error (KeyError). It does not mean that it has no position.
        return {tp: said[tp] for tp in sources if said[tp] != NO_POSITION}

    async def await_records(self, logs: Collection[TopicPartition]) -> Mapping[TopicPartition, int]:
        """Wait until every record that is in the logs now is committed or aborted; returns their ends, with markers."""
        ends = await self._ends(logs, committed=False)
        for pause in self._pauses():
            decided = await self._ends(logs, committed=True)
            if all(decided[tp] >= end for tp, end in ends.items()):
                return decided
            await asyncio.sleep(pause)
        raise AssertionError("pauses have no end")

    async def beginnings(self, logs: Collection[TopicPartition]) -> Mapping[TopicPartition, int]:
        """The first offset that each log still has."""
        return await self._offsets(logs, partial(_offset_request, where=EARLIEST), 3)

    async def begin(self, partitions: Collection[TopicPartition]) -> None:
        """Begin a transaction in which records go to these partitions and positions to the group."""
        coordinated = (self._name, self._id, self._epoch)
        if partitions:
            added = AddPartitionsToTxnRequest(*coordinated, _by_topic(partitions))
            await self._coordinated(CoordinationType.TRANSACTION, self._name, added, _codes_of_partitions)
        # Before the records are sent, not at the same time: the broker refuses records until this is done.
        group = AddOffsetsToTxnRequest(*coordinated, self._group)
        await self._coordinated(CoordinationType.TRANSACTION, self._name, group, _one_code)

    async def send(self, records: Mapping[TopicPartition, Sequence[Output]]) -> dict[TopicPartition, int]:
        """Write the records, in order; returns the offset of the last one of each partition."""
        ends: dict[TopicPartition, int] = {}
        waiting = {tp: batches for tp, outputs in records.items() if (batches := list(self._batches(tp, outputs)))}
        while waiting:
            size, first = 0, dict[TopicPartition, RecordBatch]()
            for tp, batches in waiting.items():
                size += len(batches[0].data)
                if size > REQUEST_BYTES and first:
                    break
                first[tp] = batches[0]
            sent = await self._offsets(first, partial(self._produce_request, first), 2)
            for tp, offset in sent.items():
                ends[tp] = offset + waiting[tp].pop(0).records - 1
                if not waiting[tp]:
                    del waiting[tp]
        return ends

    def _batches(self, tp: TopicPartition, outputs: Sequence[Output]) -> Iterator[RecordBatch]:
        now, at, without = int(time.time() * 1000), 0, list[Any]()
        while at < len(outputs):
            sequence = self._sequences.get(tp, 0)
            builder = DefaultRecordBatchBuilder(MAGIC, 0, 1, self._id, self._epoch, sequence, BATCH_BYTES)
            append, number = builder.append, 0
            # The builder accepts the first record whatever its size: a very large record gets a batch of its own.
            for key, value, headers in itertools.islice(outputs, at, None):
                if append(number, now, key, value, list(headers) if headers else without) is None:
                    break
                number += 1
            at += number
            self._sequences[tp] = (sequence + number) % SEQUENCES
            yield RecordBatch(builder.build(), number)

    def _produce_request(self, batches: Mapping[TopicPartition, RecordBatch], tps: Iterable[TopicPartition]) -> Any:
        data = defaultdict(list)
        for tp in tps:
            data[tp.topic].append((tp.partition, batches[tp].data))
        return ProduceRequest(self._name, -1, int(TRANSACTION_S * 1000), list(data.items()))

    async def send_positions(self, positions: Mapping[TopicPartition, int], member: Member) -> None:
        """Make positions of the group part of the transaction, as far as the group still knows the member."""
        if member.generation < 0 or not member.id:  # to the broker, a client that is in no group
            raise FencedError("the group has forgotten this worker")
        request = PositionsRequest(self._name, self._group, (self._id, self._epoch), member, positions, self.notes)
        await self._coordinated(CoordinationType.GROUP, self._group, request, _codes_of_partitions)

    async def commit(self) -> None:
        """Commit."""
        request = EndTxnRequest(self._name, self._id, self._epoch, True)
        await self._coordinated(CoordinationType.TRANSACTION, self._name, request, _one_code)

    async def stop(self) -> None:
        """Disconnect; requests that are under way end with StoppedError.

        An open transaction is not aborted here. The next worker that fences this producer aborts it, for certain. We
        could not: a request whose answer is missing may be carried out later, after our abort, and would then be part
        of the next transaction or of none.
        """
        self._stopped = True
        await self._client.close()

    # asking the right broker until it has done it

    async def _coordinated(self, kind: CoordinationType, key: str, request: Any, codes: Callable[[Any], Codes]) -> Any:
        for pause in self._pauses():
            with self._unreachable():
                node = await self._coordinator(kind, key)
                answer = await self._client.send(node, request, group=ConnectionGroup.COORDINATION)
                refused = [self._refused(code) for code in codes(answer)]
                if not any(refused):
                    return answer
            await asyncio.sleep(pause)
        raise AssertionError("pauses have no end")

    async def _coordinator(self, kind: CoordinationType, key: str) -> int:
        known = self._coordinators.get((kind, key))
        if known is None:
            known = self._coordinators[kind, key] = await self._client.coordinator_lookup(kind, key)
        return known

    async def _offsets(
        self, tps: Collection[TopicPartition], request: Callable[[Sequence[TopicPartition]], Any], column: int
    ) -> dict[TopicPartition, int]:
        """Ask each leader for its partitions; the offset is in that column of the answer for a partition."""
        found: dict[TopicPartition, int] = {}
        for pause in self._pauses():
            asked = self._by_leader(tp for tp in tps if tp not in found)
            answers = await asyncio.gather(*(self._to_leader(node, request(mine)) for node, mine in asked.items()))
            for answer in filter(None, answers):
                for topic, partitions in answer.topics:
                    for said in partitions:
                        if not self._refused(said[1]):
                            found[TopicPartition(topic, said[0])] = said[column]
            if len(found) == len(tps):
                break
            await asyncio.sleep(pause)
        return found

    def _by_leader(self, tps: Iterable[TopicPartition]) -> dict[int, list[TopicPartition]]:
        by_leader: dict[int, list[TopicPartition]] = defaultdict(list)
        for tp in tps:
            leader = self._client.cluster.leader_for_partition(tp)
            if leader in (None, -1):
                self._client.add_topic(tp.topic)
                self._client.force_metadata_update()
            else:
                by_leader[leader].append(tp)
        return by_leader

    async def _to_leader(self, node: int, request: Any) -> Any:
        with self._unreachable():
            return await self._client.send(node, request)
        return None

    async def _ends(self, logs: Collection[TopicPartition], *, committed: bool) -> dict[TopicPartition, int]:
        """The offset after the last record, or after the last record whose transaction is decided."""
        return await self._offsets(logs, partial(_offset_request, where=LATEST, committed=committed), 3)

    def _pauses(self) -> Iterator[float]:
        """Pauses between tries, without an end."""
        pause, longest = RETRY_S
        while not self._stopped:
            yield pause
            pause = min(longest, 2 * pause)
        raise StoppedError

    def _refused(self, code: int) -> bool:
        """Tell whether to try again; raises when that would be in vain."""
        if code == NONE:
            return False
        if code in FENCED:
            raise FencedError(f"error code {code}")
        if code in MOVED:
            self._coordinators.clear()
            self._client.force_metadata_update()
        elif code not in BUSY and code != NOT_ATTEMPTED:
            raise for_code(code)()
        return True

    @contextlib.contextmanager
    def _unreachable(self) -> Iterator[None]:
        """Pass over a broker that cannot be reached, and look the brokers up again: another one may answer."""
        try:
            yield
        except KafkaError as error:
            if not error.retriable:
                raise
            self._coordinators.clear()
            self._client.force_metadata_update()


def _by_topic(tps: Iterable[TopicPartition]) -> list[tuple[str, list[int]]]:
    """Partition numbers by topic, as requests have them."""
    topics = defaultdict(list)
    for tp in tps:
        topics[tp.topic].append(tp.partition)
    return list(topics.items())


def _offset_request(tps: Iterable[TopicPartition], *, where: int, committed: bool = False) -> Any:
    asked = [(topic, [(number, where) for number in numbers]) for topic, numbers in _by_topic(tps)]
    return OffsetRequest(-1, int(committed), asked)


def _one_code(answer: Any) -> Codes:
    return (answer.error_code,)


def _codes_of_partitions(answer: Any) -> Codes:
    return (code for _, partitions, *_ in answer.errors for _, code, *_ in partitions)


def _codes_of_positions(answer: Any) -> Codes:
    # TRAP: an answer that failed as a whole has an error code and an empty list of partitions. aiokafka looks only at
    # the list: while the group moves to another broker, no position seems ever to have been committed. (Its own fetcher
    # does so after an assignment and reads from the beginning; the records that it reads before our seek are dropped.)
    return (answer.error_code, *(partition[4] for _, partitions, *_ in answer.topics for partition in partitions))
