"""Decoding: everything that breaks the contract is refused for a stated reason, with a detail that repeats no value."""

import copy
import json
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parcelward.contract.alerts import RejectedHeaders
from parcelward.contract.events import EventType
from parcelward.contract.reasons import Reason
from parcelward.intake.decode import Rejected, rejected_headers
from parcelward.stage import Record
from tests.builders import DAY, T0, inspection, real_name, record
from tests.decoding import TOKEN, answer, envelope, headers, sound, structured, swapped, value

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
    ("header without value", sound(headers=[*headers(ce_id=None), ("ce_id", None)]), Reason.MISSING_FIELD),
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
    assert isinstance(rejected, Rejected)
    assert rejected.reason is Reason.UNKNOWN_FIELD
    assert rejected.detail == "data: unknown field, perhaps weight_g was meant; data.weight_g: required"


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
