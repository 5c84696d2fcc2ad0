"""How much a state value has counted, so that a difference can be called too little or too much."""

from collections.abc import Callable

import msgspec

from parcelward.alerts.verdict import AlertRecord
from parcelward.profiles.outlets import OperatorProfile, OutletProfile
from parcelward.shipments.shipment import decode_shipment

_outlet = msgspec.msgpack.Decoder(OutletProfile).decode
_operator = msgspec.msgpack.Decoder(OperatorProfile).decode
_alert = msgspec.msgpack.Decoder(AlertRecord).decode


def _of_shipment(key: bytes, value: bytes) -> int:
    shipment = decode_shipment(value)
    return shipment.events + shipment.passes


def _of_sender(key: bytes, value: bytes) -> int:
    sends: list[object] = msgspec.msgpack.decode(value)[1]  # profiles of phones and of documents both begin so
    return len(sends)


def _of_outlet(key: bytes, value: bytes) -> int:
    kind = key[:1]
    if kind == b"o":
        outlet = _outlet(value)
        return outlet.items_7d.total + outlet.overdue_1d.total
    if kind == b"p":
        operator = _operator(value)
        return operator.items_1d.total + len(operator.inspections)
    return _alert(value).revision if kind == b"w" else 0


_COUNTS: dict[str, Callable[[bytes, bytes], int]] = {
    "duties": _of_shipment,
    "senders": _of_sender,
    "outlets": _of_outlet,
}


def counted(stage: str, key: bytes, value: bytes) -> int:
    """Events and passes of a waybill, parcels of a profile, revisions of an alert; 0 where nothing is counted."""
    return _COUNTS[stage](key, value)
