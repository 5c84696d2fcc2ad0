"""The thread that reads from Kafka: what it fetches is handed over at once, and how often it asks.

It relies on the behaviour of the pinned versions of Faust and aiokafka; tests/broker/test_traps.py holds them to it.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence, Set
from typing import Any, NamedTuple

import aiokafka
from aiokafka.errors import IllegalStateError, KafkaError, for_code
from aiokafka.structs import TopicPartition
from faust.transport.drivers import aiokafka as driver

from streams.clients import consumer_options
from streams.producer import BUSY, MOVED, NOBODY, NONE, Member, by_topic, codes_of_positions
from streams.requests import StablePositionsRequest

WORTH_ASKING = 300
"""When so many records were waiting, the next fetch is not put off."""
NO_POSITION = -1
ASK_AGAIN_S = 0.1
"""Before the group is asked for its positions again."""
POSITIONS_S = 15.0
"""The group has to say its positions within this. Faust would give up after `broker_request_timeout`, which is 20 s at
least, without a word and for good."""


class Fetched(NamedTuple):
    """What the consumer's thread hands over at once, so that all of it belongs together.

    `epoch` counts seeks: records of an earlier one were read before positions were set back. `quiet` says per partition
    until when (ms) nothing more can come. `positions` are those after the records.
    """

    epoch: int
    records: Mapping[Any, list[Any]]
    quiet: Mapping[Any, int]
    positions: Mapping[Any, int]


class Sought(NamedTuple):
    """Where the sources are read from now on; `uncommitted` are those of which no position is known."""

    positions: Mapping[Any, int]
    uncommitted: frozenset[Any]


class BatchConsumerThread(driver.AIOKafkaConsumerThread):  # type: ignore[misc]
    """The thread that reads from Kafka."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.epoch = 0
        self.answered_at = float("-inf")
        self.member = NOBODY
        self._quiet: dict[Any, int] = {}
        self._paused: tuple[Any, frozenset[Any]] = None, frozenset()

    def on_crash(self, msg: str, *fmt: Any, **kwargs: Any) -> None:
        """Faust prints; what follows is logged."""

    def _create_worker_consumer(self, transport: Any) -> Any:
        self._assignor = self.app.assignor
        return aiokafka.AIOKafkaConsumer(
            partition_assignment_strategy=[self._assignor], **consumer_options(self.app.ownership.settings)
        )

    async def on_partitions_assigned(self, assigned: set[Any], generation_id: int = 0) -> None:
        """Know for whom and in which generation the group has assigned them."""
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
            # A broker answers at once when anything has come, and asking costs as much as some dozen records.
            try:
                await asyncio.sleep(ask_at.get(node_id, 0.0) - time.monotonic())
            except asyncio.CancelledError:
                return False  # as aiokafka's own does: what waits for the end of its fetches expects no exception
            asked_at = time.monotonic()
            for _, _, state in states:
                state.timestamp = None
            # The time of asking, not of the answer: an answer that is read late (this process was paused) is true for
            # the moment it was asked for, and stays true.
            begun = int(time.time() * 1000)
            found = await send(assignment, node_id, request)
            if any(state.timestamp is not None for _, _, state in states):
                self.answered_at = time.monotonic()
            waiting = sum(max(0, (state.highwater or 0) - position) for _, position, state in states)
            ask_at[node_id] = asked_at + (self.consumer.fetch_every_s if waiting < WORTH_ASKING else 0.0)
            for tp, position, state in states:
                # A time stamp says that this answer was for us; the end says that nothing waits, open transactions
                # included.
                if state.timestamp is not None and state.highwater == position:
                    self._quiet[tp] = begun
            return found

        fetcher._proc_fetch_request = watched

    async def fetch(self, active: Set[Any], watched: Set[Any], unread: Set[Any], wait_s: float) -> Fetched:
        """Records that have come for the active partitions, waiting at most `wait_s` seconds for the first.

        Of the `watched` ones the positions after them are told; the `unread` ones are not even asked for.
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
        assignment = consumer._subscription.subscription.assignment
        states = {tp: assignment.state_value(tp) for tp in watched} if watched and assignment else {}
        positions = {tp: state.position for tp, state in states.items() if state and state.has_valid_position}
        quiet, self._quiet = self._quiet, {}
        return Fetched(self.epoch, records, quiet, positions)

    def _pause(self, consumer: Any, unread: frozenset[Any]) -> None:
        """Pause these and no others; said anew with each fetch, for another assignment begins with none."""
        said = consumer._subscription.subscription.assignment, unread
        if said != self._paused:
            self._paused = said
            paused = consumer.paused()
            consumer.pause(*((unread - paused) & consumer.assignment()))
            consumer.resume(*(paused - unread))

    async def seek_sources(self, topics: frozenset[str]) -> Sought:
        """Go back to the committed positions, or to the beginning where there is none. Raises TimeoutError."""
        result: Sought = await self.call_thread(self._seek_sources, topics)
        return result

    async def _seek_sources(self, topics: frozenset[str]) -> Sought:
        consumer = self._ensure_consumer()
        assignment = consumer._subscription.subscription.assignment
        sources = [tp for tp in consumer.assignment() if tp.topic in topics]
        async with asyncio.timeout(POSITIONS_S):
            committed = await self._committed(consumer, sources)
        unknown = [tp for tp in sources if committed[tp] == NO_POSITION]
        beginnings = await consumer.beginning_offsets(unknown) if unknown else {}
        positions = {**committed, **beginnings}
        if assignment is not consumer._subscription.subscription.assignment:
            raise IllegalStateError("rebalanced while positions were read")  # recovery starts again
        self.epoch += 1
        self._quiet.clear()
        for tp, offset in positions.items():
            consumer.seek(tp, offset)
        return Sought(positions, frozenset(unknown))

    async def _committed(self, consumer: Any, sources: Sequence[TopicPartition]) -> Mapping[TopicPartition, int]:
        """The committed position of each, or NO_POSITION; waits until no open transaction can change one."""
        assignment, coordinator = consumer._subscription.subscription.assignment, consumer._coordinator
        while sources:
            if assignment is not consumer._subscription.subscription.assignment or self.should_stop:
                raise IllegalStateError("rebalanced or stopped while positions were read")  # recovery starts again
            await coordinator.ensure_coordinator_known()
            found = await self._positions(coordinator, sources)
            if found.keys() >= set(sources):
                return found
            await asyncio.sleep(ASK_AGAIN_S)
        return {}

    async def _positions(self, coordinator: Any, sources: Sequence[TopicPartition]) -> Mapping[TopicPartition, int]:
        """What the group's broker answers; nothing when it, or another one, is to be asked again."""
        try:
            answer = await coordinator._send_req(StablePositionsRequest(coordinator.group_id, by_topic(sources)))
        except KafkaError as error:  # `_send_req` has given the broker up
            if error.retriable:
                return {}
            raise
        # TRAP: what is wrong with an answer as a whole is said beside an empty list of partitions. aiokafka looks only
        # at the list: while the group moves to another broker, no position seems ever to have been committed. (Its own
        # fetcher does so still, and reads from the beginning; what it reads before the seek is dropped.)
        refused = set(codes_of_positions(answer)) - {NONE}
        if refused & MOVED:
            coordinator.coordinator_dead()
        elif refused - BUSY:
            raise for_code(min(refused - BUSY))()
        if refused:
            return {}
        return {
            TopicPartition(topic, number): offset
            for topic, partitions, _ in answer.topics
            for number, offset, *_ in partitions
        }

    async def _seek_wait(self, consumer: Any, partitions: Mapping[Any, int]) -> None:
        self.epoch += 1
        await super()._seek_wait(consumer, partitions)
