"""Stand-ins for a broker's clients: the producer and the consumer's thread. Each of their effects is a step."""

from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Mapping, Sequence, Set
from functools import partial
from typing import Any, Protocol, TypeVar

from aiokafka.errors import IllegalStateError
from aiokafka.structs import TopicPartition

from streams.engine.consumer_thread import Fetched
from streams.engine.producer import Member
from tests.crash.broker import Broker, Row

T = TypeVar("T")

BATCH_ROWS = 3
"""Records of one record batch: few, so that an outcome needs several."""
POLL_S = 1.0


class Line(Protocol):
    """The connection of one process to Kafka; a step is one effect, before and after which anything may happen."""

    broker: Broker

    def step(self, name: str, effect: Callable[[], T]) -> Awaitable[T]: ...
    def left(self, name: str) -> None:
        """A producer is gone, and perhaps its transaction is open."""
        ...

    def most_records(self) -> int:
        """Number of records that the next fetch brings of one partition."""
        ...

    @property
    def deleted(self) -> bool:
        """True when holes in the logs are what retention has deleted."""
        ...

    def change(self, wait_s: float) -> Awaitable[None]:
        """Until something has changed in Kafka, at most `wait_s`."""
        ...


class SimulatedProducer:
    """As ours; records go out in batches, each of which may be refused or the last one that is carried out."""

    def __init__(self, line: Line, name: str) -> None:
        self._line = line
        self._name = name
        self._epoch = -1

    async def start(self, names: Collection[str]) -> None:
        """Fence former producers of this name; the scenario says who fences others."""
        self._epoch = await self._line.step("fence", lambda: self._line.broker.init(self._name))

    async def stable_positions(self, sources: Collection[TopicPartition]) -> Mapping[TopicPartition, int]:
        """The positions of the group, once they are decided."""
        broker = self._line.broker
        read = partial(broker.positions_of, sources)
        while (
            found := await self._line.step("decided", lambda: read() if broker.positions_decided(sources) else None)
        ) is None:
            await self._line.change(POLL_S)
        return found

    async def await_records(self, logs: Collection[TopicPartition]) -> Mapping[TopicPartition, int]:
        """Wait until what stands in the logs is decided."""
        logs_of = self._line.broker.logs
        ends = await self._line.step("ends", lambda: {tp: len(logs_of[tp].entries) for tp in logs})
        while any(logs_of[tp].stable_end(tp) < end for tp, end in ends.items()):
            await self._line.change(POLL_S)
        return await self._line.step("ends", lambda: {tp: logs_of[tp].stable_end(tp) for tp in logs})

    async def beginnings(self, logs: Collection[TopicPartition]) -> Mapping[TopicPartition, int]:
        """Nothing is ever compacted away."""
        return dict.fromkeys(logs, 0)

    async def begin(self, partitions: Collection[TopicPartition]) -> None:
        """Nothing can be seen of it."""
        while not await self._line.step("begin", lambda: self._line.broker.may_begin(self._name, self._epoch)):
            await self._line.change(POLL_S)

    async def send(self, records: Mapping[TopicPartition, Sequence[Row]]) -> dict[TopicPartition, int]:
        """Append, batch by batch."""
        last = {}
        for tp, rows in records.items():
            for batch in batched([(key, value, tuple(headers)) for key, value, headers in rows], BATCH_ROWS):
                append = partial(self._line.broker.append, self._name, self._epoch, tp, batch)
                last[tp] = await self._line.step("produce", append) + len(batch) - 1
        return last

    async def send_positions(self, positions: Mapping[TopicPartition, int], member: Member) -> None:
        """Positions become part of the transaction."""
        await self._line.step(
            "positions", lambda: self._line.broker.add_positions(self._name, self._epoch, positions, member)
        )

    async def commit(self) -> None:
        """Commit."""
        await self._line.step("commit", lambda: self._line.broker.commit(self._name, self._epoch))

    async def stop(self) -> None:
        """Disconnect."""
        self._line.left(self._name)


def batched(rows: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """Cut into pieces of at most `size`."""
    return (rows[at : at + size] for at in range(0, len(rows), size))


class SimulatedThread:
    """The consumer's thread: fetches, positions, seeks."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self.epoch = 0
        self.member = Member("", -1)
        self.positions: dict[TopicPartition, int] = {}

    def assign(self, sources: Iterable[TopicPartition], generation: int) -> None:
        """Start from the positions that are committed now; whoever had the partition may still commit others."""
        self.member = Member("member", generation)
        self.positions = {tp: self._line.broker.positions.get(tp, 0) for tp in sources}

    async def fetch(
        self, active: frozenset[Any], recovering: frozenset[Any], unread: Set[Any], wait_s: float
    ) -> Fetched:
        """Committed records after our positions, waiting at most `wait_s` seconds for the first."""
        mine = [tp for tp in sorted(active) if tp in self.positions]
        if not self._any(mine):
            await self._line.change(wait_s)
        if self._any(mine):
            return await self._line.step("fetch", lambda: self._fetch(mine, recovering))
        return self._fetch(mine, recovering)

    def _any(self, mine: Sequence[Any]) -> bool:
        logs = self._line.broker.logs
        return any(tp in self.positions and logs[tp].committed(tp, self.positions[tp]) for tp in mine)

    def _fetch(self, mine: Sequence[Any], recovering: frozenset[Any]) -> Fetched:
        records, quiet, passed = {}, {}, {}
        for tp in mine:
            if tp not in self.positions:
                continue  # taken away meanwhile
            log = self._line.broker.logs[tp]
            if self.positions[tp] == len(log.entries):
                quiet[tp] = self._line.broker.clock_ms
                continue
            most = self._line.most_records()
            if not most:
                continue
            position, found = self.positions[tp], log.committed(tp, self.positions[tp])[:most]
            if self._line.deleted and log.next_record(tp, position) > position:
                found = []  # a fetch that begins with a gap brings nothing
            if found:
                records[tp] = found
                position = found[-1].offset + 1
            self.positions[tp] = log.next_record(tp, position)
            if self._line.deleted and self.positions[tp] > position:
                passed[tp] = self.positions[tp]
        at = {tp: self.positions[tp] for tp in recovering if tp in self.positions}
        return Fetched(self.epoch, records, quiet, at, passed=passed)

    async def seek_wait(self, positions: Mapping[Any, int]) -> None:
        """Read on from elsewhere, in a while; raises IllegalStateError when a partition is not ours any more."""
        await self._line.step("seek", lambda: self._seek_ours(positions))

    def _seek_ours(self, positions: Mapping[Any, int]) -> None:
        if not positions.keys() <= self.positions.keys():
            raise IllegalStateError
        self.seek(positions)

    def seek(self, positions: Mapping[Any, int]) -> None:
        """Read on from elsewhere."""
        self.epoch += 1
        self.positions.update(positions)
