"""The check of an event before it leaves: what `parcelward validate` says of the same event as JSON, to the letter.

Nearly every event is plain: the attributes of the contract as strings, and data that the decoder takes in binary mode.
That is quick, and accepts nothing that `validate` would refuse. Every other event is written as JSON and read as
`validate` reads it.
"""

import base64
import json
import re
import time
from collections.abc import Mapping
from typing import Any, NamedTuple

import orjson

from parcelward.contract.envelope import Envelope
from parcelward.contract.events import EventType, Inspection, RealName
from parcelward.contract.reasons import Reason
from parcelward.identity.tokens import Tokeniser
from parcelward.intake.attributes import OF_AN_EVENT, STRUCTURED_TYPE
from parcelward.intake.decode import USUAL_NAMES, Decoder, Event, Limits, Rejected
from parcelward.intake.event import key_of
from parcelward.intake.event_file import record_of
from parcelward.publisher.binary_mode import CONTENT_TYPE, binary_mode, json_bytes
from parcelward.publisher.failures import InvalidEvent
from parcelward.publisher.record_bytes import Body, body_bytes, header_bytes
from parcelward.settings import Settings
from parcelward.stage import Record

PLAIN = OF_AN_EVENT - {"data_base64", "repairof"}
ENVELOPE_BYTES = 2_048
"""More than the attributes of a plain event take in its JSON, by which `validate` measures it."""
ESCAPED_COLON = b"\\u003"


class Checked(NamedTuple):
    """An event that would be accepted, as it is sent."""

    body: Body
    event_id: str | None


class Check:
    """Checks events of one installation, and replaces personal values when it has a tokeniser. Thread-safe."""

    def __init__(self, settings: Settings, tokeniser: Tokeniser | None = None, courier: str | None = None) -> None:
        """`courier` is the only one whose events are sent; None: each goes to the courier that it names."""
        limits = Limits.from_settings(settings)
        self._topics = settings.topics
        self._decoder = Decoder(settings.topics, limits)
        self._tokeniser = tokeniser
        self._courier = courier
        self._most_plain = limits.max_record_bytes - ENVELOPE_BYTES

    def event(self, event: object) -> Checked:
        """Check a model, or a structured-mode event as a dict. Raises InvalidEvent."""
        if not isinstance(event, Mapping | Envelope):
            given = type(event).__name__
            raise InvalidEvent(
                Reason.WRONG_TYPE, f"event: must be a dict or a model of parcelward.contract, not {given}"
            )
        body = event if isinstance(event, Mapping) else event.model_dump(mode="json", exclude_none=True)
        found = self._plain(body)
        if found is None:
            return self._closely(_as_text(body))
        return found[0]

    def text(self, line: bytes) -> Checked:
        """Check a structured-mode event given as JSON text. Raises InvalidEvent."""
        line = line.strip(b" \t\r\n")
        try:
            body = orjson.loads(line)
        except ValueError:
            return self._closely(line)
        if type(body) is dict and ESCAPED_COLON not in line and (found := self._plain(body)) is not None:
            checked, value = found
            # A name that is given twice leaves no trace in a dict, but its colon is missing.
            colons = len(body) + sum([given.count(":") for given in body.values() if type(given) is str])
            if line.count(b":") == colons + value.count(b":"):
                return checked
        return self._closely(line)

    def _plain(self, event: Mapping[str, Any]) -> tuple[Checked, bytes] | None:
        """A plain event that is certainly accepted, and its data as they are without tokens; None for any other."""
        get = event.get
        data, version, event_id, uri, kind, moment = map(get, ("data", "specversion", "id", "source", "type", "time"))
        if type(data) is not dict or not event.keys() <= PLAIN:
            return None
        courier, waybill, subject = data.get("courier"), data.get("waybill"), get("subject")
        said: list[Any] = [version, event_id, uri, kind, moment]
        if subject is not None:
            said.append(subject)
        if (
            get("datacontenttype", "application/json") != "application/json"
            or type(courier) is not str
            or self._courier not in (None, courier)
            or type(waybill) is not str
            or any(type(one) is not str for one in said)
        ):
            return None
        try:
            value, key = json_bytes(data), waybill.encode()
            headers = list(zip(_NAMES, [one.encode() for one in said]))  # noqa: B905 - the subject may be missing
        except (TypeError, ValueError):
            return None
        if len(value) > self._most_plain:
            return None
        headers.append(CONTENT_TYPE)
        answer = self._decode(courier, key, value, headers)
        if isinstance(answer, Rejected):
            return None
        sent = value if self._tokeniser is None else self._tokenised(self._tokeniser, answer, value)
        return Checked(Body(courier, key, body_bytes(key, sent, header_bytes(headers))), answer.id), value

    def _closely(self, text: bytes) -> Checked:
        record = record_of(text, self._topics, courier=self._courier, at_ms=_now_ms())
        answer = self._decoder.decode(record)
        if isinstance(answer, Rejected):
            raise InvalidEvent(answer.reason, answer.at_home)
        event = orjson.loads(text)
        courier, key = answer.data.courier, key_of(answer.data).encode()
        value, headers = text, [("content-type", STRUCTURED_TYPE)]
        if (as_binary := self._as_binary(event, answer)) is not None:
            value, headers = as_binary
            if self._tokeniser is not None:
                value = self._tokenised(self._tokeniser, answer, value)
        elif self._tokeniser is not None:
            given, encoded = event.get("data"), event.pop("data_base64", None)
            raw = base64.b64decode(encoded) if given is None else orjson.dumps(given)
            event["data"] = orjson.loads(self._tokenised(self._tokeniser, answer, raw))
            value = orjson.dumps(event)
        return Checked(Body(courier, key, body_bytes(key, value, header_bytes(headers))), answer.id)

    def _as_binary(self, event: Mapping[str, Any], accepted: Event) -> tuple[bytes, list[tuple[str, bytes]]] | None:
        """Value and headers in binary mode; None when the event would not be the same there."""
        said = ((name, given) for name, given in event.items() if name != "data")
        if type(event.get("data")) is not dict or not all(
            given is None or (type(given) is str and _ATTRIBUTE(name)) for name, given in said
        ):
            return None
        courier, key, value, headers = binary_mode(event)
        answer = self._decode(courier, key, value, headers)
        same = isinstance(answer, Event) and (answer.id, answer.time_ms, answer.data) == (
            accepted.id,
            accepted.time_ms,
            accepted.data,
        )
        return (value, headers) if same else None

    def _decode(self, courier: str, key: bytes, value: bytes, headers: list[tuple[str, bytes]]) -> Event | Rejected:
        return self._decoder.decode(Record(self._topics.intake(courier), 0, 0, _now_ms(), key, value, headers))

    @staticmethod
    def _tokenised(tokeniser: Tokeniser, event: Event, value: bytes) -> bytes:
        """Data without a raw personal value."""
        if event.type is EventType.REAL_NAME:
            replaced = tokeniser.at_source(RealName.model_validate_json(value), event.time_ms)
            return replaced.model_dump_json(exclude_none=True).encode()
        if event.type is EventType.INSPECTION:
            found = tokeniser.found_at_source(Inspection.model_validate_json(value))
            return found.model_dump_json(exclude_none=True).encode()
        return value


_ATTRIBUTE = re.compile(r"[a-z0-9]{1,64}").fullmatch
"""An attribute's name by CloudEvents; any other is left where it stands."""
_NAMES = USUAL_NAMES[:-1]  # in the order in which the decoder takes them by position


def _as_text(event: Mapping[str, Any]) -> bytes:
    try:
        try:
            return json_bytes(event)
        except TypeError:  # orjson writes no whole number of more than 64 bits
            return json.dumps(event, ensure_ascii=False, allow_nan=False).encode()
    except (TypeError, ValueError) as error:
        detail = f"event: cannot be written as UTF-8 JSON ({error})"
        raise InvalidEvent(Reason.INVALID_ENCODING, detail) from None


def _now_ms() -> int:
    return int(time.time() * 1000)
