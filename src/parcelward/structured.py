"""Files of structured-mode events: where one event ends, and the Kafka record that each would be published as."""

import io
from collections.abc import Iterator
from itertools import chain
from typing import Any, BinaryIO

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
    """The record that a structured event stands for: its waybill as key, on its courier's topic.

    `courier` replaces the one that the event names. Never raises: what is wrong with the text, the decoder says.
    """
    try:
        body = orjson.loads(text)
    except ValueError:
        body = None
    data = body.get("data") if isinstance(body, dict) else None
    named = _text(data, "courier")
    key = _text(data, "waybill").encode("utf-8", "replace")
    return Record(topics.intake(courier or named or "unknown"), 0, offset, at_ms, key or b"-", text)


def is_recorded(text: bytes) -> bool:
    """Whether this is a Kafka record written down, as in schemas/examples, and not an event."""
    return b'"value_base64"' in text and b'"headers"' in text


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
