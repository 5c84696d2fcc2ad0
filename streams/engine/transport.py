"""Faust's consumer, delivering batches: one message holds all that waits for one partition number of one stage.

It decides nothing by itself: `pacing` says when a batch is due, `chaining` which partitions come first. It relies on
the behaviour of the pinned versions of Faust and aiokafka; tests/broker/test_traps.py holds them to it.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from aiokafka.errors import IllegalStateError
from faust.transport.consumer import ensure_TP
from faust.transport.drivers import aiokafka as driver
from faust.types import TP
from faust.types.tuples import ConsumerMessage

from parcelward.errors import UserError
from parcelward.moments import duration_ms
from streams.engine.assignment import Assignment
from streams.engine.consumer_thread import BatchConsumerThread, Fetched
from streams.engine.inbox import SourceBatch
from streams.engine.pacing import NEVER, Pacing
from streams.engine.partition import StagePartition

SHORT_POLL_S = 0.01


class Delivery(NamedTuple):
    """Value of a message to an agent: one batch and the partition it was cut for."""

    partition: StagePartition
    source: SourceBatch


class ChangelogRecords(NamedTuple):
    """Value of a message to a table: changelog records of one partition, None when it is not ours."""

    partition: StagePartition | None
    records: list[Any]


class BatchConsumer(driver.Consumer):  # type: ignore[misc]
    """One Faust message per stage, partition number and batch; never more than one of them in work."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.assigned: Assignment = self.app.assignment
        settings = self.assigned.settings
        self._pacing = Pacing(settings.batch_records, settings.commit_every.total_seconds())
        self._grace_ms = duration_ms(settings.idle_grace)
        self._fetching: asyncio.Task[Fetched] | None = None
        self._wake: asyncio.Event = asyncio.Event()
        self.assigned.on_free = self._wake.set
        self._seeking = False
        self._assigned_since: float = 0
        self._subscribed: frozenset[str] = frozenset()

    def _new_consumer_thread(self) -> BatchConsumerThread:
        return BatchConsumerThread(self, loop=self.loop, beacon=self.beacon)

    # what is delivered

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[Any, Any]]:  # noqa: ASYNC109 - Faust's signature
        """Wait for records, for a partition to be free again or for a deadline, and deliver what can be delivered."""
        await self._await_change(timeout)
        if self.should_stop:
            return
        fetched = self._fetched()
        if fetched is not None:
            for tp, message in self._changelog_messages(fetched):
                yield tp, message
        if self._seeking:
            return
        due = self._pacing.due(self._deliverable(), self._next_commit, time.monotonic())
        for tp, message in list(map(self._batch_message, due)):
            yield tp, message

    async def _await_change(self, wait_s: float) -> None:
        if self._seeking:
            await asyncio.sleep(SHORT_POLL_S)
            return
        if self._fetching is None:
            self._fetching = asyncio.ensure_future(self._fetch(wait_s))
        due = self._pacing.due_in(self._deliverable(), self._next_commit, time.monotonic())
        if due > 0 and not self._fetching.done():
            woken = asyncio.ensure_future(self._wake.wait())
            try:
                await asyncio.wait({self._fetching, woken}, timeout=min(due, wait_s), return_when="FIRST_COMPLETED")
            finally:
                woken.cancel()
        self._wake.clear()

    async def _fetch(self, wait_s: float) -> Fetched:
        if not self.flow_active:
            await self.can_resume_flow.wait()
        active = frozenset(self._get_active_partitions())
        limit, chain = self._pacing.limit, self.assigned.chain
        full = {tp for partition in self.assigned if partition.inbox.fills(limit) for tp in partition.sources}
        open_to_more = active - full - chain.unread
        if not open_to_more or self.assigned.stopping:
            await asyncio.sleep(SHORT_POLL_S)
            return Fetched(-1, {}, {}, {})
        recovering = frozenset(self.app.tables.recovery.active_tps) if self.app.in_recovery else frozenset()
        poll_s = SHORT_POLL_S if full & active or chain.behind else wait_s
        try:
            fetched: Fetched = await self._thread.fetch(open_to_more, recovering | chain.behind, chain.unread, poll_s)
        except UserError:  # what was fetched before it is committed first
            while any(one.busy or (one.idle and not one.inbox.is_empty) for one in self._deliverable()):  # noqa: ASYNC110
                await asyncio.sleep(SHORT_POLL_S)
            raise
        return fetched

    def _fetched(self) -> Fetched | None:
        """The finished fetch, its source records in the inboxes; None when there is none, or one from before a seek."""
        if self._seeking or self._fetching is None or not self._fetching.done():
            return None
        task, self._fetching = self._fetching, None
        fetched = task.result()
        if fetched.epoch != self._thread.epoch:
            return None
        for tp, records in fetched.records.items():
            partition = self.assigned.of_topic(tp.topic, tp.partition)
            if partition is not None and records:
                partition.add(tp.topic, records)
        for tp, start in fetched.passed.items():  # gaps come behind these records
            partition = self.assigned.of_topic(tp.topic, tp.partition)
            if partition is not None:
                partition.pass_gap(tp.topic, start)
        for tp, since in fetched.held.items():
            partition = self.assigned.of_topic(tp.topic, tp.partition)
            if partition is not None:
                partition.hold(tp.topic, since)
        for tp, asked in fetched.quiet.items():
            partition = self.assigned.of_topic(tp.topic, tp.partition)
            if partition is not None:
                partition.mark_quiet(tp.topic, asked - self._grace_ms)
        self.assigned.chain.update(fetched.positions)
        return fetched

    def _changelog_messages(self, fetched: Fetched) -> Iterable[tuple[Any, Any]]:
        recovery = self.app.tables.recovery
        if fetched.epoch <= self._assigned_since:  # for a recovery that the last rebalance has made void
            return
        for tp in list(recovery.active_tps):
            records = list(fetched.records.get(tp, ()))
            end = recovery.active_highwaters.get(tp)
            read, known = fetched.positions.get(tp), recovery.active_offsets.get(tp)
            # TRAP: commit markers, aborted records and gaps from compaction take offsets too. Recovery would wait for a
            # last record that is never delivered; what counts is that we have read up to the end.
            at_end = None not in (end, read, known) and read > end > known
            if records or at_end:
                table = self.app.tables._changelogs[tp.topic]
                partition = self.assigned.of_stage(table.name, tp.partition)
                offset = end if at_end else records[-1].offset
                yield tp, self._message(ensure_TP(tp), offset, ChangelogRecords(partition, records))

    def _deliverable(self) -> Sequence[StagePartition]:
        """Partitions whose batches may be delivered: none while the flow is suspended or the worker stops."""
        if not self.flow_active or self.assigned.stopping:
            return ()
        admits, active = self.assigned.chain.admits, self._active_partitions
        return [one for one in self.assigned if admits(one) and one.sources[0] in active]

    @property
    def _next_commit(self) -> float:
        return self.assigned.last_commit + self.pause_s

    @property
    def pause_s(self) -> float:
        """Seconds that a record waits for others after a commit, at present."""
        return self._pacing.pause_s(self.assigned.commit_s, self.assigned.chain.commits)

    def fetch_pause_s(self, records: int) -> float:
        """Seconds from one fetch of a broker to the next when so many records waited there."""
        return self._pacing.fetch_pause_s(records, self.pause_s)

    def _batch_message(self, partition: StagePartition) -> tuple[Any, Any]:
        tp = TP(partition.plan.topics[0], partition.number)
        # The offset only has to pass Faust's check against what it has read; positions travel with the batch.
        return tp, self._message(
            tp, self._read_offset[tp] or 0, Delivery(partition, partition.deliver(self._pacing.limit))
        )

    def _message(self, tp: Any, offset: int, value: object) -> Any:
        generation = self.app.consumer_generation_id
        return ConsumerMessage(
            tp.topic, tp.partition, offset, 0.0, 0, (), b"", value, None, tp=tp, generation_id=generation
        )

    @property
    def unanswered_s(self) -> float:
        """Seconds since the broker last answered a fetch; a worker without partitions fetches nothing."""
        answered_at: float = self._thread.answered_at
        return time.monotonic() - answered_at

    def waiting(self, partition: StagePartition) -> Mapping[str, int]:
        """Records that wait in each topic of a partition: not read yet, as far as was last seen, or in no batch yet.

        What is chained is not read, so nothing of it waits, whatever end the last answer before that named.
        """
        chained = self.assigned.chain.unread
        unread = {tp: 0 if tp in chained else self._thread.unread(tp) for tp in partition.sources}
        return {tp.topic: count + partition.inbox.waiting(tp.topic) for tp, count in unread.items()}

    # which partitions are ours

    async def on_partitions_revoked(self, revoked: set[Any]) -> None:
        """Stop delivering, finish what is in work, then let go."""
        await super().on_partitions_revoked(revoked)
        await self.assigned.give_up()

    async def on_partitions_assigned(self, assigned: set[Any], generation_id: int = 0) -> None:
        """Take the partitions over first: Faust's own steps read the changelogs."""
        # TRAP: changelog records that arrive meanwhile were read for a recovery that is void by now. Those that it had
        # read before are gone with the former state, so the new state would miss its beginning.
        self._assigned_since = NEVER
        # TRAP: a former owner (a paused process, say) can commit nothing from here on.
        try:
            await self.assigned.take_over(assigned, self._thread.member)
            self._assigned_since = self._thread.epoch
        except Exception as error:
            self.assigned.fail(error)
            return
        await super().on_partitions_assigned(assigned, generation_id)

    async def perform_seek(self) -> None:
        """Go back to the committed positions and forget what was fetched: before anything is delivered.

        Raises IllegalStateError when partitions have been taken away meanwhile; another recovery follows.
        """
        # TRAP: Faust leaves a partition without a committed position where it is, past records it has dropped.
        self._seeking = True  # records that are read from now on wait until the old ones were dropped
        # Those of the recovery that has ended, whatever is assigned meanwhile; none that are just being taken over.
        partitions = [partition for partition in self.assigned if partition.located]
        if not partitions:
            raise IllegalStateError("the partitions of this recovery are gone")
        positions = {TP(topic, one.number): at for one in partitions for topic, at in one.positions.items()}
        await self._thread.seek_wait(positions)
        self.assigned.require_restored(partitions)
        self.assigned.reposition(partitions)
        self._read_offset.update(dict.fromkeys(positions))

    def resume_flow(self) -> None:
        """Deliver again: the last step of Faust after a seek, or of the next recovery when the seek failed."""
        # TRAP: just before, Faust empties the queues of the agents. A batch that was delivered between the seek and
        # this step is lost, and its partition, which stays busy with it, stands still.
        self._seeking = False
        super().resume_flow()
        self._wake.set()

    async def subscribe(self, topics: Iterable[str]) -> None:
        """Subscribe, unless nothing has changed."""
        # Faust subscribes again 45 s after an agent stopped: that would be one more rebalance for nothing.
        wanted = frozenset(topics)
        if wanted != self._subscribed:
            self._subscribed = wanted
            await super().subscribe(wanted)

    # acknowledging and committing, which Faust would do by itself

    async def _add_gap(self, tp: Any, offset_from: int, offset_to: int) -> None:
        # TRAP: to Faust a batch looks like a hole in the offsets, and it acknowledges holes at once: it would commit
        # positions after a batch that is still in work.
        return

    def _new_offset(self, tp: Any) -> None:
        # TRAP: the transaction commits the position; Faust's own committer would set it back.
        self._acked_index[tp].difference_update(self._acked[tp])
        self._acked[tp].clear()

    def verify_event_path(self, now: float, tp: Any) -> None:
        """Check nothing: Faust would miss its own commits, which we do not let it make."""

    async def on_stop(self) -> None:
        """Cancel the fetch that is under way."""
        if self._fetching is not None:
            self._fetching.cancel()
            await asyncio.gather(self._fetching, return_exceptions=True)
        await super().on_stop()


class BatchTransport(driver.Transport):  # type: ignore[misc]
    """aiokafka, in batches."""

    Consumer = BatchConsumer
