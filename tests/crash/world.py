"""One run of one scenario: processes over a simulated Kafka, disturbed at given steps, until all is screened."""

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

from aiokafka.errors import KafkaError, RequestTimedOutError
from aiokafka.structs import TopicPartition

from parcelward.settings import Settings
from streams.engine.partition import Done, StagePlan
from tests.crash.broker import Broker, Transaction
from tests.crash.faults import Fault, Kind
from tests.crash.group import Group
from tests.crash.process import Process
from tests.crash.scenario import Result, Scenario
from tests.crash.stage import TallyStage, chains_of, split_chains
from tests.crash.virtual import BrokenError, run_virtually

T = TypeVar("T")
MOST_STEPS = 20_000
MOST_SECONDS = 3_000.0
REQUESTS = frozenset({"fence", "produce", "positions", "commit"})
"""Steps that a broker carries out although the process that asked is gone, and that can fail."""


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
        self.deleted = scenario.deleted
        self._scenario = scenario
        self._settings = settings
        self._faults = {fault.step: fault for fault in faults}
        self._chunks = list(reversed(scenario.chunks))
        self._next_chunk = 0
        self._fetched = 0
        self._watchers: list[asyncio.Future[None]] = []
        self._pauses: list[tuple[int, asyncio.Future[None]]] = []
        self._unfinished = 0
        self._ticked_in: dict[str, int] = {}
        self._plans = plans(self)
        self._sources = [TopicPartition(topic, 0) for plan in self._plans for topic in plan.topics]
        self._intake = [TopicPartition(topic, 0) for plan in self._plans for topic in plan.topics if not plan.fed]
        self.group = Group(self, scenario, lambda: Process(self, self._plans, settings))
        self._over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._background: set[asyncio.Task[Any]] = set()

    async def run(self) -> Result:
        """Until all is screened; raises BrokenError."""
        self._publish()
        self.start(self.group.take_over())
        try:
            async with asyncio.timeout(MOST_SECONDS):
                await self._over
        except TimeoutError:
            raise BrokenError("the partition stands still") from None
        assert self.group.owner is not None
        for plan in self._plans:
            partition = self.group.owner.assignment.of_stage(plan.name, 0)
            if partition is None or dict(partition.state) != self._committed_state(plan):
                raise BrokenError(f"memory of {plan.name} is not what was committed")
        return self._result()

    def _result(self) -> Result:
        topics = self._settings.topics
        # What a stage of ours reads is an output too, if somebody else reads it as well: alerts.
        outputs = {tp.topic for tp in self.broker.logs} - {chunk.topic for chunk in self._scenario.chunks}
        outputs -= {topic for plan in self._plans if plan.fed for topic in plan.topics}
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
        if fault is not None and fault.kind.name.startswith("CRASH") and self.group.owner is not None:
            self.group.owner.die()

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
        self.changed()
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
            self.start(self._later(fault, effect))
        elif kind in (Kind.ERROR_BEFORE, Kind.ERROR_AFTER, Kind.ERROR_LATE) and request:
            if kind is Kind.ERROR_AFTER:
                self._try(effect)
            elif kind is Kind.ERROR_LATE:
                self.start(self._later(fault, effect))
            raise RequestTimedOutError
        elif kind is Kind.EXPIRE:
            for producer in process.producers:
                self.broker.expire(producer)
            self.changed()
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
        self.changed()

    async def _later(self, fault: Fault, effect: Callable[[], Any]) -> None:
        await self.pause(fault)
        self._try(effect)

    async def _hold(self, fault: Fault, process: Process) -> None:
        released: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if process is self.group.owner and not self.group.is_changing:
            if fault.kind in (Kind.STALL_BEFORE, Kind.STALL_AFTER):
                self.start(self.group.take_over_from_paused(process, fault, released))
            elif fault.kind is not Kind.SLOW:
                self.start(self.group.rebalance(process, fault))
        try:
            await self.pause(fault)
        finally:
            if not released.done():
                released.set_result(None)

    async def pause(self, fault: Fault) -> None:
        """Wait until so many steps are done as the fault says, for as long as its patience lasts."""
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

    # how the outcome of a transaction gets around

    def expire_later(self, name: str) -> None:
        """The broker ends what a producer has left open, whoever else may do so before."""
        self.start(self._expire(name))

    async def _expire(self, name: str) -> None:
        if self.broker.is_open(name):
            await self.pause(Fault(0, Kind.SLOW, pause=100, patience_s=25.0))
            self.broker.expire(name)
            self.changed()

    def _mark_later(self, transaction: Transaction) -> None:
        group, logs = self._scenario.markers or (0, 0)
        self.start(self._mark(group, transaction, self.broker.mark_positions))
        self.start(self._mark(logs, transaction, self.broker.mark_records))

    async def _mark(self, steps: int, transaction: Transaction, mark: Callable[[Transaction], None]) -> None:
        await self.pause(Fault(0, Kind.SLOW, steps))
        mark(transaction)
        self.changed()

    # what goes on beside

    def start(self, work: Any) -> None:
        """Do something in the background; the run is not over before it is."""
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
            self.changed()

    def changed(self) -> None:
        """Wake whoever waits for a change."""
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
        self.changed()

    def batch_done(self, process: Process, done: Done) -> None:
        """After the last tick everything that falls due has fallen due."""
        if process is self.group.owner and not process.dead and done.partition.plan.ticks and not done.batch.records:
            quiet = done.batch.quiet_until
            if all(quiet.get(topic, -1) >= self._scenario.end_ms for topic in done.partition.plan.topics):
                self._ticked_in[done.partition.plan.name] = self.broker.generation
        self._look_whether_over()

    def _look_whether_over(self) -> None:
        ticking = [plan.name for plan in self._plans if plan.ticks]
        if any(self._ticked_in.get(name) != self.broker.generation for name in ticking):
            return
        if self._unfinished or self._chunks or self._over.done():
            return
        if self.broker.open_transactions() or any(map(self.broker.waits, self._sources)):
            return
        if self.deleted and any(map(self.broker.is_before_a_gap, self._intake)):
            return
        if self.group.owner is None or self.group.owner.dead or not self.group.owner.assignment.ready:
            return
        partitions = list(self.group.owner.assignment)  # nothing, if it is just stopping
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
