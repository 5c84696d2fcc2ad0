"""From a Kafka record to an event, or to the reason why it is refused. Never raises, whatever the bytes are.

Binary mode (CloudEvents attributes in `ce_*` headers, JSON data in the value) is the fast path; structured mode (the
whole event as JSON in the value) is accepted as well.
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, NamedTuple

from pydantic import BaseModel, ValidationError
from pydantic_core import from_json

from parcelward.attributes import Mode, attributes_problem, given_twice, key_problem, mode_of, type_problem
from parcelward.contract.events import EVENT_MODELS, Envelope, EventType, Inspection, RealName, SecurityScan
from parcelward.contract.fields import RFC3339_PATTERN
from parcelward.reasons import Reason
from parcelward.refusal import Rejected, is_plain, not_json, problems_of, refuse_value, rejected_headers, scan
from parcelward.stage import SourceRecord
from parcelward.topics import Topics
from parcelward.windows import DAY_MS

if TYPE_CHECKING:
    from parcelward.settings import Settings

__all__ = ["Decoder", "Event", "Limits", "Rejected", "decode", "rejected_headers"]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)
PLAIN_JSON = (b"application/json", None)
PLAIN_HEADERS = 6  # the five required attributes and the content type; with more, extensions are looked at
REMEMBERED = 4096

_TIME = re.compile(RFC3339_PATTERN.encode()).fullmatch
_ID = re.compile(rb"[\x21-\x7e]{1,64}").fullmatch


class Limits(NamedTuple):
    """Bounds that are settings: value size in bytes, age and lead of the event time against arrival in ms."""

    max_record_bytes: int = 65_536
    max_event_age_ms: int = 7 * DAY_MS
    max_event_ahead_ms: int = 600_000

    @classmethod
    def from_settings(cls, settings: "Settings") -> "Limits":
        """The bounds of an installation."""
        return cls(
            settings.max_record_bytes, settings.max_event_age // MILLISECOND, settings.max_event_ahead // MILLISECOND
        )


class Event(NamedTuple):
    """One accepted intake event.

    `time_ms` is the event time in ms since the epoch. `identity` (64 bits) is a hash of source and id: equal for an
    event sent twice. `content` (64 bits) is a hash of type, time and the value's bytes: an event with the same identity
    and another content contradicts itself. Both are stable across processes and replays. A named tuple, because it is
    made once per event and a frozen dataclass takes five times as long to make.
    """

    type: EventType
    id: str
    source: str
    time_ms: int
    data: RealName | Inspection | SecurityScan
    identity: int
    content: int


class _Plan(NamedTuple):
    """What is known about one event type before any event: its models and their JSON validators."""

    event_type: EventType
    validate_data: Callable[[bytes], Any]
    validate_event: Callable[[bytes], Any]
    count: Callable[[Any], int]  # fields given in a data object, nested ones included
    data_model: type[BaseModel]
    event_model: type[Envelope]


def _plan(event_type: EventType, count: Callable[[Any], int]) -> _Plan:
    event_model = EVENT_MODELS[event_type]
    data_model: Any = event_model.model_fields["data"].annotation
    return _Plan(
        event_type,
        data_model.__pydantic_validator__.validate_json,
        event_model.__pydantic_validator__.validate_json,
        count,
        data_model,
        event_model,
    )


def _given(part: Any) -> int:
    return 0 if part is None else len(part.__pydantic_fields_set__)


def _given_real_name(data: RealName) -> int:
    return (
        len(data.__pydantic_fields_set__)
        + len(data.sender.__pydantic_fields_set__)
        + len(data.receiver.__pydantic_fields_set__)
        + len(data.goods.__pydantic_fields_set__)
        + _given(data.place)
    )


def _given_inspection(data: Inspection) -> int:
    photos = sum(_given(photo) + _given(photo.place) for photo in data.photos)
    return len(data.__pydantic_fields_set__) + _given(data.place) + photos


_PLANS: dict[bytes, _Plan] = {
    EventType.REAL_NAME.value.encode(): _plan(EventType.REAL_NAME, _given_real_name),
    EventType.INSPECTION.value.encode(): _plan(EventType.INSPECTION, _given_inspection),
    EventType.SECURITY_SCAN.value.encode(): _plan(EventType.SECURITY_SCAN, _given),
}


class Decoder:
    """Decodes records of one installation; built once, then `decode` per record. Holds no personal value.

    `content_key` (up to 64 bytes) keys the content hash, so that nobody can try out values against stored hashes.
    """

    def __init__(self, topics: Topics, limits: Limits, content_key: bytes = b"") -> None:
        self._topics = topics
        self._limits = limits
        self._couriers: dict[str, str] = {}
        self._sources: dict[bytes, str] = {}
        self._content = blake2b(digest_size=8, key=content_key[:64])

    def decode(self, record: SourceRecord) -> Event | Rejected:
        """The event in a record, or why the record is refused."""
        value = record.value
        if value is None:
            return Rejected(Reason.TOMBSTONE, "the record has no value")
        if len(value) > self._limits.max_record_bytes:
            limit = self._limits.max_record_bytes
            return Rejected(Reason.TOO_LARGE, f"the value has {len(value)} bytes, the limit is {limit}")
        headers = record.headers or ()
        attributes = dict(headers)
        if len(attributes) != len(headers) and (refused := given_twice(headers)) is not None:
            return refused
        if "ce_type" in attributes and attributes.get("content-type") in PLAIN_JSON:
            return self._binary(record, value, attributes)
        mode = mode_of(attributes)
        if isinstance(mode, Rejected):
            return mode
        if mode is Mode.BINARY:
            return self._binary(record, value, attributes)
        return self._structured(record, value, announced=mode is Mode.STRUCTURED)

    def _binary(self, record: SourceRecord, value: bytes, attributes: Mapping[str, bytes | None]) -> Event | Rejected:
        get = attributes.get
        event_id, time, source_header = get("ce_id"), get("ce_time"), get("ce_source")
        plan = _PLANS.get(get("ce_type") or b"")
        source = self._sources.get(source_header) if source_header else None
        # What nearly every record passes in one go; who does not is looked at closely.
        if (
            len(attributes) > PLAIN_HEADERS
            or plan is None
            or source is None
            or event_id is None
            or time is None
            or get("ce_specversion") != b"1.0"
            or not _ID(event_id)
            or not _TIME(time)
        ):
            refused = attributes_problem(attributes)
            if refused is not None:
                return refused
            assert plan is not None  # or the check had refused, here and below
            assert source_header
            assert event_id
            assert time
            source = self._remember(source_header)
        try:
            moment = datetime.fromisoformat(time.decode())
        except ValueError:
            return Rejected(Reason.INVALID_VALUE, "ce_time: must be a date that exists")
        try:
            data = plan.validate_data(value)
        except ValidationError as error:
            return refuse_value(error, value, "data", plan.data_model)
        if not is_plain(value, plan.count(data)) and isinstance(refused := scan(value), Rejected):
            return refused
        subject = get("ce_subject")
        if subject is not None and subject != data.waybill.encode():
            return Rejected(Reason.KEY_MISMATCH, "ce_subject: must be the waybill number in the event")
        content = self._content.copy()
        content.update(time)
        content.update(value)
        return self._event(record, plan.event_type, event_id, source, moment, data, content.digest())

    def _structured(self, record: SourceRecord, value: bytes, announced: bool) -> Event | Rejected:
        """`announced`: the content type says that this is a structured CloudEvent."""
        try:
            body = from_json(value)
        except ValueError as error:
            return not_json(str(error), value)
        if isinstance(refused := scan(value), Rejected):
            return refused
        plan = _plan_of_body(body, announced)
        if isinstance(plan, Rejected):
            return plan
        try:
            event = plan.validate_event(value)
        except ValidationError as error:
            return problems_of(error, "", plan.event_model)
        if event.subject is not None and event.subject != event.data.waybill:
            return Rejected(Reason.KEY_MISMATCH, "subject: must be the waybill number in the event")
        content = self._content.copy()
        content.update(value)
        return self._event(
            record, plan.event_type, event.id.encode(), event.source, event.time, event.data, content.digest()
        )

    def _event(
        self,
        record: SourceRecord,
        event_type: EventType,
        event_id: bytes,
        source: str,
        moment: datetime,
        data: Any,
        content: bytes,
    ) -> Event | Rejected:
        """Check what the event says against where and when it arrived."""
        key = record.key
        if key != data.waybill.encode():
            return key_problem(key)
        topic = record.topic
        courier = self._couriers.get(topic)
        if courier is None:
            courier = self._couriers[topic] = self._topics.courier_of(topic)
        if data.courier != courier:
            return Rejected(Reason.WRONG_COURIER, "data.courier: this courier does not own the topic")
        time_ms = (moment - EPOCH) // MILLISECOND
        ahead = time_ms - record.timestamp
        if not -self._limits.max_event_age_ms <= ahead <= self._limits.max_event_ahead_ms:
            side, limit = (
                ("after", self._limits.max_event_ahead_ms) if ahead > 0 else ("before", self._limits.max_event_age_ms)
            )
            detail = f"time: {_in_words(abs(ahead))} {side} arrival, over the limit of {_in_words(limit)}"
            return Rejected(Reason.TIME_OUT_OF_RANGE, detail)
        identity = blake2b(b"%b\n%b" % (source.encode(), event_id), digest_size=8).digest()
        return Event(
            event_type,
            event_id.decode(),
            source,
            time_ms,
            data,
            int.from_bytes(identity, "big"),
            int.from_bytes(content, "big"),
        )

    def _remember(self, source: bytes) -> str:
        """Keep a source that has been checked; they are few (one per outlet), the bound is for mischief."""
        if len(self._sources) >= REMEMBERED:
            self._sources.clear()
        text = self._sources[source] = source.decode()
        return text


def _in_words(duration_ms: int) -> str:
    """`2763 days`, `7 hours`, `12 minutes` or `3 s`: the largest unit that fits twice, rounded down."""
    for name, unit_ms in (("days", DAY_MS), ("hours", 3_600_000), ("minutes", 60_000)):
        if duration_ms >= 2 * unit_ms:
            return f"{duration_ms // unit_ms} {name}"
    return f"{duration_ms // 1000} s"


def _plan_of_body(body: Any, announced: bool) -> _Plan | Rejected:
    """The plan for a structured event by its `specversion` and `type`."""
    if not isinstance(body, dict):
        return Rejected(Reason.NOT_CLOUDEVENTS, "the value is not a JSON object")
    if "specversion" not in body:
        if announced:
            return Rejected(Reason.MISSING_FIELD, "specversion: required")
        return Rejected(Reason.NOT_CLOUDEVENTS, "neither ce_ headers nor a specversion field")
    if body["specversion"] != "1.0":
        return Rejected(Reason.NOT_CLOUDEVENTS, "specversion: must be 1.0")
    if "type" not in body:
        return Rejected(Reason.MISSING_FIELD, "type: required")
    name = body["type"]
    if not isinstance(name, str):
        return Rejected(Reason.WRONG_TYPE, "type: must be a string")
    return _PLANS.get(name.encode()) or type_problem(name, "type")


@lru_cache(maxsize=16)
def _decoder(topics: Topics, limits: Limits) -> Decoder:
    return Decoder(topics, limits)


def decode(record: SourceRecord, *, topics: Topics, limits: Limits) -> Event | Rejected:
    """Decode one record; for many, build a `Decoder` once."""
    return _decoder(topics, limits).decode(record)
