"""A refusal says in words what is expected, with an example, and repeats no value and no name that could be one."""

from typing import Any

import pytest

from parcelward.contract.countries import COUNTRY_CODES
from parcelward.contract.reasons import Reason
from parcelward.intake.decode import Event, Rejected
from tests.builders import real_name, record
from tests.decoding import answer, envelope, structured


def changed(path: str, value: Any) -> dict[str, Any]:
    data = real_name()
    *parents, last = path.split(".")
    part = data
    for name in parents:
        part = part[name]
    part[last] = value
    return data


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("courier", "SF", "must be a courier code: 2 to 32 of a-z, 0-9 and -, a letter first, as swift"),
        ("waybill", "SF 123", "must be a waybill number: 4 to 35 letters, digits and -, without spaces"),
        ("receiver.region", "杭州市西湖区", "must be a county code of six digits (GB/T 2260)"),
        ("stated_region", "0571", "must be a county code of six digits (GB/T 2260)"),
        ("sender.issuing_country", "China", "must be a country's code (ISO 3166-1) in capitals, as GB or GBR"),
        ("sender.issuing_country", "XX", "must be a country's code"),
        ("sender.issuing_country", "UK", "must be a country's code"),
        ("goods.name", "  ", "must hold more than spaces"),
        ("goods.name", "\u3000\u200b\u00a0", "must hold more than spaces"),
        ("operator", "张 三", "must be a code: 1 to 32 letters, digits, - and _"),
        ("device", "PDA 7741", "must be a device code"),
    ],
)
def test_the_form_is_said_in_words(path: str, value: str, words: str) -> None:
    found = answer(record(changed(path, value)))
    assert isinstance(found, Rejected)
    assert (found.reason, found.detail.partition(": ")[0]) == (Reason.INVALID_VALUE, f"data.{path}")
    assert words in found.detail
    assert "^" not in found.detail
    assert value not in found.detail


@pytest.mark.parametrize("country", COUNTRY_CODES)
def test_each_issuer_of_passports_is_accepted(country: str) -> None:
    assert isinstance(answer(record(changed("sender.issuing_country", country))), Event)


@pytest.mark.parametrize(("name", "meant"), [("lat", "latitude"), ("lng", "longitude"), ("Longitude", "longitude")])
def test_another_word_for_a_field_is_named_everywhere(name: str, meant: str) -> None:
    data = real_name()
    data["place"] = {"latitude": 30.2, "longitude": 120.1, name: 1}
    found = answer(record(data))
    assert isinstance(found, Rejected)
    assert found.detail == f'data.place: unknown field "{name}", perhaps {meant} was meant'


@pytest.mark.parametrize("name", ["13800001234", "王小明", "wangxiaoming", "phonne"])
def test_a_name_that_the_sender_invented_is_named_at_home_only(name: str) -> None:
    data = real_name()
    data["sender"][name] = "x"
    found = answer(record(data))
    assert isinstance(found, Rejected)
    assert name not in found.detail
    assert f'data.sender: unknown field "{name}"' in found.at_home


@pytest.mark.parametrize(
    ("changes", "reason", "detail"),
    [
        (
            {"data_base64": "e30="},
            Reason.INVALID_VALUE,
            "data and data_base64 must not come together, send one of them",
        ),
        ({"data": None, "data_base64": 7}, Reason.WRONG_TYPE, "data_base64: must be a string"),
        ({"data": None, "data_base64": "e3-0="}, Reason.INVALID_VALUE, "data_base64: must be base64 with padding"),
        ({"data": None, "data_base64": "e30"}, Reason.INVALID_VALUE, "data_base64: must be base64 with padding"),
        ({"data": None, "data_base64": "e30="}, Reason.MISSING_FIELD, "data.courier: required"),
        ({"data": None, "data_base64": "eyJ9"}, Reason.INVALID_JSON, ""),
        ({"datacontenttype": "text/xml"}, Reason.INVALID_VALUE, "datacontenttype: must be application/json"),
    ],
    ids=["both", "number", "base64url", "no-padding", "empty-data", "no-json", "xml"],
)
def test_data_that_cannot_be_read_are_refused_by_the_name_of_the_attribute(
    changes: dict[str, Any], reason: Reason, detail: str
) -> None:
    found = answer(structured(envelope(**changes)))
    assert isinstance(found, Rejected)
    assert found.reason is reason
    assert detail in found.detail


def test_a_batch_of_events_is_refused_as_one() -> None:
    found = answer(structured(envelope(), headers=[("content-type", b"application/cloudevents-batch+json")]))
    assert isinstance(found, Rejected)
    assert found.detail == "content-type: a record holds one event; send no batches"


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("weight_g", "1250", "must be a whole number, and is a text; write it without quotation marks"),
        ("weight_g", 1.25, "must be a whole number"),
        ("waybill", 77012, "must be a string: a waybill number: 4 to 35 letters, digits and -"),
        ("receiver.region", 110105, "must be a string: a county code of six digits (GB/T 2260)"),
        ("sender.phone", 13800001234, "must be a string"),
    ],
)
def test_another_type_is_said_in_words_with_the_form_that_is_asked_for(path: str, value: Any, words: str) -> None:
    found = answer(record(changed(path, value)))
    assert isinstance(found, Rejected)
    assert found.reason is Reason.WRONG_TYPE
    assert found.detail.startswith(f"data.{path}: {words}")
    assert str(value) not in found.detail


def test_a_time_that_is_a_number_is_told_the_form_of_a_time() -> None:
    found = answer(structured(envelope() | {"time": 1763861400}))
    assert isinstance(found, Rejected)
    form = "a time with seconds and offset (RFC 3339), as 2026-11-23T09:30:00.000+08:00"
    assert (found.reason, found.detail) == (Reason.WRONG_TYPE, f"time: must be a string: {form}")
