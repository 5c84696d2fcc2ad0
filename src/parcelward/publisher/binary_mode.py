"""An event in CloudEvents binary mode: attributes become `ce_*` headers, the data becomes the value."""

import json
import re
from collections.abc import Mapping
from typing import Any

import orjson

from parcelward.contract.keys import key_field
from parcelward.contract.patterns import COURIER_PATTERN
from parcelward.contract.reasons import Reason
from parcelward.publisher.failures import InvalidEvent

CONTENT_TYPE = ("content-type", b"application/json")
_COURIER = re.compile(COURIER_PATTERN).fullmatch


def binary_mode(event: Mapping[str, Any]) -> tuple[str, bytes, bytes, list[tuple[str, bytes]]]:
    """Courier, key, value and headers of a structured-mode event. Raises InvalidEvent when it cannot be addressed.

    >>> courier, key, value, headers = binary_mode({"id": "e1", "data": {"courier": "swift", "waybill": "SF1"}})
    >>> courier, key, value, headers[0]
    ('swift', b'SF1', b'{"courier":"swift","waybill":"SF1"}', ('ce_id', b'e1'))
    """
    data = event.get("data")
    if not isinstance(data, Mapping):
        raise InvalidEvent(Reason.MISSING_FIELD if data is None else Reason.WRONG_TYPE, "data: must be an object")
    field = key_field(event.get("type"), data)
    courier, key_text = data.get("courier"), data.get(field)
    for name, given in (("courier", courier), (field, key_text)):
        if given is None:
            raise InvalidEvent(Reason.MISSING_FIELD, f"data.{name}: required")
        if not isinstance(given, str):
            raise InvalidEvent(Reason.WRONG_TYPE, f"data.{name}: must be a string")
    if not _COURIER(str(courier)):
        raise InvalidEvent(Reason.INVALID_VALUE, "data.courier: must be a courier code")
    try:
        headers = [
            (f"ce_{name}", str(value).encode())
            for name, value in event.items()
            if name not in ("data", "datacontenttype") and value is not None
        ]
        key, value = str(key_text).encode(), json_bytes(data)
    except (TypeError, ValueError) as error:
        raise InvalidEvent(Reason.INVALID_ENCODING, f"event: cannot be written as UTF-8 JSON ({error})") from None
    return str(courier), key, value, [*headers, CONTENT_TYPE]


def json_bytes(data: Mapping[str, Any]) -> bytes:
    """Write JSON. Raises TypeError or ValueError for what JSON cannot say, NaN among it."""
    value = orjson.dumps(data)
    if b"null" in value:
        json.dumps(data, allow_nan=False)  # orjson writes NaN as null; this raises ValueError
    return value
