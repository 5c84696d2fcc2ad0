"""Protocol Buffers wire format, as much of it as a serialized `cel.expr.CheckedExpr` needs.

The checker hands out its result only in this form. Reading five field types is smaller and steadier than depending on
generated classes of a schema that is published under two names.
"""

import struct
from collections import defaultdict

Fields = dict[int, list[int | bytes]]

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5


def fields_of(message: bytes) -> Fields:
    """Split a message into its fields: number -> values in order; varints as unsigned ints, all else as bytes.

    Raises ValueError on anything that is not a well-formed message.
    """
    found: Fields = defaultdict(list)
    position = 0
    while position < len(message):
        key, position = _varint(message, position)
        wire_type = key & 7
        if wire_type == VARINT:
            number, position = _varint(message, position)
            found[key >> 3].append(number)
            continue
        if wire_type == BYTES:
            size, position = _varint(message, position)
        elif wire_type in (FIXED64, FIXED32):
            size = 8 if wire_type == FIXED64 else 4
        else:
            raise ValueError(f"wire type {wire_type} at byte {position}")
        if position + size > len(message):
            raise ValueError("message is cut off")
        found[key >> 3].append(message[position : position + size])
        position += size
    return found


def _varint(message: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if position >= len(message) or shift > 63:
            raise ValueError("broken varint")
        byte = message[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
        shift += 7


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
