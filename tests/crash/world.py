"""One run of one scenario: processes over a simulated Kafka, disturbed at given steps, until all is screened."""

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

from aiokafka.errors import KafkaError, RequestTimedOutError
from aiokafka.structs import TopicPartition

from parcelward.settings import Settings
from streams.engine.partition import Done, StagePlan
from tests.crash.broker import Broker, Row, Transaction
from tests.crash.faults import Fault, Kind
from tests.crash.process import Process
from tests.crash.stage import TallyStage, chains_of, split_chains
from tests.crash.virtual import BrokenError, run_virtually

T = TypeVar("T")
MOST_STEPS = 20_000
MOST_SECONDS = 3_000.0
REQUESTS = frozenset({"fence", "produce", "positions", "commit"})
"""Steps that a broker carries out although the process that asked is gone, and that can fail."""


class Chunk(NamedTuple):
    """Records that one courier's topic receives at one moment."""

    topic: str
    timestamp: int
    rows: Sequence[Row | None]


@dataclass(frozen=True, slots=True)
class Scenario:
    """Traffic, and how it is cut: when chunks come (after how many steps), records per fetch, records per batch.

    `elsewhere`: a former owner's producer is fenced by another worker, so many steps after the new owner's own.
    `markers`: steps after which the group and the logs learn that a transaction was decided; None: at once.
    `alone`: whether the owner has every other partition as well, from generation to generation, over and over.
    """

    chunks: Sequence[Chunk]
    gaps: Sequence[int]
    fetches: Sequence[int]
    batch_records: int
    end_ms: int
    stages: int = 1
    elsewhere: int | None = None
    markers: tuple[int, int] | None = None
    alone: Sequence[bool] = (True,)


class Result(NamedTuple):
    """The end of a run in Kafka: state per stage, and the committed records of every output."""

    states: Mapping[str, Mapping[bytes, bytes]]
    outputs: Mapping[str, Sequence[tuple[bytes | None, bytes | None, Any]]]


class World:
    """Kafka, the group, and the processes."""

    def __init__(
        self,
        scenario: Scenario,
        plans: Callable[["World"], Sequence[StagePlan]],
        settings: Settings,
        faults: Iterable[Fault],
    ) -> None:
        self.broker = Broker()
        if scenario.markers is not None:
            self.broker.on_decided = self._mark_later
        self.steps = 0
        self.names: list[str] = []
        self.batch_records = scenario.batch_records
        self._scenario = scenario
        self._settings = settings
        self._faults = {fault.step: fault for fault in faults}
        self._chunks = list(reversed(scenario.chunks))
        self._next_chunk = 0
        self._fetched = 0
        self._watchers: list[asyncio.Future[None]] = []
        self._pauses: list[tuple[int, asyncio.Future[None]]] = []
        self._unfinished = 0
        self._ticked = False
        self._names: list[str] = []
        self._plans = plans(self)
        self._sources = [TopicPartition(topic, 0) for plan in self._plans for topic in plan.topics]
        self._group = asyncio.Lock()
        self._over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.owner: Process | None = None
        self._background: set[asyncio.Task[Any]] = set()

    async def run(self) -> Result:
        """Until all is screened; raises BrokenError."""
        self._publish()
        self._start(self._take_over(None))
        try:
            async with asyncio.timeout(MOST_SECONDS):
                await self._over
        except TimeoutError:
            raise BrokenError("the partition stands still") from None
        assert self.owner is not None
        for plan in self._plans:
            partition = self.owner.assignment.of_stage(plan.name, 0)
            if partition is None or dict(partition.state) != self._committed_state(plan):
                raise BrokenError(f"memory of {plan.name} is not what was committed")
        return self._result()

    def _result(self) -> Result:
        topics = self._settings.topics
        outputs = {tp.topic for tp in self.broker.logs} - {tp.topic for tp in self._sources}
        states = {plan.name: self._committed_state(plan) for plan in self._plans}
        outputs -= {topics.changelog(plan.name) for plan in self._plans}
        for plan in self._plans:
            if isinstance(plan.build(0), TallyStage):
                tallies, chains = split_chains(states[plan.name])
                if chains != chains_of(self.broker.committed(plan.topics[0])):
                    raise BrokenError(f"{plan.name} did not process its topic in the order of the topic")
                states[plan.name] = tallies
        return Result(
            states,
            {
                topic: sorted(((r.key, r.value, r.headers) for r in self.broker.committed(topic)), key=repr)
                for topic in sorted(outputs)
            },
        )

    def _committed_state(self, plan: StagePlan) -> dict[bytes, bytes]:
        state: dict[bytes, bytes] = {}
        for record in self.broker.committed(self._settings.topics.changelog(plan.name)):
            assert record.key is not None
            if record.value is None:
                state.pop(record.key, None)
            else:
                state[record.key] = record.value
        return state

    # what processes do

    async def step(self, process: Process, name: str, effect: Callable[[], T]) -> T:
        """One effect of one process."""
        if process.dead:
            await _for_ever()
        self._count(name)
        fault = self._faults.get(self.steps)
        if fault is not None:
            return await self._disturbed(fault, process, name, effect)
        await asyncio.sleep(0)
        return await self._carry_out(process, effect)

    def computing(self, process: Process | None = None) -> None:
        """A step without an effect: a stage computes. It runs out of memory when it is to fail."""
        self._count("compute")
        fault = self._faults.get(self.steps)
        if fault is not None and fault.kind.name.startswith("ERROR"):
            raise MemoryError
        if fault is not None and fault.kind.name.startswith("CRASH") and self.owner is not None:
            self.owner.die()

    def _count(self, name: str) -> None:
        self.steps += 1
        self.names.append(name)
        if self.steps > MOST_STEPS:
            self.crashed(BrokenError("the processes go round in circles"))
        self._publish()
        for pause in [pause for pause in self._pauses if pause[0] <= self.steps]:
            self._release(pause)

    async def _carry_out(self, process: Process, effect: Callable[[], T]) -> T:
        if process.dead:
            await _for_ever()
        result = effect()
        self._changed()
        return result

    async def _disturbed(self, fault: Fault, process: Process, name: str, effect: Callable[[], T]) -> T:
        kind = fault.kind
        request = name in REQUESTS
        if kind is Kind.CRASH_BEFORE or (kind is Kind.CRASH_LATE and not request):
            process.die()
        elif kind is Kind.CRASH_AFTER:
            self._try(effect)
            process.die()
        elif kind is Kind.CRASH_LATE:
            process.die()
            self._start(self._later(fault, effect))
        elif kind in (Kind.ERROR_BEFORE, Kind.ERROR_AFTER, Kind.ERROR_LATE) and request:
            if kind is Kind.ERROR_AFTER:
                self._try(effect)
            elif kind is Kind.ERROR_LATE:
                self._start(self._later(fault, effect))
            raise RequestTimedOutError
        elif kind is Kind.EXPIRE:
            for producer in process.producers:
                self.broker.expire(producer)
            self._changed()
        elif kind in (Kind.STALL_BEFORE, Kind.REBALANCE_BEFORE, Kind.SLOW):
            await self._hold(fault, process)
        elif kind in (Kind.STALL_AFTER, Kind.REBALANCE_AFTER):
            result = await self._carry_out(process, effect)
            await self._hold(fault, process)
            if process.dead:
                await _for_ever()
            return result
        await asyncio.sleep(0)
        return await self._carry_out(process, effect)

    def _try(self, effect: Callable[[], Any]) -> None:
        with contextlib.suppress(KafkaError):
            effect()
        self._changed()

    async def _later(self, fault: Fault, effect: Callable[[], Any]) -> None:
        await self._pause(fault)
        self._try(effect)

    async def _hold(self, fault: Fault, process: Process) -> None:
        released: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if process is self.owner and not self._group.locked():
            if fault.kind in (Kind.STALL_BEFORE, Kind.STALL_AFTER):
                self._start(self._take_over_from_paused(process, fault, released))
            elif fault.kind is not Kind.SLOW:
                self._start(self._rebalance(process, fault))
        try:
            await self._pause(fault)
        finally:
            if not released.done():
                released.set_result(None)

    async def _pause(self, fault: Fault) -> None:
        pause = (self.steps + fault.pause, asyncio.get_running_loop().create_future())
        self._pauses.append(pause)
        self._unfinished += 1
        timer = asyncio.get_running_loop().call_later(fault.patience_s, self._release, pause)
        try:
            await pause[1]
        finally:
            timer.cancel()
            self._release(pause)

    def _release(self, pause: tuple[int, "asyncio.Future[None]"]) -> None:
        if pause in self._pauses:
            self._pauses.remove(pause)
            self._unfinished -= 1
            if not pause[1].done():
                pause[1].set_result(None)
            self._look_whether_over()

    # who fences whom

    def new_name(self, name: str) -> str:
        """The producer name of a new owner: that of this partition, or of another one that it has as well."""
        if self._scenario.elsewhere is not None:
            name = f"{name}-{len(self._names)}"
        self._names.append(name)
        return name

    def is_alone(self, generation: int) -> bool:
        """Tell whether the worker that has the partition in this generation has all others as well."""
        alone = self._scenario.alone
        return alone[generation % len(alone)]

    def _fence_elsewhere(self, names: Iterable[str]) -> None:
        """Another worker fences them in a while, or the broker ends what they left."""
        if self._scenario.elsewhere is not None:
            self._start(self._fence_later(list(names), Fault(0, Kind.SLOW, self._scenario.elsewhere)))

    async def _fence_later(self, names: Iterable[str], fault: Fault) -> None:
        await self._pause(fault)
        for name in names:
            self.broker.init(name)
        self._changed()

    def expire_later(self, name: str) -> None:
        """The broker ends what a producer has left open, whoever else may do so before."""
        self._start(self._expire(name))

    async def _expire(self, name: str) -> None:
        if self.broker.is_open(name):
            await self._pause(Fault(0, Kind.SLOW, pause=100, patience_s=25.0))
            self.broker.expire(name)
            self._changed()

    # how the outcome of a transaction gets around

    def _mark_later(self, transaction: Transaction) -> None:
        group, logs = self._scenario.markers or (0, 0)
        self._start(self._mark(group, transaction, self.broker.mark_positions))
        self._start(self._mark(logs, transaction, self.broker.mark_records))

    async def _mark(self, steps: int, transaction: Transaction, mark: Callable[[Transaction], None]) -> None:
        await self._pause(Fault(0, Kind.SLOW, steps))
        mark(transaction)
        self._changed()

    # what the group does

    def _start(self, work: Any) -> None:
        if self._over.done():
            work.close()
            return
        task = asyncio.ensure_future(work)
        self._background.add(task)
        self._unfinished += 1
        task.add_done_callback(self._ended)

    def _ended(self, task: "asyncio.Task[Any]") -> None:
        self._background.discard(task)
        self._unfinished -= 1
        if not task.cancelled() and task.exception() is not None:
            self.crashed(task.exception())
        self._look_whether_over()

    def _new_process(self) -> Process:
        process = Process(self, self._plans, self._settings)
        process.ended.add_done_callback(lambda ended: self._died(process))
        return process

    def _died(self, process: Process) -> None:
        self._fence_elsewhere(process.producers)
        if process is self.owner:
            self.owner = None
            self._start(self._take_over(None))

    async def _take_over(self, process: Process | None) -> None:
        async with self._group:
            if self.owner is None:
                self._assign(process if process and not process.dead else self._new_process())

    def _assign(self, process: Process) -> None:
        self.broker.generation += 1
        self._fence_elsewhere(self._names)
        self.owner = process
        self._ticked = False
        process.spawn(process.assign(self.broker.generation))

    async def _revoke(self, process: Process) -> None:
        """Wait until the process has let go, or is dead."""
        if not process.dead:
            letting_go = process.spawn(process.revoke())
            await asyncio.wait({letting_go, process.ended}, return_when=asyncio.FIRST_COMPLETED)

    async def _take_over_from_paused(self, paused: Process, fault: Fault, released: "asyncio.Future[None]") -> None:
        """The group believes the owner dead; it learns so some time after it goes on."""
        async with self._group:
            self._assign(self._new_process())
        await released
        await self._pause(fault)
        async with self._group:
            if paused is not self.owner:  # stalled twice, and given the partition back in between
                await self._revoke(paused)
        if fault.back:
            await self._hand_over(self.owner, paused)

    async def _rebalance(self, owner: Process, fault: Fault) -> None:
        if fault.stay:
            await self._hand_over(owner, owner)
            return
        other = self._new_process()
        await self._hand_over(owner, other)
        if fault.back:
            await self._pause(fault)
            await self._hand_over(other, owner)

    async def _hand_over(self, giver: Process | None, taker: Process) -> None:
        async with self._group:
            if giver is None or giver is not self.owner:
                return
            await self._revoke(giver)
            self._assign(taker if not taker.dead else self._new_process())

    # traffic, time, and the end

    def most_records(self) -> int:
        """Number of records that the next fetch brings of one partition."""
        self._fetched += 1
        return self._scenario.fetches[self._fetched % len(self._scenario.fetches)]

    async def change(self, wait_s: float) -> None:
        """Until something has changed, at most `wait_s`; what is still to be published comes when all is quiet."""
        changed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._watchers.append(changed)
        timer = asyncio.get_running_loop().call_later(wait_s, self._idle)
        try:
            await changed
        finally:
            timer.cancel()

    def _idle(self) -> None:
        if self._chunks:
            self._next_chunk = self.steps
            self._publish()
        else:
            self._changed()

    def _changed(self) -> None:
        watchers, self._watchers = self._watchers, []
        for watcher in watchers:
            if not watcher.done():
                watcher.set_result(None)
        self._look_whether_over()

    def _publish(self) -> None:
        if not self._chunks or self.steps < self._next_chunk:
            return
        chunk = self._chunks.pop()
        self._next_chunk = self.steps + self._scenario.gaps[len(self._chunks) % len(self._scenario.gaps)]
        self.broker.publish(TopicPartition(chunk.topic, 0), chunk.rows, chunk.timestamp)
        # Nothing with an arrival time up to the clock comes any more.
        self.broker.clock_ms = self._chunks[-1].timestamp - 1 if self._chunks else self._scenario.end_ms
        self._changed()

    def batch_done(self, process: Process, done: Done) -> None:
        """After the last tick everything that falls due has fallen due."""
        if process is self.owner and not process.dead and done.partition.plan.ticks and not done.batch.records:
            quiet = done.batch.quiet_until
            if all(quiet.get(topic, -1) >= self._scenario.end_ms for topic in done.partition.plan.topics):
                self._ticked = True
        self._look_whether_over()

    def _look_whether_over(self) -> None:
        if not self._ticked or self._unfinished or self._chunks or self._over.done():
            return
        if self.broker.open_transactions() or any(map(self.broker.waits, self._sources)):
            return
        if self.owner is None or self.owner.dead or not self.owner.assignment.ready:
            return
        partitions = list(self.owner.assignment)  # nothing, if it is just stopping
        # Memory follows a commit a moment later.
        if len(partitions) == len(self._plans) and not any(one.busy for one in partitions):
            self._over.set_result(None)

    def crashed(self, error: BaseException | None) -> None:
        """A process or the group failed in a way that nobody asked for."""
        if not self._over.done():
            self._over.set_exception(BrokenError(f"crashed: {error!r}") if error else BrokenError("crashed"))


async def _for_ever() -> None:
    await asyncio.get_running_loop().create_future()


def run(
    scenario: Scenario,
    plans: Callable[[World], Sequence[StagePlan]],
    settings: Settings,
    faults: Iterable[Fault] = (),
    seen: list[str] | None = None,
) -> Result:
    """Run a scenario under faults; `seen` receives the names of the steps. Raises BrokenError."""

    async def inside() -> Result:
        world = World(scenario, plans, settings, faults)
        try:
            return await world.run()
        finally:
            if seen is not None:
                seen.extend(world.names)

    result: Result = run_virtually(inside())
    return result
