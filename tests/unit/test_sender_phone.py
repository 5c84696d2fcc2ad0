"""A rule can ask what was given as the sender's phone; the built-in rules accuse nobody by it."""

from typing import Any

import msgspec
import pytest

from parcelward.features.table import INDEX
from parcelward.identity.phones import PhoneCheck
from parcelward.rules.lint import value_fault
from parcelward.shipments.shipment import RealNameEntry, decode_shipment, encode, ledger_key
from tests.builders import feed_all, pipeline, real_name, record, rules_of

WAYBILL = "SF0000000000001"
TOKEN = "demo." + "A" * 22
NO_RAW_PHONE: dict[str, Any] = {"phone": None}


@pytest.mark.parametrize(
    ("sender", "check"),
    [
        ({"phone": "13800001234"}, "line"),
        ({"phone": "0571-87654321"}, "line"),
        ({"phone": "+14155550100"}, "line"),
        ({"phone": "13800001234-5678"}, "lent"),
        ({"phone": "无"}, "no_phone"),
        ({"phone": "138****1234"}, "no_phone"),
        ({"phone": "00000000000"}, "no_phone"),
        (NO_RAW_PHONE, None),
        (NO_RAW_PHONE | {"phone_token": TOKEN}, "line"),
        (NO_RAW_PHONE | {"phone_mask": "****"}, "no_phone"),
        (NO_RAW_PHONE | {"phone_mask": "138****1234"}, "lent"),
    ],
)
def test_a_rule_can_ask_what_was_given_as_the_phone(sender: dict[str, Any], check: str | None) -> None:
    result = feed_all(pipeline(), [record(real_name(sender=sender))])
    assert result.rows[0].row[INDEX["sender_phone_check"]] == check
    assert rules_of(result) == []


def test_lint_knows_the_values() -> None:
    assert [value_fault("sender_phone_check", check.value) for check in PhoneCheck] == [None] * len(PhoneCheck)
    assert "did you mean 'no_phone'" in str(value_fault("sender_phone_check", "nophone"))


def test_an_entry_of_an_earlier_version_does_not_know_and_one_of_today_is_read_there() -> None:
    line = pipeline()
    feed_all(line, [record(real_name(sender={"phone": "无"}))])
    value = line.cells["duties"][0].state[ledger_key("swift", WAYBILL)]
    entry = decode_shipment(value).real_name
    assert entry is not None
    assert entry.phone_check == "no_phone"
    place = RealNameEntry.__struct_fields__.index("phone_check")
    *earlier, check = msgspec.msgpack.decode(encode(entry))[: place + 1]
    assert (check, len(earlier)) == ("no_phone", place)
    read = msgspec.msgpack.decode(encode(earlier), type=RealNameEntry)
    assert read == msgspec.structs.replace(entry, phone_check=None)


def test_a_resent_event_is_a_duplicate_of_an_entry_of_an_earlier_version() -> None:
    line, sent = pipeline(), [record(real_name(), event_id=name) for name in ("first", "again")]
    feed_all(line, sent[:1])
    state, key = line.cells["duties"][0].state, ledger_key("swift", WAYBILL)
    shipment = decode_shipment(state[key])
    assert shipment.real_name is not None
    shipment.real_name = msgspec.structs.replace(shipment.real_name, phone_check=None)
    state[key] = encode(shipment)
    result = feed_all(line, sent[1:])
    assert (result.rows, result.alerts) == ([], [])
