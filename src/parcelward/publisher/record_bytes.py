"""Records and record batches as bytes (Kafka's format 2, KIP-98), written once for each event.

kafka-python writes them record by record in Python, with a future, a lock and a size estimate for each, which takes
more time than all our checks. Here a record is joined from bytes that were made when the event was checked.
"""

import struct
from collections.abc import Sequence
from typing import NamedTuple

import cramjam
import orjson
from crc32c import crc32c

from parcelward.record_batch import signed, signed_bytes

_ZSTD = 4
_LEVEL = 1
_MAGIC = 2
_COMPRESSED_FROM = 200  # bytes; less gains nothing
_HEAD = struct.Struct(">qiibI")
_CHECKED = struct.Struct(">hiqqqhii")  # what the checksum is over, before the records
_BEFORE_LENGTH = 12
_SIZES = tuple(map(signed_bytes, range(8192)))
"""Whole numbers from 0 on as a record writes them: twice their value, seven bits a byte."""
_NONE = b"\x01"  # -1, as a record writes it: no key, no value

Headers = Sequence[tuple[str, bytes]]


class Body(NamedTuple):
    """One event as it is sent: its topic's courier, its key, and its record's bytes from the key on."""

    courier: str
    key: bytes | None
    bytes: bytes


def size_bytes(size: int) -> bytes:
    """A size, a count or a delta of a record."""
    return _SIZES[size] if size < len(_SIZES) else signed_bytes(size)


def body_bytes(key: bytes | None, value: bytes | None, headers: bytes) -> bytes:
    """A record's bytes from the key on; `headers` come from `header_bytes`."""
    return b"".join(
        (
            _NONE if key is None else size_bytes(len(key)) + key,
            _NONE if value is None else size_bytes(len(value)) + value,
            headers,
        )
    )


def header_bytes(headers: Headers) -> bytes:
    """A record's headers, with their count."""
    parts = [size_bytes(len(headers))]
    for name, value in headers:
        encoded = name.encode()
        parts += (size_bytes(len(encoded)), encoded, size_bytes(len(value)), value)
    return b"".join(parts)


def parts_of(content: bytes) -> tuple[bytes | None, bytes | None, list[tuple[str, bytes]]]:
    """Key, value and headers in a record's bytes from the key on.

    >>> parts_of(body_bytes(b"SF1", None, header_bytes([("ce_id", b"e1")])))
    (b'SF1', None, [('ce_id', b'e1')])
    """
    key, at = _sized(content, 0)
    value, at = _sized(content, at)
    count, at = signed(content, at)
    headers = []
    for _ in range(count):
        name, at = _sized(content, at)
        said, at = _sized(content, at)
        headers.append(((name or b"").decode(), said or b""))
    return key, value, headers


def _sized(content: bytes, at: int) -> tuple[bytes | None, int]:
    """Bytes that their size stands before, and where the next ones begin; None for a size below nought."""
    size, at = signed(content, at)
    return (None, at) if size < 0 else (content[at : at + size], at + size)


def event_id_in(body: Body) -> str | None:
    """The id of the event in a record; None when it says none."""
    _, value, headers = parts_of(body.bytes)
    for name, said in headers:
        if name == "ce_id":
            return said.decode(errors="replace")
    try:
        said = orjson.loads(value or b"")["id"]  # structured mode
    except (ValueError, TypeError, KeyError):
        return None
    return said if isinstance(said, str) else None


class Batch:
    """Records of one partition, packed once; its head is written anew for each producer id."""

    __slots__ = ("_attributes", "_packed", "_time_ms", "bodies")

    def __init__(self, bodies: Sequence[bytes], time_ms: int) -> None:
        self.bodies = bodies
        self._time_ms = time_ms
        records = b"".join(
            [
                size_bytes(len(body) + 2 + len(delta)) + b"\0\0" + delta + body  # no attributes, no time delta
                for body, delta in zip(bodies, map(size_bytes, range(len(bodies))), strict=True)
            ]
        )
        self._attributes = _ZSTD if len(records) > _COMPRESSED_FROM else 0
        self._packed = bytes(cramjam.zstd.compress(records, _LEVEL)) if self._attributes else records

    def __len__(self) -> int:
        return len(self.bodies)

    def bytes_for(self, producer_id: int, epoch: int, sequence: int) -> bytes:
        """The batch as a producer sends it; `sequence` is the number of its first record."""
        time_ms, count = self._time_ms, len(self.bodies)
        head = _CHECKED.pack(self._attributes, count - 1, time_ms, time_ms, producer_id, epoch, sequence, count)
        checksum = crc32c(self._packed, crc32c(head))
        length = _HEAD.size + len(head) + len(self._packed) - _BEFORE_LENGTH
        return _HEAD.pack(0, length, -1, _MAGIC, checksum) + head + self._packed
