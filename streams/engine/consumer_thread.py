"""The thread that reads from Kafka: it hands over at once all that one fetch brought, and does not ask too often.

It relies on the behaviour of the pinned versions of Faust and aiokafka; tests/broker/test_traps.py holds them to it.
"""

import asyncio
import time
from collections.abc import Mapping, Set
from typing import Any, NamedTuple

import aiokafka
from aiokafka.structs import TopicPartition
from faust.transport.drivers import aiokafka as driver

from parcelward.footing import Bounds
from parcelward.moments import duration_ms
from streams.engine.clients import consumer_options
from streams.engine.outages import Outages
from streams.engine.producer import NOBODY, Member


class Fetched(NamedTuple):
    """One fetch, handed over at once so that its parts belong together.

    `epoch` counts seeks: records of an earlier epoch were read before positions were set back. `quiet` says per
    partition up to which arrival time (ms) no more records come. `positions` are those after the records.
    `held` gives for partitions that were away the time (ms) from which on their deadlines wait. `passed` are positions
    behind records that were gone before they were read.
    """

    epoch: int
    records: Mapping[Any, list[Any]]
    quiet: Mapping[Any, int]
    positions: Mapping[Any, int]
    held: Mapping[Any, int] = {}
    passed: Mapping[Any, int] = {}


class BatchConsumerThread(driver.AIOKafkaConsumerThread):  # type: ignore[misc]
    """The thread that reads from Kafka."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.epoch = 0
        self.answered_at = float("-inf")
        self.member = NOBODY
        self._quiet: dict[Any, int] = {}
        self._outages = Outages(duration_ms(self.app.assignment.settings.outage_grace))
        self._out_of_range: dict[Any, int] = {}
        self._paused: tuple[Any, frozenset[Any]] = None, frozenset()

    def on_crash(self, msg: str, *fmt: Any, **kwargs: Any) -> None:
        """Print nothing, as Faust would: the error itself is logged."""

    def _create_worker_consumer(self, transport: Any) -> Any:
        self._assignor = self.app.assignor
        return aiokafka.AIOKafkaConsumer(
            partition_assignment_strategy=[self._assignor], **consumer_options(self.app.assignment.settings)
        )

    async def on_partitions_assigned(self, assigned: set[Any], generation_id: int = 0) -> None:
        """Remember under which member id and in which generation the group has assigned them."""
        self.member = Member(self._consumer._coordinator.member_id, generation_id)
        await super().on_partitions_assigned(assigned, generation_id)

    async def on_start(self) -> None:
        """Start the consumer and watch its fetches."""
        await super().on_start()
        fetcher = self._consumer._fetcher
        send = fetcher._proc_fetch_request
        ask_at: dict[int, float] = {}  # by broker

        async def watched(assignment: Any, node_id: int, request: Any) -> Any:
            asked = [
                (TopicPartition(topic, number), position)
                for topic, numbers in request.topics
                for number, position, _ in numbers
            ]
            states = [(tp, position, assignment.state_value(tp)) for tp, position in asked]
            try:
                await asyncio.sleep(ask_at.get(node_id, 0.0) - time.monotonic())
            except asyncio.CancelledError:
                return False  # as aiokafka's own does: its callers expect no exception
            asked_at = time.monotonic()
            for _, _, state in states:
                state.timestamp = None
            # The time of asking, not of the answer: an answer that is read late (this process was paused) tells of the
            # moment in which it was asked for.
            begun = self.consumer.assigned.clock.now_ms()
            found = await send(assignment, node_id, request)
            if any(state.timestamp is not None for _, _, state in states):
                self.answered_at = time.monotonic()
            waiting = sum(max(0, (state.highwater or 0) - position) for _, position, state in states)
            ask_at[node_id] = asked_at + self.consumer.fetch_pause_s(waiting)
            for tp, position, state in states:
                # TRAP: aiokafka would go on from the beginning of the log and tell nobody.
                if state.awaiting_reset:
                    state.seek(position)
                    self._note_out_of_range(tp, position)
                # With a time stamp the answer was for us. The end is our position: no record is left, not even one of
                # an open transaction.
                if state.timestamp is not None:
                    self._note_answer(tp, begun, at_end=state.highwater == position)
            return found

        fetcher._proc_fetch_request = watched

    def _note_out_of_range(self, tp: Any, position: int) -> None:
        """Note that a position is not in its log, unless it is one from before the partition was set to its own."""
        partition = self.consumer.assigned.of_topic(tp.topic, tp.partition)
        if partition is None or partition.ready:
            self._out_of_range[tp] = position

    def _note_answer(self, tp: Any, begun: int | None, *, at_end: bool) -> None:
        """Note what an answer says about deadlines: a partition that was read to its end is quiet, or they wait."""
        partition = self.consumer.assigned.of_topic(tp.topic, tp.partition)
        if partition is None or not (partition.ready and partition.plan.ticks):
            return
        self._outages.answered(tp, begun, new=partition.uncommitted)
        if at_end and begun is not None and self._outages.is_over(tp, begun):
            self._quiet[tp] = begun

    def unread(self, tp: Any) -> int:
        """Offsets between what was read of a partition and its end, as the last answer said.

        Not from the committed position: the end of a transaction takes an offset and is never in a batch, so behind the
        last record there would be one for ever. What is read goes beyond it. The end is that of the log, not of decided
        transactions: records behind an open one wait, too.
        """
        assignment = self._consumer and self._consumer._subscription.subscription.assignment
        state = assignment.state_value(tp) if assignment else None
        if state is None or not state.has_valid_position or state.highwater is None:
            return 0
        return max(0, int(state.highwater) - int(state.position))

    async def fetch(self, active: Set[Any], watched: Set[Any], unread: Set[Any], wait_s: float) -> Fetched:
        """Fetch records of the active partitions, waiting at most `wait_s` seconds for the first.

        Returns also the positions of the `watched` partitions. The `unread` ones are not asked for at all.
        """
        result: Fetched = await self.call_thread(self._fetch, active, watched, frozenset(unread), wait_s)
        return result

    async def _fetch(self, active: Set[Any], watched: Set[Any], unread: frozenset[Any], wait_s: float) -> Fetched:
        consumer = self._ensure_consumer()
        self._pause(consumer, unread)
        # TRAP: to aiokafka an empty set of partitions means all of them.
        if not active or not self.consumer.flow_active:
            return Fetched(self.epoch, {}, {}, {})
        records = await self._fetch_records(consumer, active, timeout=wait_s, max_records=consumer._max_poll_records)
        passed = await self._pass_gaps(consumer)
        assignment = consumer._subscription.subscription.assignment
        states = {tp: assignment.state_value(tp) for tp in watched} if watched and assignment else {}
        positions = {tp: state.position for tp, state in states.items() if state and state.has_valid_position}
        quiet, self._quiet = self._quiet, {}
        return Fetched(self.epoch, records, quiet, positions, dict(self._outages.held), passed)

    async def _pass_gaps(self, consumer: Any) -> dict[Any, int]:
        """Go on after records that are gone, or raise UserError, as the setting says; returns where it goes on."""
        passed = {}
        while self._out_of_range:
            tp, position = next(iter(self._out_of_range.items()))
            log = Bounds((await consumer.beginning_offsets([tp]))[tp], (await consumer.end_offsets([tp]))[tp])
            # Only now, and nothing is awaited until the seek: meanwhile it was asked for, and noted, again.
            # Of a paused one nothing is unread: all that was sent to it is chained.
            if self._out_of_range.pop(tp, None) is None or tp not in consumer.assignment() - consumer.paused():
                continue
            self.consumer.assigned.pass_gap(tp, position, log)
            if log.start > position:
                consumer.seek(tp, log.start)
                passed[tp] = log.start
        return passed

    def _pause(self, consumer: Any, unread: frozenset[Any]) -> None:
        """Pause these and no others. Checked with each fetch, because each assignment begins with none paused."""
        wanted = consumer._subscription.subscription.assignment, unread
        if wanted != self._paused:
            self._paused = wanted
            paused = consumer.paused()
            consumer.pause(*((unread - paused) & consumer.assignment()))
            consumer.resume(*(paused - unread))

    async def _seek_wait(self, consumer: Any, partitions: Mapping[Any, int]) -> None:
        self.epoch += 1
        self._quiet.clear()
        self._out_of_range.clear()
        await super()._seek_wait(consumer, partitions)
