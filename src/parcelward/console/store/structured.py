"""Events as one document, whichever way their record carries them: attributes in headers, or all in the value."""

from collections.abc import Sequence

import msgspec

from parcelward.console.store.placed import Placed, text_of
from parcelward.stage import Record

PREFIX = "ce_"


def structured(placed: Sequence[Placed]) -> list[Placed]:
    """Give records whose values are whole events; one that is neither is left as it is, for its reader to refuse.

    The worker itself writes in binary mode what it passes on of a decision on a case, and couriers may.
    """
    return [_structured(one) for one in placed]


def _structured(one: Placed) -> Placed:
    record = one.record
    said = {name.removeprefix(PREFIX): text_of(text) for name, text in record.headers or () if name.startswith(PREFIX)}
    if "id" not in said or record.value is None:
        return one
    try:
        data = msgspec.json.decode(record.value, type=msgspec.Raw)
        value = msgspec.json.encode(said | {"data": data})
    except (msgspec.DecodeError, UnicodeError):
        return one
    return Placed(
        one.place,
        Record(
            record.topic, record.partition, record.offset, record.timestamp, record.key, value, record.headers or ()
        ),
    )
