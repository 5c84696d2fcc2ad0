"""Which partitions this worker owns: taken and given up as the group rebalances, one at a time."""

import asyncio
import gc
import logging
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Protocol

from aiokafka.structs import TopicPartition

from parcelward.errors import UserError
from parcelward.settings import Settings
from streams.engine.chaining import Carrier
from streams.engine.inbox import Taken
from streams.engine.partition import Done, OwnedPartition, StagePlan
from streams.engine.producer import NOBODY, FencedError, Member, Producer
from streams.engine.state import NOTHING_WRITTEN, MemoryStates, States
from streams.engine.transactions import Connect, FailedError, Found, Transactions

log = logging.getLogger(__name__)

FINISH_S = 10.0


class Recorder(Protocol):
    """What is told about committed batches and owned partitions; never more often than once a batch."""

    def batch_done(self, done: Done) -> None: ...
    def taken(self, stage: str, partitions: int) -> None: ...
    def restored(self, owner: OwnedPartition, seconds: float) -> None: ...
    def given_up(self, owner: OwnedPartition) -> None: ...


class Ownership:
    """The owned partitions of all stages of this worker, and the fault that stops it."""

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
        self.plans = tuple(plans)
        self.recorder = recorder
        self.fault: BaseException | None = None
        self.stopping = False
        self.failed = asyncio.Event()
        self.on_free: Callable[[], None] = lambda: None
        self._plan_of = {topic: plan for plan in plans for topic in plan.topics}
        self._owned: dict[tuple[str, int], OwnedPartition] = {}
        self._giving_up = asyncio.Lock()
        self._share(Transactions(settings, (), NOBODY, connect), {})

    def __iter__(self) -> Iterator[OwnedPartition]:
        return iter(list(self._owned.values()))

    def __contains__(self, owner: OwnedPartition) -> bool:
        return self._owned.get((owner.plan.name, owner.partition)) is owner

    def of_stage(self, stage: str, partition: int) -> OwnedPartition | None:
        """The owned partition of a stage, None when it is not ours."""
        return self._owned.get((stage, partition))

    def of_topic(self, topic: str, partition: int) -> OwnedPartition | None:
        """The owned partition that reads a source topic, None when it is not ours."""
        plan = self._plan_of.get(topic)
        return self._owned.get((plan.name, partition)) if plan else None

    @property
    def ready(self) -> bool:
        """Whether every owned partition has its state; true as well for a worker that owns none."""
        return all(owner.ready for owner in self._owned.values())

    async def take(self, assigned: Iterable[tuple[str, int]], member: Member) -> None:
        """Own what was assigned: fence every partition before anything of it is read.

        Raises ValueError when topics of one partition number are not assigned together.
        """
        if self.stopping:
            return
        wanted = self._wanted(set(assigned))
        if wanted:
            await self._own(wanted, member)
        for plan in self.plans:
            self.recorder.taken(plan.name, sum(owner.plan is plan for owner in self._owned.values()))

    async def _own(self, wanted: Sequence[tuple[StagePlan, int]], member: Member) -> None:
        states = self._states.take([(plan.name, partition) for plan, partition in wanted])
        numbers = {partition for _, partition in wanted}
        transactions = Transactions(self.settings, numbers, member, self._connect)
        for plan, partition in wanted:
            place = (plan.name, partition)
            self._owned[place] = OwnedPartition(plan, partition, transactions, states[place])
        fed = self._fed(numbers)
        self._share(transactions, fed)
        sources = [tp for owner in self for tp in owner.sources]
        self._learn(await transactions.open(sources, [self._changelog(owner) for owner in self], fed))

    def _share(self, transactions: Transactions, fed: Mapping[TopicPartition, OwnedPartition]) -> None:
        self._transactions = transactions
        self.carrier = Carrier(self.plans, fed, transactions, self.recorder.batch_done)

    def _fed(self, numbers: Collection[int]) -> dict[TopicPartition, OwnedPartition]:
        """Who reads what stands between the stages; none unless every partition is ours."""
        if len(numbers) < self.settings.partitions:
            return {}
        return {tp: one for one in self if one.plan.fed for tp in one.sources}

    def _changelog(self, owner: OwnedPartition) -> TopicPartition:
        return TopicPartition(self.settings.topics.changelog(owner.plan.name), owner.partition)

    def _learn(self, found: Found) -> None:
        """Say where sources are read from and how far each state is, and forget states that this does not complete."""
        for owner in self:
            owner.positions = {tp.topic: found.positions[tp] for tp in owner.sources}
            owner.uncommitted = found.uncommitted.issuperset(owner.sources)
            bounds = found.changelogs[self._changelog(owner)]
            if owner.state.written != NOTHING_WRITTEN:
                owner.state.check(bounds)
            owner.must_reach = bounds.end - 1 if bounds.end > bounds.start else NOTHING_WRITTEN

    def _wanted(self, assigned: set[tuple[str, int]]) -> list[tuple[StagePlan, int]]:
        topics = [topic for plan in self.plans for topic in plan.topics]
        numbers = [{number for topic, number in assigned if topic == name} for name in topics]
        # Two workers with stages of one partition number would fence each other for ever.
        if any(other != numbers[0] for other in numbers):
            raise ValueError(f"the topics {topics} are not assigned together: {numbers}")
        return [(plan, number) for plan in self.plans for number in sorted(numbers[0])]

    async def give_up(self) -> None:
        """Finish the batches in work and give every partition up; states are kept for a moment.

        Whoever stops the worker while a rebalance is at it waits until that is through.
        """
        owned, self._owned = self._owned, {}
        transactions = self._transactions
        self._share(Transactions(self.settings, (), NOBODY, self._connect), {})
        async with self._giving_up:
            # All of them first: one that is idle may still be carried on with, by a batch of another.
            await asyncio.gather(*(owner.finish(FINISH_S) for owner in owned.values()))
            for owner in owned.values():
                owner.close()
            await transactions.close()
            self._states.give_up({place: owner.state for place, owner in owned.items()})
            for owner in owned.values():
                self.recorder.given_up(owner)

    def close(self) -> None:
        """Give the states' folder back."""
        self._states.close()

    def restore(self, stage: str) -> None:
        """Rebuild the stage on every owned partition, after recovery of its table."""
        for owner in self:
            # TRAP: a recovery that was under way when the partitions were given to us anew ends only now, and Faust
            # tells the new owner. Whose state is still behind is restored when its own recovery ends, or what the rest
            # of the changelog says would be in the state and not in the stage: deadlines that never fire.
            if owner.plan.name == stage and not owner.restored and owner.recovered:
                owner.restore()
                self.recorder.restored(owner, time.monotonic() - owner.taken_at)
        if all(owner.restored for owner in self):
            # The restored state lives as long as the worker; no collection needs to walk through it again.
            gc.collect()
            gc.freeze()

    def reposition(self, owners: Iterable[OwnedPartition]) -> None:
        """The consumer was set to the positions of these, as far as they are still ours.

        Stops the worker if the group had no position for one whose state shows that there must have been some.
        """
        for owner in filter(self.__contains__, owners):
            # A courier that is new has no position although the state is old: only if none has one they were lost.
            if owner.has_state and owner.uncommitted:
                self.fail(self._lost_positions(owner))
                return
            owner.reposition()
        if self.ready:
            log.info("screening", extra={"partitions": len({owner.partition for owner in self})})
        self.on_free()

    def require_restored(self, owners: Iterable[OwnedPartition]) -> None:
        """Stop the worker when recovery is over and one of these, still ours, was not restored."""
        if self.stopping:  # which cuts recovery short; nothing is delivered any more
            return
        for owner in owners:
            if owner in self and not owner.restored:
                self.fail(
                    FailedError(
                        f"recovery ended at {owner.state.written} of stage {owner.plan.name}, partition "
                        f"{owner.partition}, whose changelog ends at {owner.must_reach}"
                    )
                )

    def _lost_positions(self, owner: OwnedPartition) -> UserError:
        return UserError(
            f"no position of group {self.settings.topics.app_id} is committed for partition {owner.partition} of "
            f"{', '.join(owner.plan.topics)}, but the state of stage {owner.plan.name} is there: the positions have "
            "expired or were deleted, and from the beginning everything would count twice; set them with "
            'kafka-consumer-groups --reset-offsets (docs/runbook.md, "Positions are gone")'
        )

    async def process(self, owner: OwnedPartition, taken: Taken) -> bool:
        """Process one batch; whether it was committed. A failure stops the worker, a stale batch is dropped."""
        if self.stopping or owner not in self:
            return False
        try:
            done = await owner.process(taken)
        except FencedError:
            await self._await_revocation(owner)
        except Exception as error:
            self.fail(error)
        else:
            if done is not None:
                self.recorder.batch_done(done)
                return True
        finally:
            self.on_free()
        return False

    async def _await_revocation(self, owner: OwnedPartition) -> None:
        """The group will tell us that another worker has it. If not, the broker itself ended our transaction."""
        log.warning("fenced", extra={"stage": owner.plan.name, "partition": owner.partition})
        owner.busy = True  # nothing more is delivered to it
        try:
            async with asyncio.timeout(2 * self.settings.session_timeout.total_seconds()):
                await owner.revoked.wait()
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
        await asyncio.gather(*(owner.finish(FINISH_S) for owner in self))
