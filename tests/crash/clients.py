"""What stands in for aiokafka: a transactional producer and the consumer's thread, each of their effects a step."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any, Protocol, TypeVar

from aiokafka.structs import TopicPartition

from streams.transport import Fetched, Sought
from tests.crash.broker import Broker, Row

T = TypeVar("T")

BATCH_ROWS = 3
"""Records of one record batch: few, so that an outcome needs several."""


class Line(Protocol):
    """The connection of one process to Kafka; a step is one effect, before and after which anything may happen."""

    broker: Broker

    def step(self, name: str, effect: Callable[[], T]) -> Awaitable[T]: ...
    def most_records(self) -> int:
        """How many records the next fetch brings of one partition."""
        ...

    def change(self, wait_s: float) -> Awaitable[None]:
        """Until something has changed in Kafka, at most `wait_s`."""
        ...


class RecordBatch:
    """A record batch being filled."""

    def __init__(self) -> None:
        self.rows: list[Row] = []

    def append(self, *, key: Any, value: Any, timestamp: Any, headers: Any) -> object | None:
        """None when it is full."""
        if len(self.rows) == BATCH_ROWS:
            return None
        self.rows.append((key, value, tuple(headers)))
        return self

    def record_count(self) -> int:
        """Records in it."""
        return len(self.rows)


class SimulatedProducer:
    """As aiokafka's: record batches go out in the background, and a commit looks at no refusal of them."""

    def __init__(self, line: Line, transactional_id: str) -> None:
        self._line = line
        self._name = transactional_id
        self._epoch = -1
        self._open = self._sent = False
        self._out: asyncio.Task[None] | None = None
        self._txn_manager = SimpleNamespace(is_in_transaction=lambda: self._open, _transaction_waiter=None)
        self.client = self

    async def start(self) -> None:
        """Fence former producers."""
        self._epoch = await self._line.step("fence", lambda: self._line.broker.init(self._name))

    async def begin_transaction(self) -> None:
        """Nothing is sent yet."""
        await self._line.step("begin", lambda: None)
        assert not self._open, "a transaction is open"
        self._open, self._sent = True, False

    def create_batch(self) -> RecordBatch:
        """An empty record batch."""
        return RecordBatch()

    async def send_batch(self, batch: RecordBatch, topic: str, *, partition: int) -> "asyncio.Future[Any]":
        """Send in the background; the future holds the offset or the refusal."""
        assert self._open, "no transaction is open"
        self._sent = True
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        tp = TopicPartition(topic, partition)
        self._out = asyncio.ensure_future(self._produce(self._out, tp, batch.rows, answer))
        return answer

    async def _produce(
        self,
        before: "asyncio.Task[None] | None",
        tp: TopicPartition,
        rows: Sequence[Row],
        answer: "asyncio.Future[Any]",
    ) -> None:
        if before is not None:
            await before
        try:
            first = await self._line.step(
                "produce", lambda: self._line.broker.append(self._name, self._epoch, tp, rows)
            )
        except Exception as error:
            if not answer.done():
                answer.set_exception(error)
                answer.exception()  # whoever awaits it still sees it
            return
        if not answer.done():
            answer.set_result(SimpleNamespace(offset=first))

    async def send_offsets_to_transaction(self, offsets: Mapping[TopicPartition, Any], group: str) -> None:
        """Positions become part of the transaction."""
        assert self._open, "no transaction is open"
        self._sent = True
        positions = {tp: position.offset for tp, position in offsets.items()}
        await self._line.step("positions", lambda: self._line.broker.add_positions(self._name, self._epoch, positions))

    async def commit_transaction(self) -> None:
        """Commit, after the record batches that are under way."""
        await self._end(committed=True)

    async def abort_transaction(self) -> None:
        """Abort, after the record batches that are under way."""
        await self._end(committed=False)

    async def _end(self, *, committed: bool) -> None:
        assert self._open, "no transaction is open"
        self._open = False
        if self._out is not None:
            await self._out
        if self._sent:
            await self._line.step(
                "commit" if committed else "abort",
                lambda: self._line.broker.end(self._name, self._epoch, committed=committed),
            )

    async def stop(self) -> None:
        """Disconnect."""
        await self.close()

    async def close(self) -> None:
        """Nothing is sent any more."""
        if self._out is not None:
            self._out.cancel()


class SimulatedThread:
    """The consumer's thread: fetches, positions, seeks."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self.epoch = 0
        self.positions: dict[TopicPartition, int] = {}

    def assign(self, sources: Iterable[TopicPartition]) -> None:
        """Start from the positions that are committed now; whoever had the partition may still commit others."""
        self.positions = {tp: self._line.broker.positions.get(tp, 0) for tp in sources}

    async def fetch(self, active: frozenset[Any], recovering: frozenset[Any], wait_s: float) -> Fetched:
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
        records, quiet = {}, {}
        for tp in mine:
            if tp not in self.positions:
                continue  # taken away meanwhile
            log = self._line.broker.logs[tp]
            if self.positions[tp] == len(log.entries):
                quiet[tp] = self._line.broker.clock_ms
                continue
            most = self._line.most_records()
            found = log.committed(tp, self.positions[tp])
            self.positions[tp] = found[most - 1].offset + 1 if len(found) > most else log.stable_end(tp)
            if found:
                records[tp] = found[:most]
        at = {tp: self.positions[tp] for tp in recovering if tp in self.positions}
        return Fetched(self.epoch, records, quiet, at)

    async def earliest_offsets(self, *parts: TopicPartition) -> dict[TopicPartition, int]:
        """Nothing is ever compacted away."""
        return dict.fromkeys(parts, 0)

    async def highwaters(self, *parts: TopicPartition) -> dict[TopicPartition, int]:
        """Ends, as readers of committed records see them."""
        logs = self._line.broker.logs
        return await self._line.step("ends", lambda: {tp: logs[tp].stable_end(tp) for tp in parts})

    async def seek_sources(self, topics: frozenset[str]) -> Sought:
        """Go back to the committed positions."""
        return await self._line.step("seek", lambda: self._seek_sources(topics))

    def _seek_sources(self, topics: frozenset[str]) -> Sought:
        self.epoch += 1
        committed = self._line.broker.positions
        found = {tp: committed.get(tp, 0) for tp in self.positions if tp.topic in topics}
        self.positions.update(found)
        return Sought(found, frozenset(tp for tp in found if tp not in committed))

    def seek(self, positions: Mapping[Any, int]) -> None:
        """Read on from elsewhere."""
        self.epoch += 1
        self.positions.update(positions)
