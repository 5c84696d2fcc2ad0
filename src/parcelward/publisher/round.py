"""Events under way together: to each partition one batch at a time, again until each event has its outcome."""

import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import NamedTuple

from parcelward.publisher.failures import no_topic
from parcelward.publisher.link import DONE, FORGOTTEN, REFUSED, Answer, Link, LinkDown, Place
from parcelward.publisher.record_bytes import Batch, Body
from parcelward.topics import partition_of

RETRY_S = (0.1, 2.0)
"""First and longest pause before the same batches are sent again."""
TOPIC_PATIENCE_S = 600.0
"""Time after which a topic is taken to be missing, while brokers answer: a topic may be made anew, a right given back.
It has an end, or one event with a wrong courier would hold up all others."""

Pause = Callable[[str, float], None]
"""Says why nothing moves, and waits so many seconds."""


class _Run(NamedTuple):
    """Events of one partition that make up a batch, by their places in the round."""

    events: Sequence[int]
    batch: Batch


class Round:
    """Delivers some events. The order of each waybill is kept, since a waybill's events lie in one partition."""

    def __init__(self, link: Link, topic_of: Callable[[str], str], bodies: Sequence[Body], pause: Pause) -> None:
        self._link = link
        self._topic_of = topic_of
        self._bodies = bodies
        self._pause = pause
        self._refused: dict[int, str] = {}
        self._retry_s = RETRY_S[0]

    def deliver(self) -> dict[int, str]:
        """Return when every event is acknowledged, or will never be; those, by place in the round, with the reason."""
        waiting = {place: deque([self._run(events)]) for place, events in self._by_place().items()}
        while waiting:
            try:
                answers = self._link.send({place: runs[0].batch for place, runs in waiting.items()})
            except LinkDown as error:
                self._again(str(error))
                continue
            trouble = None
            for place, answer in answers.items():
                trouble = self._settle(waiting[place], answer) or trouble
                if not waiting[place]:
                    del waiting[place]
            if trouble is not None:
                self._again(trouble)
            else:
                self._retry_s = RETRY_S[0]
        return self._refused

    def _settle(self, runs: deque[_Run], answer: Answer) -> str | None:
        """Do what an answer to the first of the runs asks for; the reason when it has to be sent again."""
        if answer.code in DONE:
            runs.popleft()
        elif answer.code in REFUSED:
            events = runs.popleft().events
            if len(events) == 1:
                self._refused[events[0]] = answer.meaning
            else:  # one of them is to blame, or all together are too many
                middle = len(events) // 2
                runs.extendleft([self._run(events[middle:]), self._run(events[:middle])])
        else:
            if answer.code in FORGOTTEN:
                self._link.forget()
            return answer.meaning
        return None

    def _again(self, cause: str) -> None:
        self._link.drop()
        self._pause(cause, self._retry_s)
        self._retry_s = min(2 * self._retry_s, RETRY_S[1])

    def _run(self, events: Sequence[int]) -> _Run:
        return _Run(events, Batch([self._bodies[at].bytes for at in events], int(time.time() * 1000)))

    def _by_place(self) -> dict[Place, list[int]]:
        by_topic: dict[str, list[int]] = {}
        for at, body in enumerate(self._bodies):
            by_topic.setdefault(body.courier, []).append(at)
        found: dict[Place, list[int]] = {}
        for courier, events in by_topic.items():
            topic = self._topic_of(courier)
            if not (partitions := self._partitions(topic)):
                cause = no_topic(topic)
                self._refused |= dict.fromkeys(events, cause)
                continue
            for at in events:
                key = self._bodies[at].key
                # The contract names the partitioner; a record without a key is refused wherever it lies.
                number = 0 if key is None else partition_of(key, partitions)
                found.setdefault(Place(topic, number), []).append(at)
        return found

    def _partitions(self, topic: str) -> int:
        """Number of partitions; 0 when brokers have long said that there is no such topic."""
        since: float | None = None
        while True:
            try:
                if count := self._link.partitions(topic):
                    return count
            except LinkDown as error:
                since = None
                self._again(str(error))
                continue
            since = since or time.monotonic()
            if time.monotonic() - since > TOPIC_PATIENCE_S:
                return 0
            self._again(no_topic(topic))
