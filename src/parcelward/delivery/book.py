"""The book of what waits to be delivered: in order for each key, in any order between keys, and within bounds.

Nothing here reads a clock: `now` is an argument, in seconds. So twelve attempts over three days are tested at once.
"""

from collections import deque
from collections.abc import Callable, Iterator
from heapq import heapify, heappop, heappush
from typing import NamedTuple

from parcelward.contract.deliveries import Outcome
from parcelward.delivery.answers import Answer
from parcelward.delivery.message import Message
from parcelward.delivery.progress import Tried
from parcelward.delivery.schedule import ATTEMPTS, LONGEST_KNOCK_S, early_pause_s, pause_s
from parcelward.stage import SourceRecord

WAITING_BYTES = 64 * 1024 * 1024
"""Most bytes that wait in memory, whatever their number."""
NOT_THE_RECORD = frozenset(Outcome) - {Outcome.DELIVERED, Outcome.REFUSED, Outcome.UNREADABLE}

Key = tuple[str, int, bytes | None]


class Item:
    """One record that waits, and its attempts."""

    __slots__ = ("answer", "attempts", "due_s", "first_s", "is_early", "last_s", "message", "record")

    def __init__(self, record: SourceRecord, message: Message, tried: Tried) -> None:
        self.record = record
        self.message = message
        self.attempts, self.first_s, self.due_s = tried.attempts, float(tried.first_s), float(tried.due_s)
        self.last_s = 0.0
        self.is_early = False
        self.answer: Answer | None = None

    @property
    def key(self) -> Key:
        """The records of one key are delivered in order; those without a key are of one key in each partition."""
        return self.record.topic, self.record.partition, self.record.key

    @property
    def tried(self) -> Tried:
        """The attempts, for the note at the position."""
        return Tried(self.attempts, int(self.first_s), int(self.due_s))

    @property
    def bytes(self) -> int:
        """Memory that it holds, about."""
        return 2 * len(self.message.body)


class Next(NamedTuple):
    """The item that is to be sent now, or the seconds until one may be; None for both: nothing waits."""

    item: Item | None = None
    in_s: float | None = None


class Book:
    """Everything that waits. The caller sends what `take` gives, and says how that went."""

    def __init__(self, most: int, chance: Callable[[], float]) -> None:
        self._most = most
        self._chance = chance
        self._queues: dict[Key, deque[Item]] = {}
        self._heads: list[tuple[float, int, Item]] = []
        self._turn = 0
        self._bytes = 0
        self._hold_until = 0.0
        self._is_away = False
        self._last_try_s = 0.0
        self._away_since_s = 0.0
        self.waiting = 0
        self.is_gone = False

    @property
    def is_full(self) -> bool:
        """True when nothing more should be read."""
        return self.waiting >= self._most or self._bytes >= WAITING_BYTES

    @property
    def room(self) -> int:
        """Count how many records may be read now, at most."""
        return 0 if self.is_full else self._most - self.waiting

    def add(self, item: Item) -> None:
        """Take up a record, after all of its key that came before."""
        queue = self._queues.setdefault(item.key, deque())
        queue.append(item)
        self.waiting += 1
        self._bytes += item.bytes
        if len(queue) == 1:
            self._offer(item)

    def take(self, now_s: float) -> Next:
        """Give the next item to be sent; it comes back by `failed` or `done`.

        While the receiver is away, and no attempt is due, the first in line knocks now and then.
        """
        if self.is_gone or not self._heads:
            return Next()
        if now_s < self._hold_until:
            return Next(in_s=self._hold_until - now_s)
        due_s = self._heads[0][0]
        knock_s = self._knock_s() if self._is_away else due_s
        if now_s < min(due_s, knock_s):
            return Next(in_s=min(due_s, knock_s) - now_s)
        item = heappop(self._heads)[2]
        item.is_early = now_s < item.due_s
        item.last_s = self._last_try_s = now_s
        item.first_s = item.first_s or now_s
        return Next(item)

    def delivered(self, item: Item, now_s: float) -> None:
        """The receiver has it. If the receiver was away, what has waited for that need not wait for its time."""
        was_away, self._is_away = self._is_away, False
        self.done(item)
        if was_away:
            self._bring_forward(now_s)

    def done(self, item: Item) -> None:
        """Strike the first record of a key; the one behind it moves up."""
        queue = self._queues[item.key]
        queue.popleft()
        self.waiting -= 1
        self._bytes -= item.bytes
        if queue:
            self._offer(queue[0])
        else:
            del self._queues[item.key]

    def failed(self, item: Item, answer: Answer, now_s: float) -> bool:
        """Plan the next attempt; tell whether there is none: then the item is the caller's, until it is `done`.

        An early try that fails for the receiver's sake counts for nothing, nor does the one after a restart.
        """
        is_first, item.answer = item.answer is None, answer
        if answer.outcome is Outcome.GONE:
            self.is_gone = True
            return False
        if answer.outcome is not Outcome.UNREADABLE:  # which was not sent
            self._note_away(answer, now_s)
        self._hold_until = max(self._hold_until, now_s + answer.retry_after_s)
        if not (item.is_early and (is_first or answer.outcome in NOT_THE_RECORD)):
            item.attempts += 1
            if item.attempts >= ATTEMPTS or answer.outcome is Outcome.UNREADABLE:
                return True
            item.due_s = now_s + max(pause_s(item.attempts, self._chance()), answer.retry_after_s)
        self._offer(item)
        return False

    def open_items(self) -> Iterator[Item]:
        """Everything that waits or is being sent."""
        for queue in self._queues.values():
            yield from queue

    def tried_items(self) -> Iterator[Item]:
        """Those of them that were tried, in vain: only the first of a key is."""
        return (queue[0] for queue in self._queues.values() if queue[0].attempts)

    def _note_away(self, answer: Answer, now_s: float) -> None:
        is_away = answer.outcome in NOT_THE_RECORD
        if is_away and not self._is_away:
            self._away_since_s = now_s
        self._is_away = is_away

    def _knock_s(self) -> float:
        """Time of the next knock: each minute at first, each five minutes at last."""
        return self._last_try_s + min(early_pause_s(self._last_try_s - self._away_since_s), LONGEST_KNOCK_S)

    def _bring_forward(self, now_s: float) -> None:
        for number, (due_s, turn, item) in enumerate(self._heads):
            if item.answer is not None and item.answer.outcome in NOT_THE_RECORD:
                soon_s = max(now_s, item.last_s + early_pause_s(now_s - item.first_s))
                self._heads[number] = (min(due_s, soon_s), turn, item)
        heapify(self._heads)

    def _offer(self, item: Item) -> None:
        self._turn += 1
        due_s = 0.0 if item.answer is None else item.due_s  # after a restart nobody knows whether the receiver is away
        heappush(self._heads, (due_s, self._turn, item))
