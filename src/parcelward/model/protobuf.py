"""Protocol Buffers as ONNX artefacts use them, with a few lines of our own: the `onnx` package is for training only."""

from collections.abc import Iterator

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5


def fields(content: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Field number and value of every field of one message. Raises ValueError for what ONNX does not use."""
    at = 0
    while at < len(content):
        tag, at = varint(content, at)
        number, wire = tag >> 3, tag & 7
        if wire == VARINT:
            value, at = varint(content, at)
            yield number, value
            continue
        if wire == BYTES:
            length, at = varint(content, at)
        elif wire in (FIXED32, FIXED64):
            length = 4 if wire == FIXED32 else 8
        else:
            raise ValueError(f"wire type {wire} is not Protocol Buffers as ONNX uses it")
        if at + length > len(content):
            raise ValueError("artefact ends in the middle of a field")
        yield number, content[at : at + length]
        at += length


def varint(content: bytes, at: int) -> tuple[int, int]:
    """The number at a place, and the place behind it. Raises ValueError where the content ends in its middle."""
    value = shift = 0
    while at < len(content):
        byte = content[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
    raise ValueError("artefact ends in the middle of a number")


def varint_bytes(value: int) -> bytes:
    """A whole number from 0 on."""
    written = bytearray()
    while value > 0x7F:
        written.append(value & 0x7F | 0x80)
        value >>= 7
    written.append(value)
    return bytes(written)


def field_bytes(number: int, value: int | bytes) -> bytes:
    """One field of a message, as `fields` reads it."""
    if isinstance(value, int):
        return varint_bytes(number << 3 | VARINT) + varint_bytes(value)
    return varint_bytes(number << 3 | BYTES) + varint_bytes(len(value)) + value
