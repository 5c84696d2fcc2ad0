"""One stage on one partition of this worker: the delivery protocol around the pure stage."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from aiokafka.structs import TopicPartition

from parcelward.counts import POISON
from parcelward.formats import refuse_newer
from parcelward.logs import position
from parcelward.poison import MOST_SHARE, Poisoned, Recently, TooManyPoisonedError, isolate
from parcelward.stage import Batch, CountKey, Outcome, PartitionStage, Send, SourceRecord
from streams.engine.inbox import Inbox, SourceBatch
from streams.engine.phase import ENTERED_FROM, Phase, PhaseError
from streams.engine.state import NOTHING_WRITTEN, Ahead, Bounds, MemoryState, State
from streams.engine.transactions import Transactions, Work

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class StagePlan:
    """One stage as the engine runs it: its name (of table and metrics), its source topics, and how to build it.

    The topics have equal partition counts and are read as one. `ticks`: empty batches are delivered to an idle
    partition, so that deadlines fire. `fed`: it has one topic, to which stages of this group send and nobody else.
    `to_alert`: it is one of the stages that an event passes on its way to an alert.
    `set_aside` makes the record that a poisoned one is kept in, and what to count; without it a poisoned record
    stops the worker, and so do more of them than `poison_share`.
    """

    name: str
    topics: tuple[str, ...]
    build: Callable[[int], PartitionStage]
    ticks: bool = False
    fed: bool = False
    to_alert: bool = True
    set_aside: Callable[[SourceRecord, Exception], tuple[Send, CountKey]] | None = None
    poison_share: float = MOST_SHARE


class Done(NamedTuple):
    """One committed batch, for metrics: CPU seconds of computing, wall seconds of its transaction."""

    partition: "StagePartition"
    batch: Batch
    outcome: Outcome
    compute_s: float
    commit_s: float


class StagePartition:
    """One stage on one partition number, from assignment to revocation: its inbox, its state, its phase.

    Each step to another phase is one method, and a step out of its order raises PhaseError:

        TAKEN    -- locate     -->  LOCATED     positions are known, and where the changelog ends
        LOCATED  -- restore    -->  RESTORED    `apply_changelog` has brought the state to that end
        RESTORED -- reposition -->  READY       the consumer reads from the positions
        READY    -- fence      -->  FENCED      another worker has the partition
        any      -- give_up    -->  GIVEN_UP

    In READY the cycle is `add`, `deliver`, `process`; at most one batch is in work at any time (`busy`).
    """

    def __init__(self, plan: StagePlan, number: int, transactions: Transactions, state: State | None = None) -> None:
        self.plan = plan
        self.number = number
        self.sources = [TopicPartition(topic, number) for topic in plan.topics]
        self.stage = plan.build(number)
        self.state = MemoryState() if state is None else state
        self.restored_records = 0
        self.inbox = Inbox(plan.topics)
        self.positions: dict[str, int] = {}  # known once it is located, as are the next two
        self.uncommitted = False  # whether the group had a position for none of its sources
        self.must_reach: int | None = None  # changelog offset at which the state is complete
        self.taken_at = self.last_batch_at = time.monotonic()
        self.in_work = 0
        self._phase = Phase.TAKEN
        self._busy = False
        self._transactions = transactions
        self._poisoned = Recently(plan.poison_share)
        self._given_up = asyncio.Event()
        self._out_of_work = asyncio.Event()
        self._out_of_work.set()

    # from phase to phase

    @property
    def phase(self) -> Phase:
        """The phase it is in; the methods below change it."""
        return self._phase

    def _enter(self, phase: Phase) -> None:
        if self._phase not in ENTERED_FROM[phase]:
            raise self._refusal(f"become {phase.name}")
        self._phase = phase

    def _refusal(self, step: str) -> PhaseError:
        busy = ", busy" if self._busy else ""
        return PhaseError(f"stage {self.plan.name}, partition {self.number} ({self._phase.name}{busy}) cannot {step}")

    def locate(self, positions: Mapping[str, int], *, uncommitted: bool, changelog: Bounds) -> None:
        """Learn where sources are read from and where the changelog ends; a state that it cannot complete is forgotten.

        `uncommitted`: the group has a position for none of the sources, and `positions` are their beginnings.
        """
        self._enter(Phase.LOCATED)
        self.positions.update(positions)
        self.uncommitted = uncommitted
        if self.state.written != NOTHING_WRITTEN:
            self.state.forget_unless_current(changelog)
        self.must_reach = changelog.end - 1 if changelog.end > changelog.start else NOTHING_WRITTEN

    def apply_changelog(self, records: Sequence[Any], offset: int) -> None:
        """Bring the state up to a changelog offset; does nothing if it is there already.

        Raises UserError if a newer version has written one of the records.
        """
        if offset <= self.state.written:  # fetched for a recovery before this one
            return
        if self._phase is Phase.TAKEN:
            raise self._refusal("apply its changelog")
        # TRAP: once it is restored, only another worker can have written more: this one was paused, and the group has
        # not told it yet. The stage was rebuilt without these records, so the state stays without them too.
        if self._phase is not Phase.LOCATED:
            return
        updates = {record.key: record.value for record in records}
        refuse_newer(updates.values(), f"a record in the state of stage {self.plan.name}")
        self.state.write(updates, offset)
        self.restored_records += len(records)

    @property
    def recovered(self) -> bool:
        """True when the state has reached the end of the changelog, and the stage is still to be rebuilt from it."""
        return self._phase is Phase.LOCATED and self.must_reach is not None and self.state.written >= self.must_reach

    def restore(self) -> None:
        """Rebuild the stage from the recovered state."""
        if not self.recovered:
            raise self._refusal("be restored")
        self.stage.restore(self.state)
        self._enter(Phase.RESTORED)

    def reposition(self) -> None:
        """Start anew from `positions`, to which the consumer was set; what was fetched before is fetched again."""
        # TRAP: a fetch from before the rebalance may bring records of the new assignment from a stale position. A batch
        # of them that slips in before the seek is processed twice.
        self._enter(Phase.READY)
        self.inbox.clear()

    def fence(self) -> None:
        """Deliver nothing more: another worker has the partition."""
        self._enter(Phase.FENCED)

    def give_up(self) -> None:
        """End: whatever comes of the batch in work, it changes nothing here any more."""
        self._enter(Phase.GIVEN_UP)
        self._given_up.set()

    async def until_given_up(self) -> None:
        """Wait until it is given up."""
        await self._given_up.wait()

    @property
    def located(self) -> bool:
        """True once its positions are known."""
        return self._phase is not Phase.TAKEN

    @property
    def restored(self) -> bool:
        """True once its stage is rebuilt from the state, until it is given up."""
        return self._phase in (Phase.RESTORED, Phase.READY, Phase.FENCED)

    @property
    def ready(self) -> bool:
        """True once it has its state and the consumer its positions, until it is given up."""
        return self._phase in (Phase.READY, Phase.FENCED)

    @property
    def has_state(self) -> bool:
        """True when something was committed and not yet forgotten; known once it is restored."""
        return next(iter(self.state), None) is not None

    # batches

    @property
    def idle(self) -> bool:
        """True when the next batch may be delivered."""
        return self._phase is Phase.READY and not self._busy

    @property
    def busy(self) -> bool:
        """True when a batch is delivered or in work, or nothing more may be delivered."""
        return self._busy or self._phase is Phase.FENCED

    def add(self, topic: str, records: Sequence[SourceRecord]) -> None:
        """Take in fetched records, unless they may be from a stale position."""
        if self.ready:
            self.inbox.add(topic, records)

    def pass_gap(self, topic: str, start: int) -> None:
        """Note that the records before an offset are gone; the next batch brings the position there."""
        if self.ready:
            self.inbox.pass_gap(topic, start)

    def mark_quiet(self, topic: str, until: int) -> None:
        """Note that after what was added no record arrives with a time up to `until` (ms)."""
        if self.ready:
            self.inbox.mark_quiet(topic, until)

    def hold(self, topic: str, since: int) -> None:
        """Let deadlines of a topic from a time on (ms) wait until it is quiet again."""
        if self.ready:
            self.inbox.hold(topic, since)

    def deliver(self, limit: int) -> SourceBatch:
        """Cut the next batch; the partition is busy until `process` has returned."""
        if not self.idle:
            raise self._refusal("deliver a batch")
        self._busy = True
        self.last_batch_at = time.monotonic()
        self._transactions.computing.add(self)
        source = self.inbox.next_batch(limit)
        self.in_work = len(source.batch.records)
        return source

    @contextlib.contextmanager
    def working(self) -> Iterator[None]:
        """Hold a batch in work inside the block: the partition is busy, and `finish` waits for its end."""
        if not self._out_of_work.is_set():
            raise self._refusal("work on a second batch")
        self._busy = True
        self._out_of_work.clear()
        try:
            yield
        finally:
            self._out_of_work.set()
            self._busy = False
            self.in_work = 0

    async def process(self, source: SourceBatch) -> Done | None:
        """Compute, commit in one transaction, and only then change memory. None: the partition is no longer ours.

        Raises FailedError when the transaction failed, FencedError when another worker has the partition, and whatever
        the stage raises when a record cannot be set aside.
        """
        if self._phase is Phase.GIVEN_UP:
            return None
        with self.working():
            try:
                return await self._process(source)
            finally:
                self._transactions.computing.discard(self)

    async def _process(self, source: SourceBatch) -> Done | None:
        begun = time.thread_time()
        batch, outcome = self._compute(source.batch, self.state)
        compute_s, commit_s = time.thread_time() - begun, 0.0
        if source.positions or outcome.sends or outcome.updates:
            # All positions, also those that stay: a transaction without one would not be fenced by the group.
            positions = {**self.positions, **source.positions}
            work = Work(self.plan.name, self.number, outcome, positions, len(batch.records))
            self._transactions.computing.discard(self)
            try:
                await self._transactions.commit(work)
            except Exception:
                if self._phase is Phase.GIVEN_UP:
                    return None
                raise
            if not self.follow(work):
                return None
            commit_s = work.commit_s
        self.stage.commit(batch, outcome)
        return Done(self, source.batch, outcome, compute_s, commit_s)

    def follow(self, work: Work) -> bool:
        """Make positions and state equal to what was committed; False when the partition is no longer ours.

        The worker that has the state then reads it from the changelog.
        """
        if self._phase is Phase.GIVEN_UP:
            return False
        self.positions.update(work.positions)
        if work.written is not None:
            self.state.write(work.outcome.updates, work.written)
        return True

    def process_chained(self, batch: Batch, before: Outcome) -> Outcome:
        """Compute one more batch of a transaction that holds `before` already, add its outcome to that, and return it.

        The stage's own memory follows at once, the state once the transaction is committed. If that fails, this worker
        commits nothing any more, and the next one makes a new stage from the state.
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
            send, key = self.plan.set_aside(record, error)
            outcome.sends.append(send)
            outcome.counts.update((key, (POISON, self.plan.name)))

    async def finish(self, patience_s: float) -> None:
        """Let the batch in work finish, at most `patience_s`."""
        try:
            async with asyncio.timeout(patience_s):
                await self._out_of_work.wait()
        except TimeoutError:
            log.warning("a batch in work was abandoned", extra={"stage": self.plan.name, "partition": self.number})
