"""How much a state value has counted, so that a difference can be called too little or too much."""

from collections.abc import Callable
from typing import Any

import msgspec

from parcelward.alerts.verdict import decode_alert
from parcelward.formats import reading
from parcelward.profiles.outlets import decode_operator, decode_outlet
from parcelward.shipments.shipment import decode_shipment


class _Sends(msgspec.Struct, array_like=True, tag="1"):
    """The beginning of a profile of a phone, and of one of a document."""

    touched_ms: int
    sends: list[Any]


_decode_sends = reading(_Sends, "a profile of a sender")


def _of_shipment(key: bytes, value: bytes) -> int:
    shipment = decode_shipment(value)
    return shipment.events + shipment.passes


def _of_sender(key: bytes, value: bytes) -> int:
    return len(_decode_sends(value).sends)


def _of_outlet(key: bytes, value: bytes) -> int:
    kind = key[:1]
    if kind == b"o":
        outlet = decode_outlet(value)
        return outlet.items_7d.total + outlet.overdue_1d.total
    if kind == b"p":
        operator = decode_operator(value)
        return operator.items_1d.total + len(operator.inspections)
    return decode_alert(value).revision if kind == b"w" else 0


_COUNTS: dict[str, Callable[[bytes, bytes], int]] = {
    "duties": _of_shipment,
    "senders": _of_sender,
    "outlets": _of_outlet,
}


def counted(stage: str, key: bytes, value: bytes) -> int:
    """Events and passes of a waybill, parcels of a profile, revisions of an alert; 0 where nothing is counted."""
    return _COUNTS[stage](key, value)
