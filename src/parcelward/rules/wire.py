"""The fields of a serialized `cel.expr.CheckedExpr`, by number.

The checker gives its result only in this form. Reading five field types here takes less code, and changes less often,
than generated classes of a schema that is published under two names.
"""

import struct
from collections import defaultdict

from parcelward.protobuf import fields

Fields = dict[int, list[int | bytes]]


def fields_of(message: bytes) -> Fields:
    """Split a message into its fields: number -> values in order; varints as unsigned ints, all else as bytes.

    Raises ValueError on anything that is not a well-formed message.
    """
    found: Fields = defaultdict(list)
    for number, value in fields(message):
        found[number].append(value)
    return found


def message(fields: Fields, number: int) -> bytes | None:
    """The last sub-message, string or fixed value of a field; None when absent."""
    values = fields.get(number)
    if not values:
        return None
    last = values[-1]
    if isinstance(last, int):
        raise ValueError(f"field {number} is a number")
    return last


def messages(fields: Fields, number: int) -> list[bytes]:
    """All sub-messages of a repeated field."""
    return [value for value in fields.get(number, ()) if isinstance(value, bytes)]


def text(fields: Fields, number: int) -> str:
    """A string field; empty when absent."""
    return (message(fields, number) or b"").decode()


def unsigned(fields: Fields, number: int) -> int:
    """A varint field; 0 when absent."""
    values = fields.get(number)
    return values[-1] if values and isinstance(values[-1], int) else 0


def signed(fields: Fields, number: int) -> int:
    """An int64 field (two's complement)."""
    value = unsigned(fields, number)
    return value - (1 << 64) if value >= 1 << 63 else value


def double(raw: bytes) -> float:
    """A double field."""
    value: float = struct.unpack("<d", raw)[0]
    return value
