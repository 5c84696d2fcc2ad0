"""The partitions that this worker has: taken over and given up as the group rebalances, one rebalance at a time."""

import asyncio
import gc
import logging
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Protocol

from aiokafka.structs import TopicPartition

from parcelward.errors import UserError
from parcelward.footing import Bounds, records_gone
from parcelward.ground.check import GroundError
from parcelward.ground.flaw import Severity
from parcelward.ground.positions import gap
from parcelward.settings import Settings
from streams.engine.broker_clock import BrokerClock
from streams.engine.chaining import Chain
from streams.engine.inbox import SourceBatch
from streams.engine.partition import Done, StagePartition, StagePlan
from streams.engine.producer import NOBODY, FencedError, Member, Producer
from streams.engine.state import MemoryStates, States
from streams.engine.transactions import Connect, FailedError, Found, Transactions

log = logging.getLogger(__name__)

FINISH_S = 10.0


class Recorder(Protocol):
    """Is told about committed batches and this worker's partitions, never more often than once a batch."""

    def batch_done(self, done: Done) -> None: ...
    def assigned(self, stage: str, partitions: int) -> None: ...
    def restored(self, partition: StagePartition, seconds: float) -> None: ...
    def given_up(self, partition: StagePartition) -> None: ...


class Assignment:
    """The partitions of all stages that this worker has, and the fault that stops it."""

    def __init__(
        self,
        settings: Settings,
        plans: Sequence[StagePlan],
        recorder: Recorder,
        connect: Connect = Producer,
        states: States | None = None,
    ) -> None:
        self.settings = settings
        self._connect = connect
        self._states = MemoryStates() if states is None else states
        self.clock = BrokerClock()
        self.topic_ids: Mapping[str, str] = {}
        self.on_gap: Callable[[str, int], None] = lambda stage, records: None
        self.plans = tuple(plans)
        self.recorder = recorder
        self.fault: BaseException | None = None
        self.stopping = False
        self.failed = asyncio.Event()
        self.on_free: Callable[[], None] = lambda: None
        self._plan_of = {topic: plan for plan in plans for topic in plan.topics}
        self._partitions: dict[tuple[str, int], StagePartition] = {}
        self._giving_up = asyncio.Lock()
        self._share(Transactions(settings, (), NOBODY, connect), {})

    def __iter__(self) -> Iterator[StagePartition]:
        return iter(list(self._partitions.values()))

    def __contains__(self, partition: StagePartition) -> bool:
        return self._partitions.get((partition.plan.name, partition.number)) is partition

    def of_stage(self, stage: str, number: int) -> StagePartition | None:
        """The partition of a stage, None when it is not ours."""
        return self._partitions.get((stage, number))

    def of_topic(self, topic: str, number: int) -> StagePartition | None:
        """The partition that reads a source topic, None when it is not ours."""
        plan = self._plan_of.get(topic)
        return self._partitions.get((plan.name, number)) if plan else None

    @property
    def ready(self) -> bool:
        """True when every partition is ready; also for a worker that has none."""
        return all(partition.ready for partition in self._partitions.values())

    @property
    def last_commit(self) -> float:
        """Time (monotonic) of the last commit in this generation of the group."""
        return self._transactions.last_commit

    @property
    def commit_s(self) -> float:
        """Seconds that a commit takes of late; 0 before the first one in this generation."""
        return self._transactions.commit_s

    # taking over and giving up

    async def take_over(self, assigned: Iterable[tuple[str, int]], member: Member) -> None:
        """Take over the assigned partitions: fence the former owner of each before anything of it is read.

        A worker that is told to stop meanwhile gives up what it was taking over: that is no fault of it. Raises
        UserError when topics of one partition number are not assigned together.
        """
        if self.stopping:
            return
        wanted = self._wanted(set(assigned))
        if wanted:
            try:
                await self._take_over(wanted, member)
            except Exception as error:
                # Nothing was processed yet. The connection may have been closed under it, or the partitions given up.
                if not self.stopping:
                    raise
                log.info("told to stop while partitions were taken over", extra={"error": type(error).__name__})
        for plan in self.plans:
            self.recorder.assigned(plan.name, sum(partition.plan is plan for partition in self._partitions.values()))

    def _wanted(self, assigned: set[tuple[str, int]]) -> list[tuple[StagePlan, int]]:
        topics = [topic for plan in self.plans for topic in plan.topics]
        numbers = [{number for topic, number in assigned if topic == name} for name in topics]
        # Two workers with stages of one partition number would fence each other for ever.
        if any(other != numbers[0] for other in numbers):
            raise UserError(_not_together(topics, numbers))
        return [(plan, number) for plan in self.plans for number in sorted(numbers[0])]

    async def _take_over(self, wanted: Sequence[tuple[StagePlan, int]], member: Member) -> None:
        states = self._states.open([(plan.name, number) for plan, number in wanted])
        numbers = {number for _, number in wanted}
        transactions = Transactions(self.settings, numbers, member, self._connect)
        transactions.topic_ids = self.topic_ids
        for plan, number in wanted:
            key = (plan.name, number)
            self._partitions[key] = StagePartition(plan, number, transactions, states[key])
        between = self._between_stages(numbers)
        self._share(transactions, between)
        sources = [tp for partition in self for tp in partition.sources]
        self._locate(await transactions.open(sources, list(map(self._changelog, self)), between))

    def _share(self, transactions: Transactions, between: Mapping[TopicPartition, StagePartition]) -> None:
        self._transactions = transactions
        self.chain = Chain(self.plans, between, transactions, self.recorder.batch_done)

    def _between_stages(self, numbers: Collection[int]) -> dict[TopicPartition, StagePartition]:
        """Partitions of the topics between the stages, by source; none unless every partition is ours."""
        if len(numbers) < self.settings.partitions:
            return {}
        return {tp: one for one in self if one.plan.fed for tp in one.sources}

    def _changelog(self, partition: StagePartition) -> TopicPartition:
        return TopicPartition(self.settings.topics.changelog(partition.plan.name), partition.number)

    def _locate(self, found: Found) -> None:
        for partition in self:
            partition.locate(
                {tp.topic: found.positions[tp] for tp in partition.sources},
                uncommitted=found.uncommitted.issuperset(partition.sources),
                changelog=found.changelogs[self._changelog(partition)],
            )

    async def give_up(self) -> None:
        """Finish the batches in work and give every partition up; states are kept for a moment.

        If a rebalance is giving them up already, a worker that is told to stop waits here until that is through.
        """
        partitions, self._partitions = self._partitions, {}
        transactions = self._transactions
        self._share(Transactions(self.settings, (), NOBODY, self._connect), {})
        async with self._giving_up:
            # All of them first: the batch of one may go on in an idle one, in the same transaction.
            await asyncio.gather(*(partition.finish(FINISH_S) for partition in partitions.values()))
            for partition in partitions.values():
                partition.give_up()
            await transactions.close()
            self._states.give_up({key: partition.state for key, partition in partitions.items()})
            for partition in partitions.values():
                self.recorder.given_up(partition)

    def close(self) -> None:
        """Give the states' folder back."""
        self._states.close()

    def pass_gap(self, source: TopicPartition, position: int, bounds: Bounds) -> None:
        """Count and log records that are gone before they were read, if the setting says to go on after them.

        Raises UserError if it does not, and if the log ends before the position.
        """
        plan = self._plan_of.get(source.topic)
        if plan is None or position > bounds.end:
            raise UserError(
                f"position {position} of topic {source.topic}, partition {source.partition}, is not in its log, which "
                f"has offsets {bounds.start} to {bounds.end}: the topic was made anew, or its leader has lost records; "
                'see docs/runbook.md, "A topic was made anew"'
            )
        if gone := records_gone(position, bounds, transactional=plan.fed):
            found = gap(self.settings, source, position, bounds, gone)
            if found.severity is Severity.STOP:
                raise GroundError(found)
            log.error(
                "records are gone",
                extra={"topic": source.topic, "partition": source.partition, "offset": position, "records": gone},
            )
            self.on_gap(plan.name, gone)

    # recovery

    def restore(self, stage: str) -> None:
        """Rebuild the stage on each of its partitions, after recovery of its table."""
        for partition in self:
            # TRAP: a recovery that was under way when the partitions were given to us anew ends only now, and Faust
            # tells the new partitions. Those whose state is still behind are restored when their own recovery ends: the
            # rest of the changelog would be in the state and not in the stage, deadlines that never fire.
            if partition.plan.name == stage and partition.recovered:
                partition.restore()
                self.recorder.restored(partition, time.monotonic() - partition.taken_at)
        if all(partition.restored for partition in self):
            # The restored state lives as long as the worker; no collection needs to walk through it again.
            gc.collect()
            gc.freeze()

    def require_restored(self, partitions: Iterable[StagePartition]) -> None:
        """Stop the worker when recovery is over and one of these, still ours, was not restored."""
        if self.stopping:  # which cuts recovery short; nothing is delivered any more
            return
        for partition in partitions:
            if partition in self and not partition.restored:
                self.fail(
                    FailedError(
                        f"recovery ended at {partition.state.written} of stage {partition.plan.name}, partition "
                        f"{partition.number}, whose changelog ends at {partition.must_reach}"
                    )
                )

    def reposition(self, partitions: Iterable[StagePartition]) -> None:
        """Let those that are still ours begin: the consumer was set to their positions.

        Stops the worker if the group had no position for one whose state shows that there must have been some.
        """
        for partition in filter(self.__contains__, partitions):
            # A source that is new has no position although the state is old: only if no source has one they were lost.
            if partition.has_state and partition.uncommitted:
                self.fail(self._lost_positions(partition))
                return
            if partition.restored:  # all are, or the worker is stopping
                partition.reposition()
        if self.ready:
            log.info("screening", extra={"partitions": len({partition.number for partition in self})})
        self.on_free()

    def _lost_positions(self, partition: StagePartition) -> UserError:
        return UserError(
            f"no position of group {self.settings.topics.app_id} is committed for partition {partition.number} of "
            f"{', '.join(partition.plan.topics)}, but the state of stage {partition.plan.name} is there: the positions "
            "have expired or were deleted, and from the beginning everything would count twice; set them with "
            'kafka-consumer-groups --reset-offsets (docs/runbook.md, "Positions are gone")'
        )

    # batches

    async def process(self, partition: StagePartition, source: SourceBatch) -> bool:
        """Process one batch; whether it was committed. A failure stops the worker, a stale batch is dropped."""
        if self.stopping or partition not in self:
            return False
        try:
            done = await partition.process(source)
        except FencedError:
            await self._await_revocation(partition)
        except Exception as error:
            self.fail(error)
        else:
            if done is not None:
                self.recorder.batch_done(done)
                return True
        finally:
            self.on_free()
        return False

    async def _await_revocation(self, partition: StagePartition) -> None:
        """Wait until the group says that another worker has it. If it does not, the broker ended our transaction."""
        log.warning("fenced", extra={"stage": partition.plan.name, "partition": partition.number})
        partition.fence()
        try:
            async with asyncio.timeout(2 * self.settings.session_timeout.total_seconds()):
                await partition.until_given_up()
        except TimeoutError:
            self.fail(FailedError("fenced, and no other worker took the partition over"))

    def fail(self, error: BaseException) -> None:
        """Stop the worker without acknowledging what is in work."""
        if self.fault is None:
            self.fault = error
            log.error("stopping", exc_info=error)
        self.stopping = True
        self.failed.set()

    async def finish(self) -> None:
        """Deliver nothing more and wait for the batches in work."""
        self.stopping = True
        await asyncio.gather(*(partition.finish(FINISH_S) for partition in self))


def _not_together(topics: Sequence[str], numbers: Sequence[set[int]]) -> str:
    every = set().union(*numbers)
    lacking = {topic: every - mine for topic, mine in zip(topics, numbers, strict=True) if mine != every}
    topic, missing = next(iter(lacking.items()))
    named = ", ".join(map(str, sorted(missing)))
    return (
        f"topic {topic} has no partition {named}, which others that this worker reads have: it was deleted, or the "
        "number of partitions was changed; `parcelward doctor` says how to mend it"
    )
