"""Delivers: reads, sends what is due, and keeps how far it is, side by side, until it is told to stop."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from parcelward.contract.deliveries import Outcome
from parcelward.counts import (
    ATTEMPTED,
    DELIVERY_GONE,
    DELIVERY_LAG,
    DELIVERY_OLDEST,
    DELIVERY_STOPPED,
    DELIVERY_WAITING,
    UNDELIVERED,
)
from parcelward.delivery.answers import Answer
from parcelward.delivery.book import Book, Item
from parcelward.delivery.message import Message, Wanted, message_of
from parcelward.delivery.progress import Progress
from parcelward.delivery.signing import Signer
from parcelward.delivery.undelivered import first_topic, is_for, undelivered_send
from parcelward.metrics import Metrics
from parcelward.settings import Settings
from parcelward.stage import Record, SourceRecord
from streams.delivery.clock import Clock
from streams.delivery.endpoint import Endpoint
from streams.delivery.source import COMMIT_S, Place, Source

log = logging.getLogger(__name__)

COMMIT_EVERY_S = 1.0
ANEW_EVERY_S = 3600.0
"""All positions are kept anew so often, or Kafka would forget that of a partition where nothing comes."""
LAG_EVERY_S = 5.0
STOP_S = 5.0
"""Time for requests that are under way when the command is told to stop; then they are cut off and sent again later."""
LEFT_S = 60.0
"""A run that ends by itself waits no longer than this for an attempt."""
UNREADABLE = Message("", b"")


@dataclass
class Count:
    """Records of one run: delivered, given up, not for this receiver, and left for a later attempt."""

    delivered: int = 0
    undelivered: int = 0
    passed_over: int = 0
    left: int = 0
    left_for: dict[Outcome, int] = field(default_factory=dict)


class Run:
    """One run of `parcelward deliver`. `once`: only what is there now, and no long waits."""

    def __init__(
        self,
        settings: Settings,
        source: Source,
        book: Book,
        endpoint: Endpoint,
        signer: Signer,
        clock: Clock,
        metrics: Metrics,
        once: bool,
    ) -> None:
        self._settings = settings
        self._name = settings.webhook_name
        self._undelivered = settings.topics.undelivered
        self._wanted = Wanted(frozenset(settings.webhook_lanes), settings.webhook_severity)
        self._source, self._book, self._endpoint, self._signer = source, book, endpoint, signer
        self._clock, self._metrics, self._once = clock, metrics, once
        self._wake, self._room, self._keep_now = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._in_flight: set[asyncio.Task[None]] = set()
        self._given_up: list[Item] = []
        self._is_read = self._is_ending = False
        self._lag_s = self._anew_s = 0.0
        self.count = Count()
        self.checks = {"broker": False, "receiver": True}

    async def run(self, stop: asyncio.Event) -> Count:
        """Deliver until `stop`, or until a run that ends by itself is done. Raises what makes it impossible."""
        self._metrics.add(DELIVERY_GONE, self._name, by=self._source.gone)
        keeping, *others = [asyncio.ensure_future(work) for work in (self._keep(), self._read(), self._heed(stop))]
        for work in (keeping, *others):
            work.add_done_callback(lambda _: self._wake.set())
        try:
            await self._send(stop, (keeping, *others))
        finally:
            for work in others:
                work.cancel()
            await asyncio.gather(*others, return_exceptions=True)
            await self._end_requests()
            # No commit is begun beside one that is under way: it could leave out what that one gives up.
            self._is_ending = True
            self._keep_now.set()
            await asyncio.wait([keeping], timeout=COMMIT_S if self._once and not stop.is_set() else STOP_S)
        if not keeping.done():
            raise TimeoutError("the last commit took too long; what was delivered since the one before is sent again")
        keeping.result()
        self._count_left()
        return self.count

    async def _send(self, stop: asyncio.Event, beside: Sequence["asyncio.Future[None]"]) -> None:
        while not stop.is_set():
            self._wake.clear()
            for work in beside:
                if work.done():
                    work.result()
            in_s = self._begin_attempts()
            if self._once and self._is_done(in_s):
                return
            await self._clock.wait(self._wake, in_s)

    def _begin_attempts(self) -> float | None:
        """Send what is due, as far as connections allow; give the seconds until more is due, None: until woken."""
        while len(self._in_flight) < self._settings.webhook_parallel:
            item, in_s = self._book.take(self._clock.now_s())
            if item is None:
                return in_s
            attempt = asyncio.ensure_future(self._attempt(item))
            self._in_flight.add(attempt)
            attempt.add_done_callback(self._ended)
        return None

    def _ended(self, attempt: "asyncio.Task[None]") -> None:
        self._in_flight.discard(attempt)
        if not attempt.cancelled() and (error := attempt.exception()) is not None:
            log.critical("an attempt failed by a mistake of ours", exc_info=error)
        self._wake.set()

    def _is_done(self, in_s: float | None) -> bool:
        if self._in_flight or self._given_up:
            return False
        nothing_soon = in_s is None or in_s > LEFT_S
        return nothing_soon and (self._is_read or self._book.is_full or self._book.is_gone)

    async def _attempt(self, item: Item) -> None:
        message, now_s = item.message, self._clock.now_s()
        if message is UNREADABLE:
            answer = Answer(Outcome.UNREADABLE)
        else:
            try:
                headers = self._signer.headers(message.id, int(now_s), message.body)
                answer = await self._endpoint.send(headers, message.body)
            except Exception as error:
                # Its turn must end like any other, or the record and all of its key after it would wait for ever.
                log.critical("an attempt failed by a mistake of ours", exc_info=error)
                answer = Answer(Outcome.BROKEN)
        now_s = self._clock.now_s()
        self._metrics.add(ATTEMPTED, self._name, answer.outcome)
        if answer.outcome is Outcome.DELIVERED:
            self._book.delivered(item, now_s)
            self._strike(item)
            self.count.delivered += 1
            return
        if self._book.failed(item, answer, now_s):
            self._given_up.append(item)
            self._keep_now.set()
        if not item.is_early or self._book.is_gone:
            self._say(item, answer)

    def _say(self, item: Item, answer: Answer) -> None:
        """Log a failure, but no early try: in an outage they are many. Never what was sent, or what came back."""
        record = item.record
        log.warning(
            "not delivered",
            extra={
                "endpoint": self._name,
                "reason": answer.outcome.value,
                "status": answer.status,
                "attempts": item.attempts,
                "topic": record.topic,
                "partition": record.partition,
                "offset": record.offset,
            },
        )
        if answer.outcome is Outcome.GONE:
            self.checks["receiver"] = False
            self._metrics.set(DELIVERY_STOPPED, True, self._name)
            log.error("the receiver wants no more; nothing is sent any more", extra={"endpoint": self._name})

    def _strike(self, item: Item) -> None:
        self._progress(item.record).end(item.record.offset)
        if not self._book.is_full:
            self._room.set()

    def _progress(self, record: SourceRecord) -> Progress:
        return self._source.progress[record.topic, record.partition]

    async def _read(self) -> None:
        while True:
            while self._book.is_full:
                self._room.clear()
                await self._room.wait()
            for record in await self._source.read(self._book.room):
                if not (self._once and self._source.is_new(record)):
                    self._take_up(record)
            if self._book.waiting:
                self._wake.set()
            if self._once and await self._source.is_at_the_end():
                self._is_read = True
                return

    def _take_up(self, record: Record) -> None:
        progress = self._progress(record)
        tried = progress.begin(record.offset)
        if tried is None:
            return
        came_back = record.topic == self._undelivered
        is_ours = not came_back or is_for(record, self._name)
        message = UNREADABLE
        if record.value is not None and is_ours:
            topic = (first_topic(record) if came_back else record.topic).removeprefix(self._settings.topic_prefix)
            message = message_of(topic, record.value, record.headers) or UNREADABLE
        if record.value is None or not is_ours or (message is not UNREADABLE and not self._wanted.passes(message)):
            progress.end(record.offset)
            self.count.passed_over += 1
            return
        self._book.add(Item(record, message, tried))

    async def _keep(self) -> None:
        """Commit and measure, each second, at once when a record is given up, and once more at the end."""
        while not self._is_ending:
            await self._clock.wait(self._keep_now, COMMIT_EVERY_S)
            self._keep_now.clear()
            await self._commit()
            self.checks["broker"] = True
            if not self._is_ending:
                await self._measure()
        await self._commit()

    async def _commit(self) -> None:
        given_up = list(self._given_up)
        now_s = self._clock.now_s()
        sends = [undelivered_send(item, self._name, self._undelivered, now_s) for item in given_up]
        for item in given_up:
            self._progress(item.record).end(item.record.offset)
        is_anew = now_s >= self._anew_s
        await self._source.commit(self._notes(), sends, is_anew)
        if is_anew:
            self._anew_s = now_s + ANEW_EVERY_S
        for item in given_up:
            assert item.answer is not None
            self._metrics.add(UNDELIVERED, self._name, item.answer.outcome)
            self.count.undelivered += 1
            self._book.done(item)
            self._strike(item)
        del self._given_up[: len(given_up)]
        if given_up:
            self._wake.set()

    def _notes(self) -> Mapping[Place, str]:
        tried: dict[Place, dict[int, Item]] = {}
        for item in self._book.tried_items():
            tried.setdefault((item.record.topic, item.record.partition), {})[item.record.offset] = item
        return {
            place: progress.note({offset: item.tried for offset, item in tried.get(place, {}).items()})
            for place, progress in self._source.progress.items()
        }

    async def _measure(self) -> None:
        now_s = self._clock.now_s()
        oldest_ms = min((item.record.timestamp for item in self._book.open_items()), default=None)
        age_s = 0.0 if oldest_ms is None else max(0.0, now_s - oldest_ms / 1000)
        self._metrics.set(DELIVERY_WAITING, self._book.waiting, self._name)
        self._metrics.set(DELIVERY_OLDEST, age_s, self._name)
        if now_s >= self._lag_s:
            self._lag_s = now_s + LAG_EVERY_S
            self._metrics.set(DELIVERY_LAG, await self._source.lag(), self._name)

    async def _heed(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._wake.set()

    async def _end_requests(self) -> None:
        if self._in_flight:
            _, late = await asyncio.wait(self._in_flight, timeout=STOP_S)
            for attempt in late:
                attempt.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    def _count_left(self) -> None:
        for item in self._book.open_items():
            self.count.left += 1
            if item.answer is not None:
                outcome = item.answer.outcome
                self.count.left_for[outcome] = self.count.left_for.get(outcome, 0) + 1
