"""The courier's way to send acceptance events: checked, kept until they are acknowledged, delivered in order."""

import atexit
import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Any, Self

from kafka import KafkaConsumer
from kafka.errors import KafkaError

from parcelward.cluster.client import client_options, consumer_options, require_answer, unreachable
from parcelward.contract.envelope import Envelope
from parcelward.errors import UserError
from parcelward.identity.tokens import Tokeniser
from parcelward.publisher.check import Check, Checked
from parcelward.publisher.delivery import Delivery, Progress
from parcelward.publisher.failures import InvalidEvent, NotDelivered, NoTopic, SpoolFull
from parcelward.publisher.outbox import PORTION, MemoryOutbox, Outbox, portions_after
from parcelward.publisher.record_bytes import Body, Headers, body_bytes, event_id_in, header_bytes
from parcelward.publisher.sender import Sender
from parcelward.publisher.spool import Spool
from parcelward.settings import Settings

MEMORY_BYTES = 64_000_000
"""Bytes of events that may wait without a spool."""
STILL_S = 2.0
"""Time without progress after which a full outbox is not waited for."""
END_S = 5.0
"""Longest wait for the thread to end."""
ASK_AGAIN_S = 10.0
"""Time after which brokers that did not say which topics there are, are asked again: they may take seconds not to."""

log = logging.getLogger(__name__)

AnyEvent = Envelope | Mapping[str, Any]


class Publisher:
    """Publishes events to `intake.<courier>`, key = waybill; a context manager. Thread-safe.

    `publish` returns before delivery. What it took is sent again until all in-sync replicas acknowledge it, however
    long the brokers are away, and the events of a waybill stay in order. With a `spool` folder events are on disk when
    `publish` returns: a killed process loses none, and the next publisher on the folder sends what is left, first.
    Without one they wait in memory. With a `tokeniser`, personal values are replaced by tokens and masks here, so raw
    ones neither leave the process nor reach the spool.
    """

    def __init__(
        self,
        settings: Settings,
        tokeniser: Tokeniser | None = None,
        spool: Path | str | None = None,
        courier: str | None = None,
    ) -> None:
        """With a `courier`, events of all others are refused; otherwise each goes to the courier that it names.

        Raises UserError when the spool cannot be used, or when no broker answers and there is no spool."""
        client_options(settings)  # a setting that is wrong is said now
        if spool is None:
            require_answer(settings)
        self._settings = settings
        self._topics = settings.topics
        self._check = Check(settings, tokeniser, courier)
        self._known: set[str] = set()
        self._by_courier: Counter[str] = Counter()
        self._counting = Lock()
        self._ask_again = 0.0
        self._outbox: Outbox = (
            MemoryOutbox(MEMORY_BYTES)
            if spool is None
            else Spool(Path(spool), settings.spool_mb * 1_000_000, settings.spool_fsync)
        )
        stored = self._outbox.after(0, 1)
        self._progress = Progress(stored[0].first - 1 if stored else self._outbox.last, self._outbox.kept)
        self._first = self._outbox.last
        self._closed = False
        self._sender = Sender(settings, self._outbox, self._progress)
        self._sender.start()
        atexit.register(self._leave)

    @property
    def acknowledged(self) -> int:
        """Events of this publisher that the brokers have acknowledged so far; not those that it found in the spool."""
        return self._progress.acknowledged

    @property
    def taken(self) -> int:
        """Events that this publisher has taken, delivered or not."""
        return self._outbox.last - self._first

    @property
    def taken_by_topic(self) -> dict[str, int]:
        """The same by intake topic."""
        return {self._topics.intake(courier): count for courier, count in sorted(self._by_courier.items())}

    @property
    def waiting(self) -> int:
        """Events that are not delivered yet, those from the spool included."""
        return self._outbox.last - self._progress.through

    def publish(self, event: AnyEvent) -> Delivery:
        """Check one event (a model, or a structured-mode CloudEvent as a dict) and take it; returns before delivery.

        Raises InvalidEvent, NoTopic when the courier's topic does not exist, and SpoolFull at once when there is no
        room and the brokers take nothing; then the event is not taken. While they take events it waits for room.
        """
        return self._take([self._checked(event)])[0]

    def publish_json(self, line: bytes) -> Delivery:
        """Publish a structured-mode event given as JSON text. Refuses what `parcelward validate` would refuse."""
        return self._take([self._checked(line)])[0]

    def publish_all(
        self, events: Iterable[AnyEvent | bytes], on_invalid: Callable[[int, InvalidEvent], None] | None = None
    ) -> list[Delivery]:
        """Publish many events, each a model, a dict or JSON text: quicker, since they are stored by the hundred.

        An event that breaks the contract is left out if `on_invalid` is given, which is called with its place. Raises
        as `publish` does otherwise. What stands before the event that is to blame has been taken.
        """
        deliveries: list[Delivery] = []
        numbered = enumerate(events)
        while portion := list(islice(numbered, PORTION)):
            checked: list[Checked] = []
            try:
                for place, event in portion:
                    try:
                        checked.append(self._checked(event))
                    except InvalidEvent as error:
                        if on_invalid is None:
                            raise
                        on_invalid(place, error)
            finally:
                if checked:
                    deliveries += self._take(checked)
        return deliveries

    def publish_unchecked(
        self, courier: str, key: bytes | None, value: bytes | None, headers: Headers = ()
    ) -> Delivery:
        """Send a record as it is: to replay recorded traffic, and to test what the service refuses."""
        body = Body(courier, key, body_bytes(key, value, header_bytes(headers)))
        return self._take([self._addressed(Checked(body, event_id_in(body)))])[0]

    def wait(self, timeout_s: float) -> bool:
        """Wait until everything taken so far has its outcome; False when it has not, after so long."""
        return self._progress.await_through(self._outbox.last, timeout_s)

    def flush(self, timeout_s: float = 60.0) -> None:
        """Wait until everything taken so far is acknowledged. Raises NotDelivered otherwise; a refusal is said once."""
        last = self._outbox.last
        done = self._progress.await_through(last, timeout_s)
        if refused := self._progress.refusals_not_said():
            raise NotDelivered([refusal.event_id for refusal in refused], refused[0].cause)
        if not done:
            left = portions_after(self._outbox, self._progress.through)
            ids = [event_id_in(body) for portion in left for body in portion.bodies]
            raise NotDelivered(ids, self._progress.cause, self._outbox.kept)

    def close(self, timeout_s: float = 60.0) -> None:
        """Flush, for at most so long, and disconnect. Raises NotDelivered when something was not acknowledged."""
        if self._closed:
            return
        try:
            self.flush(timeout_s)
        finally:
            self.abandon()

    def abandon(self) -> None:
        """Disconnect without waiting for what is not acknowledged; a spool keeps it. Safe to call twice."""
        if self._closed:
            return
        self._closed = True
        atexit.unregister(self._leave)
        self._sender.stop()
        self._sender.join(END_S)
        self._outbox.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self.close()
        else:
            self.abandon()

    def _leave(self) -> None:
        """Deliver what can be delivered soon when the program ends without closing, and log what is lost."""
        if not self.wait(END_S) and self._outbox.kept is None:
            log.error("the program ends without close(): %d events are not delivered", self.waiting)
        self.abandon()

    def _checked(self, event: AnyEvent | bytes) -> Checked:
        return self._addressed(self._check.text(event) if isinstance(event, bytes) else self._check.event(event))

    def _addressed(self, checked: Checked) -> Checked:
        if checked.body.courier not in self._known:
            self._require_topic(checked.body.courier, checked.event_id)
        return checked

    def _take(self, checked: Sequence[Checked]) -> list[Delivery]:
        first = self._append([one.body for one in checked])
        with self._counting:
            self._by_courier.update([one.body.courier for one in checked])
        return [Delivery(number, one.event_id, self._progress) for number, one in enumerate(checked, first)]

    def _append(self, bodies: Sequence[Body]) -> int:
        if self._closed:
            raise UserError("this publisher is closed; make a new one")
        while True:
            if self._progress.ended:  # an internal error, which is logged; nothing would be delivered any more
                raise UserError("this publisher has failed, see its log; make a new one")
            try:
                first = self._outbox.append(bodies)
            except SpoolFull:
                if self._progress.is_still(STILL_S):
                    raise
                self._progress.await_change(0.1)
            else:
                self._sender.nudge()
                return first

    def _require_topic(self, courier: str, event_id: str | None) -> None:
        """Ask the cluster once per courier. With a spool, and no broker to ask, the sender will find out."""
        if time.monotonic() < self._ask_again:
            return
        topic = self._topics.intake(courier)
        try:
            if self._outbox.kept is not None:
                require_answer(self._settings)
            with closing(KafkaConsumer(**consumer_options(self._settings))) as asking:
                there = asking.topics()
        except (KafkaError, OSError, UserError) as error:
            if self._outbox.kept is not None:
                self._ask_again = time.monotonic() + ASK_AGAIN_S
                return
            raise (error if isinstance(error, UserError) else unreachable(self._settings, error)) from None
        intake = sorted(name for name in there if name.startswith(self._topics.intake("")))
        self._known.update(map(self._topics.courier_of, intake))
        if topic not in there:
            raise NoTopic(topic, intake, event_id)
