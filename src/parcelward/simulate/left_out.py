"""Optional fields that the software of an outlet does not send: it leaves them out of every event, honest or not.

Couriers differ in what their software fills in, and the contract allows it. A model that saw a field missing only where
something was wrong would take the gap for the wrong.
"""

from random import Random
from typing import Any, NamedTuple

from parcelward.contract.events import EventType


class OptionalField(NamedTuple):
    """An optional field of one event type: its name within `part`, or within the data where that is empty."""

    type: EventType
    name: str
    part: str = ""


OPTIONAL_FIELDS = (
    OptionalField(EventType.REAL_NAME, "operator_document"),
    OptionalField(EventType.REAL_NAME, "transport_mode"),
    OptionalField(EventType.REAL_NAME, "place"),
    OptionalField(EventType.REAL_NAME, "stated_region"),
    OptionalField(EventType.REAL_NAME, "document_type", "sender"),
    OptionalField(EventType.REAL_NAME, "phone", "sender"),
    OptionalField(EventType.REAL_NAME, "name", "receiver"),
    OptionalField(EventType.REAL_NAME, "phone", "receiver"),
    OptionalField(EventType.REAL_NAME, "region", "receiver"),
    OptionalField(EventType.REAL_NAME, "quantity", "goods"),
    OptionalField(EventType.REAL_NAME, "declared_value_cny", "goods"),
    OptionalField(EventType.INSPECTION, "started_at"),
    OptionalField(EventType.INSPECTION, "sealed_at"),
    OptionalField(EventType.INSPECTION, "found_goods"),
    OptionalField(EventType.INSPECTION, "weight_g"),
    OptionalField(EventType.INSPECTION, "photos"),
    OptionalField(EventType.INSPECTION, "place"),
    OptionalField(EventType.INSPECTION, "taken_at", "photos"),
)
"""Fields that change a feature, or the way to one. A device code changes none."""


def draw_left_out(share: float, rng: Random) -> frozenset[OptionalField]:
    """Draw the fields that an outlet's software leaves out, each with probability `share`."""
    return frozenset(field for field in OPTIONAL_FIELDS if rng.random() < share)


def without(envelope: dict[str, Any], fields: frozenset[OptionalField]) -> dict[str, Any]:
    """Give a CloudEvents envelope without these fields. What it is made of stays as it was: parcels share parts."""
    mine = [field for field in fields if field.type == envelope["type"]]
    if not mine:
        return envelope
    data = dict(envelope["data"])
    for field in mine:
        if not field.part:
            data.pop(field.name, None)
        elif isinstance(part := data.get(field.part), list):
            data[field.part] = [_less(one, field.name) for one in part]
        elif part is not None:
            data[field.part] = _less(part, field.name)
    return envelope | {"data": data}


def _less(part: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in part.items() if key != name}
