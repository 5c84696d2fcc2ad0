"""Decoding: whatever the bytes are, nothing raises, both modes agree and no duplicate goes unseen."""

import json
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from parcelward.contract.reasons import Reason
from parcelward.intake.decode import Event, Rejected, rejected_headers
from parcelward.stage import Record
from tests.builders import real_name
from tests.decoding import answer, envelope, reason, sound, structured, value

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


def repeated(pairs: list[tuple[str, Any]], index: int) -> bytes:
    """An object that names the pair at `index` once more, as JSON text."""
    pairs = [*pairs, pairs[index % len(pairs)]]
    return ("{" + ",".join(f"{json.dumps(name)}:{json.dumps(each)}" for name, each in pairs) + "}").encode()


@given(st.integers(0, 30), st.permutations(sorted(real_name().items())), st.text(alphabet='":,{} \\a', max_size=12))
def test_no_duplicate_goes_unseen_whatever_the_text_looks_like(index: int, pairs: Any, text: str) -> None:
    pairs = [(name, {"name": text or "x"} if name == "goods" else each) for name, each in pairs]
    assert isinstance(answer(sound(value=value(dict(pairs)))), Event)
    assert reason(sound(value=repeated(pairs, index))) is Reason.DUPLICATE_FIELD
