"""A batch that is too large or unreadable is replaced by one record, and both Kafka clients see the same."""

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import cramjam
import pytest
from aiokafka.errors import CorruptRecordException
from aiokafka.record.memory_records import MemoryRecords
from crc32c import crc32c

from parcelward.cluster.client import ReadableBatch
from parcelward.contract.reasons import Reason
from parcelward.intake.refusal import no_value, rejected_record
from parcelward.record_batch import MARK, MOST_HEADERS, MOST_RECORDS, MOST_UNPACKED, WithheldBatch, read_withheld
from parcelward.stage import Record
from streams.engine.fetched_batches import ReadableRecords
from tests.engine_kit.bombs import GZIP, LZ4, SNAPPY, ZSTD, batch, bomb, compressed, empty_headers, record

CODECS = {"gzip": GZIP, "snappy": SNAPPY, "lz4": LZ4, "zstd": ZSTD}
THREE = b"".join(map(record, range(3)))


def of_worker(raw: bytes) -> list[Any]:
    found = ReadableRecords(raw).next_batch()
    assert found is not None
    return list(found.records())


def of_reader(raw: bytes) -> list[Any]:
    found = ReadableBatch(raw)
    assert found.validate_crc()
    return list(found)


both = pytest.mark.parametrize("read", [of_worker, of_reader])


@both
@pytest.mark.parametrize("codec", [0, *CODECS.values()], ids=["plain", *CODECS])
def test_what_is_within_bounds_is_read_as_it_is(codec: int, read: Callable[[bytes], list[Any]]) -> None:
    found = read(batch(codec, compressed(codec, [THREE]) if codec else THREE, 3))
    assert [(one.offset, one.timestamp, one.key, one.value) for one in found] == [
        (number, 1000, b"key", b"value") for number in range(3)
    ]


@both
def test_snappy_is_read_in_blocks_of_any_version_and_as_one(read: Callable[[bytes], list[Any]]) -> None:
    blocks = bytearray(compressed(SNAPPY, [THREE[:20], THREE[20:]]))
    blocks[11] = 9
    for body in (bytes(blocks), bytes(cramjam.snappy.compress_raw(THREE))):
        assert [one.value for one in read(batch(SNAPPY, body, 3))] == [b"value"] * 3


ZEROS = bytes(MOST_UNPACKED)
TINY = b"".join(record(number, None) for number in range(MOST_RECORDS + 1))
TOO_LARGE = {codec: bomb(number, 3, MOST_UNPACKED // 3) for codec, number in CODECS.items()} | {
    "one block of snappy": batch(SNAPPY, bytes(cramjam.snappy.compress_raw(ZEROS + THREE)), 3),
    "records": batch(ZSTD, compressed(ZSTD, [TINY]), MOST_RECORDS + 1),
    "records, not compressed": batch(0, TINY, MOST_RECORDS + 1),
    "headers": batch(ZSTD, compressed(ZSTD, [record(0, headers=empty_headers(MOST_HEADERS + 1))]), 1),
    "headers, not compressed": batch(0, record(0, headers=empty_headers(MOST_HEADERS + 1)), 1),
}
UNREADABLE = {
    "gzip, and more": batch(GZIP, compressed(GZIP, [THREE]) + b"more", 3),
    "lz4, and more": batch(LZ4, compressed(LZ4, [THREE]) + b"more", 3),
    "snappy, cut": batch(SNAPPY, compressed(SNAPPY, [THREE])[:-1], 3),
    "snappy, no block": batch(SNAPPY, b"\xff" * 9, 3),
    "zstd, cut": batch(ZSTD, compressed(ZSTD, [THREE])[:-1], 3),
    "unknown codec": batch(5, THREE, 3),
    "a number without an end": batch(ZSTD, compressed(ZSTD, [b"\xff" * (2 << 20)]), 3),
    "attributes of two bytes to a client": batch(0, record(0) + record(1, attributes=b"\x80") + record(2), 3),
}


@both
@pytest.mark.parametrize(
    ("raw", "reason"),
    [*((raw, "too_large") for raw in TOO_LARGE.values()), *((raw, "invalid_encoding") for raw in UNREADABLE.values())],
    ids=[*TOO_LARGE, *UNREADABLE],
)
def test_what_is_not_to_be_read_is_one_record_at_its_end(
    raw: bytes, reason: str, read: Callable[[bytes], list[Any]]
) -> None:
    count = int.from_bytes(raw[57:61])
    (found,) = read(raw)
    assert (found.offset, found.timestamp, found.key, found.value) == (count - 1, 1000, None, None)
    said = read_withheld(found.headers)
    assert said is not None
    assert said[:3] == (reason, count, len(raw) - 61)


def test_aiokafka_itself_still_fails_on_what_brokers_accept() -> None:
    """If it ever reads them, less of parcelward/record_batch.py is needed."""
    for name in ("gzip, and more", "lz4, and more", "attributes of two bytes to a client"):
        with pytest.raises((OSError, CorruptRecordException, cramjam.DecompressionError)):
            list(MemoryRecords(UNREADABLE[name]).next_batch())


@both
@pytest.mark.parametrize("raw", [TOO_LARGE["zstd"], UNREADABLE["gzip, and more"]], ids=["too large", "unreadable"])
def test_what_was_damaged_on_its_way_is_not_blamed_on_the_courier(
    raw: bytes, read: Callable[[bytes], list[Any]]
) -> None:
    damaged = raw[:30] + bytes([raw[30] ^ 1]) + raw[31:]
    with pytest.raises((ValueError, AssertionError)):
        read(damaged)


def test_its_refusal_names_the_batch() -> None:
    (found,) = of_worker(TOO_LARGE["zstd"])
    source = Record("intake.swift", 0, found.offset, found.timestamp, found.key, found.value, found.headers)
    refused = no_value(source)
    assert refused.reason is Reason.TOO_LARGE
    assert "send smaller batches" in refused.detail
    send = rejected_record("rejected.swift", source, refused)
    headers = dict(send.headers)
    said = read_withheld(found.headers)
    assert said is not None
    assert MARK not in headers
    assert (send.key, send.value, headers["pw_offset"]) == (None, None, b"2")
    assert (
        WithheldBatch(
            Reason(headers["pw_reason"].decode()),
            int(headers["pw_batch_records"]),
            int(headers["pw_value_bytes"]),
            headers["pw_value_sha256"].decode(),
        )
        == said
    )


@pytest.mark.parametrize(
    "mark", [b"", None, b"too_large", b"too_large 1 1 " + b"g" * 64, b"tombstone 1 1 " + b"0" * 64]
)
def test_a_mark_that_says_nothing_is_a_tombstone(mark: bytes | None) -> None:
    source = Record("intake.swift", 0, 0, 1000, b"w", None, [(MARK, mark)])  # type: ignore[list-item]  # Kafka's null
    refused = no_value(source)
    assert refused.reason is Reason.TOMBSTONE
    assert "pw_batch_records" not in dict(rejected_record("rejected.swift", source, refused).headers)


BOUNDED = """
import os, resource, sys
sys.path.insert(0, os.getcwd())
from tests.engine_kit.bombs import ZSTD, GZIP, bomb
from tests.unit.test_batches import of_worker
raw = bomb(ZSTD, 22, 100_000_000)
pages = int(open("/proc/self/statm").read().split()[0])
resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + 200_000_000,) * 2)
(found,) = of_worker(raw)
print(len(raw) < 100_000, found.headers[0][1].split()[0].decode())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_two_gigabytes_in_a_small_batch_take_no_memory() -> None:
    done = subprocess.run([sys.executable, "-c", BOUNDED], capture_output=True, text=True, check=False)
    assert done.stdout == "True too_large\n", done.stderr


def test_the_checksum_is_that_of_kafka() -> None:
    assert crc32c(b"123456789") == 0xE3069283
