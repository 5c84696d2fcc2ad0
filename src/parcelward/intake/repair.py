"""A refused record as an event once more: one line of JSON that says what the record said, ready to mend and to send.

Nothing of it is read, sorted out or rounded: a member that is given twice stays twice, and a number keeps its digits.
The courier's engineer, who mends it, sees what the software sent.
"""

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from parcelward.intake.attributes import PREFIX, STRUCTURED_TYPE, media_of

LINK = "repairof"
"""Attribute that names the refused record (`parcelward.contract.events.Envelope.repairof`)."""
OURS = "pw_"
"""How the names of the headers begin that Parcelward added when it refused the record."""

Headers = Sequence[tuple[str, bytes | None]]


class NoEvent(NamedTuple):
    """The record cannot be made an event; `why` says why, and holds no value of the record."""

    why: str


def repairable(value: bytes | None, headers: Headers, position: str | None = None) -> str | NoEvent:
    """The event that a refused record holds, as structured-mode JSON on one line, with a link to the record.

    A binary-mode record is put together: its `ce_*` headers are the attributes, its value the data. An event that
    links to a record already keeps that link, so that every attempt leads to the first one.

    >>> repairable(b'{"weight_g": 0}', [("ce_id", b"e1"), ("pw_reason", b"invalid_value")], "intake.swift/3/81")
    '{"id": "e1", "data": {"weight_g": 0}, "repairof": "intake.swift/3/81"}'
    >>> repairable(b'{"id": "e1"', [])
    NoEvent(why='the value is not JSON')
    """
    if value is None:
        withheld = any(name == f"{OURS}value_bytes" for name, _ in headers)
        return NoEvent("the value was too large to be kept" if withheld else "the record has no value")
    try:
        text = value.decode("utf-8-sig").strip(" \t\r\n")
        body = json.loads(text, parse_int=len, parse_float=len)  # read only to see what it is
    except (ValueError, RecursionError):
        return NoEvent("the value is not JSON")
    text = text.replace("\r", " ").replace("\n", " ")  # never within a string: JSON writes them \r and \n there
    said = {name: given for name, given in headers if given is not None}
    if media_of(said.get("content-type")) != STRUCTURED_TYPE and any(name.startswith(PREFIX) for name in said):
        return _put_together(text, headers, position)
    if not isinstance(body, dict):
        return NoEvent("the value is JSON, but no object")
    return _object([text[1:-1].strip()] if body else [], body, position)


def _put_together(data: str, headers: Headers, position: str | None) -> str | NoEvent:
    attributes: list[tuple[str, str]] = []
    for name, given in headers:
        is_media = name == "content-type"
        if given is None or not (is_media or name.startswith(PREFIX)):
            continue
        try:
            attributes.append(("datacontenttype" if is_media else name.removeprefix(PREFIX), given.decode()))
        except UnicodeDecodeError:
            return NoEvent("a header of the event is not UTF-8")
    members = [f"{_quoted(name)}: {_quoted(given)}" for name, given in attributes]
    return _object([*members, f'"data": {data}'], dict(attributes), position)


def _object(members: list[str], given: dict[str, Any], position: str | None) -> str:
    link = [] if position is None or LINK in given else [f"{_quoted(LINK)}: {_quoted(position)}"]
    return "{" + ", ".join([*members, *link]) + "}"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
