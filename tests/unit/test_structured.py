"""Ends of events in a file: a line each, or the whole file when it is a single JSON document."""

import io
import json

import pytest

from parcelward.errors import UserError
from parcelward.intake import event_file as structured
from parcelward.intake.event_file import numbered_events, record_of, written_record
from parcelward.stage import Record
from parcelward.topics import Topics


@pytest.mark.parametrize(
    ("content", "events"),
    [
        (b"", []),
        (b" \n\n", []),
        (b'{"a":1}\n\n {"b":2}\r\n', [(1, b'{"a":1}'), (3, b'{"b":2}')]),
        (b'\n{\n  "a": 1\n}\n', [(2, b'{\n  "a": 1\n}')]),
        (b'{"a":1\n{"b":2}\n', [(1, b'{"a":1'), (2, b'{"b":2}')]),
    ],
    ids=["empty", "blank", "lines", "document", "first-line-broken"],
)
def test_events_of_a_file(content: bytes, events: list[tuple[int, bytes]]) -> None:
    assert list(numbered_events(io.BytesIO(content))) == events


def test_a_large_file_with_a_broken_first_line_is_read_line_by_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(structured, "WHOLE_BYTES", 10)
    lines = [b"{", *(b'{"n":%d}' % number for number in range(50))]
    found = list(numbered_events(io.BytesIO(b"\n".join(lines))))
    assert found == list(enumerate(lines, 1))


@pytest.mark.parametrize("text", [b"{", b"[]", b'{"data":7}', b'{"data":{"courier":7,"waybill":[]}}', b"\xff"])
def test_a_text_without_address_still_makes_a_record(text: bytes) -> None:
    record = record_of(text, Topics())
    assert (record.topic, record.key, record.value) == ("intake.unknown", b"-", text)


def test_waybill_and_courier_are_the_address() -> None:
    text = b'{"data":{"courier":"swift","waybill":"SF1"}}'
    assert record_of(text, Topics("t."))[:1] == ("t.intake.swift",)
    assert record_of(text, Topics(), courier="orient").topic == "intake.orient"
    assert record_of(text, Topics()).key == b"SF1"


WRITTEN = (
    b'{"topic": "intake.swift", "timestamp": 5, "headers": [["ce_id", "Yi0x"]], '
    b'"key_base64": %s, "value_base64": "eA=="}'
)


def test_a_record_written_down_is_read_as_that_record() -> None:
    assert written_record(WRITTEN % b'"U0Yx"', Topics(), offset=7) == Record(
        "intake.swift", 0, 7, 5, b"SF1", b"x", [("ce_id", b"b-1")]
    )
    without_key = written_record(WRITTEN % b"null", Topics(), courier="orient")
    assert without_key is not None
    assert (without_key.topic, without_key.key) == ("intake.orient", None)


@pytest.mark.parametrize(
    "text",
    [b'{"specversion": "1.0"}', b'{"value_base64": "eA=="}', WRITTEN % b'"U0Y"', WRITTEN % b"7", b'{"value_base64"'],
    ids=["event", "no-topic", "broken-base64", "wrong-type", "cut-off"],
)
def test_what_is_no_record_written_down_is_left_to_the_decoder(text: bytes) -> None:
    assert written_record(text, Topics()) is None


PRETTY = json.dumps({"specversion": "1.0", "id": "e-1", "data": {"courier": "swift"}}, indent=2)
SPREAD = "this looks like JSON spread over several lines"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (f"{PRETTY}\n{PRETTY}", f"line 1: {SPREAD}; write one event a line"),
        (f"\n{PRETTY},\n{PRETTY}", f"line 2: {SPREAD}; write one event a line"),
        (PRETTY.replace(",", "", 1), f"line 1: {SPREAD}, and is not well-formed in line 3; write one event a line"),
        ('{\n"a":1\n', f"line 1: {SPREAD}, and is not well-formed in line 3; write one event a line"),
        ("courier,waybill,weight_g\nswift,SF1,1250\n", "line 1: this looks like the headings of a table (CSV)"),
        ('"运单号";"重量(克)";"网点"\n', "line 1: this looks like the headings of a table (CSV)"),
    ],
)
def test_a_file_of_another_form_is_one_sentence(content: str, said: str) -> None:
    with pytest.raises(UserError) as told:
        list(numbered_events(io.BytesIO(content.encode())))
    assert str(told.value).startswith(said)


@pytest.mark.parametrize(
    "content", ['{"specversion": "1.0", \n{}', "{\n{}", "no json, really, not\n{}", "a,b,c\n{}", "1\n2"]
)
def test_a_broken_first_line_is_still_a_line(content: str) -> None:
    first, second = content.encode().splitlines()
    assert list(numbered_events(io.BytesIO(content.encode()))) == [(1, first.strip()), (2, second)]
