"""Chaining: records that one stage sends to the next are processed in the very transaction that writes them.

Stages send to each other by way of topics, because another worker may have the next stage's partition. A worker that
has every partition need not wait until it can read what it has just written: it writes the records and processes them
in the same transaction. They stand in the topic in the order in which they were processed, as if they had been read
from there, and the positions behind them are committed with the rest.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Mapping, Sequence, Set

from aiokafka.structs import TopicPartition

from parcelward.stage import Batch, Outcome, Record
from streams.engine.partition import Done, StagePartition, StagePlan
from streams.engine.producer import Output
from streams.engine.transactions import Link, Records, Transactions, Work

log = logging.getLogger(__name__)

NOT_WRITTEN = -1
"""Offset of a record that is being sent."""
MOST_AT_ONCE = 4000
"""Records in one batch: nothing else happens while it is computed."""
NONE: Set[TopicPartition] = frozenset()

_new_tuple = tuple.__new__


class _Link:
    """The work of one partition within another one's transaction."""

    def __init__(self, source: TopicPartition, partition: StagePartition, on_done: Callable[[Done], None]) -> None:
        self.source = source
        self.work = Work(partition.plan.name, partition.number, Outcome(), {})
        self._partition = partition
        self._on_done = on_done
        self._records: list[Record] = []
        self._compute_s = 0.0
        self._in_work = contextlib.ExitStack()
        self._in_work.enter_context(partition.working())

    def process(self, outputs: Sequence[Output]) -> Outcome:
        """Process records that are being sent to the partition; returns the outcome."""
        begun = time.thread_time()
        source = *self.source, NOT_WRITTEN, 0
        records = [_new_tuple(Record, (*source, *output, 0)) for output in outputs]
        outcome = self._partition.process_chained(Batch(records), self.work.outcome)
        self._records += records
        self._compute_s += time.thread_time() - begun
        return outcome

    def follow(self) -> None:
        """Make memory equal to what was committed, and tell of it."""
        work = self.work
        if self._partition.follow(work):
            self._on_done(Done(self._partition, Batch(self._records), work.outcome, self._compute_s, work.commit_s))

    def release(self) -> None:
        """Let the partition go, however the transaction ended."""
        self._in_work.close()


class Chain:
    """Chains the stages in one generation of the group; does nothing without `partitions`.

    `partitions` are those of the topics between the stages, given only to a worker that has every partition. Nobody
    else can add to these topics then: every producer that could is fenced, and from those of earlier generations the
    group takes no position, which belongs to every transaction. Records that stand in these topics already and are not
    processed yet come before anything new: while more is added behind them, they would never end.
    """

    def __init__(
        self,
        plans: Sequence[StagePlan],
        partitions: Mapping[TopicPartition, StagePartition],
        transactions: Transactions,
        on_done: Callable[[Done], None],
    ) -> None:
        self.partitions = partitions
        self._stages = sum(plan.to_alert for plan in plans)
        self._topics = [topic for plan in plans if plan.fed for topic in plan.topics]
        self._transactions = transactions
        self._on_done = on_done
        self._behind = bool(partitions)

    @property
    def behind(self) -> Set[TopicPartition]:
        """Partitions between the stages that are to be worked off before anything new."""
        return self.partitions.keys() if self._behind else NONE

    @property
    def unread(self) -> Set[TopicPartition]:
        """Partitions between the stages that need not be read, because all that is sent to them is chained."""
        return NONE if self._behind else self.partitions.keys()

    @property
    def commits(self) -> int:
        """Commits that an event passes on its way to an alert: one, or one a stage if these are on several workers.

        An event may pass a stage twice: one more.
        """
        return 1 if self.unread else self._stages

    def admits(self, partition: StagePartition) -> bool:
        """Tell whether batches of a partition may be delivered: first those of topics between the stages."""
        return not self._behind or partition.plan.fed

    def update(self, read: Mapping[TopicPartition, int]) -> None:
        """Chain from now on if all that stood between the stages is processed; `read`: the next positions to read."""
        if not self._behind:
            return
        ends = self._transactions.ends
        self._behind = not all(
            partition.idle and partition.inbox.is_empty and read.get(tp, NOT_WRITTEN) >= ends[tp]
            for tp, partition in self.partitions.items()
        )
        if not self._behind:
            self._transactions.extend = self._extend
            log.info("every stage in one transaction from here on")

    async def _extend(self, records: Records, links: list[Link]) -> None:
        """Process the records that go to later stages, then the records that this leads to, until none is left."""
        by_source: dict[TopicPartition, _Link] = {}
        done = dict.fromkeys(self.partitions, 0)
        while sent := self._first_with_more(records, done):
            for tp in sent:
                if tp not in by_source:
                    by_source[tp] = _Link(tp, self.partitions[tp], self._on_done)
                    links.append(by_source[tp])
                new = records[tp][done[tp] : done[tp] + MOST_AT_ONCE]
                done[tp] += len(new)
                records.add(tp.partition, by_source[tp].process(new).sends)
                await asyncio.sleep(0)  # batches of the next transaction may be computed in between

    def _first_with_more(self, records: Records, done: Mapping[TopicPartition, int]) -> list[TopicPartition]:
        """Partitions of the first topic to which more was sent than is processed: in few and large batches."""
        for topic in self._topics:
            if sent := [tp for tp in records if tp.topic == topic and len(records[tp]) > done[tp]]:
                return sent
        return []
