"""Decoding: every event of the contract is accepted, whole and exact."""

from typing import Any

import pytest

from parcelward.contract.events import EventType
from parcelward.contract.reasons import Reason
from parcelward.intake.decode import Decoder, Event, Limits, Rejected
from parcelward.intake.event import InspectionData, RealNameData, ScanData, key_of
from parcelward.settings import Settings
from parcelward.topics import Topics
from tests.builders import DAY, T0, inspection, real_name, record, scan
from tests.decoding import LIMITS, TOKEN, accepted, answer, envelope, headers, reason, sound, structured, value


@pytest.mark.parametrize(
    ("data", "event_type", "model"),
    [
        (real_name(), EventType.REAL_NAME, RealNameData),
        (inspection(), EventType.INSPECTION, InspectionData),
        (scan(), EventType.SECURITY_SCAN, ScanData),
    ],
    ids=["real-name", "inspection", "security-scan"],
)
def test_each_duty_is_accepted(data: dict[str, Any], event_type: EventType, model: type) -> None:
    event = accepted(record(data, event_id="e-1"))
    assert (event.type, event.id, event.time_ms) == (event_type, "e-1", T0)
    assert isinstance(event.data, model)
    assert key_of(event.data) == data["waybill"]


@pytest.mark.parametrize(
    "text", ["2026-11-23T10:00:00.123+08:00", "2026-11-23T02:00:00.123Z", "2026-11-22T16:00:00.123456789-10:00"]
)
def test_event_time_is_exact_to_the_millisecond(text: str) -> None:
    assert accepted(sound(headers=headers(ce_time=text.encode()))).time_ms == T0 + 123
    assert accepted(structured(envelope(time=text))).time_ms == T0 + 123


def test_structured_mode_is_recognised_by_content_type_or_by_its_body() -> None:
    assert accepted(structured(envelope())).data == accepted(sound()).data
    assert accepted(structured(envelope(), headers=())).id == "e-1"
    assert accepted(structured(envelope(), headers=[("traceparent", b"\xff")])).id == "e-1"


def test_foreign_headers_and_extension_attributes_are_let_through() -> None:
    extra = [
        *headers(),
        ("b3", b"\xff\x00"),
        ("b3", b"twice"),
        ("ce_traceparent", b"00-1"),
        ("ce_subject", b"SF0000000000001"),
    ]
    assert accepted(sound(headers=extra)).type is EventType.REAL_NAME
    assert accepted(structured(envelope(traceparent={"a": [1]}))).type is EventType.REAL_NAME


def test_headers_may_come_in_any_order_and_with_the_subject() -> None:
    usual = record(real_name(), event_id="e-1")
    turned = usual._replace(headers=[*reversed(usual.headers), ("ce_subject", b"SF0000000000001")])
    assert accepted(turned) == accepted(usual)
    assert accepted(usual._replace(headers=[*usual.headers, ("traceparent", b"\xff")])) == accepted(usual)


@pytest.mark.parametrize("media", [b"application/json", b"Application/JSON; charset=utf-8", None])
@pytest.mark.parametrize("subject", [b"SF0000000000001", None])
@pytest.mark.parametrize("traceparent", [b"00-1", None])
def test_what_couriers_send_is_not_looked_at_closely(
    media: bytes | None, subject: bytes | None, traceparent: bytes | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = headers(content_type=media, ce_subject=subject, traceparent=traceparent)
    usual = accepted(sound(headers=given))  # from now on its source is known
    monkeypatch.delattr(Decoder, "_by_attributes")
    assert accepted(sound(headers=given)) == usual
    assert accepted(sound(headers=given[::-1])) == usual


@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": "), (" , ", " : "), (",\n", "\t:\n")])
def test_white_space_and_text_that_looks_like_a_key_do_not_matter(separators: tuple[str, str]) -> None:
    data = real_name(goods={"name": 'a":b : "c":'}, receiver={"name": ":x"})
    event = accepted(sound(value=value(data, separators=separators)))
    assert isinstance(event.data, RealNameData)
    assert event.data.goods.name == 'a":b : "c":'


def test_limits_are_inclusive_and_settings() -> None:
    limits = Limits.from_settings(Settings(max_record_bytes=1024))
    assert limits == Limits(1024, 7 * DAY, 600_000)
    on_time = [record(real_name(), at=T0, arrival=T0 + 7 * DAY), record(real_name(), at=T0, arrival=T0 - 600_000)]
    late = [record(real_name(), at=T0, arrival=T0 + 7 * DAY + 1), record(real_name(), at=T0, arrival=T0 - 600_001)]
    assert [type(answer(each)) for each in on_time] == [Event, Event]
    assert [reason(each) for each in late] == [Reason.TIME_OUT_OF_RANGE] * 2
    assert [getattr(answer(each), "detail", None) for each in late] == [
        "time: just over 7 days before arrival, over the limit of 7 days",
        "time: just over 10 minutes after arrival, over the limit of 10 minutes",
    ]
    assert isinstance(answer(sound(value=value().ljust(65_536))), Event)


def test_topic_prefix_belongs_to_the_installation() -> None:
    prefixed = Decoder(Topics("test."), LIMITS)
    assert isinstance(prefixed.decode(sound(topic="test.intake.swift")), Event)
    assert isinstance(prefixed.decode(sound()), Rejected)


def test_null_beside_a_token_is_no_second_value() -> None:
    sender = {"kind": "person", "name": None, "name_token": TOKEN, "phone": "1", "phone_token": None}
    data = real_name() | {"sender": sender}
    assert isinstance(answer(sound(value=value(data))), Event)


def test_identity_says_sent_twice_and_content_says_contradiction() -> None:
    first = accepted(record(real_name(), event_id="a"))
    again = accepted(record(real_name(), event_id="a", arrival=T0 + DAY, partition=3))
    changed = accepted(record(real_name(weight_g=901), event_id="a"))
    other = accepted(record(real_name(), event_id="b"))
    later = accepted(record(real_name(), at=T0 + 1, event_id="a"))
    assert (first.identity, first.content) == (again.identity, again.content)
    assert first.identity == changed.identity == later.identity
    assert len({first.content, changed.content, later.content}) == 3
    assert first.identity != other.identity


def test_an_event_is_known_by_its_source_and_id() -> None:
    """Another event with the same identity would count as contradicting the first, and what it says be dropped."""
    names = [("/a", "b-1"), ("/a", "b-2"), ("/ab", "-1"), ("/b", "b-1")]
    events = [
        accepted(sound(headers=headers(ce_source=source.encode(), ce_id=event_id.encode())))
        for source, event_id in names
    ]
    assert len({event.identity for event in events}) == len(names)
    assert {len(event.identity) for event in events} == {len(event.content) for event in events} == {8}


def test_hashes_are_the_same_in_every_process() -> None:
    event = accepted(record(real_name(), event_id="a"))
    assert (event.identity, event.content) == (bytes.fromhex("b21c404231da3366"), bytes.fromhex("23a829942143a46e"))
    keyed = Decoder(Topics(), LIMITS, b"k" * 32).decode(record(real_name(), event_id="a"))
    assert isinstance(keyed, Event)
    assert keyed.content != event.content


@pytest.mark.parametrize(
    ("left_out", "added"),
    [
        (("content_type", "ce_subject"), ("ce_foo", b"\xff")),
        (("content_type",), ("ce_foo", b"a\0b")),
        (("ce_subject",), ("ce_subject", None)),
        (("ce_subject", "content_type"), ("ce_subject", None)),
    ],
    ids=["no content type, no subject", "no content type", "subject without a value", "only that"],
)
def test_headers_are_judged_the_same_whatever_was_decoded_before(
    left_out: tuple[str, ...], added: tuple[str, bytes | None]
) -> None:
    """A replay begins with a decoder that knows no source yet."""
    given: Any = [*headers(**dict.fromkeys(left_out, None)), added]
    warm = Decoder(Topics(), LIMITS)
    assert isinstance(warm.decode(record(real_name())), Event)
    cold = Decoder(Topics(), LIMITS).decode(sound(headers=given))
    assert isinstance(cold, Rejected) is (added[1] is not None)  # a header without a value is none
    assert warm.decode(sound(headers=given)) == cold
