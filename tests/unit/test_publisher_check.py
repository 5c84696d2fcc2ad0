"""The publisher's check of an event says what `validate` says of the same event, and sends what it accepted."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kafka.record import MemoryRecords

from parcelward.contract.reasons import Reason
from parcelward.identity.tokens import Tokeniser
from parcelward.intake.decode import Decoder, Event, Limits, Rejected
from parcelward.intake.event_file import record_of
from parcelward.publisher import InvalidEvent
from parcelward.publisher.check import Check, Checked
from parcelward.publisher.record_bytes import Batch, event_id_in
from parcelward.record_batch import readable
from parcelward.settings import Settings
from parcelward.stage import Record
from parcelward.topics import Topics
from tests.decoding import envelope

NOW = datetime.now(UTC)
CHECK = Check(Settings())
DECODER = Decoder(Topics(), Limits.from_settings(Settings()))


def event(**changes: Any) -> dict[str, Any]:
    """A sound event of now, with attributes changed."""
    return envelope() | {"time": NOW.isoformat(timespec="milliseconds")} | changes


def with_data(**changes: Any) -> dict[str, Any]:
    return event(data=event()["data"] | changes)


def validated(text: bytes) -> Event | Rejected:
    """Answer of `validate`, with the arrival at which the publisher would send."""
    return DECODER.decode(record_of(text.strip(), Topics(), at_ms=int(NOW.timestamp() * 1000)))


def sent(checked: Checked) -> Record:
    """The record as a reader of the topic gets it."""
    raw = Batch([checked.body.bytes], int(NOW.timestamp() * 1000)).bytes_for(1, 0, 0)
    ((record,),) = [list(batch) for batch in MemoryRecords(readable(raw))]
    topic = Topics().intake(checked.body.courier)
    return Record(topic, 0, 0, record.timestamp, record.key, record.value, record.headers)


def checked_or_refused(check_text: bool, given_event: Any, text: bytes) -> Checked | InvalidEvent:
    try:
        return CHECK.text(text) if check_text else CHECK.event(given_event)
    except InvalidEvent as refused:
        return refused


def agrees(check_text: bool, given_event: Any, text: bytes) -> None:
    """The publisher says of an event what `validate` says, and sends an event that is the same."""
    expected, found = validated(text), checked_or_refused(check_text, given_event, text)
    if isinstance(expected, Rejected):
        assert isinstance(found, InvalidEvent), f"accepted: {expected}"
        assert (found.reason, found.detail) == (expected.reason, expected.at_home)
        return
    assert isinstance(found, Checked), f"refused, though valid: {found}"
    arrived = DECODER.decode(sent(found))
    assert isinstance(arrived, Event), arrived
    assert (arrived.id, arrived.time_ms, arrived.data) == (expected.id, expected.time_ms, expected.data)
    assert found.event_id == event_id_in(found.body) == expected.id


REWRITTEN_ONCE = {
    "media type": (event(datacontenttype="text/xml"), "datacontenttype"),
    "number as id": (event(id=12345), "id"),
    "number as version": (event(specversion=1.0), "specversion"),
    "list as subject": (event(subject=["SF0000000000001"]), "subject"),
    "true as source": (event(source=True), "source"),
}


@pytest.mark.parametrize(("given_event", "field"), REWRITTEN_ONCE.values(), ids=REWRITTEN_ONCE)
def test_an_attribute_that_breaks_the_contract_is_refused_and_not_rewritten(given_event: Any, field: str) -> None:
    with pytest.raises(InvalidEvent) as raised:
        CHECK.event(given_event)
    assert field in raised.value.detail
    agrees(False, given_event, json.dumps(given_event).encode())


@pytest.mark.parametrize("extension", [{"trace": {"a": 1}}, {"x-trace": "1"}, {"sequence": 7}], ids=str)
def test_an_extension_is_refused_as_validate_refuses_it_or_sent_as_it_is(extension: dict[str, Any]) -> None:
    given_event = event(**extension)
    agrees(False, given_event, json.dumps(given_event).encode())
    if isinstance(validated(json.dumps(given_event).encode()), Event):
        assert json.loads(sent(CHECK.event(given_event)).value or b"") == given_event


SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 2**66),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=8),
    st.sampled_from(
        ["1.0", "application/json", "application/json; charset=utf-8", "null", "SF0000000000001", "\0", ":"]
    ),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=3,
)
ATTRIBUTES = [*envelope(), "subject", "datacontenttype", "dataschema", "traceparent", "x-y", "data_base64", "Upper"]
FIELDS = [*envelope()["data"], "sender", "place", "unknown", "corrects"]


@st.composite
def changed_events(draw: st.DrawFn) -> dict[str, Any]:
    """A sound event with some attributes and fields replaced, added or taken away."""
    found: dict[str, Any] = json.loads(json.dumps(event()))
    for name in draw(st.lists(st.sampled_from(FIELDS), max_size=2)):
        if draw(st.booleans()):
            found["data"][name] = draw(VALUES)
        else:
            found["data"].pop(name, None)
    for name in draw(st.lists(st.sampled_from(ATTRIBUTES), max_size=2)):
        if draw(st.booleans()):
            found[name] = draw(VALUES)
        else:
            found.pop(name, None)
    return found


@settings(max_examples=400)
@given(changed_events())
def test_a_dict_is_judged_as_validate_judges_it(given_event: dict[str, Any]) -> None:
    agrees(False, given_event, json.dumps(given_event, ensure_ascii=False).encode())


@settings(max_examples=300)
@given(changed_events(), st.booleans(), st.sampled_from([None, 1]))
def test_text_is_judged_as_validate_judges_it(
    given_event: dict[str, Any], ascii_only: bool, indent: int | None
) -> None:
    agrees(True, None, json.dumps(given_event, ensure_ascii=ascii_only, indent=indent).encode())


def spellings() -> Iterator[tuple[str, bytes]]:
    """Texts of which a parser in Python tells nothing."""
    plain = json.dumps(event())
    yield "twice", plain.replace('"id":', '"id": "first", "id":', 1).encode()
    yield "twice within", plain.replace('"weight_g":', '"weight_g": 1, "weight_g":', 1).encode()
    hidden = plain.replace('"id":', '"id": "first", "id":', 1).replace("system:", "system\\u003a")
    yield "twice, and a colon hidden", hidden.replace(":00", "\\u003a00", 1).encode()
    yield "surrogate", plain.replace('"羽绒服"', '"\\ud800"').encode()
    yield "large number", plain.replace("1250", "1e400").encode()
    yield "white space", b" \r\n" + plain.encode() + b"\t"
    yield "not UTF-8", plain.encode() + b"\xff"
    yield "nothing", b""


@pytest.mark.parametrize(("text"), [text for _, text in spellings()], ids=[name for name, _ in spellings()])
def test_a_spelling_that_python_hides_is_judged_as_validate_judges_it(text: bytes) -> None:
    agrees(True, None, text)


@pytest.mark.parametrize(
    "data",
    [{"weight_g": float("nan")}, {"weight_g": float("inf")}, {"photo": object()}, {"found_goods": "\ud800"}],
    ids=["no number", "no end", "an object", "half a character"],
)
def test_what_json_cannot_say_is_refused(data: dict[str, Any]) -> None:
    with pytest.raises(InvalidEvent) as raised:
        CHECK.event(with_data(**data))
    assert raised.value.reason is Reason.INVALID_ENCODING


@pytest.mark.parametrize("attributes", [{}, {"sequence": 7}], ids=["binary", "structured"])
def test_a_tokeniser_leaves_no_raw_value_in_either_mode(attributes: dict[str, Any]) -> None:
    """An extension that is no string cannot be a header, so such an event is sent as it was validated."""
    checking = Check(Settings(), Tokeniser({"k1": b"0123456789abcdef"}, "k1"))
    given_event = event(**attributes)
    raw = given_event["data"]["sender"]["document_number"].encode()
    assert raw in CHECK.event(given_event).body.bytes
    found = sent(checking.event(given_event))
    assert raw not in (found.value or b"")
    assert isinstance(DECODER.decode(found), Event)


@pytest.mark.parametrize("as_text", [True, False])
def test_a_publisher_of_one_courier_refuses_events_of_another(as_text: bool) -> None:
    own, other = (Check(Settings(), courier=courier) for courier in ("swift", "orient"))
    of_swift = event()
    check = {True: lambda one: one.text(json.dumps(of_swift).encode()), False: lambda one: one.event(of_swift)}[as_text]
    assert check(own).body.courier == "swift"
    with pytest.raises(InvalidEvent) as refused:
        check(other)
    assert refused.value.reason is Reason.WRONG_COURIER
