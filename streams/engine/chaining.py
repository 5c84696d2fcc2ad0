"""Carrying on, within a transaction, with what is sent to later stages of the same worker.

What one stage sends to the next goes by way of a topic, for another worker may have the next stage's partition. A
worker that has every partition need not wait until it can read what it has just written: it writes the records and
processes them in the same transaction. They stand in the topic in the order in which they were processed, as if they
had been read there, and the positions behind them are committed with the rest.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, Sequence, Set

from aiokafka.structs import TopicPartition

from parcelward.stage import Batch, Outcome, Record
from streams.engine.partition import Done, OwnedPartition, StagePlan
from streams.engine.producer import Output
from streams.engine.transactions import Carried, Records, Transactions, Work

log = logging.getLogger(__name__)

NOT_WRITTEN = -1
"""Offset of a record that is being sent."""
MOST_AT_ONCE = 4000
"""Records in one batch: nothing else happens while it is computed."""
COMMITS_ON_THE_WAY = 3
"""Of an event whose stages may be on several workers; of a person's parcel one more."""
NONE: Set[TopicPartition] = frozenset()

_new_tuple = tuple.__new__


class _Carried:
    """All that one partition does in one transaction."""

    def __init__(self, source: TopicPartition, owner: OwnedPartition, on_done: Callable[[Done], None]) -> None:
        self.source = source
        self.work = Work(owner.plan.name, owner.partition, Outcome(), {})
        self._owner = owner
        self._on_done = on_done
        self._records: list[Record] = []
        self._compute_s = 0.0
        owner.begin()

    def go_on(self, outputs: Sequence[Output]) -> Outcome:
        """Process what was sent to it, and return what that leads to."""
        begun = time.thread_time()
        place = *self.source, NOT_WRITTEN, 0
        records = [_new_tuple(Record, (*place, *output, 0)) for output in outputs]
        outcome = self._owner.carry_on(Batch(records), self.work.outcome)
        self._records += records
        self._compute_s += time.thread_time() - begun
        return outcome

    def settle(self) -> None:
        """It is committed."""
        work = self.work
        if self._owner.settle(work):
            self._on_done(Done(self._owner, Batch(self._records), work.outcome, self._compute_s, work.commit_s))

    def release(self) -> None:
        """It is over, however it ended."""
        self._owner.end()


class Carrier:
    """For one generation of the group; without `owners` unless this worker has every partition in it.

    Nobody else can add to the topics between the stages then: every producer that could is fenced, and from those of
    earlier generations the group takes no position, which belongs to every transaction. What stands in these topics
    already and is not processed yet comes before anything new: while more is added behind it, it never ends.
    """

    def __init__(
        self,
        plans: Sequence[StagePlan],
        owners: Mapping[TopicPartition, OwnedPartition],
        transactions: Transactions,
        on_done: Callable[[Done], None],
    ) -> None:
        self.owners = owners
        self._topics = [topic for plan in plans if plan.fed for topic in plan.topics]
        self._transactions = transactions
        self._on_done = on_done
        self._behind = bool(owners)

    @property
    def behind(self) -> Set[TopicPartition]:
        """What is to be worked off before anything new."""
        return self.owners.keys() if self._behind else NONE

    @property
    def unread(self) -> Set[TopicPartition]:
        """What need not be read, because all that comes is carried on."""
        return NONE if self._behind else self.owners.keys()

    @property
    def commits(self) -> int:
        """How many commits an event passes, from its arrival to an alert, about."""
        return 1 if self.unread or not self._topics else COMMITS_ON_THE_WAY

    def look(self, read: Mapping[TopicPartition, int]) -> None:
        """Carry on from now on if what stood between the stages is processed; `read` are the next positions to read."""
        if not self._behind:
            return
        ends = self._transactions.ends
        self._behind = not all(
            owner.ready and not owner.busy and not owner.waiting.count and read.get(tp, NOT_WRITTEN) >= ends[tp]
            for tp, owner in self.owners.items()
        )
        if not self._behind:
            self._transactions.carry = self._carry
            log.info("every stage in one transaction from here on")

    async def _carry(self, records: Records, carried: list[Carried]) -> None:
        """Process what is among the records for later stages, and what that leads to, until nothing is left."""
        begun: dict[TopicPartition, _Carried] = {}
        done = dict.fromkeys(self.owners, 0)
        while sent := self._first_with_more(records, done):
            for tp in sent:
                if tp not in begun:
                    begun[tp] = _Carried(tp, self.owners[tp], self._on_done)
                    carried.append(begun[tp])
                new = records[tp][done[tp] : done[tp] + MOST_AT_ONCE]
                done[tp] += len(new)
                records.add(tp.partition, begun[tp].go_on(new).sends)
                await asyncio.sleep(0)  # batches of the next transaction may be computed in between

    def _first_with_more(self, records: Records, done: Mapping[TopicPartition, int]) -> list[TopicPartition]:
        """Partitions of the first topic to which more was sent than is processed: in few and large batches."""
        for topic in self._topics:
            if sent := [tp for tp in records if tp.topic == topic and len(records[tp]) > done[tp]]:
                return sent
        return []
