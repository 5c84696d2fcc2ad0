"""A record of a topic as a webhook: its id, which stays the same whenever it is sent, and its body."""

import hashlib
import json
import re
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from parcelward.contract.alerts import ALERT_TYPE, Lane, Severity

_SAFE = re.compile(r"[A-Za-z0-9:_-]{1,150}").fullmatch
_RANKS: dict[str | None, int] = {severity.value: rank for rank, severity in enumerate(Severity)}


class _Found(msgspec.Struct, gc=False):
    severity: str | None = None


class _Alert(msgspec.Struct, gc=False):
    alert_id: str
    revision: int
    raised_at: str
    lane: str
    findings: list[_Found] = []
    found_before: list[_Found] = []


_decode_alert = msgspec.json.Decoder(_Alert).decode
_decode_any = msgspec.json.Decoder().decode


class Message(NamedTuple):
    """One webhook; `lane` is None for all but alerts, `severity` the rank of the gravest finding."""

    id: str
    body: bytes
    lane: str | None = None
    severity: int = 0


class Wanted(NamedTuple):
    """The alerts that a receiver wants; whatever is no alert passes."""

    lanes: frozenset[str] = frozenset(Lane)
    severity: Severity = Severity.LOW

    def passes(self, message: Message) -> bool:
        """Tell whether to send a message. A later revision of what passed passes as well."""
        if message.lane is None:
            return True
        return message.lane in self.lanes and message.severity >= _RANKS[self.severity]


def message_of(topic: str, value: bytes, headers: Sequence[tuple[str, bytes]]) -> Message | None:
    """Make the webhook of a record; `topic` is without its prefix. None where the record cannot be read.

    The body is `{"type", "timestamp", "data"}` as the specification recommends, with the record's bytes as data. The id
    is that of the alert with its revision, or of the event, with the kind of topic before it.
    """
    kind = topic.partition(".")[0]
    try:
        value.decode()
        if topic == "alerts":
            alert = _decode_alert(value)
            body = _body(ALERT_TYPE, alert.raised_at, value)
            return Message(_id(kind, f"{alert.alert_id}:{alert.revision}"), body, alert.lane, _gravest(alert))
        said = {name: text.decode() for name, text in headers if name in ("ce_id", "ce_type", "ce_time")}
        _decode_any(value)
        return Message(_id(kind, said["ce_id"]), _body(said["ce_type"], said["ce_time"], value))
    except (msgspec.DecodeError, UnicodeDecodeError, KeyError, RecursionError, AttributeError):
        return None  # the last two: brackets in brackets without end, and a header without a value


def _gravest(alert: _Alert) -> int:
    """Rank the gravest finding of this revision or of those before; unknown counts as the gravest there is."""
    found = [*alert.findings, *alert.found_before]
    return max((_RANKS.get(one.severity, len(_RANKS)) for one in found), default=len(_RANKS))


def _body(kind: str, at: str, value: bytes) -> bytes:
    return b'{"type":%s,"timestamp":%s,"data":%s}' % (json.dumps(kind).encode(), json.dumps(at).encode(), value)


def _id(kind: str, event_id: str) -> str:
    """Put the id together; no full stop may be in it, nor what a header does not take: such a one is hashed."""
    if _SAFE(event_id):
        return f"{kind}:{event_id}"
    return f"{kind}:sha256:{hashlib.sha256(event_id.encode()).hexdigest()}"
