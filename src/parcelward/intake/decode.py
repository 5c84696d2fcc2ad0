"""From a Kafka record to an event, or to the reason why it is refused. Never raises, whatever the bytes are.

Binary mode (CloudEvents attributes in `ce_*` headers, JSON data in the value) is the fast path; structured mode (the
whole event as JSON in the value) is accepted as well.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from functools import cache, lru_cache
from hashlib import blake2b, sha256
from typing import Any, NamedTuple

from pydantic import ValidationError
from pydantic_core import from_json

from parcelward.contract.events import envelope_of
from parcelward.contract.reasons import Reason
from parcelward.intake.attributes import (
    JSON_TYPES,
    Mode,
    attributes_problem,
    data_in_base64,
    extensions_problem,
    given_twice,
    has_extensions,
    key_problem,
    media_of,
    mode_of,
)
from parcelward.intake.compiled_reader import IN_DOUBT
from parcelward.intake.event import Event
from parcelward.intake.personal_codes import personal_code
from parcelward.intake.plans import (
    PLANS,
    REQUIRED_ATTRIBUTES,
    UNREADABLE,
    Plan,
    data_within,
    looked_at,
    plan_of_body,
    read_usual,
)
from parcelward.intake.refusal import (
    Rejected,
    no_value,
    not_json,
    problems_of,
    read_strictly,
    rejected_headers,
)
from parcelward.intake.token_ids import unknown_key
from parcelward.intake.unknown_values import clear_unknown
from parcelward.moments import DAY_MS, HOUR_MS, MINUTE_MS, duration_in_words, duration_ms, epoch_ms, ms_of
from parcelward.settings import Settings
from parcelward.stage import SourceRecord
from parcelward.topics import Topics

__all__ = ["Decoder", "Event", "Limits", "Rejected", "decode", "rejected_headers"]

USUAL_NAMES = ("ce_specversion", "ce_id", "ce_source", "ce_type", "ce_time", "ce_subject", "content-type")
"""Header names as our own publisher sends them: in this order they are taken by position, which a dict costs more."""
REMEMBERED = 4096
BLOCK = 64  # bytes, of SHA-256
CHINA_AHEAD_MS, _AROUND_MS = 8 * HOUR_MS, 30 * MINUTE_MS
HASH_BYTES = 8
BACKSLASH = ord("\\")

Headers = Mapping[str, bytes | None]

_ID = re.compile(rb"[\x21-\x7e]{1,64}").fullmatch
_READ = ("ce_id", "ce_type", "ce_source", "ce_time", "ce_subject")


class Limits(NamedTuple):
    """Bounds that are settings: value size in bytes, age and lead of the event time against arrival in ms."""

    max_record_bytes: int = 65_536
    max_event_age_ms: int = 7 * DAY_MS
    max_event_ahead_ms: int = 600_000

    @classmethod
    def from_settings(cls, settings: Settings) -> "Limits":
        """Return the bounds of an installation."""
        return cls(
            max_record_bytes=settings.max_record_bytes,
            max_event_age_ms=duration_ms(settings.max_event_age),
            max_event_ahead_ms=duration_ms(settings.max_event_ahead),
        )


class Decoder:
    """Decodes records of one installation; built once, then `decode` per record. Holds no personal value.

    `content_key` (up to 64 bytes) keys the content hash, so that nobody can try out values against stored hashes.
    `token_ids` are the key ids under which tokens may have been made; None: any, for those who do not have the keys.
    """

    def __init__(
        self, topics: Topics, limits: Limits, content_key: bytes = b"", token_ids: Collection[str] | None = None
    ) -> None:
        self._token_ids = token_ids
        self._courier_of = cache(topics.courier_of)
        self._most_bytes, self._most_age_ms, self._most_ahead_ms = limits
        self._sources: dict[bytes, blake2b] = {}  # those that have been checked, hashed ahead of an event's id
        # A secret first block, and 64 of 256 bits kept: nobody can extend or try out what was hashed.
        self._content = sha256(content_key[:BLOCK].ljust(BLOCK, b"\0"))

    def decode(self, record: SourceRecord) -> Event | Rejected:
        """The event in a record, or why the record is refused."""
        value = record.value
        if value is None:
            return no_value(record)
        if len(value) > self._most_bytes:
            limit = self._most_bytes
            return Rejected(Reason.TOO_LARGE, f"the value has {len(value)} bytes, the limit is {limit}")
        headers: Sequence[tuple[str, bytes | None]] = record.headers or ()
        usual = False
        if len(headers) == len(USUAL_NAMES):
            (a, version), (b, event_id), (c, uri), (d, kind), (e, time), (f, subject), (g, media) = headers
            usual = (a, b, c, d, e, f, g) == USUAL_NAMES and subject is not None
        if not usual:
            attributes: Headers = dict(headers)
            if len(attributes) != len(headers) and (refused := given_twice(headers)) is not None:
                return refused
            version, event_id, uri, kind, time, subject, media = map(attributes.get, USUAL_NAMES)
            asked = REQUIRED_ATTRIBUTES + (subject is not None) + (media is not None)
            usual = len(attributes) == asked or not (
                has_extensions(attributes) or (subject is None and "ce_subject" in attributes)
            )
        if (
            usual
            and version == b"1.0"
            and (plan := PLANS.get(kind or b"")) is not None
            and (source := self._sources.get(uri or b"")) is not None
            and event_id
            and _ID(event_id)
            and time
            and (time_ms := epoch_ms(time.decode("latin-1"))) is not None
            and (subject is None or subject == record.key)
            and (media == b"application/json" or media_of(media) in JSON_TYPES)
        ):
            # Nearly every record passes here; who does not is looked at closely.
            return self._binary(record, value, plan, event_id, source, time, time_ms, subject)
        return self._closely(record, value, dict(headers))

    def _closely(self, record: SourceRecord, value: bytes, attributes: Headers) -> Event | Rejected:
        """A record whose mode has to be found out, or whose attributes are not certainly in order."""
        attributes = {name: value for name, value in attributes.items() if value is not None}  # null is absent
        mode = mode_of(attributes)
        if isinstance(mode, Rejected):
            return mode
        if mode is Mode.BINARY:
            return self._by_attributes(record, value, attributes)
        return self._structured(record, value, announced=mode is Mode.STRUCTURED)

    def _by_attributes(self, record: SourceRecord, value: bytes, attributes: Headers) -> Event | Rejected:
        """Binary mode with headers that have to be looked at closely."""
        if (refused := attributes_problem(attributes)) is not None:
            return refused
        event_id, kind, uri, time, subject = map(attributes.get, _READ)
        assert event_id and kind and uri and time  # noqa: PT018 - or the check had refused
        time_ms = epoch_ms(time.decode())
        if time_ms is None:
            return Rejected(Reason.INVALID_VALUE, "ce_time: must be a date that exists")
        return self._binary(record, value, PLANS[kind], event_id, self._source(uri), time, time_ms, subject)

    def _binary(
        self,
        record: SourceRecord,
        value: bytes,
        plan: Plan,
        event_id: bytes,
        source: blake2b,
        time: bytes,
        time_ms: int,
        subject: bytes | None,
        subject_name: str = "ce_subject",
    ) -> Event | Rejected:
        """Read the data of a record whose attributes are in order."""
        reader = plan.reader
        try:
            data = reader.parse(value)
            colons = reader.complete(data)
        except UNREADABLE:
            data, colons = None, IN_DOUBT
        if value.count(b":") != colons or BACKSLASH in value:
            data = looked_at(plan, value, data, colons)
            if isinstance(data, Rejected):
                return data
        key = plan.key_of(data).encode()
        if subject is not None and subject != key:
            return Rejected(Reason.KEY_MISMATCH, f"{subject_name}: must be {plan.key_name}")
        return self._accepted(record, plan, event_id, source, time_ms, data, key, time)

    def _structured(self, record: SourceRecord, value: bytes, announced: bool) -> Event | Rejected:
        """`announced`: the content type says that this is a structured CloudEvent."""
        if (accepted := self._as_usual(record, value)) is not None:
            return accepted
        try:
            body = from_json(value)
        except ValueError as error:
            return not_json(str(error), value)
        if isinstance(refused := read_strictly(value), Rejected):
            return refused
        plan = plan_of_body(body, announced)
        if isinstance(plan, Rejected):
            return plan
        if body.get("data_base64") is not None:
            return self._encoded(record, value, plan, body)
        try:
            found = plan.validate_event(value)
        except ValidationError as error:
            return problems_of(error, "", plan.event_model)
        if (refused := extensions_problem(body)) is not None:
            return refused
        data, time_ms = data_within(plan, value, found.data), ms_of(found.time)
        key = plan.key_of(data)
        if found.subject not in (None, key):
            return Rejected(Reason.KEY_MISMATCH, f"subject: must be {plan.key_name}")
        event_id, source = found.id.encode(), self._source(found.source.encode())
        return self._accepted(record, plan, event_id, source, time_ms, data, key.encode())

    def _as_usual(self, record: SourceRecord, value: bytes) -> Event | Rejected | None:
        """The event of a structured record that is certainly plain and keeps the contract; None: it is in doubt."""
        try:
            told = read_usual(value)
            plan, source = PLANS.get(told.type.encode()), self._sources.get(told.source.encode())
            if plan is None or source is None:
                return None
            data = plan.reader.parse(told.data)
            colons = plan.reader.complete(data)
        except UNREADABLE:
            return None
        event_id, time_ms = told.id.encode(), epoch_ms(told.time)
        if (
            colons == IN_DOUBT
            or value.count(b":") != colons + told.colons()
            or BACKSLASH in value
            or time_ms is None
            or not _ID(event_id)
            or told.subject not in (None, key := plan.key_of(data))
        ):
            return None
        return self._accepted(record, plan, event_id, source, time_ms, data, key.encode())

    def _encoded(self, record: SourceRecord, value: bytes, plan: Plan, body: dict[str, Any]) -> Event | Rejected:
        """A structured event with its data in base64: attributes and data are read as in binary mode."""
        data = data_in_base64(body)
        if isinstance(data, Rejected):
            return data
        try:
            envelope = envelope_of(plan.event_type)
            found = envelope.__pydantic_validator__.validate_json(value)
        except ValidationError as error:
            return problems_of(error, "", envelope)
        if (refused := extensions_problem(body)) is not None:
            return refused
        source, event_id = self._source(found.source.encode()), found.id.encode()
        subject = None if found.subject is None else found.subject.encode()
        return self._binary(record, data, plan, event_id, source, b"", ms_of(found.time), subject, "subject")

    def _accepted(
        self,
        record: SourceRecord,
        plan: Plan,
        event_id: bytes,
        source: blake2b,
        time_ms: int,
        data: Any,
        key: bytes,
        time: bytes = b"",
    ) -> Event | Rejected:
        """Make the event of data that are in order by themselves, unless they lie wrong or hold a person's number.

        `time` is what belongs to the event's content and does not stand in the record's value.
        """
        if (refused := self._misplaced(record, plan, data, key, time_ms)) is not None:
            return refused
        if (refused := personal_code(name := event_id.decode(), data)) is not None:
            return refused
        if self._token_ids is not None and (refused := unknown_key(data, self._token_ids)) is not None:
            return refused
        clear_unknown(data, time_ms)
        content = self._content.copy()
        content.update(time)
        content.update(record.value or b"")
        return Event(
            plan.event_type,
            name,
            time_ms,
            data,
            _identity(source, event_id),
            content.digest()[:HASH_BYTES],
            b"" if (corrects := data.corrects) is None else _identity(source, corrects.encode()),
        )

    def _misplaced(self, record: SourceRecord, plan: Plan, data: Any, key: bytes, time_ms: int) -> Rejected | None:
        """Refusal when the event contradicts where or when it arrived."""
        if record.key != key:
            return key_problem(record.key, plan.key_name)
        if data.courier != self._courier_of(record.topic):
            return Rejected(Reason.WRONG_COURIER, "data.courier: this courier does not own the topic")
        ahead = time_ms - record.timestamp
        if not -self._most_age_ms <= ahead <= self._most_ahead_ms:
            side, limit_ms = ("after", self._most_ahead_ms) if ahead > 0 else ("before", self._most_age_ms)
            apart, limit = duration_in_words(abs(ahead)), duration_in_words(limit_ms)
            detail = f"time: {'just over ' if apart == limit else ''}{apart} {side} arrival, over the limit of {limit}"
            if CHINA_AHEAD_MS - _AROUND_MS <= ahead <= CHINA_AHEAD_MS + self._most_ahead_ms:
                detail += "; is it China time written as UTC? write +08:00"
            return Rejected(Reason.TIME_OUT_OF_RANGE, detail)
        return None

    def _source(self, header: bytes) -> blake2b:
        """A source that has been checked, remembered; they are few (one per outlet), the bound is for mischief."""
        known = self._sources.get(header)
        if known is None:
            if len(self._sources) >= REMEMBERED:
                self._sources.clear()
            known = self._sources[header] = blake2b(header + b"\0", digest_size=HASH_BYTES)
        return known


def _identity(source: blake2b, event_id: bytes) -> bytes:
    """Hash source and id, which together identify an event."""
    identity = source.copy()
    identity.update(event_id)
    return identity.digest()


@lru_cache(maxsize=16)
def _decoder(topics: Topics, limits: Limits) -> Decoder:
    return Decoder(topics, limits)


def decode(record: SourceRecord, *, topics: Topics, limits: Limits) -> Event | Rejected:
    """Decode one record; for many, build a `Decoder` once."""
    return _decoder(topics, limits).decode(record)
