"""Record batches as couriers publish them, made safe to read.

A broker checks only the compressed size of a batch, and passes the batch on as it came. 64 KB may unpack to gigabytes,
600 bytes to millions of headers, and some batches that a broker accepts no client can read. One courier's batch must
not stop anybody, so a batch is checked before a client unpacks it. A batch that must not be read is replaced by a
stand-in: one record without key and value, at the batch's last offset, whose header describes the batch. The stand-in
is refused like any other record.
"""

import hashlib
import mmap
import re
import struct
import threading
from collections.abc import Sequence
from typing import Any, NamedTuple

import cramjam
from crc32c import crc32c

from parcelward.contract.reasons import Reason
from parcelward.protobuf import varint, varint_bytes

MOST_UNPACKED = 16 * 1024 * 1024
"""Most bytes a batch may unpack to: more than the largest batch that intake takes uncompressed."""
MOST_RECORDS = 100_000
"""Most records of a batch; each costs some 100 bytes of memory when it is read, however small it is."""
MOST_HEADERS = 1_000_000
"""Most headers of all records of a batch together; each costs at least 64 bytes of memory, and 2 on the wire."""
SMALL = 1024 * 1024
"""Bytes; a smaller unpacked batch cannot hold too many headers, so they are not counted."""

MARK = "pw_batch"
"""Header of a stand-in. A courier may send it too; its record without a value is then refused with other words."""

_HEADER = struct.Struct(">qiibIhiqqqhii")  # record batch, magic 2; the names are in KIP-98
_LENGTH, _MAGIC, _CRC, _ATTRIBUTES, _LAST_DELTA, _COUNT = 1, 3, 4, 5, 6, 12
_AFTER_LENGTH, _MAGIC_AT, _AFTER_CRC = 12, 16, 21
_CODEC, _CONTROL = 0x07, 0x20
_GZIP, _SNAPPY, _LZ4, _ZSTD = 1, 2, 3, 4
_XERIAL = b"\x82SNAPPY\0"
_XERIAL_BYTES = 16

_SAID = re.compile(rb"(too_large|invalid_encoding) ([0-9]{1,10}) ([0-9]{1,10}) ([0-9a-f]{64})").fullmatch


class UnreadableError(Exception):
    """The batch must not be read; `reason` says why."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason


class WithheldBatch(NamedTuple):
    """The batch that a stand-in replaces: number of its records, and their size and SHA-256 (hex) as they were sent."""

    reason: Reason
    records: int
    bytes: int
    sha256: str


def read_withheld(headers: Sequence[tuple[str, bytes | None]]) -> WithheldBatch | None:
    """Read the description of a batch from the headers of its stand-in; None for any other record without value.

    >>> read_withheld([(MARK, b"too_large 500 65536 " + b"0" * 64)]).records
    500
    >>> read_withheld([]) is None
    True
    """
    said = next((value for name, value in headers if name == MARK), None)
    if not said or (found := _SAID(said)) is None:
        return None
    reason, records, size, sha256 = found.groups()
    return WithheldBatch(Reason(reason.decode()), int(records), int(size), sha256.decode())


def is_plain(raw: bytes) -> bool:
    """Tell whether a batch can be read as it is: it is not compressed, and too small to do harm."""
    return not raw[_AFTER_CRC + 1] & _CODEC and len(raw) < SMALL and int.from_bytes(raw[57:61]) <= MOST_RECORDS


def is_whole(raw: bytes) -> bool:
    """Tell whether a batch is as it was published: its checksum is right. One of magic 0 or 1 is not checked."""
    if raw[_MAGIC_AT] < 2:
        return True
    return crc32c(memoryview(raw)[_AFTER_CRC:]) == int.from_bytes(raw[_AFTER_CRC - 4 : _AFTER_CRC])


def readable(raw: bytes) -> bytes:
    """A batch that any client can read within bounds: the given one (magic 2) unpacked, or its stand-in.

    The checksum of the result is no longer right. Raises ValueError as `stand_in` does.
    """
    try:
        return _unpacked(raw)
    except UnreadableError as error:
        return stand_in(raw, error.reason)
    except Exception:  # the codecs raise several kinds
        return stand_in(raw)


def stand_in(raw: bytes, reason: Reason = Reason.INVALID_ENCODING) -> bytes:
    """The batch with one record in place of all its records.

    Raises ValueError when the checksum of `raw` is wrong: it was damaged on its way here, and no courier is to blame.
    """
    fields = list(_HEADER.unpack_from(raw))
    if not is_whole(raw):
        raise ValueError("a record batch was damaged between the broker and here")
    # The broker has written into the header; the rest is as its courier sent it.
    sent = memoryview(raw)[_HEADER.size :]
    said = f"{reason} {fields[_COUNT]} {len(sent)} {hashlib.sha256(sent).hexdigest()}".encode()
    # attributes, timestamp, offset, no key, no value, one header
    record = b"\0\0" + signed_bytes(fields[_LAST_DELTA]) + b"\x01\x01\x02"
    record += signed_bytes(len(MARK)) + MARK.encode() + signed_bytes(len(said)) + said
    fields[_COUNT] = 1
    return _plain(fields, signed_bytes(len(record)) + record)


def _plain(fields: list[int], body: bytes) -> bytes:
    fields[_ATTRIBUTES] &= ~_CODEC
    fields[_LENGTH] = _HEADER.size - _AFTER_LENGTH + len(body)
    return _HEADER.pack(*fields) + body


def _unpacked(raw: bytes) -> bytes:
    fields = list(_HEADER.unpack_from(raw))
    if fields[_MAGIC] < 2 or fields[_ATTRIBUTES] & _CONTROL:
        return raw
    if fields[_COUNT] > MOST_RECORDS:
        raise UnreadableError(Reason.TOO_LARGE)
    codec = fields[_ATTRIBUTES] & _CODEC
    body = _decompressed(codec, memoryview(raw)[_HEADER.size :]) if codec else raw[_HEADER.size :]
    if len(body) >= SMALL and _headers_in(body, fields[_COUNT]) > MOST_HEADERS:
        raise UnreadableError(Reason.TOO_LARGE)
    return _plain(fields, body) if codec else raw


class Lenient(bytearray):
    """A buffer whose slices always decode: U+FFFD takes the place of wrong bytes.

    It is for Kafka clients, which read header names as UTF-8 and fail when they are not.
    """

    def __getitem__(self, at: Any) -> Any:
        found = super().__getitem__(at)
        return Lenient(found) if isinstance(found, bytearray) else found

    def decode(self, encoding: str = "utf-8", errors: str = "replace") -> str:
        return super().decode(encoding, "replace")


class _Scratch(threading.local):
    """Room to unpack into, one per thread. The kernel gives memory only to the part that was ever needed."""

    def __init__(self) -> None:
        self.room = mmap.mmap(-1, MOST_UNPACKED)


_scratch = _Scratch()
_INTO: dict[int, Any] = {
    _GZIP: cramjam.gzip.decompress_into,
    _LZ4: cramjam.lz4.decompress_into,
    _ZSTD: cramjam.zstd.decompress_into,
}


def _decompressed(codec: int, packed: memoryview) -> bytes:
    room = _scratch.room
    if codec == _SNAPPY:
        return _unsnapped(packed)
    try:
        return room[: _INTO[codec](packed, room)]
    except cramjam.DecompressionError as error:
        full = "whole buffer" in str(error)  # "failed to write whole buffer": it does not fit into the room
        raise UnreadableError(Reason.TOO_LARGE if full else Reason.INVALID_ENCODING) from None


def _unsnapped(packed: memoryview) -> bytes:
    """Unpack Snappy of Java (blocks after a header) or of others (one block). Each block begins with its size."""
    if packed[: len(_XERIAL)] != _XERIAL:
        return _block(packed, MOST_UNPACKED)
    blocks, at, left = [], _XERIAL_BYTES, MOST_UNPACKED
    while at < len(packed):
        end = at + 4 + int.from_bytes(packed[at : at + 4])
        if end > len(packed):
            raise UnreadableError(Reason.INVALID_ENCODING)
        blocks.append(_block(packed[at + 4 : end], left))
        at, left = end, left - len(blocks[-1])
    return b"".join(blocks)


def _block(packed: memoryview, left: int) -> bytes:
    if cramjam.snappy.decompress_raw_len(packed) > left:
        raise UnreadableError(Reason.TOO_LARGE)
    return bytes(cramjam.snappy.decompress_raw(packed))


def _headers_in(body: bytes, count: int) -> int:
    """Count the headers of all records without reading one."""
    found = at = 0
    for _ in range(count):
        length, at = signed(body, at)
        end = at + length
        _, at = varint(body, at + 1)  # after the attributes: time
        _, at = varint(body, at)  # offset
        for _ in range(2):  # key, value
            size, at = signed(body, at)
            at += max(0, size)
        headers, _ = signed(body, at)
        found += headers
        at = end
    return found


def signed(body: bytes, at: int) -> tuple[int, int]:
    """Read a number of a record, and the place after it. 0, -1, 1, -2 and so on are written as 0, 1, 2, 3."""
    value, at = varint(body, at)
    return (value >> 1) ^ -(value & 1), at


def signed_bytes(value: int) -> bytes:
    """Write a number that is not negative as `signed` reads it."""
    return varint_bytes(value << 1)
