"""One worker process: the real assignment, consumer, table and agents, with Faust's part played in its order."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable
from types import SimpleNamespace
from typing import Any, TypeVar

from aiokafka.errors import IllegalStateError
from aiokafka.structs import TopicPartition
from faust.types import TP

from streams.engine.agents import screen
from streams.engine.assignment import Assignment
from streams.engine.pacing import Pacing
from streams.engine.partition import Done, StagePartition
from streams.engine.phase import PhaseError
from streams.engine.tables import RECOVERY_BUFFER, BatchTable
from streams.engine.transport import BatchConsumer
from tests.crash.clients import SimulatedProducer, SimulatedThread

T = TypeVar("T")
NO_SPAN = contextlib.nullcontext()
POLL_S = 1.0


class Table:
    """A table without the rest of Faust's."""

    persisted_offset: Any = BatchTable.persisted_offset
    apply_changelog_batch: Any = BatchTable.apply_changelog_batch
    on_recovery_completed: Any = BatchTable.on_recovery_completed

    def __init__(self, name: str, assignment: Assignment) -> None:
        self.name = name
        self.assignment = assignment


class Consumer(BatchConsumer):
    """The real consumer without Faust's services around it."""

    def __init__(self, app: Any, thread: Any, limit: int) -> None:  # Faust's own would start services
        self.app = app
        self._thread = thread
        self.assigned = app.assignment
        self._pacing = Pacing(limit, 0.0)
        self._grace_ms = 0
        self._fetching = None
        self._wake = asyncio.Event()
        self.assigned.on_free = self._wake.set
        self._seeking = False
        self._assigned_since = 0
        self._read_offset: Any = {}
        self._active_partitions: set[Any] = set()
        self._paused_partitions: set[Any] = set()
        self._buffered_partitions: set[Any] = set()
        self._gap: Any = {}
        self._acked: Any = {}
        self._acked_index: Any = {}
        self._committed_offset: Any = {}
        self.can_resume_flow = asyncio.Event()
        self.suspend_flow = asyncio.Event()
        self.flow_active = True
        self.diag = SimpleNamespace(set_flag=lambda flag: None, unset_flag=lambda flag: None)
        self._on_partitions_assigned = app.on_assigned
        self._on_partitions_revoked = app.on_revoked

    should_stop = False


class _Assignment(Assignment):
    """The real one; the scenario says whether the other partitions of the group are ours as well."""

    def __init__(self, process: "Process", *args: Any, **kwargs: Any) -> None:
        self._process = process
        super().__init__(*args, **kwargs)

    def _between_stages(self, numbers: Collection[int]) -> dict[TopicPartition, StagePartition]:
        alone = self._process.world.group.is_alone(self._process.generation)
        return super()._between_stages(numbers) if alone else {}


class Process:
    """A worker from its start to its death."""

    def __init__(self, world: Any, plans: Any, settings: Any) -> None:
        self.world = world
        self.broker = world.broker
        self.dead = False
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.generation = 0
        self.producers: list[str] = []
        self._tasks: list[asyncio.Task[Any]] = []
        self._thread = SimulatedThread(self)
        self.assignment = _Assignment(self, settings, plans, self, connect=self._connect)
        self._tables = {
            TP(settings.topics.changelog(plan.name), 0): Table(plan.name, self.assignment) for plan in plans
        }
        self._sources = [TP(topic, 0) for plan in plans for topic in plan.topics]
        self._queues: dict[Any, asyncio.Queue[Any]] = {TP(plan.topics[0], 0): asyncio.Queue() for plan in plans}
        self.tables = SimpleNamespace(
            recovery=SimpleNamespace(active_tps=set(), active_highwaters={}, active_offsets={}),
            _changelogs={tp.topic: table for tp, table in self._tables.items()},
        )
        self.in_recovery = False
        self._rebalancing = asyncio.Lock()  # the group's callbacks come one after another
        self._recovery: asyncio.Task[Any] | None = None
        self._recovered = asyncio.Event()
        self._buffers: dict[Any, list[Any]] = {tp: [] for tp in self._tables}
        self.consumer = Consumer(self, self._thread, world.batch_records)
        for queue in self._queues.values():
            self.spawn(screen(self.assignment)(Stream(queue)))
        self.spawn(self._drain())
        self.spawn(self._stop_when_failed())

    # life

    def spawn(self, work: Awaitable[Any]) -> "asyncio.Task[Any]":
        """Run something for as long as the process lives; what it raises is the world's to judge."""
        task = asyncio.ensure_future(work)
        task.add_done_callback(self._judge)
        self._tasks.append(task)
        return task

    def _judge(self, task: "asyncio.Task[Any]") -> None:
        if not self.dead and not task.cancelled() and task.exception() is not None:
            self.world.crashed(task.exception())

    def die(self) -> None:
        """kill -9: nothing of it has an effect any more."""
        if not self.dead:
            self.dead = True
            for task in self._tasks:
                task.cancel()
            self.ended.set_result(None)

    async def _stop_when_failed(self) -> None:
        await self.assignment.failed.wait()
        if isinstance(self.assignment.fault, PhaseError):
            self.world.crashed(self.assignment.fault)  # no fault leads to a step out of its order
        await self.assignment.finish()
        await self.assignment.give_up()
        self.die()

    # its connection to Kafka

    def _connect(self, settings: Any, name: str) -> SimulatedProducer:
        own = self.world.group.new_name(name)
        self.producers.append(own)
        return SimulatedProducer(self, own)

    def left(self, name: str) -> None:
        """A producer is gone."""
        self.world.expire_later(name)

    def step(self, name: str, effect: Callable[[], T]) -> Awaitable[T]:
        """One effect."""
        result: Awaitable[T] = self.world.step(self, name, effect)
        return result

    def most_records(self) -> int:
        """Number of records that the next fetch brings of one partition."""
        return int(self.world.most_records())

    @property
    def deleted(self) -> bool:
        """True when holes in the logs are what retention has deleted."""
        return bool(self.world.deleted)

    async def change(self, wait_s: float) -> None:
        """Until something has changed in Kafka."""
        await self.world.change(wait_s)

    # what Faust asks of its app, and does

    @property
    def consumer_generation_id(self) -> int:
        """The generation of the group this process believes in."""
        return self.generation

    def _start_span_from_rebalancing(self, name: str) -> Any:
        return NO_SPAN

    def on_rebalance_return(self) -> None:
        """Faust's bookkeeping."""

    async def assign(self, generation: int) -> None:
        """All partitions are ours."""
        async with self._rebalancing:
            self.generation = generation
            self._thread.assign([TopicPartition(*tp) for tp in self._sources], generation)
            self.spawn(self._end_void_recovery())
            await self.consumer.on_partitions_assigned({*self._sources, *self._tables}, generation)

    async def revoke(self) -> None:
        """No partition is ours any more."""
        async with self._rebalancing:
            await self.consumer.on_partitions_revoked({*self._sources, *self._tables})
            self._thread.positions.clear()

    async def on_revoked(self, revoked: Iterable[Any]) -> None:
        """As Faust's app: stop the flow, forget what waits for the agents."""
        self.consumer.stop_flow()
        self.consumer.pause_partitions(revoked)
        self._empty_queues()

    async def on_assigned(self, assigned: Iterable[Any], generation: int) -> None:
        """As Faust's app: pause everything and start recovery."""
        self.consumer.pause_partitions(assigned)
        await self._end_void_recovery()
        # TRAP: until here the recovery before goes on, seeks and resumes the flow although its partitions are gone.
        if self._recovery is not None:
            self._recovery.cancel()
        self._recovery = self.spawn(self._recover(generation))

    async def _end_void_recovery(self) -> None:
        # TRAP: a recovery that was under way when the partitions were taken away may end only now.
        for table in self._tables.values():
            await table.on_recovery_completed(set(), set())

    async def _recover(self, generation: int) -> None:
        recovery, consumer = self.tables.recovery, self.consumer
        self.in_recovery = True
        self._recovered.clear()
        for buffer in self._buffers.values():
            buffer.clear()
        recovery.active_tps.update(self._tables)
        recovery.active_offsets.update({tp: table.persisted_offset(tp) for tp, table in self._tables.items()})
        ends = await self.step("ends", self._changelog_ends)
        recovery.active_highwaters.update(ends)
        self._thread.seek({TopicPartition(*tp): max(0, recovery.active_offsets[tp]) for tp in self._tables})
        if self._need_recovery():
            consumer.resume_partitions(self._tables)
            self._resume_flow()
            await self._recovered.wait()
            consumer.pause_partitions(self._tables)
        else:
            self._resume_flow()
        self.in_recovery = False
        for table in self._tables.values():
            await table.on_recovery_completed(set(), set())
        if self.generation != generation:
            return
        consumer.resume_partitions(self._sources)
        await self.step("resume", lambda: None)  # any time may pass here, and once more
        try:
            await consumer.perform_seek()
        except IllegalStateError:  # another recovery starts
            return
        await self.step("resume", lambda: None)
        self._resume_flow()

    def _resume_flow(self) -> None:
        """As Faust: the queues of the agents are emptied first."""
        self._empty_queues()
        self.consumer.resume_flow()

    def _empty_queues(self) -> None:
        for queue in self._queues.values():
            while not queue.empty():
                queue.get_nowait()

    def _changelog_ends(self) -> dict[Any, int]:
        return {tp: self.broker.logs[TopicPartition(*tp)].stable_end(TopicPartition(*tp)) - 1 for tp in self._tables}

    def _need_recovery(self) -> bool:
        recovery = self.tables.recovery
        return any(end > recovery.active_offsets[tp] for tp, end in recovery.active_highwaters.items())

    def _changelog_message(self, tp: Any, message: Any) -> None:
        offsets = self.tables.recovery.active_offsets
        if message.offset > offsets[tp]:
            offsets[tp] = message.offset
            buffer = self._buffers[tp]
            buffer.append(SimpleNamespace(message=message))
            if len(buffer) >= RECOVERY_BUFFER:
                self._flush(tp)
        if self.in_recovery and not self._need_recovery():
            for one in self._tables:
                self._flush(one)
            self._recovered.set()

    def _flush(self, tp: Any) -> None:
        self._tables[tp].apply_changelog_batch(self._buffers[tp])
        self._buffers[tp].clear()

    async def _drain(self) -> None:
        while True:
            await asyncio.sleep(0)  # as Faust does
            async for tp, message in self.consumer.getmany(POLL_S):
                if tp in self._tables:
                    self._changelog_message(tp, message)
                else:
                    self._queues[tp].put_nowait(message)

    # what the engine tells

    def batch_done(self, done: Done) -> None:
        """One batch is committed."""
        self.world.batch_done(self, done)

    def assigned(self, stage: str, partitions: int) -> None:
        """Not needed."""

    def restored(self, partition: StagePartition, seconds: float) -> None:
        """Not needed."""

    def given_up(self, partition: StagePartition) -> None:
        """Not needed."""


class Stream:
    """A stream, as an agent reads it."""

    def __init__(self, queue: "asyncio.Queue[Any]") -> None:
        self._queue = queue

    def noack(self) -> "Stream":
        """Faust acknowledges nothing by itself."""
        return self

    async def events(self) -> AsyncIterator[Any]:
        """Deliveries; acknowledging them means nothing here."""
        while True:
            message = await self._queue.get()
            yield SimpleNamespace(value=message.value, ack=lambda: None)
