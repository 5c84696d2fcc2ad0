"""One stage on one partition that this worker owns: the delivery protocol around the pure stage."""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from aiokafka.structs import TopicPartition

from parcelward.counts import POISON
from parcelward.logs import position
from parcelward.poison import MOST_SHARE, Poisoned, Recently, TooManyPoisonedError, isolate
from parcelward.stage import Batch, CountKey, Outcome, PartitionStage, Send, SourceRecord
from streams.engine.inbox import Taken, Waiting
from streams.engine.state import Ahead, MemoryState, State
from streams.engine.transactions import Transactions, Work

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class StagePlan:
    """How one stage is run: its name (of table and metrics), its source topics, and how its instances are built.

    The topics have equal partition counts and are read as one. `ticks`: empty batches are delivered to an idle
    partition, so that deadlines fire. `fed`: it has one topic, to which stages of this group send and nobody else.
    `set_aside` makes the record that a poisoned one is kept in, and the fact to count; without it a poisoned record
    stops the worker, and so do more of them than `poison_share`.
    """

    name: str
    topics: tuple[str, ...]
    build: Callable[[int], PartitionStage]
    ticks: bool = False
    fed: bool = False
    set_aside: Callable[[SourceRecord, Exception], tuple[Send, CountKey]] | None = None
    poison_share: float = MOST_SHARE


class Done(NamedTuple):
    """What one committed batch was, for metrics: CPU seconds of computing, wall seconds of its transaction."""

    owner: "OwnedPartition"
    batch: Batch
    outcome: Outcome
    compute_s: float
    commit_s: float


class OwnedPartition:
    """State, stage and waiting records of one stage on one partition, from assignment to revocation.

    At most one batch is in work at any time (`busy`).
    """

    def __init__(self, plan: StagePlan, partition: int, transactions: Transactions, state: State | None = None) -> None:
        self.plan = plan
        self.partition = partition
        self.stage = plan.build(partition)
        self.state = MemoryState() if state is None else state
        self.restored_records = 0
        self.must_reach: int | None = None  # not known yet
        self.waiting = Waiting(plan.topics)
        self.restored = False
        self.positioned = False
        self.busy = False
        self.positions: dict[str, int] = {}  # not known yet
        self.uncommitted = False  # whether the group had a position for none of its sources
        self.last_batch = time.monotonic()
        self.taken_at = time.monotonic()
        self._transactions = transactions
        self._poisoned = Recently(plan.poison_share)
        self.revoked = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._given_up = False

    @property
    def sources(self) -> list[TopicPartition]:
        """What it reads."""
        return [TopicPartition(topic, self.partition) for topic in self.plan.topics]

    @property
    def recovered(self) -> bool:
        """Whether the state is that of the changelog's end, `must_reach`."""
        return self.must_reach is not None and self.state.written >= self.must_reach

    def restore(self) -> None:
        """Rebuild the stage from the recovered state."""
        self.stage.restore(self.state)
        self.restored = True

    @property
    def ready(self) -> bool:
        """Whether batches may be delivered: the state is restored and the positions are those that were committed."""
        return self.restored and self.positioned

    @property
    def has_state(self) -> bool:
        """Whether anything was ever committed and not yet forgotten; known once the state is restored."""
        return next(iter(self.state), None) is not None

    def reposition(self) -> None:
        """The consumer was set to `positions`; what was fetched before is dropped, for it will be delivered again."""
        # TRAP: a fetch from before the rebalance may bring records of the new assignment from a stale position. A batch
        # of them that slips in before the seek is processed twice.
        self.waiting.clear()
        self.positioned = True

    def add(self, topic: str, records: Sequence[SourceRecord]) -> None:
        """Take over fetched records."""
        if self.positioned:
            self.waiting.add(topic, records)

    def quiet(self, topic: str, until: int) -> None:
        """Nothing with an arrival time up to `until` (ms) is still to come after what was added."""
        if self.positioned:
            self.waiting.quiet(topic, until)

    def due_in(self, now: float, commit_every: float, limit: int, tick_s: float) -> float:
        """Seconds until a batch is to be delivered, at `now` (monotonic); infinite when only a new record can tell."""
        if self.busy or not self.ready:
            return float("inf")
        if self.waiting.fills(limit):
            return 0.0
        if self.waiting.count:
            return self._transactions.last_commit + commit_every - now
        return self.last_batch + tick_s - now if self.plan.ticks else float("inf")

    @property
    def can_join(self) -> bool:
        """Whether there is something that may go into a transaction that is due for others."""
        return not self.busy and self.ready and self.waiting.count > 0

    def take(self, limit: int) -> Taken:
        """The next batch; the partition is busy until `process` has returned."""
        self.busy = True
        self.last_batch = time.monotonic()
        self._transactions.computing.add(self)
        return self.waiting.take(limit)

    async def process(self, taken: Taken) -> Done | None:
        """Compute, commit in one transaction, and only then change memory. None: the partition is no longer ours.

        Raises FailedError when the transaction failed, FencedError when another worker has the partition, and whatever
        the stage raises when a record cannot be set aside.
        """
        if self._given_up:
            return None
        self.begin()
        try:
            return await self._process(taken)
        finally:
            self._transactions.computing.discard(self)
            self.end()

    def begin(self) -> None:
        """A batch is in work."""
        self.busy = True
        self._idle.clear()

    def end(self) -> None:
        """No batch is in work any more."""
        self._idle.set()
        self.busy = False

    async def _process(self, taken: Taken) -> Done | None:
        begun = time.thread_time()
        batch, outcome = self._compute(taken.batch, self.state)
        compute_s, commit_s = time.thread_time() - begun, 0.0
        if taken.positions or outcome.sends or outcome.updates:
            # All positions, also those that stay: a transaction without one would not be fenced by the group.
            positions = {**self.positions, **taken.positions}
            work = Work(self.plan.name, self.partition, outcome, positions, len(batch.records))
            self._transactions.computing.discard(self)
            try:
                await self._transactions.commit(work)
            except Exception:
                if self._given_up:
                    return None
                raise
            if not self.settle(work):
                return None
            commit_s = work.commit_s
        self.stage.commit(batch, outcome)
        return Done(self, taken.batch, outcome, compute_s, commit_s)

    def settle(self, work: Work) -> bool:
        """Make memory equal to what was committed; False when the partition is no longer ours.

        Whoever has the state then reads it from the changelog.
        """
        if self._given_up:
            return False
        self.positions.update(work.positions)
        if work.written is not None:
            self.state.write(work.outcome.updates, work.written)
        return True

    def carry_on(self, batch: Batch, before: Outcome) -> Outcome:
        """Compute one more batch of a transaction to which `before` belongs already, and add to it what it leads to.

        The stage's own memory follows at once, the state once the transaction is committed. If that fails, there is no
        other one, and whoever owns the partition next makes a new stage of the state.
        """
        state = Ahead(self.state, before.updates) if before.updates else self.state
        batch, outcome = self._compute(batch, state)
        self.stage.commit(batch, outcome)
        before.add(outcome)
        return outcome

    def _compute(self, whole: Batch, state: Mapping[bytes, bytes]) -> tuple[Batch, Outcome]:
        batch, outcome, poisoned = isolate(lambda part: self.stage.step(part, state), whole, self.plan.poison_share)
        if poisoned:
            self._set_aside(outcome, poisoned)
        self._poisoned.count(whole, poisoned)
        return batch, outcome

    def _set_aside(self, outcome: Outcome, poisoned: Sequence[Poisoned]) -> None:
        for record, error in poisoned:
            log.error(
                "our own code failed on a record", extra=position(record) | {"stage": self.plan.name}, exc_info=error
            )
            if self.plan.set_aside is None:
                raise TooManyPoisonedError("a record of our own cannot be processed") from error
            send, fact = self.plan.set_aside(record, error)
            outcome.sends.append(send)
            outcome.counts.update((fact, (POISON, self.plan.name)))

    async def finish(self, patience_s: float) -> None:
        """Let the batch in work finish, at most `patience_s`."""
        try:
            async with asyncio.timeout(patience_s):
                await self._idle.wait()
        except TimeoutError:
            log.warning("a batch in work was abandoned", extra={"stage": self.plan.name, "partition": self.partition})

    def close(self) -> None:
        """Whatever comes of the batch in work, it changes nothing here any more."""
        self.revoked.set()
        self._given_up = True
