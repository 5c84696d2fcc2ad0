"""Files of events: the events in a file, and the Kafka record of each: as it would be published, or as written down."""

import io
import json
import re
from collections.abc import Iterator
from itertools import chain
from typing import Any, BinaryIO

import msgspec
import orjson

from parcelward.contract.keys import key_field
from parcelward.contract.reasons import Reason
from parcelward.errors import UserError
from parcelward.intake.attributes import data_in_base64
from parcelward.intake.refusal import Rejected
from parcelward.moments import epoch_ms
from parcelward.stage import Record
from parcelward.topics import Topics

RECEIVED = "receivedtime"
"""CloudEvents extension attribute of an event in a file: when its record arrived, if not at the event's time."""
UNKNOWN_COURIER = "unknown"
"""In place of the courier of an event that names none."""
WHOLE_BYTES = 1_000_000
"""A file up to this size may be one JSON document over several lines; a larger one is always one event a line."""


def numbered_events(stream: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Line number and text of each event: one a line, or the whole file when it is a single JSON object.

    Raises UserError for a file of another form: each of its lines would be refused, for a reason that is none.
    """
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
    _require_lines(whole.decode(errors="replace"), number)
    yield number, first
    rest += stream.readline()  # the cut may lie within a line
    yield from _lines(chain(io.BytesIO(rest), stream), number)


def _require_lines(text: str, number: int) -> None:
    """Raises UserError for a text that surely is no event a line: JSON over several lines, or a table."""
    first, _, rest = text.partition("\n")
    first = first.strip()
    try:
        _, end = _JSON(text)
        is_spread = "\n" in text[:end]
        broken_at = ""
    except RecursionError:
        return
    except json.JSONDecodeError as error:
        is_spread = error.lineno > 1 and first in _OPENINGS and bool(_OPENINGS[first](rest))
        broken_at = f", and is not well-formed in line {number + error.lineno - 1}"
    if is_spread:
        raise UserError(
            f"line {number}: this looks like JSON spread over several lines{broken_at}; write one event a line, as "
            "`jq -c . FILE` does"
        )
    if _HEADINGS(first) and not rest.lstrip().startswith("{"):
        raise UserError(f"line {number}: this looks like the headings of a table (CSV); write one JSON event a line")


_JSON = json.JSONDecoder().raw_decode
_OPENINGS = {"{": re.compile(r'\s*["\w]').match, "[": re.compile(r"\s*[{\[]").match, "[{": re.compile(r'\s*"').match}
"""Lines with which JSON over several lines begins, and how the next one does."""
_HEADINGS = re.compile(r'"?\w[\w ./()（）-]*"?(?:[,;\t]"?\w[\w ./()（）-]*"?){2,}').fullmatch


def record_of(text: bytes, topics: Topics, *, courier: str | None = None, offset: int = 0, at_ms: int = 0) -> Record:
    """The record that a structured event would be published as: under its key, on its courier's topic.

    `courier` replaces the one that the event names. Never raises: if the text is wrong, the decoder will say so.
    """
    body = _parsed(text)
    data = body.get("data") if isinstance(body, dict) else None
    if isinstance(body, dict) and data is None and isinstance(body.get("data_base64"), str):
        encoded = data_in_base64(body)
        data = None if isinstance(encoded, Rejected) else _parsed(encoded)
    named = _text(data, "courier")
    field = key_field(body.get("type"), data) if isinstance(body, dict) and isinstance(data, dict) else "waybill"
    key = _text(data, field).encode("utf-8", "replace")
    return Record(topics.intake(courier or named or UNKNOWN_COURIER), 0, offset, at_ms, key or b"-", text)


def arriving_record(text: bytes, topics: Topics, *, offset: int, after_ms: int) -> Record | Rejected:
    """The record of a structured event that arrives when its line says: at `receivedtime`, or at the event's time.

    A line that says neither arrives at `after_ms`. `receivedtime` is cut out of the text: it belongs to the file, and
    an event that is sent twice says the same both times. Refused only if `receivedtime` is no time.
    """
    body = _parsed(text)
    given = body.get(RECEIVED) if isinstance(body, dict) else None
    arrival = _moment_ms(body, RECEIVED if given is not None else "time")
    if arrival is None and given is not None:
        detail = f"{RECEIVED}: must be a time with seconds and offset (RFC 3339), as 2026-11-23T09:30:00.000+08:00"
        return Rejected(Reason.INVALID_VALUE, detail)
    if isinstance(body, dict) and RECEIVED in body and len(found := [*_RECEIVED(text)]) == 1:
        text = text[: found[0].start()] + text[found[0].end() :]
    return record_of(text, topics, offset=offset, at_ms=after_ms if arrival is None else arrival)


# The attribute and one comma beside it. Where it stands more than once the decoder refuses the event.
_VALUE = rb'"receivedtime"\s*:\s*(?:"[^"\\]*"|null)'
_RECEIVED = re.compile(rb",\s*" + _VALUE + rb"|" + _VALUE + rb"\s*,?\s*").finditer


def _moment_ms(body: Any, name: str) -> int | None:
    value = _text(body, name)
    return epoch_ms(value) if value else None


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


def _parsed(text: bytes) -> Any:
    """The JSON value in a text; None when it is none."""
    try:
        return orjson.loads(text)
    except ValueError:
        return None


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
