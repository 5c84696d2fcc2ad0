"""Refused records as a person or a program reads them: one by one, or by reason."""

import re
from base64 import b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Any

from rich.text import Text

from parcelward.contract.person_numbers import person_number
from parcelward.contract.personal_values import personal_value
from parcelward.contract.reasons import Reason
from parcelward.contract.steps import StepReason
from parcelward.escaping import escaped
from parcelward.intake.repair import OURS
from parcelward.moments import epoch_ms, utc

MEANINGS = {reason.value: reason.meaning for kind in (StepReason, Reason) for reason in kind}
"""Why an answer was not taken, and why an event was not accepted."""

NAMED = ("reason", "detail", "topic", "partition", "offset", "rejected_at")
NUMBERS = ("partition", "offset")
_IS_CODE = re.compile(r"[A-Za-z0-9_-]{1,35}").fullmatch
LATEST_MS = 253_402_128_000_000
"""Two days before the end of the year 9999, so that every zone can show it: couriers' clocks say anything."""
MOST_DETAILS = 1000
"""Different details of one reason that are told apart; some hold sizes and places in the text."""


def rejected_ms(record: Any) -> int:
    """The time at which a record was refused; where it does not say so, that at which it was written."""
    said = dict(record.headers).get("pw_rejected_at") or b""
    known = epoch_ms(said.decode(errors="replace"))
    return int(record.timestamp) if known is None else known


def describe(record: Any, show_value: bool) -> dict[str, Any]:
    """A refused record as plain data: where it was, why it was refused, its size; on demand its headers and value.

    What is no UTF-8 comes in base64 too, so that the record can be made again byte for byte.
    """
    headers = {name: (value or b"").decode(errors="replace") for name, value in record.headers}
    refusal: dict[str, Any] = {name: headers.get(f"{OURS}{name}", "") for name in NAMED}
    refusal |= {name: _number(refusal[name]) for name in NUMBERS}
    why = None if show_value or record.key is None else _hidden(record.key.decode(errors="replace"))
    refusal |= _text("key", record.key) if why is None else {"key": None, "key_hidden": why}
    refusal["bytes"] = int(headers.get("pw_value_bytes", len(record.value or b"")))
    for name in ("value_sha256", "batch_records"):
        if (said := headers.get(f"{OURS}{name}")) is not None:
            refusal[name] = said if name == "value_sha256" else _number(said)
    if show_value:
        own = ((name, value) for name, value in record.headers if not name.startswith(OURS))
        refusal["headers"] = [{"name": name} | _text("value", value) for name, value in own]
        refusal |= _text("value", record.value)
    return refusal


def _number(said: str) -> int | None:
    return int(said) if said.isdecimal() and said.isascii() else None


def _hidden(key: str) -> str | None:
    """Say why a key is not shown; None when it is a code, as a waybill number and an outlet are."""
    found = person_number(key) or personal_value(key)
    if found is not None:
        return f"a person's {found}"
    return None if _IS_CODE(key) or not key else "no code"


def _text(name: str, given: bytes | None) -> dict[str, str | None]:
    """Bytes as text under a name; where the text does not say them exactly, in base64 as well."""
    if given is None:
        return {name: None}
    text = given.decode(errors="replace")
    exact = {} if text.encode() == given else {f"{name}_base64": b64encode(given).decode()}
    return {name: text, **exact}


def position_in(refusal: dict[str, Any]) -> str | None:
    """Topic, partition and offset of the record that was refused; None when it does not say them all.

    >>> position_in({"topic": "intake.swift", "partition": 3, "offset": 81})
    'intake.swift/3/81'
    """
    parts = [refusal[name] for name in ("topic", "partition", "offset")]
    return "/".join(map(str, parts)) if None not in parts and parts[0] else None


def shown_time(ms: int, zone: tzinfo | None) -> str:
    """A time as listings show it; nothing for one before 1970, which is none (Kafka says -1).

    >>> from datetime import UTC
    >>> shown_time(0, UTC)
    '1970-01-01 00:00:00'
    """
    if ms < 0:
        return ""
    return f"{utc(min(ms, LATEST_MS)).astimezone(zone):%Y-%m-%d %H:%M:%S}"


def refusal_line(refusal: dict[str, Any], at_ms: int, zone: tzinfo | None) -> Text:
    """The record as one line, and more with its headers and value; all of it is the courier's, so it is escaped."""
    said = {name: escaped(value) if isinstance(value, str) else value for name, value in refusal.items()}
    text = Text()
    if at := shown_time(at_ms, zone):
        text.append(f"{at} ", "dim")
    text.append(f"{position_in(said) or said['topic']} ", "cyan")
    no_key = f"(key hidden: {said['key_hidden']})" if "key_hidden" in said else "(no key)"
    text.append(f"{no_key if said['key'] is None else said['key']} ", "bold")
    text.append(f"{said['reason']} ", "red")
    text.append(f"{said['detail']} ")
    text.append(f"({said['bytes']} bytes)", "dim")
    for header in refusal.get("headers", ()):
        text.append(f"\n    {escaped(header['name'])}: {escaped(header['value'] or '')}", "dim")
    if "value" in said:
        text.append(f"\n    {said['value']}")
    return text


@dataclass(slots=True)
class _Group:
    """Records of one reason: how many, from when to when, and how often each detail came, with where it came last."""

    first_ms: int
    last_ms: int
    records: int = 0
    details: dict[str, tuple[int, str]] = field(default_factory=dict)


class Groups:
    """Refused records counted by reason, so that one look says what a software does wrong."""

    HEADINGS = ("reason", "records", "first", "last", "mostly", "for example")

    def __init__(self) -> None:
        self._groups: dict[str, _Group] = {}

    def add(self, refusal: dict[str, Any], at_ms: int) -> None:
        """Count a record that was refused at this time."""
        group = self._groups.setdefault(refusal["reason"], _Group(at_ms, at_ms))
        group.records += 1
        group.first_ms, group.last_ms = min(group.first_ms, at_ms), max(group.last_ms, at_ms)
        detail = refusal["detail"]
        if detail in group.details or len(group.details) < MOST_DETAILS:
            group.details[detail] = (
                group.details.get(detail, (0, ""))[0] + 1,
                position_in(refusal) or refusal["topic"],
            )

    def as_rows(self, zone: tzinfo | None) -> list[Sequence[str]]:
        """Rows of a table, the most frequent reason first."""
        return [
            (reason, f"{group.records:,}", shown_time(group.first_ms, zone), shown_time(group.last_ms, zone), *mostly)
            for reason, group, mostly in self._sorted()
        ]

    def as_objects(self) -> list[dict[str, Any]]:
        """The same for a program."""
        return [
            {
                "reason": reason,
                "meaning": MEANINGS.get(reason, ""),
                "records": group.records,
                "first": _rfc3339(group.first_ms),
                "last": _rfc3339(group.last_ms),
                "detail": detail,
                "sample": sample,
            }
            for reason, group, (detail, sample) in self._sorted()
        ]

    def _sorted(self) -> Iterable[tuple[str, _Group, tuple[str, str]]]:
        for reason, group in sorted(self._groups.items(), key=lambda item: -item[1].records):
            detail, (_, sample) = max(group.details.items(), key=lambda item: item[1][0])
            yield reason, group, (detail, sample)


def _rfc3339(ms: int) -> str | None:
    if ms < 0:
        return None
    return utc(ms).isoformat(timespec="milliseconds").replace("+00:00", "Z")
