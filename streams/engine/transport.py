"""Faust's consumer, delivering batches: one message carries all that waits for one partition number of one stage.

It relies on the behaviour of the pinned versions of Faust and aiokafka; tests/broker/test_traps.py holds them to it.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Any, NamedTuple

from aiokafka.errors import IllegalStateError
from faust.transport.consumer import ensure_TP
from faust.transport.drivers import aiokafka as driver
from faust.types import TP
from faust.types.tuples import ConsumerMessage

from parcelward.errors import UserError
from parcelward.moments import duration_ms
from streams.engine.assignment import Ownership
from streams.engine.consumer_thread import BatchConsumerThread, Fetched
from streams.engine.inbox import Taken
from streams.engine.partition import OwnedPartition

TICK_S = 1.0
SHORT_POLL_S = 0.01
WORTH_A_COMMIT = 500
"""So many records, of all stages and partitions, cost several times what a transaction does and wait for no others."""
NEVER = float("inf")


class Delivery(NamedTuple):
    """Value of a message to an agent: one batch and the partition it belongs to."""

    owner: OwnedPartition
    taken: Taken


class Restored(NamedTuple):
    """Value of a message to a table: changelog records of one owned partition."""

    owner: OwnedPartition | None
    records: list[Any]


class BatchConsumer(driver.Consumer):  # type: ignore[misc]
    """One Faust message per stage, partition number and batch; never more than one of them in work."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.ownership: Ownership = self.app.ownership
        self._limit = self.ownership.settings.batch_records
        self._commit_every_s = self.ownership.settings.commit_every.total_seconds()
        self._grace_ms = duration_ms(self.ownership.settings.idle_grace)
        self._fetching: asyncio.Task[Fetched] | None = None
        self._wake: asyncio.Event = asyncio.Event()
        self.ownership.on_free = self._wake.set
        self._seeking = False
        self._owned_since: float = 0
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
        if not self.flow_active or self._seeking or self.ownership.stopping:
            return
        # All that may be delivered when anything is due: in the same transaction it costs less than in another one.
        for tp, message in list(map(self._batch_message, self._due())):
            yield tp, message

    async def _await_change(self, wait_s: float) -> None:
        if self._seeking:
            await asyncio.sleep(SHORT_POLL_S)
            return
        if self._fetching is None:
            self._fetching = asyncio.ensure_future(self._fetch(wait_s))
        due = self._due_in()
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
        full = {tp for owner in self.ownership if owner.waiting.fills(self._limit) for tp in owner.sources}
        carrier = self.ownership.carrier
        open_to_more = active - full - carrier.unread
        if not open_to_more or self.ownership.stopping:
            await asyncio.sleep(SHORT_POLL_S)
            return Fetched(-1, {}, {}, {})
        recovering = frozenset(self.app.tables.recovery.active_tps) if self.app.in_recovery else frozenset()
        poll_s = SHORT_POLL_S if full & active or carrier.behind else wait_s
        try:
            fetched: Fetched = await self._thread.fetch(
                open_to_more, recovering | carrier.behind, carrier.unread, poll_s
            )
        except UserError:  # what was fetched before it is committed first
            while any(one.busy or one.can_join for one in self._deliverable()):  # noqa: ASYNC110
                await asyncio.sleep(SHORT_POLL_S)
            raise
        return fetched

    def _fetched(self) -> Fetched | None:
        """The finished fetch, its source records taken over; None when there is none or it is from before a seek."""
        if self._seeking or self._fetching is None or not self._fetching.done():
            return None
        task, self._fetching = self._fetching, None
        fetched = task.result()
        if fetched.epoch != self._thread.epoch:
            return None
        for tp, records in fetched.records.items():
            owner = self.ownership.of_topic(tp.topic, tp.partition)
            if owner is not None and records:
                owner.add(tp.topic, records)
        for tp, asked in fetched.quiet.items():
            owner = self.ownership.of_topic(tp.topic, tp.partition)
            if owner is not None:
                owner.quiet(tp.topic, asked - self._grace_ms)
        self.ownership.carrier.look(fetched.positions)
        return fetched

    def _changelog_messages(self, fetched: Fetched) -> Iterable[tuple[Any, Any]]:
        recovery = self.app.tables.recovery
        if fetched.epoch <= self._owned_since:  # for a recovery that the last rebalance has made void
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
                owner = self.ownership.of_stage(table.name, tp.partition)
                offset = end if at_end else records[-1].offset
                yield tp, self._message(ensure_TP(tp), offset, Restored(owner, records))

    def _may_deliver(self, owner: OwnedPartition) -> bool:
        if not self.flow_active or self.ownership.stopping:  # or waiting for it would take no time
            return False
        if self.ownership.carrier.behind and not owner.plan.fed:  # first what stands between the stages
            return False
        return TP(owner.plan.topics[0], owner.partition) in self._active_partitions

    def _due(self) -> Sequence[OwnedPartition]:
        if self._due_in() > 0:
            return ()
        now = time.monotonic()
        return [one for one in self._deliverable() if one.can_join or self._owner_due_in(one, now) <= 0]

    def _deliverable(self) -> Iterable[OwnedPartition]:
        return filter(self._may_deliver, self.ownership)

    def _due_in(self) -> float:
        """Seconds until something is to be delivered, as far as that is known."""
        if sum(one.waiting.count for one in self._deliverable() if one.can_join) >= WORTH_A_COMMIT:
            return 0.0
        now = time.monotonic()
        return min((self._owner_due_in(one, now) for one in self._deliverable()), default=NEVER)

    def _owner_due_in(self, owner: OwnedPartition, now: float) -> float:
        return owner.due_in(now, self._pace_s, self._limit, TICK_S)

    @property
    def _pace_s(self) -> float:
        """Least time between two commits, so that an event that passes several is not held up longer."""
        every_s: float = self._commit_every_s
        return every_s / self.ownership.carrier.commits

    @property
    def fetch_every_s(self) -> float:
        """Least time between two fetches while little comes."""
        return self._pace_s / 2

    def _batch_message(self, owner: OwnedPartition) -> tuple[Any, Any]:
        tp = TP(owner.plan.topics[0], owner.partition)
        # The offset only has to pass Faust's check against what it has read; positions travel with the batch.
        return tp, self._message(tp, self._read_offset[tp] or 0, Delivery(owner, owner.take(self._limit)))

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

    def lag(self, owner: OwnedPartition) -> int:
        """Records between the committed positions of an owned partition and the ends of its topics, as last seen."""
        ends = {tp.topic: self.highwater(tp) for tp in owner.sources}
        return sum(max(0, (ends[topic] or 0) - position) for topic, position in owner.positions.items())

    # who owns what

    async def on_partitions_revoked(self, revoked: set[Any]) -> None:
        """Stop delivering, finish what is in work, then let go."""
        await super().on_partitions_revoked(revoked)
        await self.ownership.give_up()

    async def on_partitions_assigned(self, assigned: set[Any], generation_id: int = 0) -> None:
        """Take the partitions over first: Faust's own steps read the changelogs."""
        # TRAP: what comes meanwhile was read for a recovery that is void by now. What that one had read before is gone
        # with its state, and would be missing in the new one.
        self._owned_since = NEVER
        # TRAP: whoever owned a partition before (a paused process, say) can commit nothing from here on.
        try:
            await self.ownership.take(assigned, self._thread.member)
            self._owned_since = self._thread.epoch
        except Exception as error:
            self.ownership.fail(error)
            return
        await super().on_partitions_assigned(assigned, generation_id)

    async def perform_seek(self) -> None:
        """Go back to the committed positions and forget what was fetched: before anything is delivered.

        Raises IllegalStateError when partitions have been taken away meanwhile; another recovery follows.
        """
        # TRAP: Faust leaves a partition without a committed position where it is, past records it has dropped.
        self._seeking = True  # what is read from now on is taken over after the old records were dropped
        # Those of the recovery that has ended, whatever is assigned meanwhile; none that are just being taken.
        owners = [owner for owner in self.ownership if owner.positions]
        if not owners:
            raise IllegalStateError("the partitions of this recovery are gone")
        positions = {TP(topic, one.partition): at for one in owners for topic, at in one.positions.items()}
        await self._thread.seek_wait(positions)
        self.ownership.require_restored(owners)
        self.ownership.reposition(owners)
        self._read_offset.update(dict.fromkeys(positions))

    def resume_flow(self) -> None:
        """Deliver again: the last thing that Faust does after a seek, or in the next recovery when the seek failed."""
        # TRAP: just before, Faust empties the queues of the agents. A batch that was delivered between the seek and
        # this is gone, and its partition, which is busy with it, stands still.
        self._seeking = False
        super().resume_flow()
        self._wake.set()

    async def subscribe(self, topics: Iterable[str]) -> None:
        """Subscribe, unless nothing has changed."""
        # Faust subscribes again 45 s after an agent stopped, which would be one more rebalance for nothing.
        wanted = frozenset(topics)
        if wanted != self._subscribed:
            self._subscribed = wanted
            await super().subscribe(wanted)

    # what Faust would acknowledge and commit by itself

    async def _add_gap(self, tp: Any, offset_from: int, offset_to: int) -> None:
        # TRAP: to Faust a batch looks like a hole in the offsets, and it acknowledges holes at once: it would commit
        # past work in progress.
        return

    def _new_offset(self, tp: Any) -> None:
        # TRAP: the transaction commits the position; Faust's own committer would set it back.
        self._acked_index[tp].difference_update(self._acked[tp])
        self._acked[tp].clear()

    def verify_event_path(self, now: float, tp: Any) -> None:
        """Faust would miss the commits that it does not make."""

    async def on_stop(self) -> None:
        """Cancel the fetch that is under way."""
        if self._fetching is not None:
            self._fetching.cancel()
            await asyncio.gather(self._fetching, return_exceptions=True)
        await super().on_stop()


class BatchTransport(driver.Transport):  # type: ignore[misc]
    """aiokafka, in batches."""

    Consumer = BatchConsumer
