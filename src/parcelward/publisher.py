"""The courier's side: publish acceptance events to Kafka, checked against the contract before they leave."""

import json
import re
import time
from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from types import TracebackType
from typing import Any, Self

import orjson
from kafka import KafkaConsumer, KafkaProducer
from kafka.errors import KafkaError, KafkaTimeoutError

from parcelward.cluster.client import client_options, consumer_options, require_answer, unreachable
from parcelward.contract.events import Envelope, EventType, Inspection, RealName
from parcelward.contract.fields import COURIER_PATTERN
from parcelward.contract.reasons import Reason
from parcelward.identity.tokens import Tokeniser
from parcelward.intake.decode import Decoder, Limits, Rejected
from parcelward.intake.event_file import record_of
from parcelward.settings import Settings
from parcelward.stage import Record
from parcelward.topics import MAX_INTAKE_BYTES

Headers = Sequence[tuple[str, bytes]]
CONTENT_TYPE = ("content-type", b"application/json")
ABANDON_S = 5.0
"""Seconds that an abandoned publisher waits for its thread to end."""
_COURIER = re.compile(COURIER_PATTERN).fullmatch


class InvalidEvent(ValueError):  # noqa: N818 - reads better where it is caught
    """The event breaks the contract and was not sent; `detail` names the field and never repeats its value."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(f"{reason.value}: {detail}")
        self.reason = reason
        self.detail = detail


class NotDelivered(RuntimeError):  # noqa: N818
    """Events that the broker has not acknowledged.

    Make a new publisher, because this one may be unable to go on. Publish the events again under the same ids: an event
    that had arrived after all is recognised as a duplicate.
    """

    def __init__(self, count: int, cause: str) -> None:
        super().__init__(f"{count} event{'s were' if count != 1 else ' was'} not acknowledged: {cause}")
        self.count = count


class NoTopic(NotDelivered):
    """The courier of an event has no intake topic that this user may write to. Nothing was sent."""

    def __init__(self, topic: str, there: Sequence[str]) -> None:
        RuntimeError.__init__(
            self,
            f"topic {topic} does not exist, or this user may not write to it; "
            f"{'intake topics: ' + ', '.join(there) if there else 'no intake topic exists: is a worker running?'}",
        )
        self.count = 1


class Publisher:
    """Publishes events in CloudEvents binary mode to `intake.<courier>`, key = waybill; a context manager.

    It is idempotent, and all in-sync replicas acknowledge. With a `tokeniser`, personal values are replaced by tokens
    and masks here, so raw ones never leave the process. Not thread-safe: make one publisher per thread.
    """

    def __init__(self, settings: Settings, tokeniser: Tokeniser | None = None) -> None:
        """Connects. Raises UserError when no broker answers."""
        require_answer(settings)
        self._settings = settings
        self._topics = settings.topics
        self._decoder = Decoder(settings.topics, Limits.from_settings(settings))
        self._tokeniser = tokeniser
        self._known: set[str] = set()
        self._sent = self._acknowledged = self._failed = 0
        self._cause = "no answer from the broker in time"
        try:
            self._producer = KafkaProducer(
                **client_options(settings),
                enable_idempotence=True,
                acks="all",
                compression_type="gzip",
                linger_ms=5,
                batch_size=131_072,
                max_request_size=MAX_INTAKE_BYTES,
                max_block_ms=30_000,
                allow_auto_create_topics=False,
            )
        except (KafkaError, OSError) as error:
            raise unreachable(settings, error) from None

    @property
    def acknowledged(self) -> int:
        """Events that the broker has acknowledged so far."""
        return self._acknowledged

    def publish(self, event: Envelope | Mapping[str, Any]) -> None:
        """Check one event (a model, or a structured-mode CloudEvent as a dict) and send it; returns before delivery.

        Raises InvalidEvent, and then nothing is sent; NoTopic when the courier's topic does not exist; NotDelivered
        when the buffer stays full.
        """
        if not isinstance(event, Mapping | Envelope):
            given = type(event).__name__
            raise InvalidEvent(
                Reason.WRONG_TYPE, f"event: must be a dict or a model of parcelward.contract, not {given}"
            )
        body = event if isinstance(event, Mapping) else event.model_dump(mode="json", exclude_none=True)
        courier, key, value, headers = binary_mode(body)
        record = Record(self._topics.intake(courier), 0, 0, int(time.time() * 1000), key, value, headers)
        answer = self._decoder.decode(record)
        if isinstance(answer, Rejected):
            raise InvalidEvent(answer.reason, answer.detail)
        if self._tokeniser is not None and answer.type is EventType.REAL_NAME:
            replaced = self._tokeniser.at_source(RealName.model_validate_json(value), answer.time_ms)
            value = replaced.model_dump_json(exclude_none=True).encode()
        elif self._tokeniser is not None and answer.type is EventType.INSPECTION:
            found = self._tokeniser.found_at_source(Inspection.model_validate_json(value))
            value = found.model_dump_json(exclude_none=True).encode()
        self.publish_unchecked(courier, key, value, headers)

    def publish_json(self, line: bytes) -> None:
        """Publish a structured-mode event given as JSON text. Refuses what `parcelward validate` would refuse."""
        line = line.strip(b" \t\r\n")
        answer = self._decoder.decode(record_of(line, self._topics, at_ms=int(time.time() * 1000)))
        if isinstance(answer, Rejected):
            raise InvalidEvent(answer.reason, answer.detail)
        try:
            event = orjson.loads(line)
        except ValueError as error:
            raise InvalidEvent(Reason.INVALID_JSON, f"{getattr(error, 'msg', error)}") from None
        self.publish(event)

    def publish_unchecked(self, courier: str, key: bytes | None, value: bytes | None, headers: Headers = ()) -> None:
        """Send a record as it is: to replay recorded traffic, and to test what the service refuses."""
        topic = self._topics.intake(courier)
        if topic not in self._known:
            self._require_topic(topic)
        try:
            future = self._producer.send(topic, value=value, key=key, headers=list(headers))
        except KafkaError as error:
            raise NotDelivered(1, f"{type(error).__name__}: {error}") from None
        self._sent += 1
        future.add_callback(self._on_success)
        future.add_errback(self._on_failure)

    def flush(self, timeout_s: float = 60.0) -> None:
        """Wait until everything sent so far is acknowledged. Raises NotDelivered otherwise, for each failure once."""
        try:
            self._producer.flush(timeout_s)
        except KafkaTimeoutError:
            raise NotDelivered(self._sent - self._acknowledged, f"no answer within {timeout_s:g} s") from None
        failed, self._failed = self._failed, 0
        if failed:
            self._sent -= failed
            raise NotDelivered(failed, self._cause)

    def close(self) -> None:
        """Flush and disconnect. Raises NotDelivered when something was not acknowledged."""
        try:
            self.flush()
        finally:
            self._producer.close()

    def abandon(self) -> None:
        """Disconnect without waiting for what is not acknowledged. Safe to call twice."""
        # While a record is under way, kafka-python's own close fails and leaves the connection open.
        if (sender := self._producer._sender) is not None:
            sender.force_close()
            sender.join(ABANDON_S)
        with suppress(KafkaTimeoutError):
            self._producer.close(timeout=0)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self.close()
        else:
            self.abandon()

    def _require_topic(self, topic: str) -> None:
        """Ask the cluster once per topic: the producer itself would wait long for one that does not exist."""
        try:
            with closing(KafkaConsumer(**consumer_options(self._settings))) as asking:
                there = asking.topics()
        except (KafkaError, OSError) as error:
            raise unreachable(self._settings, error) from None
        if topic not in there:
            raise NoTopic(topic, sorted(name for name in there if name.startswith(self._topics.intake(""))))
        self._known.add(topic)

    def _on_success(self, _: object) -> None:
        self._acknowledged += 1

    def _on_failure(self, error: BaseException) -> None:
        self._failed += 1
        self._cause = f"{type(error).__name__}: {error}"


def binary_mode(event: Mapping[str, Any]) -> tuple[str, bytes, bytes, list[tuple[str, bytes]]]:
    """Courier, key, value and headers of a structured-mode event. Raises InvalidEvent when it cannot be addressed.

    >>> courier, key, value, headers = binary_mode({"id": "e1", "data": {"courier": "swift", "waybill": "SF1"}})
    >>> courier, key, value, headers[0]
    ('swift', b'SF1', b'{"courier":"swift","waybill":"SF1"}', ('ce_id', b'e1'))
    """
    data = event.get("data")
    if not isinstance(data, Mapping):
        raise InvalidEvent(Reason.MISSING_FIELD if data is None else Reason.WRONG_TYPE, "data: must be an object")
    courier, waybill = data.get("courier"), data.get("waybill")
    for name, given in (("courier", courier), ("waybill", waybill)):
        if given is None:
            raise InvalidEvent(Reason.MISSING_FIELD, f"data.{name}: required")
        if not isinstance(given, str):
            raise InvalidEvent(Reason.WRONG_TYPE, f"data.{name}: must be a string")
    if not _COURIER(str(courier)):
        raise InvalidEvent(Reason.INVALID_VALUE, "data.courier: must be a courier code")
    try:
        headers = [
            (f"ce_{name}", str(value).encode())
            for name, value in event.items()
            if name not in ("data", "datacontenttype") and value is not None
        ]
        key, value = str(waybill).encode(), _json_bytes(data)
    except (TypeError, ValueError) as error:
        raise InvalidEvent(Reason.INVALID_ENCODING, f"event: cannot be written as UTF-8 JSON ({error})") from None
    return str(courier), key, value, [*headers, CONTENT_TYPE]


def _json_bytes(data: Mapping[str, Any]) -> bytes:
    value = orjson.dumps(data)
    if b"null" in value:
        json.dumps(data, allow_nan=False)  # orjson writes NaN as null; this raises ValueError
    return value
