"""A code that is a person's number is refused by name; waybills of real couriers never are."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parcelward.contract.person_numbers import person_number
from parcelward.contract.reasons import Reason
from parcelward.intake.decode import Decoder, Event, Limits, Rejected
from parcelward.intake.event_file import record_of
from parcelward.topics import Topics

PHONE, RESIDENT = "13812349876", "11010519491231002X"
NOW_MS = 1_795_400_000_000
DECODER = Decoder(Topics(), Limits())

REAL_WAYBILLS = [
    "SF1234567890123",
    "SF1380000123456",
    "123456789012",
    "138000012345",
    "YT6900634716900",
    "78636098066239",
    "771234567890123",
    "268123456789",
    "STO1234567890",
    "5301156237108",
    "8613800001234",
    "JT0006968326954",
    "EB000717618HK",
    "9889510569807",
    "1012345678901",
    "DPK364000001234",
    "JD0012345678901",
    "JDVA12345678901",
    "JD0012345678901-1-1-",
    "1234567890",
    "138000012345678",
    "13800001",
]


def real_name(**changes: Any) -> dict[str, Any]:
    data: dict[str, Any] = {
        "courier": "swift",
        "waybill": "SF1",
        "outlet": "HZ-01",
        "operator": "E1",
        "sender": {"kind": "person"},
        "receiver": {},
        "goods": {"name": "书"},
        "weight_g": 1,
        "verify_method": "nfc",
    }
    return event("realname", data | {"waybill": "SF01"} | changes)


def inspection(**changes: Any) -> dict[str, Any]:
    data = {"courier": "swift", "waybill": "SF01", "outlet": "HZ-01", "operator": "E1"}
    return event("inspection", data | {"opened": True, "result": "passed", "mark_applied": True} | changes)


def scan(**changes: Any) -> dict[str, Any]:
    data = {"courier": "swift", "waybill": "SF01", "site": "HZ-01", "operator": "E1", "machine": "M1"}
    return event("scan", data | {"decision": "pass"} | changes)


def event(kind: str, data: dict[str, Any]) -> dict[str, Any]:
    name = {"scan": "cn.delivery.security.scan.v1"}.get(kind, f"cn.delivery.acceptance.{kind}.v1")
    head = {"specversion": "1.0", "id": "e1", "source": "/s", "type": name, "time": "2026-11-23T10:00:00+08:00"}
    return head | {"data": data}


def decoded(made: dict[str, Any]) -> Event | Rejected:
    return DECODER.decode(record_of(json.dumps(made).encode(), Topics(), at_ms=1_795_399_200_000))


@pytest.mark.parametrize("number", [PHONE, RESIDENT])
@pytest.mark.parametrize(
    ("field", "make"),
    [
        ("id", lambda number: real_name() | {"id": number}),
        ("id", lambda number: scan() | {"id": number}),
        ("data.waybill", lambda number: real_name(waybill=number)),
        ("data.operator", lambda number: real_name(operator=number)),
        ("data.outlet", lambda number: inspection(outlet=number)),
        ("data.device", lambda number: inspection(device=number)),
        ("data.corrects", lambda number: real_name(corrects=number)),
        ("data.sender.agreement_id", lambda number: real_name(sender={"kind": "agreement", "agreement_id": number})),
        ("data.operator", lambda number: scan(operator=number)),
        ("data.site", lambda number: scan(site=number)),
        ("data.machine", lambda number: scan(machine=number)),
    ],
)
def test_a_code_that_is_a_persons_number_is_refused_by_its_name(field: str, make: Any, number: str) -> None:
    answer = decoded(make(number))
    assert isinstance(answer, Rejected)
    assert answer.reason is Reason.INVALID_VALUE
    assert answer.detail.startswith(f"{field}: is a person's")
    assert number not in answer.detail


@pytest.mark.parametrize("made", [real_name(), inspection(device="D1"), scan()])
def test_ordinary_codes_are_accepted(made: dict[str, Any]) -> None:
    assert isinstance(decoded(made), Event)


@pytest.mark.parametrize("waybill", REAL_WAYBILLS)
def test_waybills_of_real_couriers_are_accepted(waybill: str) -> None:
    assert person_number(waybill) is None
    assert isinstance(decoded(real_name(waybill=waybill)), Event)


@pytest.mark.parametrize(
    "code",
    [
        "138-1234-9876",
        "110105-19491231-002X",
        "11010519491231002x",
        "138/1234/9876",
        "138~1234~9876",
        "(138)1234-9876",
        "1-3-8-1-2-3-4-9-8-7-6",
        "+8613812349876",
        "+86-138-1234-9876",
        "(+86)13812349876",
        "008613812349876",
    ],
)
def test_signs_between_the_digits_hide_nothing(code: str) -> None:
    assert person_number(code) is not None


@pytest.mark.parametrize(
    "code", ["110105194912310021", "110105194902310028", "000000000000000000", "990105194912310021"]
)
def test_a_resident_number_needs_all_its_proofs(code: str) -> None:
    assert person_number(code) is None


@given(st.text(st.sampled_from("0123456789X-_.:E"), min_size=1, max_size=35))
def test_any_code_gets_an_answer(code: str) -> None:
    assert person_number(code) in (None, "phone number", "resident ID number")
