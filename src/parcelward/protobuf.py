"""Protocol Buffers as our artefacts and rules need them, in a few lines: fields of a message, and whole numbers.

ONNX models and checked rule expressions are messages. Kafka writes the numbers inside a record the same way.
"""

from collections.abc import Iterator

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
MOST_SHIFT = 63
"""Shift of the tenth and last byte of a number of 64 bits."""


def fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Give number and value of every field: varints as numbers from 0 on, all else as bytes.

    Raises ValueError where the message is not well-formed, or has a wire type that we do not use.
    """
    at = 0
    while at < len(message):
        tag, at = varint(message, at)
        number, wire = tag >> 3, tag & 7
        if wire == VARINT:
            value, at = varint(message, at)
            yield number, value
            continue
        if wire == BYTES:
            length, at = varint(message, at)
        elif wire in (FIXED32, FIXED64):
            length = 4 if wire == FIXED32 else 8
        else:
            raise ValueError(f"wire type {wire} at byte {at} is not used here")
        if at + length > len(message):
            raise ValueError("the message ends in the middle of a field")
        yield number, message[at : at + length]
        at += length


def varint(content: bytes, at: int) -> tuple[int, int]:
    """Read the number that begins at a place; gives it and the place after it. Raises ValueError.

    A number of more than ten bytes is refused: without a bound, a megabyte of 0xff takes minutes.
    """
    try:
        byte = content[at]
        value, shift = byte & 0x7F, 7
        while byte > 0x7F:
            if shift > MOST_SHIFT:
                raise ValueError("a number is longer than ten bytes")
            at += 1
            byte = content[at]
            value |= (byte & 0x7F) << shift
            shift += 7
    except IndexError:
        raise ValueError("the content ends in the middle of a number") from None
    return value, at + 1


def varint_bytes(value: int) -> bytes:
    """Write a whole number from 0 on."""
    written = bytearray()
    while value > 0x7F:
        written.append(value & 0x7F | 0x80)
        value >>= 7
    written.append(value)
    return bytes(written)


def field_bytes(number: int, value: int | bytes) -> bytes:
    """Write one field of a message, as `fields` reads it."""
    if isinstance(value, int):
        return varint_bytes(number << 3 | VARINT) + varint_bytes(value)
    return varint_bytes(number << 3 | BYTES) + varint_bytes(len(value)) + value
