"""Holds a replay to the order of the live run.

Profiles are read as shipments pass, so verdicts depend on the order in which shipments of several intake partitions
come to a later stage. The live run has decided that order, and left it behind: it is the order of the records between
the stages. A replay that follows it gets the same profiles, verdicts and alerts.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from parcelward.flow import SCREENING
from parcelward.replay.recording import Pass, Recording, pass_of
from parcelward.shipments.shipment import Trigger
from parcelward.stage import Record

MOST_WAITING = 200_000
"""Most passes that wait; with more the replay stops following the order."""
STILL_TO_FIRE_MS = 60_000
"""A deadline this close to the last pass of the live run may not have fired there."""


Released = list[tuple[str, int, list[Record]]]
"""Records that waited, by topic and partition."""


@dataclass(slots=True)
class _Queue:
    """One partition of one later stage: the passes of the live run still to come, and those the replay has sent."""

    rank: int  # of its stage in the flow
    twice: bool  # a pass comes to its stage twice: by its phone, then by its document
    live: Iterator[Pass]
    sent: dict[Pass, Record] = field(default_factory=dict)
    ahead: deque[Pass] = field(default_factory=deque)  # read from `live`, not released yet

    def head(self) -> Pass | None:
        if not self.ahead and (following := next(self.live, None)) is not None:
            self.ahead.append(following)
        return self.ahead[0] if self.ahead else None

    def named(self, one: Pass) -> Pass:
        """Name a pass at this stage: by which way it came here does not matter, and when it did."""
        return one._replace(at_document=one.at_document and self.twice, sent_ms=0)


class LiveOrder:
    """The `Order` of a live run: `release` gives only passes that are next in the live run."""

    def __init__(self, recording: Recording, since_ms: int = 0, until_ms: int | None = None) -> None:
        """Leave out passes of the live run on evidence before `since_ms`, or from `until_ms` on."""
        topics = recording.topics
        self._since_ms = since_ms
        self._until_ms = until_ms
        self._horizon_ms = recording.horizon_ms
        self._queues = {
            (topics.into(stage.name), number): _Queue(
                rank, stage.name in stage.fed_by, recording.order(topics.into(stage.name), number)
            )
            for rank, stage in enumerate(SCREENING)
            if stage.fed
            for number in range(recording.partitions)
        }
        # Passes sent and not released, and how far they have come: rank of the stage, and whether it is a document's.
        self._waiting: Counter[tuple[Pass, int, bool]] = Counter()
        self._reached: dict[tuple[str, int], int] = {}  # per courier and intake partition
        self._following = True
        self.given_up = False  # before the end: too much differed
        self.only_live = 0  # passes of the live run that the replay does not make
        self.only_replayed = 0  # passes that the live run did not make

    def release(self, topic: str, partition: int, sent: Sequence[Record]) -> Sequence[Record]:
        """Add what was sent; give the passes that come next in the live run, as far as they were sent."""
        if not self._following:
            return sent
        queue = self._queues[topic, partition]
        for record in sent:
            one = queue.named(pass_of(record))
            queue.sent[one] = record
            self._waiting[_place(one, queue.rank)] += 1
        ready = []
        while (head := queue.head()) is not None:
            if self._since_ms <= head.touched_ms and (self._until_ms is None or head.touched_ms < self._until_ms):
                name = queue.named(head)
                if (record_ := queue.sent.pop(name, None)) is None:
                    break
                self._note_released(name, queue.rank)
                ready.append(record_)
            self._advance(queue)
        return ready

    def skip_absent(self, quiet_ms: int) -> bool:
        """Skip passes that the replay will never send, once it has sent everything up to `quiet_ms`; tell if it did."""
        skipped = False
        for queue in self._queues.values():
            while (head := queue.head()) is not None and _caused_by_ms(head) < quiet_ms:
                name = queue.named(head)
                if name in queue.sent or self._may_come(name, queue.rank):
                    break
                self._advance(queue)
                self.only_live += self._horizon_ms is None or head.touched_ms < self._horizon_ms
                skipped = True
        return skipped

    @property
    def overfull(self) -> bool:
        """True when more waits than memory should hold."""
        return sum(len(queue.sent) for queue in self._queues.values()) > MOST_WAITING

    def last_ms(self) -> int:
        """Give the latest evidence or deadline of a pass of the live run; reads the rest of the order."""
        for queue in self._queues.values():
            queue.ahead.extend(queue.live)
        return self._alive_until()

    def give_up(self) -> Released:
        """Follow the order no longer, and release everything that waits."""
        self.given_up = True
        return self._release(lambda _: True)

    def end(self) -> Released:
        """Release the passes that wait and that the live run did not make.

        Leave out deadlines that it had not reached: nothing of their courier and partition came later, and the whole
        run ended soon after.
        """
        alive_until = self._alive_until()

        def only_here(one: Pass) -> bool:
            waits = self._horizon_ms is not None and one.touched_ms >= self._horizon_ms
            if waits or self._still_to_fire(one, alive_until):
                return False
            self.only_replayed += 1
            return True

        return self._release(only_here)

    def _release(self, wanted: Callable[[Pass], bool]) -> Released:
        self._following = False
        released = []
        for (topic, number), queue in self._queues.items():
            released.append((topic, number, [record for one, record in queue.sent.items() if wanted(one)]))
            queue.sent.clear()
        self._waiting.clear()
        return released

    def _alive_until(self) -> int:
        heads = [head.touched_ms for queue in self._queues.values() if (head := queue.head()) is not None]
        ahead = [one.touched_ms for queue in self._queues.values() for one in queue.ahead]
        return max([*heads, *ahead, *self._reached.values()], default=0)

    def _still_to_fire(self, one: Pass, alive_until: int) -> bool:
        reached = self._reached.get((one.courier, one.partition), 0)
        if self._horizon_ms is None:  # else the whole partition may wait
            reached = max(reached, alive_until - STILL_TO_FIRE_MS)
        return one.trigger == Trigger.OVERDUE and one.touched_ms > reached

    def _advance(self, queue: _Queue) -> None:
        gone = queue.ahead.popleft()
        where = gone.courier, gone.partition
        self._reached[where] = max(gone.touched_ms, self._reached.get(where, 0))

    def _may_come(self, one: Pass, rank: int) -> bool:
        """Tell whether a pass waits at an earlier place of its way. One that waits at a later one took another way."""
        before = [(earlier, document) for earlier in range(rank) for document in (False, True)]
        if one.at_document:
            before.append((rank, False))
        anywhere = one._replace(at_document=False)
        return any(self._waiting[anywhere, *place] for place in before)

    def _note_released(self, one: Pass, rank: int) -> None:
        key = _place(one, rank)
        self._waiting[key] -= 1
        if not self._waiting[key]:
            del self._waiting[key]


def _caused_by_ms(one: Pass) -> int:
    """Give a time by which the cause of a pass had arrived: what is taken back holds the arrival of what came before.

    >>> _caused_by_ms(Pass("swift", "SF1", 0, 1_000, 1, 7, False, takes_back=2, sent_ms=9_000))
    9000
    """
    return max(one.touched_ms, one.sent_ms)


def _place(one: Pass, rank: int) -> tuple[Pass, int, bool]:
    return one._replace(at_document=False), rank, one.at_document
