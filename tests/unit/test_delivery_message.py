"""A record becomes one webhook: the same id whenever it is sent, its own bytes, and only what a receiver wants."""

import json
from pathlib import Path
from typing import Any

import pytest

from parcelward.contract.alerts import Severity
from parcelward.contract.instructions import INSTRUCTION_TYPE
from parcelward.delivery.message import Message, Wanted, message_of

ROOT = Path(__file__).parents[2]
EXAMPLE = next((ROOT / "schemas" / "examples" / "alert" / "valid").glob("*.json")).read_bytes()


def alert(**changed: Any) -> bytes:
    return json.dumps(json.loads(EXAMPLE) | changed, ensure_ascii=False).encode()


def message(topic: str, value: bytes, *headers: tuple[str, str]) -> Message:
    made = message_of(topic, value, [(name, text.encode()) for name, text in headers])
    assert made is not None
    return made


def event(event_id: str) -> tuple[tuple[str, str], ...]:
    return ("ce_id", event_id), ("ce_type", INSTRUCTION_TYPE), ("ce_time", "2026-11-23T01:30:00.000+00:00")


def test_an_alert_goes_out_with_its_type_its_time_and_its_own_bytes() -> None:
    made = message("alerts", EXAMPLE)
    said = json.loads(made.body)
    assert made.id == f"alerts:{said['data']['alert_id']}:{said['data']['revision']}"
    assert said == {
        "type": "cn.delivery.alert.raised.v1",
        "timestamp": said["data"]["raised_at"],
        "data": json.loads(EXAMPLE),
    }
    assert made.body.endswith(EXAMPLE + b"}")


def test_each_revision_and_each_topic_has_an_id_of_its_own() -> None:
    of_alert = [message("alerts", alert(alert_id="a", revision=revision)).id for revision in (1, 2)]
    of_events = [message(topic, b"{}", *event("a:1")).id for topic in ("instructions.swift", "referrals", "cases")]
    assert [*of_alert, *of_events] == ["alerts:a:1", "alerts:a:2", "instructions:a:1", "referrals:a:1", "cases:a:1"]


def test_an_event_keeps_its_type_and_time() -> None:
    said = json.loads(message("instructions.swift", b'{"waybill":"SF1"}', *event("a:3")).body)
    assert said == {
        "type": INSTRUCTION_TYPE,
        "timestamp": "2026-11-23T01:30:00.000+00:00",
        "data": {"waybill": "SF1"},
    }


@pytest.mark.parametrize("event_id", ["a.1", "a b", "甲", "a\r\nwebhook-id: b", "x" * 200])
def test_an_id_that_could_break_the_signature_or_a_header_is_hashed(event_id: str) -> None:
    made = message("cases", b"{}", *event(event_id))
    assert made.id.startswith("cases:sha256:")
    assert "." not in made.id
    assert made.id != message("cases", b"{}", *event(event_id + "x")).id


@pytest.mark.parametrize(
    ("topic", "value", "headers"),
    [
        ("alerts", b"{", ()),
        ("alerts", b"[]", ()),
        ("alerts", b'{"alert_id":"a"}', ()),
        ("alerts", EXAMPLE + b"{}", ()),
        ("alerts", EXAMPLE.replace(b"reinspect", b"\xff\xff", 1), ()),
        ("cases", b"{}", ()),
        ("cases", b"no json", event("a:1")),
        ("cases", b"[" * 5000, event("a:1")),
        ("alerts", EXAMPLE.rstrip()[:-1] + b',"x":' + b"[" * 5000, ()),
    ],
    ids=["cut", "no object", "fields missing", "two values", "no utf-8", "no headers", "event that is no json",
         "brackets without end", "brackets in an alert"],
)  # fmt: skip
def test_what_is_no_record_of_ours_is_no_message(
    topic: str, value: bytes, headers: tuple[tuple[str, str], ...]
) -> None:
    assert message_of(topic, value, [(name, text.encode()) for name, text in headers]) is None


@pytest.mark.parametrize("name", ["ce_id", "ce_type", "ce_time"])
def test_a_header_without_a_value_makes_no_message(name: str) -> None:
    """Kafka allows it, and the client gives None for it, whatever its types say."""
    headers: list[Any] = [(one, None if one == name else text.encode()) for one, text in event("a:1")]
    assert message_of("cases", b"{}", headers) is None


SEVERE = [{"severity": "critical"}]


@pytest.mark.parametrize(
    ("changed", "passes"),
    [
        ({"lane": "red", "findings": SEVERE}, True),
        ({"lane": "yellow", "findings": SEVERE}, False),
        ({"lane": "red", "findings": [{"severity": "medium"}]}, False),
        ({"lane": "red", "findings": [], "found_before": SEVERE}, True),
        ({"lane": "red", "findings": [{"severity": "low"}], "found_before": [{"severity": None}]}, True),
        ({"lane": "red", "findings": []}, True),
    ],
    ids=["both", "lane", "severity", "cleared", "severity then unknown", "nothing found any more"],
)
def test_a_receiver_hears_of_what_it_asked_for_and_of_its_end(changed: dict[str, Any], passes: bool) -> None:
    wanted = Wanted(frozenset({"red"}), Severity.HIGH)
    assert wanted.passes(message("alerts", alert(**changed))) is passes


def test_whatever_is_no_alert_passes() -> None:
    assert Wanted(frozenset({"red"}), Severity.CRITICAL).passes(message("cases", b"{}", *event("a:1")))
