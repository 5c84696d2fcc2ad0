"""Extension attributes that hold a personal value are refused by their name; technical ones pass."""

import json
from typing import Any

import pytest
from typer.testing import CliRunner

from parcelward.cli import app
from parcelward.contract.personal_values import personal_value
from parcelward.contract.reasons import Reason
from parcelward.intake.decode import Decoder, Event, Limits, Rejected
from parcelward.intake.event_file import record_of
from parcelward.publisher import binary_mode
from parcelward.stage import Record
from parcelward.topics import Topics
from tests.builders import T0, moment, real_name

DECODER = Decoder(Topics(), Limits())
PERSONAL = {
    "phone number": [
        "13812349876",
        "138 1234 9876",
        "138-1234-9876",
        "138.1234.9876",
        "1 3 8 1 2 3 4 9 8 7 6",
        "+86 138 1234 9876",
        "+8613812349876",
        "8613812349876",
        "tel:+8613812349876",
        "１３８１２３４９８７６",
        "①③⑧①②③④⑨⑧⑦⑥",
        "customer 13812349876 called",
        "0571-87654321",
        "(0571) 8765 4321",
        "电话 87654321",
        "phone=87654321",
        "+852 9123 4567",
        "+14155550100",
    ],
    "resident ID number": ["11010519491231002X", "110105 19491231 002X", "id=11010519491231002x;"],
    "e-mail address": ["canary.bird@163.com", "<a.b+c@mail.example.cn>"],
    "WeChat id": ["wxid_abc123def", "微信: canary_bird88"],
    "bank card number": ["6222 0212 3456 7890"],
    "Hong Kong identity card number": ["A123456(3)"],
}
TECHNICAL = [
    "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    "00-12345678901234567890123456789012-1380000123456789-01",
    "fw529a3039@dt=FfAI-D,rojo=00f067aa0ba902b7",
    "tenant@vendor=1.2.3",
    "00000000013812349876",
    "0234567890",
    "2026-11-23T10:00:00.138+08:00",
    "1764300000000",
    "1764300000",
    "5f0c7b1e-6a55-4b7e-9a43-0d8f4f3b9b10",
    "13800001-2345-4b7e-9a43-138000012345",
    "SF1380000123456",
    "https://schemas.example.cn/realname/v1/13.json",
    "10.13.138.1",
    "v1.13.0-1764300000",
    "7205759403792793601",
    "Integer",
    "true",
]


def event(**extensions: Any) -> dict[str, Any]:
    head = {"specversion": "1.0", "id": "e1", "source": "/s", "type": "cn.delivery.acceptance.realname.v1"}
    return head | {"time": moment(T0), "data": real_name()} | extensions


def answers(made: dict[str, Any]) -> list[Event | Rejected]:
    """Give the answers in structured and in binary mode, in which `publish` sends."""
    courier, key, value, headers = binary_mode(made)
    structured = record_of(json.dumps(made).encode(), Topics(), at_ms=T0)
    return [DECODER.decode(one) for one in (structured, Record(f"intake.{courier}", 0, 0, T0, key, value, headers))]


@pytest.mark.parametrize(("kind", "value"), [(kind, value) for kind, values in PERSONAL.items() for value in values])
def test_a_personal_value_is_refused_by_the_name_of_its_attribute(kind: str, value: str) -> None:
    for answer, name in zip(answers(event(customerref=value)), ("customerref", "ce_customerref"), strict=True):
        assert isinstance(answer, Rejected), value
        assert answer.reason is Reason.INVALID_VALUE
        assert answer.detail.startswith(f"{name}: holds a person's {kind};")
        assert value not in answer.detail


@pytest.mark.parametrize("value", TECHNICAL)
def test_traces_counters_times_and_codes_pass(value: str) -> None:
    assert personal_value(value) is None
    assert all(isinstance(answer, Event) for answer in answers(event(sequence=value)))


@pytest.mark.parametrize("value", [13812349876, {"a": ["13812349876"]}])
def test_a_value_that_is_no_text_is_looked_at_too(value: Any) -> None:
    answer, _ = answers(event(customerref=value))
    assert isinstance(answer, Rejected)
    assert answer.detail.startswith("customerref: holds a person's phone number")


def test_a_name_that_is_itself_a_number_is_not_repeated() -> None:
    for answer in answers(event(**{"13812349876": "x"})):
        assert isinstance(answer, Rejected)
        assert "13812349876" not in answer.detail


@pytest.mark.parametrize("text", ["a", "1", "a.b@", "+1 ", "tel", "1 2 "])
def test_a_very_long_attribute_is_looked_at_in_its_beginning_only(text: str) -> None:
    assert personal_value(text * 1_000_000 + " 13812349876") is None
    assert personal_value("13812349876 " + text * 1_000_000) == "phone number"


def test_null_is_no_attribute() -> None:
    assert all(isinstance(answer, Event) for answer in answers(event(customerref=None)))


def test_validate_says_what_the_service_would_say() -> None:
    result = CliRunner().invoke(app, ["validate", "-"], input=json.dumps(event(customerref="138 1234 9876")).encode())
    assert result.exit_code == 1
    assert "invalid_value: customerref: holds a person's phone number" in result.stdout
    assert "9876" not in result.stdout
