"""Record batches made by hand, and a producer that sends them as they are: what no honest client would publish."""

import io
import struct
import zlib
from collections.abc import Iterable, Iterator
from typing import Any

import cramjam
from aiokafka import AIOKafkaProducer
from aiokafka.record.default_records import _DefaultRecordBatchPy
from aiokafka.record.util import calc_crc32c, encode_varint

GZIP, SNAPPY, LZ4, ZSTD = 1, 2, 3, 4
STEP = 1 << 20


def _varint(value: int) -> bytes:
    found = bytearray()
    encode_varint(value, found.append)
    return bytes(found)


def record(number: int, value: bytes | None = b"value", headers: bytes = b"\0", attributes: bytes = b"\0") -> bytes:
    """The wire form of a record with key `key`; `headers` are their number and themselves."""
    said = b"\x01" if value is None else _varint(len(value)) + value
    body = attributes + b"\0" + _varint(number) + _varint(3) + b"key" + said + headers
    return _varint(len(body)) + body


def empty_headers(count: int) -> bytes:
    """The wire form of so many headers without name and value."""
    return _varint(count) + bytes(2 * count)


def zeros_records(count: int, value_bytes: int) -> Iterator[bytes]:
    """The wire form of `count` records with a key and `value_bytes` zeros each, in pieces of at most a megabyte."""
    for number in range(count):
        before = b"\0\0" + _varint(number) + _varint(3) + b"key" + _varint(value_bytes)
        yield _varint(len(before) + value_bytes + 1) + before
        for at in range(0, value_bytes, STEP):
            yield bytes(min(STEP, value_bytes - at))
        yield b"\0"


def compressed(codec: int, pieces: Iterable[bytes]) -> bytes:
    """The pieces, compressed one after the other as Kafka's clients do it."""
    if codec == GZIP:
        gzip = zlib.compressobj(9, wbits=31)
        return bytes(b"".join(map(gzip.compress, pieces)) + gzip.flush())
    if codec == SNAPPY:
        out = io.BytesIO(b"\x82SNAPPY\0" + struct.pack(">ii", 1, 1))
        out.seek(0, io.SEEK_END)
        for piece in pieces:
            block = bytes(cramjam.snappy.compress_raw(piece))
            out.write(struct.pack(">i", len(block)) + block)
        return out.getvalue()
    packer: Any = cramjam.zstd.Compressor(3) if codec == ZSTD else cramjam.lz4.Compressor(9, False, False)
    for piece in pieces:
        packer.compress(piece)
    return bytes(packer.finish())


def batch(codec: int, body: bytes, count: int) -> bytes:
    """A record batch of `count` records around a body that is compressed already."""
    header = _DefaultRecordBatchPy.HEADER_STRUCT
    fields: list[int] = [0, header.size + len(body) - 12, -1, 2, 0, codec, count - 1, 1000, 1000, -1, -1, -1, count]
    whole = header.pack(*fields) + body
    fields[4] = calc_crc32c(whole[_DefaultRecordBatchPy.ATTRIBUTES_OFFSET :])
    return bytes(header.pack(*fields)) + body


def bomb(codec: int, count: int, value_bytes: int) -> bytes:
    """A batch of `count` records of `value_bytes` zeros each."""
    return batch(codec, compressed(codec, zeros_records(count, value_bytes)), count)


async def publish(servers: str, topic: str, batches: Iterable[bytes]) -> list[int]:
    """Send batches as they are to partition 0; returns their base offsets. Raises what the broker answers."""
    producer: Any = AIOKafkaProducer(bootstrap_servers=servers, max_request_size=100_000_000, enable_idempotence=False)
    await producer.start()
    offsets = []
    try:
        for raw in batches:
            made = producer.create_batch()
            made.append(key=b"k", value=b"v", timestamp=None)
            made.close()
            made._build()
            made._buffer = raw
            sent = await (await producer.send_batch(made, topic, partition=0))
            offsets.append(sent.offset)
    finally:
        await producer.stop()
    return offsets
