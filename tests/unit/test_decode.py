"""Decoding: every event of the contract is accepted, everything else is refused for a stated reason, nothing raises."""

import copy
import json
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from parcelward.contract.alerts import RejectedHeaders
from parcelward.contract.events import EventType
from parcelward.decode import Decoder, Event, Limits, Rejected, decode, rejected_headers
from parcelward.event import InspectionData, RealNameData, ScanData
from parcelward.reasons import Reason
from parcelward.settings import Settings
from parcelward.stage import Record
from parcelward.topics import Topics
from tests.builders import DAY, T0, inspection, moment, real_name, record, scan

Headers = list[tuple[str, bytes]]
LIMITS = Limits()


def answer(given_record: Any) -> Event | Rejected:
    return decode(given_record, topics=Topics(), limits=LIMITS)


def accepted(given_record: Any) -> Event:
    event = answer(given_record)
    assert isinstance(event, Event), event
    return event


def reason(given_record: Any) -> Reason:
    rejected = answer(given_record)
    assert isinstance(rejected, Rejected), rejected
    return rejected.reason


def value(data: Any = None, **kwargs: Any) -> bytes:
    return json.dumps(real_name() if data is None else data, ensure_ascii=False, **kwargs).encode()


def sound(**changes: Any) -> Record:
    """A sound binary-mode record with parts of the record (not of the event) changed."""
    return record(real_name())._replace(**changes)


def headers(**changes: bytes | None) -> Headers:
    """The headers of a sound record with some changed; None leaves one out."""
    found: dict[str, bytes | None] = dict(record(real_name()).headers)
    found.update({name.replace("content_type", "content-type"): new for name, new in changes.items()})
    return [(name, content) for name, content in found.items() if content is not None]


def swapped(old: bytes, new: bytes) -> Record:
    """A sound record with a piece of its value replaced once."""
    assert old in value()
    return sound(value=value().replace(old, new, 1))


def structured(body: dict[str, Any], **changes: Any) -> Record:
    announced = [("content-type", b"application/cloudevents+json; charset=UTF-8")]
    return sound(**({"headers": announced, "value": value(body)} | changes))


def envelope(**changes: Any) -> dict[str, Any]:
    sent = {
        "specversion": "1.0",
        "type": "cn.delivery.acceptance.realname.v1",
        "id": "e-1",
        "source": "/couriers/swift",
        "time": moment(T0),
        "data": real_name(),
    }
    return sent | changes


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
    assert (event.type, event.id, event.source, event.time_ms) == (event_type, "e-1", "/couriers/swift", T0)
    assert isinstance(event.data, model)
    assert event.data.waybill == data["waybill"]


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


@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": "), (" , ", " : "), (",\n", "\t:\n")])
def test_white_space_and_text_that_looks_like_a_key_do_not_matter(separators: tuple[str, str]) -> None:
    data = real_name(goods={"name": 'a":b : "c":'}, receiver={"name": ":x"})
    event = accepted(sound(value=value(data, separators=separators)))
    assert isinstance(event.data, RealNameData)
    assert event.data.goods.name == 'a":b : "c":'


BATCH = b"application/cloudevents-batch+json"
TWICE_ID = structured(envelope(), value=value(envelope()).replace(b'"id"', b'"id":"x","id"'))
TWICE_IGNORED = structured(envelope(), value=value(envelope(x=1)).replace(b'"x": 1', b'"x": {"a":1,"a":1}'))
NASTY: list[tuple[str, Record, Reason]] = [
    ("tombstone", sound(value=None), Reason.TOMBSTONE),
    ("empty", sound(value=b""), Reason.INVALID_JSON),
    ("ten megabytes", sound(value=b'"' + b"a" * 10_000_000), Reason.TOO_LARGE),
    ("one byte too large", sound(value=value().ljust(65_537)), Reason.TOO_LARGE),
    ("truncated", sound(value=value()[:-20]), Reason.INVALID_JSON),
    ("trailing text", sound(value=value() + b"x"), Reason.INVALID_JSON),
    ("nul byte", sound(value=b"\0" + value()), Reason.INVALID_ENCODING),
    ("nul in text", sound(value=value(real_name(goods={"name": "a\0b"}))), Reason.INVALID_ENCODING),
    ("wrong utf-8", sound(value=value().replace("羽绒服".encode(), b"\xc3\x28")), Reason.INVALID_ENCODING),
    ("utf-16", sound(value=value().decode().encode("utf-16")), Reason.INVALID_ENCODING),
    ("lone surrogate", sound(value=value().replace("羽绒服".encode(), b"\\udfff")), Reason.INVALID_ENCODING),
    ("deep array", sound(value=b"[" * 60_000), Reason.INVALID_JSON),
    ("deep object", sound(value=b'{"a":' * 12_000), Reason.INVALID_JSON),
    ("deep in an ignored field", structured(envelope(x=json.loads("[" * 500 + "]" * 500))), Reason.INVALID_JSON),
    ("nan", swapped(b"30.27", b"NaN"), Reason.INVALID_JSON),
    ("infinity", swapped(b"30.27", b"-Infinity"), Reason.INVALID_JSON),
    ("nan in an ignored field", sound(value=value(envelope(x=float("nan"))), headers=()), Reason.INVALID_JSON),
    ("overflowing float", swapped(b"30.27", b"1e999"), Reason.INVALID_VALUE),
    ("huge integer", sound(value=value(real_name(weight_g=10**400))), Reason.INVALID_VALUE),
    ("absurd integer", swapped(b"900", b"9" * 20_000), Reason.INVALID_VALUE),
    ("array", sound(value=b"[]"), Reason.WRONG_TYPE),
    ("text", sound(value=b'"a"'), Reason.WRONG_TYPE),
    ("null", sound(value=b"null"), Reason.WRONG_TYPE),
    ("duplicate key", swapped(b'"weight_g"', b'"weight_g": 1, "weight_g"'), Reason.DUPLICATE_FIELD),
    ("duplicate, escaped", swapped(b'"name": "', b'"nam\\u0065": "a", "name": "'), Reason.DUPLICATE_FIELD),
    ("duplicate, spaced", swapped(b'"weight_g"', b'"weight_g" : 1, "weight_g"'), Reason.DUPLICATE_FIELD),
    ("duplicate, tabbed", swapped(b'"weight_g"', b'"weight_g"\t:1, "weight_g"'), Reason.DUPLICATE_FIELD),
    ("duplicate of wrong type", swapped(b'"weight_g"', b'"weight_g": "", "weight_g"'), Reason.DUPLICATE_FIELD),
    ("duplicate object", swapped(b'"goods"', b'"goods": {"name":"a"}, "goods"'), Reason.DUPLICATE_FIELD),
    ("duplicate with a space", swapped(b'"goods"', b'"weight_g" :1,"goods"'), Reason.DUPLICATE_FIELD),
    ("duplicate in structured", TWICE_ID, Reason.DUPLICATE_FIELD),
    ("duplicate in an ignored field", TWICE_IGNORED, Reason.DUPLICATE_FIELD),
    ("wrong type", sound(value=value(real_name(weight_g="900"))), Reason.WRONG_TYPE),
    ("number as date", record(inspection(started_at=1_795_397_400)), Reason.WRONG_TYPE),
    ("number as text as date", record(inspection(started_at="1795397400")), Reason.INVALID_VALUE),
    ("number as event time", sound(headers=headers(ce_time=b"1795397400")), Reason.INVALID_VALUE),
    ("naive event time", sound(headers=headers(ce_time=b"2026-11-23T10:00:00")), Reason.INVALID_VALUE),
    ("30 February", sound(headers=headers(ce_time=b"2026-02-30T10:00:00Z")), Reason.INVALID_VALUE),
    ("year 0", sound(headers=headers(ce_time=b"0000-02-03T10:00:00Z")), Reason.INVALID_VALUE),
    ("null key", sound(key=None), Reason.MISSING_KEY),
    ("empty key", sound(key=b""), Reason.MISSING_KEY),
    ("other key", sound(key=b"SF0000000000002"), Reason.KEY_MISMATCH),
    ("key in other case", sound(key=b"sf0000000000001"), Reason.KEY_MISMATCH),
    ("key not utf-8", sound(key=b"\xff"), Reason.INVALID_ENCODING),
    ("key with nul", sound(key=b"SF0000000000001\0"), Reason.INVALID_ENCODING),
    ("other subject", sound(headers=headers(ce_subject=b"SF0000000000002")), Reason.KEY_MISMATCH),
    ("unknown type", sound(headers=headers(ce_type=b"cn.delivery.else.v1")), Reason.UNKNOWN_TYPE),
    ("unknown version", sound(headers=headers(ce_type=b"cn.delivery.acceptance.realname.v2")), Reason.UNKNOWN_VERSION),
    ("unknown version, structured", structured(envelope(type="cn.delivery.security.scan.v12")), Reason.UNKNOWN_VERSION),
    ("data of another type", sound(headers=headers(ce_type=EventType.INSPECTION.encode())), Reason.UNKNOWN_FIELD),
    ("years ago", record(real_name(), at=T0 - 900 * DAY, arrival=T0), Reason.TIME_OUT_OF_RANGE),
    ("years ahead", record(real_name(), at=T0 + 900 * DAY, arrival=T0), Reason.TIME_OUT_OF_RANGE),
    ("foreign courier", sound(topic="intake.orient"), Reason.WRONG_COURIER),
    ("no headers at all", sound(headers=()), Reason.NOT_CLOUDEVENTS),
    ("no headers, array", sound(headers=(), value=b"[]"), Reason.NOT_CLOUDEVENTS),
    ("batch of events", sound(headers=headers(content_type=BATCH)), Reason.NOT_CLOUDEVENTS),
    ("avro", sound(headers=headers(content_type=b"application/avro")), Reason.NOT_CLOUDEVENTS),
    ("specversion 0.3", sound(headers=headers(ce_specversion=b"0.3")), Reason.NOT_CLOUDEVENTS),
    ("specversion 0.3, structured", structured(envelope(specversion="0.3")), Reason.NOT_CLOUDEVENTS),
    ("no specversion", sound(headers=headers(ce_specversion=None)), Reason.MISSING_FIELD),
    ("no type", sound(headers=headers(ce_type=None)), Reason.MISSING_FIELD),
    ("no id", sound(headers=headers(ce_id=None)), Reason.MISSING_FIELD),
    ("no source", sound(headers=headers(ce_source=None)), Reason.MISSING_FIELD),
    ("no time", sound(headers=headers(ce_time=None)), Reason.MISSING_FIELD),
    ("empty id", sound(headers=headers(ce_id=b"")), Reason.INVALID_VALUE),
    ("header without value", sound(headers=[*headers(ce_id=None), ("ce_id", None)]), Reason.INVALID_VALUE),
    ("header not utf-8", sound(headers=headers(ce_id=b"\xff")), Reason.INVALID_ENCODING),
    ("header with nul", sound(headers=headers(ce_source=b"/a\0")), Reason.INVALID_ENCODING),
    ("header twice", sound(headers=[*headers(), ("ce_id", b"x")]), Reason.DUPLICATE_FIELD),
]  # fmt: skip


@pytest.mark.parametrize(("given_record", "expected"), [case[1:] for case in NASTY], ids=[case[0] for case in NASTY])
def test_nasty_input_is_refused_for_its_reason(given_record: Record, expected: Reason) -> None:
    rejected = answer(given_record)
    assert isinstance(rejected, Rejected)
    assert rejected.reason is expected, rejected.detail
    assert 0 < len(rejected.detail) <= 500


def test_limits_are_inclusive_and_settings() -> None:
    limits = Limits.from_settings(Settings(max_record_bytes=1024))
    assert limits == Limits(1024, 7 * DAY, 600_000)
    on_time = [record(real_name(), at=T0, arrival=T0 + 7 * DAY), record(real_name(), at=T0, arrival=T0 - 600_000)]
    late = [record(real_name(), at=T0, arrival=T0 + 7 * DAY + 1), record(real_name(), at=T0, arrival=T0 - 600_001)]
    assert [type(answer(each)) for each in on_time] == [Event, Event]
    assert [reason(each) for each in late] == [Reason.TIME_OUT_OF_RANGE] * 2
    assert [getattr(answer(each), "detail", None) for each in late] == [
        "time: 7 days before arrival, over the limit of 7 days",
        "time: 10 minutes after arrival, over the limit of 10 minutes",
    ]
    assert isinstance(answer(sound(value=value().ljust(65_536))), Event)


def test_topic_prefix_belongs_to_the_installation() -> None:
    prefixed = Decoder(Topics("test."), LIMITS)
    assert isinstance(prefixed.decode(sound(topic="test.intake.swift")), Event)
    assert isinstance(prefixed.decode(sound()), Rejected)


def test_details_name_path_and_rule() -> None:
    wrong = real_name(weight_g=0, sender={"phone": 1}, goods={"name": ""}, verify_method="x", operator="")
    rejected = answer(sound(value=value(wrong)))
    assert isinstance(rejected, Rejected)
    assert "data.sender.phone: must be a string" in rejected.detail
    assert "data.goods.name: must have at least 1 character" in rejected.detail
    assert rejected.detail.endswith("and 2 more")


def test_a_misspelt_field_is_explained_without_repeating_it() -> None:
    data = real_name(weight_g=None)
    rejected = answer(sound(value=value(data | {"weigth_g": 1})))
    assert rejected == Rejected(
        Reason.UNKNOWN_FIELD, "data: unknown field, perhaps weight_g was meant; data.weight_g: required"
    )


TOKEN = "k1." + "A" * 22


@pytest.mark.parametrize(
    ("raw", "token", "changes"),
    [
        ("document_number", "document_token", {"sender": {"document_number": "1234", "document_token": TOKEN}}),
        ("name", "name_token", {"sender": {"name": "王", "name_token": TOKEN}}),
        ("phone", "phone_token", {"sender": {"phone": "1", "phone_token": TOKEN}}),
        ("name", "name_token", {"receiver": {"name": "李", "name_token": TOKEN}}),
        ("phone", "phone_token", {"receiver": {"phone": "1", "phone_token": TOKEN}}),
        (
            "operator_document",
            "operator_document_token",
            {"operator_document": "1234", "operator_document_token": TOKEN},
        ),
    ],
)
def test_a_personal_value_raw_and_as_token_is_refused(raw: str, token: str, changes: dict[str, Any]) -> None:
    part = next(iter(changes))
    place = f"data.{part}" if isinstance(changes[part], dict) else "data"
    wrong = real_name(
        **{name: {"kind": "person"} | each if name == "sender" else each for name, each in changes.items()}
    )
    expected = Rejected(Reason.INVALID_VALUE, f"{place}: {raw} and {token} must not come together, send one of them")
    assert answer(sound(value=value(wrong))) == expected
    assert answer(structured(envelope(data=wrong))) == expected


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
    assert 0 <= first.identity < 2**64


def test_hashes_are_the_same_in_every_process() -> None:
    event = accepted(record(real_name(), event_id="a"))
    assert event.identity == 0x6D0ED86A955DCC86
    keyed = Decoder(Topics(), LIMITS, b"k" * 32).decode(record(real_name(), event_id="a"))
    assert isinstance(keyed, Event)
    assert keyed.content != event.content


def test_rejected_record_keeps_its_headers_and_gains_ours() -> None:
    spoofed = [*headers(ce_id=None), ("pw_reason", b"spoofed")]
    given_record = sound(headers=spoofed, partition=3, offset=81234, timestamp=T0 + 7)
    rejected = answer(given_record)
    assert isinstance(rejected, Rejected)
    sent = rejected_headers(given_record, rejected)
    assert sent[:-6] == headers(ce_id=None)
    ours = RejectedHeaders.model_validate_json(json.dumps({name: raw.decode() for name, raw in sent[-6:]}))
    assert ours == RejectedHeaders(
        pw_reason=Reason.MISSING_FIELD,
        pw_detail="ce_id: required",
        pw_topic="intake.swift",
        pw_partition="3",
        pw_offset="81234",
        pw_rejected_at="2026-11-23T02:00:00.007Z",
    )


@dataclass(frozen=True)
class Canaries:
    """Personal values that must never come back in a detail."""

    number: str = "360426199101010071"
    phone: str = "13800001234"
    name: str = "王小明"

    def all(self) -> tuple[str, ...]:
        return self.number, self.phone, self.name, "zhangxiaoming"


CANARIES = Canaries()
paths = st.lists(
    st.sampled_from(["sender", "receiver", "goods", "place", "weight_g", "operator", "waybill", "courier"]), max_size=3
)
personal = st.sampled_from([*CANARIES.all(), 13800001234, [CANARIES.phone], {CANARIES.name: CANARIES.phone}])


@given(paths, st.sampled_from([*CANARIES.all(), "phone", "name", "id", "document_number"]), personal, st.booleans())
def test_a_detail_never_repeats_a_personal_value(path: list[str], field: str, planted: Any, in_envelope: bool) -> None:
    body = envelope(data=real_name())
    target: Any = body if in_envelope else body["data"]
    for step in path:
        if isinstance(target.get(step), dict):
            target = target[step]
        else:
            target[step] = copy.deepcopy(planted)
    target[field] = copy.deepcopy(planted)
    for given_record in (
        structured(body),
        sound(value=value(body["data"])),
        structured(body, key=CANARIES.phone.encode()),
    ):
        found = answer(given_record)
        if isinstance(found, Rejected):
            ours = rejected_headers(given_record, found)[-6:]
            assert not [raw for raw in CANARIES.all() if raw in found.detail or raw.encode() in repr(ours).encode()]


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
