"""CloudEvents attributes in Kafka headers: the mode of a record, and the faults of its `ce_*` headers."""

import json
import re
from base64 import b64decode
from collections.abc import Mapping, Sequence
from enum import Enum, auto
from functools import lru_cache
from typing import Any

from pydantic import ValidationError

from parcelward.contract.envelope import Envelope
from parcelward.contract.events import EventType, envelope_of
from parcelward.contract.personal_values import personal_value
from parcelward.contract.reasons import Reason
from parcelward.intake.refusal import Rejected, first_twice, problems_of

PREFIX = "ce_"
STRUCTURED_TYPE = b"application/cloudevents+json"
BATCH_TYPE = b"application/cloudevents-batch+json"
JSON_TYPES = frozenset({b"", b"application/json"})
"""Media types of data in binary mode; a missing media type means JSON."""
NAMES = frozenset({*(PREFIX + name for name in Envelope.model_fields), "ce_type", "content-type"})
OF_AN_EVENT = frozenset({*Envelope.model_fields, "type", "data", "data_base64"})
_JUDGED = frozenset({"ce_specversion", "ce_id", "ce_source", "ce_type", "ce_time", "ce_subject"})

_is_attribute = re.compile(r"[a-z0-9]{1,20}").fullmatch
_VERSIONED = re.compile(r"(.+)\.v[0-9]{1,4}").fullmatch
_TYPES = frozenset(event_type.value for event_type in EventType)
_STEMS = frozenset(event_type.value.rpartition(".v")[0] for event_type in EventType)


class Mode(Enum):
    """Way in which a record carries its CloudEvent."""

    BINARY = auto()
    STRUCTURED = auto()
    UNSAID = auto()  # nothing in the headers: structured if the value is a CloudEvent


def mode_of(headers: Mapping[str, bytes | None]) -> Mode | Rejected:
    """The mode by content type and `ce_*` headers."""
    media = media_of(headers.get("content-type"))
    if media == STRUCTURED_TYPE:
        return Mode.STRUCTURED
    if media not in JSON_TYPES:
        if media == BATCH_TYPE:
            return Rejected(Reason.NOT_CLOUDEVENTS, "content-type: a record holds one event; send no batches")
        allowed = f"application/json or {STRUCTURED_TYPE.decode()}"
        return Rejected(Reason.NOT_CLOUDEVENTS, f"content-type: must be {allowed}")
    return Mode.BINARY if any(name.startswith(PREFIX) for name in headers) else Mode.UNSAID


@lru_cache(maxsize=64)
def media_of(content_type: bytes | None) -> bytes:
    """The media type in a content type, without parameters; empty when there is none.

    >>> media_of(b"application/json; charset=utf-8")
    b'application/json'
    """
    return (content_type or b"").split(b";", 1)[0].strip().lower()


def given_twice(headers: Sequence[tuple[str, bytes | None]]) -> Rejected | None:
    """Refusal when a CloudEvents header comes twice. Other headers may, since nobody here reads them."""
    twice = first_twice(name for name, _ in headers if name.startswith(PREFIX) or name == "content-type")
    if twice is None:
        return None
    shown = twice if twice in NAMES else "a ce_ extension"
    return Rejected(Reason.DUPLICATE_FIELD, f"{shown}: header is given more than once")


def has_extensions(headers: Mapping[str, bytes | None]) -> bool:
    """Tell whether there are `ce_*` headers besides those that the decoder checks itself."""
    return any(name.startswith(PREFIX) and name not in _JUDGED for name in headers)


def attributes_problem(headers: Mapping[str, bytes | None]) -> Rejected | None:
    """Refusal for the `ce_*` headers of a binary-mode record; None when nothing is wrong with them."""
    attributes: dict[str, str] = {}
    for name, value in headers.items():
        if name.startswith(PREFIX):
            shown = name if name in NAMES else "a ce_ extension"
            try:
                text = (value or b"").decode()
            except UnicodeDecodeError:
                return Rejected(Reason.INVALID_ENCODING, f"{shown}: header is not UTF-8")
            if "\0" in text:
                return Rejected(Reason.INVALID_ENCODING, f"{shown}: header holds a NUL character")
            attributes[name.removeprefix(PREFIX)] = text
    if attributes.get("specversion", "1.0") != "1.0":
        return Rejected(Reason.NOT_CLOUDEVENTS, "ce_specversion: must be 1.0")
    kind = attributes.pop("type", None)
    if kind is not None and kind not in _TYPES:
        return type_problem(kind, "ce_type")
    if (refused := extensions_problem(attributes, PREFIX)) is not None:
        return refused
    envelope = envelope_of(kind or "")
    try:
        envelope.__pydantic_validator__.validate_json(json.dumps(attributes))
    except ValidationError as error:
        return problems_of(error, "", envelope, PREFIX)
    return Rejected(Reason.MISSING_FIELD, "ce_type: required") if kind is None else None


def extensions_problem(attributes: Mapping[str, Any], mark: str = "") -> Rejected | None:
    """Refusal when an extension attribute holds a personal value: attributes go raw, whoever makes tokens of the data.

    `mark` is put before the name of the attribute (`ce_` for headers).
    """
    for name, value in attributes.items():
        if name in OF_AN_EVENT or value is None:
            continue
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        found = personal_value(text)
        if found is not None or (found := personal_value(name)) is not None:
            shown = mark + name if _is_attribute(name) and not personal_value(name) else f"a {mark}extension"
            return Rejected(Reason.INVALID_VALUE, f"{shown}: holds a person's {found}; attributes are sent as they are")
    return None


def data_in_base64(body: Mapping[str, Any]) -> bytes | Rejected:
    """The data of a structured event that has them in base64; refused when they are not, or come as JSON as well.

    >>> data_in_base64({"data_base64": "e30="})
    b'{}'
    """
    if body.get("data") is not None:
        return Rejected(Reason.INVALID_VALUE, "data and data_base64 must not come together, send one of them")
    encoded = body["data_base64"]
    if not isinstance(encoded, str):
        return Rejected(Reason.WRONG_TYPE, "data_base64: must be a string")
    try:
        return b64decode(encoded, validate=True)
    except ValueError:
        return Rejected(Reason.INVALID_VALUE, "data_base64: must be base64 with padding (RFC 4648), not base64url")


def type_problem(name: str, field: str) -> Rejected:
    """Refusal of a CloudEvents type that is not ours: an unknown version of one of ours, or an unknown type."""
    match = _VERSIONED(name)
    if match and match[1] in _STEMS:
        known = sorted(event_type for event_type in _TYPES if event_type.rpartition(".v")[0] == match[1])
        return Rejected(Reason.UNKNOWN_VERSION, f"{field}: this version is not known; known: {', '.join(known)}")
    return Rejected(Reason.UNKNOWN_TYPE, f"{field}: must be one of {', '.join(sorted(_TYPES))}")


def key_problem(key: bytes | None, name: str) -> Rejected:
    """Refusal of a key that is not what the event has under `name`."""
    if not key:
        return Rejected(Reason.MISSING_KEY, f"the record has no key; it must be {name}")
    try:
        text = key.decode()
    except UnicodeDecodeError:
        return Rejected(Reason.INVALID_ENCODING, "the key is not UTF-8")
    if "\0" in text:
        return Rejected(Reason.INVALID_ENCODING, "the key holds a NUL character")
    return Rejected(Reason.KEY_MISMATCH, f"the key is not {name}")
