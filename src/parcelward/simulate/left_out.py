"""Optional fields that the software of an outlet does not send: it leaves them out of every event, honest or not.

Couriers differ in what their software fills in, and the contract allows it. A model that saw a field missing only where
something was wrong would take the gap for the wrong.
"""

from random import Random
from typing import Any, NamedTuple

from parcelward.contract.events import EventType

Way = tuple[str, ...]
"""The way to a field within the data: names, from the outside in."""


class OptionalField(NamedTuple):
    """An optional field of one event type."""

    type: EventType
    way: Way


OPTIONAL_FIELDS = (
    OptionalField(EventType.REAL_NAME, ("operator_document",)),
    OptionalField(EventType.REAL_NAME, ("transport_mode",)),
    OptionalField(EventType.REAL_NAME, ("place",)),
    OptionalField(EventType.REAL_NAME, ("stated_region",)),
    OptionalField(EventType.REAL_NAME, ("sender", "document_type")),
    OptionalField(EventType.REAL_NAME, ("sender", "phone")),
    OptionalField(EventType.REAL_NAME, ("receiver", "name")),
    OptionalField(EventType.REAL_NAME, ("receiver", "phone")),
    OptionalField(EventType.REAL_NAME, ("receiver", "region")),
    OptionalField(EventType.REAL_NAME, ("goods", "quantity")),
    OptionalField(EventType.REAL_NAME, ("goods", "declared_value_cny")),
    OptionalField(EventType.INSPECTION, ("started_at",)),
    OptionalField(EventType.INSPECTION, ("sealed_at",)),
    OptionalField(EventType.INSPECTION, ("found_goods",)),
    OptionalField(EventType.INSPECTION, ("weight_g",)),
    OptionalField(EventType.INSPECTION, ("photos",)),
    OptionalField(EventType.INSPECTION, ("place",)),
    OptionalField(EventType.INSPECTION, ("photos", "taken_at")),
)
"""Fields that change a feature, or the way to one. A device code changes none."""


def draw_left_out(share: float, rng: Random) -> frozenset[OptionalField]:
    """Draw the fields that an outlet's software leaves out, each with probability `share`."""
    return frozenset(field for field in OPTIONAL_FIELDS if rng.random() < share)


def without(envelope: dict[str, Any], fields: frozenset[OptionalField]) -> dict[str, Any]:
    """Give a CloudEvents envelope without these fields. What it is made of stays as it was: parcels share parts."""
    if not fields:
        return envelope
    data = envelope["data"]
    for field in fields:
        if field.type == envelope["type"]:
            data = less(data, field.way)
    return envelope | {"data": data}


def less(body: Any, way: Way) -> Any:
    """Give a JSON value without the field to which the way leads, in every entry of an array.

    >>> less({"photos": [{"sha256": "a", "place": {}}]}, ("photos", "place"))
    {'photos': [{'sha256': 'a'}]}
    """
    if isinstance(body, list):
        return [less(entry, way) for entry in body]
    name, *rest = way
    if not isinstance(body, dict) or name not in body:
        return body
    others = {other: part for other, part in body.items() if other != name}
    return others if not rest else others | {name: less(body[name], tuple(rest))}
