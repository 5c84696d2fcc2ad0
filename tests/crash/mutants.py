"""The protocol with one step wrong, for each way we could think of; the simulation must find every one of them."""

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest
from aiokafka.errors import KafkaError

import tests.crash.process
from parcelward.stage import Outcome
from streams.engine.assignment import Assignment
from streams.engine.inbox import Inbox
from streams.engine.partition import Done, StagePartition
from streams.engine.phase import Phase
from streams.engine.producer import FencedError, Member
from streams.engine.state import NOTHING_WRITTEN, Bounds
from streams.engine.transactions import Found, Transactions, Work
from streams.engine.transport import BatchConsumer
from tests.crash.broker import Broker
from tests.crash.clients import SimulatedProducer, SimulatedThread

Mutant = Callable[[pytest.MonkeyPatch], None]

_commit, _open = Transactions.commit, Transactions.open
_next_batch = Inbox.next_batch
_send, _add_positions = SimulatedProducer.send, Broker.add_positions
_write = Transactions._write
_process_whole = StagePartition.process
_process, _seek, _messages = StagePartition._process, BatchConsumer.perform_seek, BatchConsumer._changelog_messages


def position_before_the_records(patch: pytest.MonkeyPatch) -> None:
    """The position commits in a transaction of its own, before the records and the state."""

    async def commit(self: Transactions, work: Work) -> None:
        if work.positions:
            await _commit(self, replace(work, outcome=Outcome()))
        work.positions = {}
        await _commit(self, work)

    patch.setattr(Transactions, "commit", commit)


def position_after_the_records(patch: pytest.MonkeyPatch) -> None:
    """The position commits in a transaction of its own, after the records and the state."""

    async def commit(self: Transactions, work: Work) -> None:
        positions, work.positions = work.positions, {}
        await _commit(self, work)
        if positions:
            await _commit(self, Work(work.stage, work.number, Outcome(), positions))

    patch.setattr(Transactions, "commit", commit)


def state_outside_the_transaction(patch: pytest.MonkeyPatch) -> None:
    """Outputs and position commit first, the state in a transaction of its own."""

    async def commit(self: Transactions, work: Work) -> None:
        await _commit(self, replace(work, outcome=Outcome(sends=work.outcome.sends)))
        work.outcome.sends, work.positions = [], {}
        await _commit(self, work)

    patch.setattr(Transactions, "commit", commit)


def commit_is_not_awaited(patch: pytest.MonkeyPatch) -> None:
    """Memory changes while the commit is under way."""

    async def commit(self: Transactions, work: Work) -> None:
        working = asyncio.ensure_future(_commit(self, work))
        working.add_done_callback(lambda task: task.cancelled() or task.exception())
        work.written = NOTHING_WRITTEN

    patch.setattr(Transactions, "commit", commit)


def refused_records_are_not_noticed(patch: pytest.MonkeyPatch) -> None:
    """Nobody looks at what came of the record batches."""

    async def send(self: SimulatedProducer, records: Any) -> dict[Any, int]:
        try:
            return await _send(self, records)
        except KafkaError:
            return {}

    patch.setattr(SimulatedProducer, "send", send)


def ticks_are_not_committed(patch: pytest.MonkeyPatch) -> None:
    """The outcome of an empty batch stays in memory."""

    async def process(self: StagePartition, source: Any) -> Any:
        if source.positions:
            return await _process(self, source)
        batch, outcome = self._compute(source.batch, self.state)
        self.state.write(outcome.updates, self.state.written)
        self.stage.commit(batch, outcome)
        return Done(self, source.batch, outcome, 0.0, 0.0)

    patch.setattr(StagePartition, "_process", process)


def ticks_bring_no_position(patch: pytest.MonkeyPatch) -> None:
    """A transaction without a record from a source has no position in it: nothing in it is of a generation."""

    async def process(self: StagePartition, source: Any) -> Any:
        if not source.positions:
            self.positions = {}
        return await _process(self, source)

    patch.setattr(StagePartition, "_process", process)


def positions_of_one_stage_are_left_out(patch: pytest.MonkeyPatch) -> None:
    """Only the first of several batches in a transaction brings its position along."""

    async def write(self: Transactions, ready: Any, *others: Any) -> None:
        for work in ready[1:]:
            work.positions = {}
        await _write(self, ready, *others)

    patch.setattr(Transactions, "_write", write)


def positions_of_any_generation_are_taken(patch: pytest.MonkeyPatch) -> None:
    """Positions are sent as if they were of the newest generation."""

    def add_positions(self: Broker, name: str, epoch: int, positions: Any, member: Member) -> None:
        _add_positions(self, name, epoch, positions, Member(member.id, self.generation))

    patch.setattr(Broker, "add_positions", add_positions)


def undecided_positions_are_read(patch: pytest.MonkeyPatch) -> None:
    """A former owner's transaction whose positions the group has taken may still be committed."""

    async def stable_positions(self: SimulatedProducer, sources: Any) -> Mapping[Any, int]:
        return self._line.broker.positions_of(sources)

    patch.setattr(SimulatedProducer, "stable_positions", stable_positions)


def undecided_changelogs_are_read(patch: pytest.MonkeyPatch) -> None:
    """The end of a changelog is taken to be where a former owner's transaction began."""

    async def await_records(self: SimulatedProducer, logs: Any) -> Mapping[Any, int]:
        return {tp: self._line.broker.logs[tp].stable_end(tp) for tp in logs}

    patch.setattr(SimulatedProducer, "await_records", await_records)


def written_counts_too_far(patch: pytest.MonkeyPatch) -> None:
    """State is taken to be current further up the changelog than it is."""

    async def commit(self: Transactions, work: Work) -> None:
        await _commit(self, work)
        if work.written is not None:
            work.written += 4

    patch.setattr(Transactions, "commit", commit)


def memory_changes_before_the_commit(patch: pytest.MonkeyPatch) -> None:
    """A transaction that fails leaves its state in memory."""

    async def commit(self: Transactions, work: Work) -> None:
        partition: StagePartition = self.partition  # type: ignore[attr-defined]
        partition.state.write(work.outcome.updates, partition.state.written)
        await _commit(self, work)

    async def process(self: StagePartition, source: Any) -> Any:
        self._transactions.partition = self  # type: ignore[attr-defined]
        return await _process(self, source)

    patch.setattr(Transactions, "commit", commit)
    patch.setattr(StagePartition, "_process", process)


def failed_batch_is_passed_over(patch: pytest.MonkeyPatch) -> None:
    """A batch whose processing raised is acknowledged like any other."""

    async def process(self: StagePartition, source: Any) -> Any:
        try:
            return await _process_whole(self, source)
        except FencedError:
            raise
        except Exception:
            return None

    patch.setattr(StagePartition, "process", process)


def fenced_after_reading(patch: pytest.MonkeyPatch) -> None:
    """The former owner is fenced only after positions and changelog were read."""

    places: dict[Transactions, Any] = {}

    async def not_yet(self: Transactions, sources: Any, changelogs: Any, ours: Any = ()) -> Found:
        places[self] = sources, changelogs, ours
        broker = self._connect(self._settings, "reader")._line.broker  # a producer that does nothing knows it
        positions = broker.positions_of(sources)
        return Found(
            dict.fromkeys(sources, 0) | positions,
            frozenset(sources) - positions.keys(),
            {tp: Bounds(0, broker.logs[tp].stable_end(tp)) for tp in changelogs},
        )

    async def seek(self: BatchConsumer) -> None:
        partitions = list(self.assigned)
        for partition in partitions:
            partition._busy = True
        await _seek(self)
        for transactions in {partition._transactions for partition in partitions}:
            await _open(transactions, *places[transactions])
        for partition in partitions:
            partition._busy = False
        self._wake.set()

    patch.setattr(Transactions, "open", not_yet)
    patch.setattr(BatchConsumer, "perform_seek", seek)


def two_batches_in_work(patch: pytest.MonkeyPatch) -> None:
    """A partition computes a batch while another waits for its commit."""

    working = set()

    def screen(assignment: Assignment) -> Any:
        async def screen(stream: Any) -> None:
            async for event in stream.noack().events():
                working.add(asyncio.ensure_future(assignment.process(event.value.partition, event.value.source)))

        return screen

    def deliver(self: StagePartition, limit: int) -> Any:
        self.last_batch_at = asyncio.get_running_loop().time()
        return self.inbox.next_batch(limit)

    patch.setattr(tests.crash.process, "screen", screen)
    patch.setattr(StagePartition, "deliver", deliver)
    patch.setattr(StagePartition, "working", lambda self: contextlib.nullcontext())


def fetched_before_the_seek_is_kept(patch: pytest.MonkeyPatch) -> None:
    """Records that were read from a stale position are taken in and delivered."""

    def add(self: StagePartition, topic: str, records: Any) -> None:
        self.inbox.add(topic, records)

    def reposition(self: StagePartition) -> None:
        self._phase = Phase.READY

    def apply_changelog(self: StagePartition, records: Any, offset: int) -> None:
        if offset > self.state.written:
            self.state.write({record.key: record.value for record in records}, offset)

    patch.setattr(StagePartition, "add", add)
    patch.setattr(StagePartition, "reposition", reposition)
    patch.setattr(StagePartition, "apply_changelog", apply_changelog)
    patch.setattr(SimulatedThread, "epoch", property(lambda self: 0, lambda self, value: None), raising=False)
    patch.setattr(BatchConsumer, "_assigned_since", property(lambda self: -1, lambda self, value: None), raising=False)


def delivered_before_the_flow_is_resumed(patch: pytest.MonkeyPatch) -> None:
    """A batch is delivered after the seek and before Faust empties the queues of the agents."""

    async def seek(self: BatchConsumer) -> None:
        await _seek(self)
        self._seeking = False

    patch.setattr(BatchConsumer, "perform_seek", seek)


def recovery_waits_for_a_last_record(patch: pytest.MonkeyPatch) -> None:
    """Commit markers at the end of a changelog are not reckoned with."""
    patch.setattr(
        BatchConsumer, "_changelog_messages", lambda self, fetched: _messages(self, fetched._replace(positions={}))
    )


def gap_brings_no_position(patch: pytest.MonkeyPatch) -> None:
    """The position moves past a gap only with the next record."""
    patch.setattr(StagePartition, "pass_gap", lambda self, topic, start: None)


def gap_is_passed_before_what_came_first(patch: pytest.MonkeyPatch) -> None:
    """The position goes behind a gap although records before it are in no batch yet."""

    def next_batch(self: Inbox, limit: int) -> Any:
        passed, found = dict(self._passed), _next_batch(self, limit)
        return found._replace(positions={**found.positions, **passed})

    patch.setattr(Inbox, "next_batch", next_batch)


def memory_of_the_stage_is_not_restored(patch: pytest.MonkeyPatch) -> None:
    """Deadlines from before a crash are forgotten."""
    patch.setattr(StagePartition, "restore", lambda self: self._enter(Phase.RESTORED))


def restored_by_a_recovery_that_is_void(patch: pytest.MonkeyPatch) -> None:
    """The stage is rebuilt from a state whose changelog is still to be read on: it misses the deadlines of the rest."""
    patch.setattr(StagePartition, "recovered", property(lambda self: self.phase is Phase.LOCATED))


def delivered_before_it_is_restored(patch: pytest.MonkeyPatch) -> None:
    """Recovery is skipped."""
    patch.setattr(tests.crash.process.Table, "apply_changelog_batch", lambda self, batch: None)


MUTANTS: tuple[Mutant, ...] = (
    position_before_the_records,
    position_after_the_records,
    state_outside_the_transaction,
    commit_is_not_awaited,
    refused_records_are_not_noticed,
    ticks_are_not_committed,
    ticks_bring_no_position,
    positions_of_one_stage_are_left_out,
    positions_of_any_generation_are_taken,
    undecided_positions_are_read,
    undecided_changelogs_are_read,
    written_counts_too_far,
    memory_changes_before_the_commit,
    failed_batch_is_passed_over,
    fenced_after_reading,
    two_batches_in_work,
    fetched_before_the_seek_is_kept,
    delivered_before_the_flow_is_resumed,
    recovery_waits_for_a_last_record,
    gap_brings_no_position,
    gap_is_passed_before_what_came_first,
    memory_of_the_stage_is_not_restored,
    restored_by_a_recovery_that_is_void,
    delivered_before_it_is_restored,
)
