"""Readers: the contract compiled for the hot path accepts what the pydantic models accept, with the same values."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec import Struct, structs
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from parcelward.contract.events import EVENT_MODELS
from parcelward.intake import plans
from parcelward.intake.compiled_reader import IN_DOUBT, REMEMBERED, KnownCodes, reader_of
from parcelward.intake.event import RealNameData
from parcelward.intake.plans import UNREADABLE
from parcelward.simulate import Plan, Simulation, malformed
from tests.builders import GOOD_ID, heartbeat, inspection, real_name, scan
from tests.decoding import TOKEN

PLANS = {plan.event_type: plan for plan in plans.PLANS.values()}
SHA = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
WHEN = "2026-11-23T09:30:00.123+08:00"
PLACE = {"latitude": 30.5, "longitude": -120}
RAW = real_name(
    operator_document=GOOD_ID,
    device="PDA:1",
    fill_mode="backfill",
    corrects="e-0",
    sender={"agreement_id": "AG-1"},
    receiver={"name": "李华"},
    goods={"nature": "food", "quantity": 2, "declared_value_cny": 3, "dangerous_declared": True},
    transport_mode="air",
    stated_region="330106",
    address_difference_recorded=True,
)
MADE = RAW | {
    "operator_document": None,
    "operator_document_token": TOKEN,
    "sender": {
        "kind": "person",
        "document_token": TOKEN,
        "document_mask": "3****0071",
        "document_check": "valid",
        "name_token": TOKEN,
        "name_mask": "王*",
        "phone_token": TOKEN,
        "phone_mask": "138****1234",
    },
    "receiver": {"name_token": TOKEN, "phone_token": TOKEN},
}
INSPECTED = inspection(
    device="PDA-1",
    fill_mode="online",
    corrects="e-0",
    started_at=WHEN,
    sealed_at="2026-11-23T01:30:59Z",
    found_goods="书",
    found_category="05",
    weight_g=900,
    photos=[{"sha256": SHA, "phash": SHA[:16], "taken_at": WHEN, "place": PLACE}, {"sha256": SHA}],
    place=PLACE,
)
SCANNED = scan(image_sha256=SHA, labels=["lighter", "a:b"], judged_ms=0, mark_applied=False)
WHOLE = {"raw": RAW, "made": MADE, "inspection": INSPECTED, "scan": SCANNED, "heartbeat": heartbeat("HZ-01")}
LEAST = {"raw": real_name(), "inspection": inspection(), "scan": scan(), "heartbeat": heartbeat()}
KIND_OF = dict(zip(LEAST, EVENT_MODELS, strict=True)) | {"made": next(iter(EVENT_MODELS))}


def by_reader(kind: str, value: bytes) -> Any:
    """Read with the reader; None when it is in doubt. Its number of colons must be right."""
    reader = PLANS[KIND_OF[kind]].reader
    try:
        data = reader.parse(value)
    except UNREADABLE:
        return None
    colons = reader.complete(data)
    assert colons <= value.count(b":")
    return None if colons == IN_DOUBT else data


def by_model(kind: str, value: bytes) -> Any:
    """Read with the pydantic model, as the reader would; None when it refuses."""
    plan = PLANS[KIND_OF[kind]]
    try:
        return plan.reader.of_model(plan.validate_data(value))
    except ValidationError:
        return None


def whole(body: Any) -> Any:
    """A JSON value with integers for all integer-valued numbers."""
    if isinstance(body, dict):
        return {name: whole(part) for name, part in body.items()}
    if isinstance(body, list):
        return [whole(part) for part in body]
    return int(body) if isinstance(body, float) and body.is_integer() else body


def assert_agree(kind: str, value: bytes) -> bool:
    """Tell whether both accept; fails when they differ in that, or in any value or its type.

    A whole number written as 1250.0 or 125e1 is the one thing that a reader leaves to the model although it is right.
    """
    read, judged = by_reader(kind, value), by_model(kind, value)
    if read is None and judged is not None:
        read = by_reader(kind, json.dumps(whole(json.loads(value))).encode())
    assert repr(read) == repr(judged), value
    return read is not None


def fields_of(body: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to every field and entry of a JSON value."""
    for step, part in body.items() if isinstance(body, dict) else enumerate(body) if isinstance(body, list) else ():
        yield (*way, step)
        yield from fields_of(part, (*way, step))


def put(body: Any, way: tuple[Any, ...], text: str) -> bytes:
    """The JSON text of `body` with the value at the end of `way` replaced by `text`."""
    copy = json.loads(json.dumps(body))
    target = copy
    for step in way[:-1]:
        target = target[step]
    target[way[-1]] = "@@"
    return json.dumps(copy, ensure_ascii=False).replace('"@@"', text, 1).encode("utf-8", "surrogatepass")


NUMBERS = (
    *("0", "-0", "-0.0", "1", "1.0", "1e2", "1E2", "1.5", "10e-1", "1e999", "-1e999", "1e-999", "5e-324", "01", "+1"),
    *("1.", ".5", "-", "1e", "1e+", "0x1", "1_0", "NaN", "Infinity", "-Infinity", "-1", "90", "90.0"),
    *("90.00000000000001", "-90", "-180", "180", "180.1", "100000", "100001", "2000000", "2000001"),
    *("3600000", "3600001"),
    *("100000000", "100000000.1", "0.1"),
    *("18446744073709551616", "9223372036854775808", "123456789012345678e-12", "0.1", "30.2741", "1" + "0" * 400),
    *("9" * 5000, "0." + "1" * 900),
)  # fmt: skip
TEXTS = [
    json.dumps(text, ensure_ascii=False)
    for text in (
        "", " ", "a", "A", "_", "a ", " a", "a\u00a0", "１２３４", "٣٣٠١٠٦", "a" * 32, "a" * 33, "a" * 35, "a" * 36,
        "书" * 200, "书" * 201, "😀" * 40, "😀" * 41, "é" * 64, "é" * 65, "\ufeff", "e\u0301", "\u2028",
        "ſ", "K", "online", "Online", "valid", "05", "13", "swift", "SWIFT", "330106", "SF-1",
        "****", "1****", "1234****", "王小*", "*", "王*\u0301", TOKEN, TOKEN.upper(), TOKEN[:-1], TOKEN + "=",
        SHA, SHA.upper(), SHA[:16], SHA + "0", WHEN, WHEN.lower(), WHEN.replace("T", " "), WHEN[:-6], WHEN[:10],
        WHEN.replace("+08:00", "Z"), WHEN.replace("+08:00", "z"),
        WHEN.replace("+08:00", "-00:00"), WHEN.replace("+08:00", "+24:00"), WHEN.replace("+08:00", "+0800"),
        WHEN.replace(".123", ",123"), WHEN.replace(".123", ".1234567890"), WHEN.replace(".123", ".123456789"),
        WHEN.replace("30:00", "30:60"), WHEN.replace("-23T", "-31T"), WHEN.replace("11-23", "02-29"),
        WHEN.replace("2026", "0000"), WHEN.replace("2026", "0001"), WHEN.replace("2026", "9999"), "1795397400",
    )
]  # fmt: skip
NASTY = [
    *NUMBERS,
    *TEXTS,
    *(text[:-1] + r"\n" + '"' for text in TEXTS),
    *("true", "false", "null", "True", "1true", "nullx", "[]", "{}", "[[]]", '["a"]', "[1]", "[null]", '{"a":1}', ""),
    *(r'"\u0000"', r'"\ud800"', r'"\udfffa"', r'"\ud83d\ude00"', r'"\/"', r'"\a"', r'"\u00"', '"\x01"', '"\x7f"', '"'),
    json.dumps([{"sha256": SHA}] * 8),
    json.dumps([{"sha256": SHA}] * 9),
    json.dumps(["a" * 40] * 16),
    json.dumps(["a" * 41]),
    json.dumps(["a"] * 17),
]


@pytest.mark.parametrize("kind", WHOLE)
def test_whole_and_least_events_are_read(kind: str) -> None:
    assert assert_agree(kind, json.dumps(WHOLE[kind]).encode())
    assert kind not in LEAST or assert_agree(kind, json.dumps(LEAST[kind]).encode())


@pytest.mark.parametrize("kind", WHOLE)
def test_every_value_in_every_field_is_judged_alike(kind: str) -> None:
    body = WHOLE[kind]
    ways = list(fields_of(body))
    answers = [assert_agree(kind, put(body, way, text)) for way in ways for text in NASTY]
    assert len(ways) >= 2
    assert answers.count(True) > len(ways)  # some of it fits somewhere, so that values are compared as well
    assert answers.count(False) > len(answers) / 2


@pytest.mark.parametrize("kind", WHOLE)
def test_missing_added_and_repeated_fields_are_judged_alike(kind: str) -> None:
    for way in fields_of(WHOLE[kind]):
        copy = json.loads(json.dumps(WHOLE[kind]))
        target = copy
        for step in way[:-1]:
            target = target[step]
        saved = target.pop(way[-1])
        assert_agree(kind, json.dumps(copy).encode())
        if isinstance(target, dict):
            target[f"{way[-1]}_"] = saved
            assert not assert_agree(kind, json.dumps(copy).encode())


@given(st.sampled_from(sorted(WHOLE)), st.data())
def test_any_text_and_number_is_judged_alike(kind: str, data: st.DataObject) -> None:
    way = data.draw(st.sampled_from(list(fields_of(WHOLE[kind]))))
    text = data.draw(
        st.text(max_size=70).map(json.dumps)
        | st.text("0aA_-.:*+TZ\n 书", max_size=40).map(json.dumps)
        | st.integers().map(str)
        | st.floats().map(repr)
        | st.from_regex(r"-?[0-9]{1,22}(\.[0-9]{1,22})?([eE][+-]?[0-9]{1,3})?", fullmatch=True)
        | st.datetimes(timezones=st.just(UTC)).map(lambda moment: json.dumps(moment.isoformat()))
    )
    assert_agree(kind, put(WHOLE[kind], way, text))


@given(st.sampled_from(sorted(WHOLE)), st.integers(0, 900), st.binary(max_size=4), st.integers(0, 6))
@example("raw", 0, b" \n\t\r", 0)
@example("raw", 0, b"\xef\xbb\xbf", 0)
def test_damaged_events_are_judged_alike(kind: str, at: int, new: bytes, removed: int) -> None:
    text = json.dumps(WHOLE[kind], ensure_ascii=False).encode()
    assert_agree(kind, text[:at] + new + text[at + removed :])


def test_simulated_events_are_all_read_and_the_malformed_judged_alike() -> None:
    start = datetime(2026, 11, 1, tzinfo=UTC)
    names = {event_type: kind for kind, event_type in KIND_OF.items()}
    sound = [event.envelope for event in Simulation(Plan(waybills_per_day=600, start=start)).events()]
    assert len(sound) > 1000
    assert all(assert_agree(names[body["type"]], orjson.dumps(body["data"])) for body in sound)
    for body in sound:  # what the colons are counted for: nothing more needs to be looked at
        reader, value = PLANS[KIND_OF[names[body["type"]]]].reader, orjson.dumps(body["data"])
        assert reader.complete(reader.parse(value)) == value.count(b":")
    for record, _ in zip(malformed(("swift",), start), range(60), strict=False):
        for kind in WHOLE:
            assert_agree(kind, record.value or b"")


def test_examples_of_the_contract_are_judged_alike() -> None:
    found = sorted(Path(__file__).parents[2].glob("schemas/examples/*/*/*.json"))
    answers = [
        assert_agree(kind, json.dumps(body["data"]).encode())
        for path in found
        if isinstance(body := json.loads(path.read_text("utf-8")), dict) and "data" in body
        for kind in WHOLE
    ]
    assert True in answers
    assert False in answers


class _Loose(BaseModel):
    model_config = ConfigDict(strict=True)
    name: str


class _Constant(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")
    name: Literal["a"]


class _Multiple(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")
    name: int = Field(multiple_of=5)


class _Name(Struct, frozen=True, gc=False):
    name: str


@pytest.mark.parametrize("model", [_Loose, _Constant, _Multiple])
def test_what_a_reader_cannot_check_is_refused_at_import(model: type[BaseModel]) -> None:
    with pytest.raises(TypeError, match="contract"):
        reader_of(model, {model.__name__: _Name})


def test_structs_have_the_fields_of_the_contract() -> None:
    model = next(iter(EVENT_MODELS.values())).model_fields["data"].annotation
    with pytest.raises(TypeError, match="does not have the fields"):
        reader_of(model, {"RealName": _Name})  # type: ignore[arg-type]


def test_accepted_values_are_plain_and_out_of_the_collector() -> None:
    data = by_reader("raw", json.dumps(RAW).encode())
    assert isinstance(data, RealNameData)
    assert {type(value) for value in structs.asdict(data.goods).values()} == {str, int, float, bool}
    assert type(data.fill_mode) is str


def test_codes_are_remembered_up_to_a_bound() -> None:
    codes = KnownCodes("^[a-z0-9]{1,9}$")
    assert not codes.add_if_fits("a\n")
    assert all(codes.add_if_fits(str(number)) for number in range(REMEMBERED + 5))
    assert len(codes.known) == 5
