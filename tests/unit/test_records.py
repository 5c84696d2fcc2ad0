"""Header names that are not UTF-8 do not stop the reader."""

from typing import Any

import pytest
from aiokafka.record.default_records import _DefaultRecordBatchBuilderPy
from aiokafka.record.memory_records import MemoryRecords

from parcelward.kafka_client import ReadableBatch
from streams.records import ReadableRecords


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
    found, records = [], ReadableRecords(data)
    while records.has_next():
        following = records.next_batch()
        assert following is not None
        found += list(following)
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
    """When it no longer does, streams/records.py can go."""
    records = MemoryRecords(batch([Bytes("bad")]))
    with pytest.raises(UnicodeDecodeError):
        list(records.next_batch())


@pytest.mark.parametrize("compression", [0, 1], ids=["plain", "gzip"])
def test_the_other_client_reads_the_same(compression: int) -> None:
    """Whoever reads back or replays sees the names that the worker saw."""
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
