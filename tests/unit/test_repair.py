"""A refused record comes back as an event on one line: nothing of it is lost, sorted out or believed."""

import json
import time
from base64 import b64decode
from pathlib import Path
from typing import Any

import pytest

from parcelward.contract.reasons import Reason
from parcelward.identity.tokens import Tokeniser
from parcelward.intake.decode import Decoder, Event, Limits, Rejected
from parcelward.intake.event_file import record_of
from parcelward.intake.repair import NoEvent, repairable
from parcelward.publisher.binary_mode import binary_mode
from parcelward.publisher.check import Check
from parcelward.publisher.record_bytes import parts_of
from parcelward.settings import Settings
from parcelward.stage import Record
from parcelward.topics import Topics
from tests.builders import T0, moment, real_name

DECODER = Decoder(Topics(), Limits())
POSITION = "intake.swift/3/81234"
STRUCTURED = ("content-type", b"application/cloudevents+json; charset=utf-8")
EVENT: dict[str, Any] = {
    "specversion": "1.0",
    "id": "e-1",
    "source": "/couriers/swift",
    "type": "cn.delivery.acceptance.realname.v1",
    "time": moment(T0),
    "data": real_name(),
}


def decoded(line: str) -> Event | Rejected:
    return DECODER.decode(record_of(line.encode(), Topics(), at_ms=T0))


def test_a_binary_record_is_put_together_and_says_the_same() -> None:
    courier, key, value, headers = binary_mode(EVENT)
    sent = DECODER.decode(Record(f"intake.{courier}", 3, 81234, T0, key, value, headers))
    event = repairable(value, [*headers, ("pw_reason", b"wrong_type")], POSITION)
    assert isinstance(event, str)
    assert json.loads(event)["repairof"] == POSITION
    again = decoded(event)
    assert isinstance(again, Event)
    assert isinstance(sent, Event)
    assert (again.id, again.identity, again.time_ms, again.data) == (sent.id, sent.identity, sent.time_ms, sent.data)


@pytest.mark.parametrize("indent", [None, 2], ids=["one-line", "several-lines"])
def test_a_structured_record_comes_back_on_one_line_as_it_was_written(indent: int | None) -> None:
    text = json.dumps(EVENT, indent=indent, ensure_ascii=False)
    event = repairable(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode(), [STRUCTURED], POSITION)
    assert isinstance(event, str)
    assert not {"\n", "\r"} & set(event)
    assert json.loads(event) == EVENT | {"repairof": POSITION}
    assert isinstance(decoded(event), Event)


@pytest.mark.parametrize(
    ("value", "headers", "kept"),
    [
        (b'{"id": "a", "id": "b"}', [STRUCTURED], '"id": "a", "id": "b"'),
        (b'{"weight_g": NaN}', [("ce_id", b"a"), ("ce_id", b"b")], '"id": "a", "id": "b", "data": {"weight_g": NaN}'),
        (b'{"weight_g": 1250.000, "n": 99999999999999999999}', [], '"weight_g": 1250.000, "n": 99999999999999999999'),
        (b"[1]", [("ce_id", b"a")], '"id": "a", "data": [1]'),
        (b"{}", [("ce_id", b"a"), ("content-type", b"text/xml")], '"id": "a", "datacontenttype": "text/xml"'),
        ('{"name": "\\ud800 羽"}'.encode(), [], '"name": "\\ud800 羽"'),
        (b"{ }", [], "{"),
        (b"{}", [("ce_source", None), ("traceparent", b"\xff")], "{"),
    ],
)
def test_what_was_wrong_stands_there_to_be_mended(
    value: bytes, headers: list[tuple[str, bytes | None]], kept: str
) -> None:
    event = repairable(value, headers, POSITION)
    assert isinstance(event, str)
    assert kept in event
    assert json.loads(event)["repairof"] == POSITION


@pytest.mark.parametrize(
    ("value", "headers", "why"),
    [
        (None, [], "the record has no value"),
        (None, [("pw_value_bytes", b"50000000")], "the value was too large to be kept"),
        (b"", [("ce_id", b"a")], "the value is not JSON"),
        (b'{"id": "a"', [], "the value is not JSON"),
        (b"\xff{}", [], "the value is not JSON"),
        (b'{"name": "a\nb"}', [], "the value is not JSON"),
        (b"[" * 100_000, [], "the value is not JSON"),
        (b'["batch"]', [("content-type", b"application/cloudevents-batch+json")], "the value is JSON, but no object"),
        (b"{}", [("ce_id", b"\xff")], "a header of the event is not UTF-8"),
    ],
)
def test_what_is_no_event_says_why(value: bytes | None, headers: list[tuple[str, bytes | None]], why: str) -> None:
    assert repairable(value, headers, POSITION) == NoEvent(why)


def test_an_event_that_is_refused_again_keeps_its_first_link() -> None:
    first = "intake.swift/0/7"
    structured = repairable(json.dumps({"repairof": first}).encode(), [], POSITION)
    binary = repairable(b"{}", [("ce_repairof", first.encode())], POSITION)
    for event in (structured, binary):
        assert isinstance(event, str)
        assert event.count("repairof") == 1
        assert json.loads(event)["repairof"] == first


def test_every_refused_example_comes_back_with_its_fault() -> None:
    """Sent unmended, it is refused for the same reason, unless key or time were to blame."""
    found = 0
    for path in Path(__file__).parents[2].glob("schemas/examples/*/invalid/*.json"):
        written = json.loads(path.read_text())
        reason = Reason(path.stem.split("-")[0])
        if "value_base64" not in written or reason in (Reason.MISSING_KEY, Reason.TOO_LARGE):
            continue
        value = None if written["value_base64"] is None else b64decode(written["value_base64"])
        event = repairable(value, [(name, b64decode(said)) for name, said in written["headers"]], POSITION)
        if isinstance(event, str):
            answer = DECODER.decode(record_of(event.encode(), Topics(), courier="swift", at_ms=written["timestamp"]))
            found += isinstance(answer, Rejected) and answer.reason is reason
    assert found >= 5


@pytest.mark.parametrize("tokenised", [False, True], ids=["raw", "tokenised"])
def test_the_publisher_passes_the_link_on(tokenised: bool) -> None:
    settings = Settings()
    check = Check(settings, Tokeniser.from_settings(settings) if tokenised else None)
    mended = EVENT | {"repairof": POSITION, "time": moment(int(time.time() * 1000))}
    for checked in (check.event(mended), check.text(json.dumps(mended).encode())):
        _, _, headers = parts_of(checked.body.bytes)
        assert ("ce_repairof", POSITION.encode()) in headers


@pytest.mark.parametrize(
    "link", ["13800001234", "intake.swift/3", "intake.swift/3/-1", "rejected.swift/3/1", "intake.swift/3/1 ", ""]
)
def test_a_link_of_another_form_is_refused_in_both_modes(link: str) -> None:
    structured = decoded(json.dumps(EVENT | {"repairof": link}))
    courier, key, value, headers = binary_mode(EVENT | {"repairof": link})
    binary = DECODER.decode(Record(f"intake.{courier}", 0, 0, T0, key, value, headers))
    wording = "must be where the refused record was: topic/partition/offset, as intake.swift/3/81234"
    assert structured == Rejected(Reason.INVALID_VALUE, f"repairof: {wording}")
    assert binary == Rejected(Reason.INVALID_VALUE, f"ce_repairof: {wording}")
