"""Records, sound and changed, and what the decoder says of them."""

import json
from typing import Any

from parcelward.contract.reasons import Reason
from parcelward.intake.decode import Event, Limits, Rejected, decode
from parcelward.stage import Record
from parcelward.topics import Topics
from tests.builders import T0, moment, real_name, record

Headers = list[tuple[str, bytes]]
LIMITS = Limits()
TOKEN = "k1." + "A" * 22


def answer(given_record: Any) -> Event | Rejected:
    found = decode(given_record, topics=Topics(), limits=LIMITS)
    assert isinstance(found, Event | Rejected)
    return found


def accepted(given_record: Any) -> Event:
    event = answer(given_record)
    assert isinstance(event, Event), event
    return event


def reason(given_record: Any) -> Reason:
    rejected = answer(given_record)
    assert isinstance(rejected, Rejected), rejected
    return rejected.reason


def value(data: Any = None, **kwargs: Any) -> bytes:
    return json.dumps(real_name() if data is None else data, ensure_ascii=False, **kwargs).encode()


def sound(**changes: Any) -> Record:
    """A sound binary-mode record with parts of the record (not of the event) changed."""
    return record(real_name())._replace(**changes)


def headers(**changes: bytes | None) -> Headers:
    """The headers of a sound record with some changed; None leaves one out."""
    found: dict[str, bytes | None] = dict(record(real_name()).headers)
    found.update({name.replace("content_type", "content-type"): new for name, new in changes.items()})
    return [(name, content) for name, content in found.items() if content is not None]


def swapped(old: bytes, new: bytes) -> Record:
    """A sound record with a piece of its value replaced once."""
    assert old in value()
    return sound(value=value().replace(old, new, 1))


def structured(body: dict[str, Any], **changes: Any) -> Record:
    announced = [("content-type", b"application/cloudevents+json; charset=UTF-8")]
    return sound(**({"headers": announced, "value": value(body)} | changes))


def envelope(**changes: Any) -> dict[str, Any]:
    sent = {
        "specversion": "1.0",
        "type": "cn.delivery.acceptance.realname.v1",
        "id": "e-1",
        "source": "/couriers/swift",
        "time": moment(T0),
        "data": real_name(),
    }
    return sent | changes
