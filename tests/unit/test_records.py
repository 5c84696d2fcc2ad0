"""Fetched records are read whatever their header names are, and come in lists with the positions of aiokafka."""

from typing import Any

import pytest
from aiokafka.record.default_records import _DefaultRecordBatchBuilderPy
from aiokafka.record.memory_records import MemoryRecords
from aiokafka.structs import TopicPartition

from parcelward.cluster.client import ReadableBatch
from streams.engine.fetched_batches import PartitionBatches, ReadableRecords


class Bytes(str):
    """A header name that is written as bytes of its own."""

    def encode(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:
        return b"x-\xff\xfe"


def batch(names: list[str], compression: int = 0) -> bytes:
    builder = _DefaultRecordBatchBuilderPy(2, compression, 0, -1, -1, -1, 100_000)
    for number, name in enumerate(names):
        headers: list[tuple[str, Any]] = [(name, b"\xff"), ("none", None)]
        builder.append(number, 1000 + number, b"key", b"value \xff", headers)
    return bytes(builder.build())


def read(data: bytes) -> list[Any]:
    found: list[Any] = []
    records = ReadableRecords(data)
    while records.has_next():
        following = records.next_batch()
        assert following is not None
        found += following.records()
    return found


@pytest.mark.parametrize("compression", [0, 1], ids=["plain", "gzip"])
def test_all_records_are_read_and_only_the_name_is_mended(compression: int) -> None:
    found = read(batch(["ce_id"]) + batch(["ce_id", Bytes("bad"), "ce_id"], compression) + batch(["ce_id"]))
    assert [record.offset for record in found] == [0, 0, 1, 2, 0]
    assert [record.headers[0][0] for record in found] == ["ce_id", "ce_id", "x-\ufffd\ufffd", "ce_id", "ce_id"]
    assert {(record.key, record.value, record.headers[0][1]) for record in found} == {(b"key", b"value \xff", b"\xff")}
    assert found[2].headers[1] == ("none", None)
    assert found[2].timestamp == 1001


def test_aiokafka_itself_still_fails_on_it() -> None:
    """If it ever reads it, streams/engine/fetched_batches.py can go."""
    records = MemoryRecords(batch([Bytes("bad")]))
    with pytest.raises(UnicodeDecodeError):
        list(records.next_batch())


@pytest.mark.parametrize("compression", [0, 1], ids=["plain", "gzip"])
def test_the_other_client_reads_the_same(compression: int) -> None:
    """A reader that reads back or replays sees the names that the worker saw."""
    data = batch(["ce_id", Bytes("bad"), "ce_id"], compression)
    ours, theirs = list(ReadableBatch(data)), read(data)
    for one, other in zip(ours, theirs, strict=True):
        assert (one.offset, one.timestamp, one.key, one.value) == (
            other.offset,
            other.timestamp,
            other.key,
            other.value,
        )
        assert list(one.headers) == list(other.headers)
    assert ours[1].headers[0][0] == "x-\ufffd\ufffd"


PART = TopicPartition("intake.swift", 3)


def fetched(position: int, *batches: bytes) -> PartitionBatches:
    """Fetch from a position."""
    return PartitionBatches(PART, ReadableRecords(b"".join(batches)), [], position, None, None, False, 1)


def at(base: int, records: int) -> bytes:
    """A record batch at an offset."""
    return base.to_bytes(8) + batch(["ce_id"] * records)[8:]


def test_records_are_taken_across_batches_and_the_position_follows() -> None:
    found = fetched(0, at(0, 3), at(3, 3), at(9, 1))  # 6 to 8 were compacted away
    taken = []
    while not found.exhausted:
        records = found.read(2)
        taken.append([record.offset for record in records])
        if records and not found.exhausted:
            assert found.next_fetch_offset == records[-1].offset + 1
    assert taken == [[0, 1], [2, 3], [4, 5], [9]]
    assert found.next_fetch_offset == 10


def test_all_is_taken_without_a_limit() -> None:
    found = fetched(0, at(0, 3), at(3, 2))
    assert [record.offset for record in found.read(None)] == [0, 1, 2, 3, 4]
    assert found.exhausted


def test_the_part_of_a_batch_before_the_position_is_not_handed_out_again() -> None:
    found = fetched(2, at(0, 4))
    assert [record.offset for record in found.read(10)] == [2, 3]


def test_a_batch_that_lies_before_the_position_is_passed_over() -> None:
    found = fetched(5, at(0, 4), at(4, 3))
    assert [record.offset for record in found.read(10)] == [5, 6]


def test_a_record_has_its_place_its_parts_and_its_size() -> None:
    raw = at(7, 2)
    first, _ = fetched(7, raw).read(10)
    assert (first.topic, first.partition, first.offset, first.timestamp) == ("intake.swift", 3, 7, 1000)
    assert (first.key, first.value, first.headers[0]) == (b"key", b"value \xff", ("ce_id", b"\xff"))
    assert first.size == len(raw) // 2
