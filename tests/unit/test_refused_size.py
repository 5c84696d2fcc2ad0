"""Refused records fit into the topic they go to, whatever a courier sends."""

import hashlib

import pytest

from parcelward.cli.refusals import describe
from parcelward.contract.reasons import Reason
from parcelward.intake.refusal import Rejected, rejected_record
from parcelward.stage import Batch, Record, Send
from parcelward.topics import MAX_INTAKE_BYTES, MAX_REJECTED_BYTES
from tests.builders import pipeline

LARGE = b"x" * 50_000_000
TOO_LARGE = Rejected(Reason.TOO_LARGE, "the value has 50000000 bytes")


def refused(value: bytes, key: bytes = b"w", headers: tuple[tuple[str, bytes], ...] = ()) -> Send:
    return rejected_record("rejected.swift", Record("intake.swift", 0, 7, 1000, key, value, headers), TOO_LARGE)


def size(send: Send) -> int:
    headers = sum(len(name) + len(value) for name, value in send.headers)
    return len(send.key or b"") + len(send.value or b"") + headers


@pytest.mark.parametrize("bytes_", [0, 70_000, MAX_INTAKE_BYTES])
def test_what_intake_takes_uncompressed_comes_back_whole(bytes_: int) -> None:
    send = refused(b"x" * bytes_, headers=(("trace", b"t"),))
    assert (send.key, send.value, send.headers[0]) == (b"w", b"x" * bytes_, ("trace", b"t"))
    assert not [name for name, _ in send.headers if name.startswith("pw_value")]


def test_a_value_that_only_compression_brought_in_is_named_by_size_and_hash() -> None:
    send = refused(LARGE, headers=(("trace", b"t"), ("pw_value_bytes", b"1")))
    assert (send.key, send.value, send.headers[0]) == (b"w", None, ("trace", b"t"))
    assert send.headers[-2:] == [
        ("pw_value_bytes", b"50000000"),
        ("pw_value_sha256", hashlib.sha256(LARGE).hexdigest().encode()),
    ]
    assert dict(send.headers)["pw_reason"] == b"too_large"


@pytest.mark.parametrize(
    "send",
    [refused(b"v", key=LARGE), refused(b"v", headers=(("h", LARGE),)), refused(LARGE)],
    ids=["key", "header", "value"],
)
def test_a_refused_record_always_fits(send: Send) -> None:
    assert size(send) < MAX_REJECTED_BYTES - 1024
    assert {"pw_reason", "pw_offset", "pw_value_bytes"} <= {name for name, _ in send.headers}


def test_reading_back_shows_the_size_of_a_value_that_was_left_out() -> None:
    send = refused(LARGE)
    shown = describe(Record(send.topic, 0, 0, 1000, send.key, send.value, send.headers), show_value=True)
    assert (shown["reason"], shown["bytes"], shown["value"]) == ("too_large", 50_000_000, None)


def test_the_duty_stage_refuses_such_a_record_so_that_it_fits() -> None:
    line = pipeline()
    (send,) = line.cells["duties"][0].stage.step(Batch([Record("intake.swift", 0, 0, 1000, b"w", LARGE)]), {}).sends
    assert send.value is None
    assert dict(send.headers)["pw_value_bytes"] == b"50000000"
