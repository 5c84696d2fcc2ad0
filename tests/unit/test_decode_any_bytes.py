"""Decoding: whatever the bytes are, nothing raises, both modes agree and no duplicate goes unseen."""

import json
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from parcelward.contract.reasons import Reason
from parcelward.intake.decode import Decoder, Event, Rejected, rejected_headers
from parcelward.stage import Record, SourceRecord
from parcelward.topics import Topics
from tests.builders import inspection, real_name, scan
from tests.decoding import LIMITS, answer, envelope, reason, sound, structured, value

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
header_names = st.sampled_from(
    ["ce_id", "ce_type", "ce_time", "ce_source", "ce_specversion", "ce_x", "content-type", "x"]
)
any_bytes = st.none() | st.binary(max_size=200)


@given(any_bytes, any_bytes, st.lists(st.tuples(header_names, any_bytes), max_size=8), st.integers(-(2**62), 2**62))
def test_no_bytes_make_it_raise(key: bytes | None, body: bytes | None, sent: Any, timestamp: int) -> None:
    given_record = Record("intake.swift", 0, 0, timestamp, key, body, sent)
    found = answer(given_record)
    assert isinstance(found, Rejected)
    rejected_headers(given_record, found)


@given(st.integers(0, 600), st.binary(max_size=6), st.integers(0, 6), st.booleans())
@example(3, b'","\xff', 0, True)
def test_damaged_events_are_decoded_or_refused(at: int, new: bytes, removed: int, whole: bool) -> None:
    text = value(envelope()) if whole else value()
    damaged = text[:at] + new + text[at + removed :]
    answer(structured(envelope(), value=damaged) if whole else sound(value=damaged))


@given(st.sampled_from(sorted(envelope())), json_values)
def test_any_json_in_any_attribute_is_decoded_or_refused(field: str, new: Any) -> None:
    body = envelope()
    body[field] = new
    answer(sound(value=json.dumps(body).encode(), headers=()))


@given(st.sampled_from(sorted(real_name())), json_values)
def test_both_modes_give_one_answer(field: str, new: Any) -> None:
    data = real_name() | {field: new}
    binary, whole = answer(sound(value=json.dumps(data).encode())), answer(structured(envelope(data=data)))
    if isinstance(binary, Event):
        assert isinstance(whole, Event)
        assert binary.data == whole.data
    else:
        assert binary == whole


class Exact(Decoder):
    """Judges every structured event by the model."""

    def _as_usual(self, record: SourceRecord, value: bytes) -> None:
        return None


USUAL, EXACT = Decoder(Topics(), LIMITS), Exact(Topics(), LIMITS)
TOLD = [
    envelope(subject=real_name()["waybill"]),
    envelope(datacontenttype="application/json", source="/couriers/swift"),
    envelope(type="cn.delivery.acceptance.inspection.v1", data=inspection(found_goods="汽油"), id="e:1"),
    envelope(type="cn.delivery.security.scan.v1", data=scan()),
]
PIECES = [
    b'"id":"e-2",',
    b'"x":1,',
    b'"subject":null,',
    b":",
    b'"',
    b"\\u0041",
    b"\\",
    b"null",
    b"NaN",
    b" ",
    b"9",
    b"\xff",
    b"\0",
]


@given(st.sampled_from(TOLD), st.integers(0, 900), st.sampled_from(PIECES) | st.binary(max_size=4), st.integers(0, 4))
@example(TOLD[0], 1, b"", 0)
@example(TOLD[0], 1, b'"subject":null,', 0)
@example(TOLD[1], 1, b'"id":"e-2",', 0)
@example(TOLD[1], 1, b'"x":1,', 0)
def test_a_structured_event_is_read_as_the_model_reads_it(body: Any, at: int, new: bytes, removed: int) -> None:
    """Nearly all are read without the model; a few bytes of difference do not show."""
    for text in (value(body), value(body, separators=(",", ":"))):
        told = structured(body, value=text[:at] + new + text[at + removed :], key=body["data"]["waybill"].encode())
        for decoder in (USUAL, EXACT):  # a source is known once it has been checked
            decoder.decode(structured(envelope()))
        assert USUAL.decode(told) == EXACT.decode(told)


def test_a_usual_structured_event_is_read_without_the_model() -> None:
    for body in TOLD:
        told = structured(body, key=body["data"]["waybill"].encode())
        USUAL.decode(told)
        assert isinstance(USUAL._as_usual(told, told.value or b""), Event)


def repeated(pairs: list[tuple[str, Any]], index: int) -> bytes:
    """An object that names the pair at `index` once more, as JSON text."""
    pairs = [*pairs, pairs[index % len(pairs)]]
    return ("{" + ",".join(f"{json.dumps(name)}:{json.dumps(each)}" for name, each in pairs) + "}").encode()


@given(st.integers(0, 30), st.permutations(sorted(real_name().items())), st.text(alphabet='":,{} \\a', max_size=12))
def test_no_duplicate_goes_unseen_whatever_the_text_looks_like(index: int, pairs: Any, text: str) -> None:
    pairs = [(name, {"name": text or "x"} if name == "goods" else each) for name, each in pairs]
    assert isinstance(answer(sound(value=value(dict(pairs)))), Event)
    assert reason(sound(value=repeated(pairs, index))) is Reason.DUPLICATE_FIELD
