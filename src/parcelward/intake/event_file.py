"""Files of events: the events in a file, and the Kafka record of each: as it would be published, or as written down."""

import io
from collections.abc import Iterator
from itertools import chain
from typing import Any, BinaryIO

import msgspec
import orjson

from parcelward.stage import Record
from parcelward.topics import Topics

WHOLE_BYTES = 1_000_000
"""A file up to this size may be one JSON document over several lines; a larger one is always one event a line."""


def numbered_events(stream: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Line number and text of each event: one a line, or the whole file when it is a single JSON document."""
    number, first = 0, b""
    for line in stream:
        number += 1
        if first := line.strip():
            break
    if not first:
        return
    if _is_json(first):
        yield number, first
        yield from _lines(stream, number)
        return
    rest = stream.read(WHOLE_BYTES)
    whole = first + b"\n" + rest
    if len(rest) < WHOLE_BYTES and _is_json(whole):
        yield number, whole.strip()
        return
    yield number, first
    rest += stream.readline()  # the cut may lie within a line
    yield from _lines(chain(io.BytesIO(rest), stream), number)


def record_of(text: bytes, topics: Topics, *, courier: str | None = None, offset: int = 0, at_ms: int = 0) -> Record:
    """The record that a structured event would be published as: its waybill as key, on its courier's topic.

    `courier` replaces the one that the event names. Never raises: if the text is wrong, the decoder will say so.
    """
    try:
        body = orjson.loads(text)
    except ValueError:
        body = None
    data = body.get("data") if isinstance(body, dict) else None
    named = _text(data, "courier")
    key = _text(data, "waybill").encode("utf-8", "replace")
    return Record(topics.intake(courier or named or "unknown"), 0, offset, at_ms, key or b"-", text)


class _Written(msgspec.Struct):
    """A Kafka record as JSON; msgspec reads base64 for bytes."""

    topic: str
    timestamp: int
    headers: list[tuple[str, bytes]]
    key_base64: bytes | None
    value_base64: bytes | None


def written_record(text: bytes, topics: Topics, *, courier: str | None = None, offset: int = 0) -> Record | None:
    """The Kafka record that a JSON object writes down, as some of schemas/examples do; None when it is no such object.

    With `courier`, the record is on that courier's topic instead of the one that is written.
    """
    if b'"value_base64"' not in text:
        return None
    try:
        found = msgspec.json.decode(text, type=_Written)
    except msgspec.DecodeError:
        return None
    topic = topics.intake(courier) if courier else found.topic
    return Record(topic, 0, offset, found.timestamp, found.key_base64, found.value_base64, found.headers)


def _is_json(text: bytes) -> bool:
    try:
        orjson.loads(text)
    except ValueError:
        return False
    return True


def _lines(lines: Any, number: int) -> Iterator[tuple[int, bytes]]:
    for line in lines:
        number += 1
        if text := line.strip(b" \t\r\n"):
            yield number, text


def _text(data: Any, name: str) -> str:
    value = data.get(name) if isinstance(data, dict) else None
    return value if isinstance(value, str) else ""
