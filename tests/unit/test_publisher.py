"""From a structured event to what is sent: courier, key, value and headers, or why it cannot be addressed."""

import json
from typing import Any

import pytest

from parcelward.contract.events import RealNameEvent
from parcelward.contract.reasons import Reason
from parcelward.intake.decode import Decoder
from parcelward.publisher import InvalidEvent, NotDelivered, NoTopic, binary_mode
from parcelward.publisher.check import Check
from parcelward.settings import Settings
from parcelward.stage import Record
from tests.builders import T0
from tests.decoding import accepted, envelope

EVENT: dict[str, Any] = {
    "specversion": "1.0",
    "id": "e-1",
    "source": "/couriers/swift",
    "type": "cn.delivery.acceptance.inspection.v1",
    "time": "2026-11-23T09:30:00.000+08:00",
    "datacontenttype": "application/json",
    "data": {"courier": "swift", "waybill": "SF0001", "opened": True},
}
SOUND = envelope()


def with_data(**changes: Any) -> dict[str, Any]:
    return {**EVENT, "data": {**EVENT["data"], **changes}}


def test_attributes_become_headers_and_data_the_value() -> None:
    courier, key, value, headers = binary_mode(EVENT | {"subject": "SF0001", "traceparent": None})
    assert (courier, key) == ("swift", b"SF0001")
    assert value == b'{"courier":"swift","waybill":"SF0001","opened":true}'
    assert dict(headers) == {
        "ce_specversion": b"1.0",
        "ce_id": b"e-1",
        "ce_source": b"/couriers/swift",
        "ce_type": b"cn.delivery.acceptance.inspection.v1",
        "ce_time": b"2026-11-23T09:30:00.000+08:00",
        "ce_subject": b"SF0001",
        "content-type": b"application/json",
    }


@pytest.mark.parametrize(
    ("event", "reason", "field"),
    [
        ({}, Reason.MISSING_FIELD, "data"),
        ({**EVENT, "data": [1]}, Reason.WRONG_TYPE, "data"),
        (with_data(courier=None), Reason.MISSING_FIELD, "data.courier"),
        (with_data(courier="../alerts"), Reason.INVALID_VALUE, "data.courier"),
        (with_data(waybill=7), Reason.WRONG_TYPE, "data.waybill"),
        (with_data(weight_g=float("inf")), Reason.INVALID_ENCODING, "event"),
        (with_data(found_goods="\ud800"), Reason.INVALID_ENCODING, "event"),
        (with_data(weight_g=2**70), Reason.INVALID_ENCODING, "event"),
        (with_data(photo=object()), Reason.INVALID_ENCODING, "event"),
    ],
    ids=["empty", "data-list", "no-courier", "courier-path", "waybill-int", "inf", "surrogate", "huge", "object"],
)
def test_event_that_cannot_be_addressed_names_its_field(event: dict[str, Any], reason: Reason, field: str) -> None:
    with pytest.raises(InvalidEvent) as raised:
        binary_mode(event)
    assert (raised.value.reason, raised.value.detail.split(":")[0]) == (reason, field)


@pytest.mark.parametrize("subject", [SOUND["data"]["waybill"], None], ids=["subject", "no-subject"])
@pytest.mark.parametrize("order", [1, -1], ids=["in-order", "reversed"])
def test_the_decoder_takes_its_quick_path_for_what_is_sent(
    subject: str | None, order: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker's quick path is for these records first of all."""
    event = dict(list((SOUND | {"subject": subject}).items())[::order])
    model = RealNameEvent.model_validate_json(json.dumps(event))
    for body in (event, model.model_dump(mode="json", exclude_none=True)):
        courier, key, value, headers = binary_mode(body)
        sent = Record(f"intake.{courier}", 0, 0, T0, key, value, headers)
        accepted(sent)  # from now on its source is known
        with monkeypatch.context() as closely:
            closely.delattr(Decoder, "_by_attributes")
            assert accepted(sent).id == "e-1"


@pytest.mark.parametrize("event", ["hello", None, [EVENT], b"{}"], ids=["text", "none", "list", "bytes"])
def test_what_is_no_event_at_all_is_an_invalid_event(event: Any) -> None:
    with pytest.raises(InvalidEvent, match="event: must be a dict or a model") as raised:
        Check(Settings()).event(event)
    assert raised.value.reason is Reason.WRONG_TYPE


def test_undelivered_events_are_counted_in_words() -> None:
    assert str(NotDelivered(["e-1"], "why")) == "1 event was not acknowledged (e-1): why"
    assert str(NotDelivered([None, None], "why")) == "2 events were not acknowledged: why"
    assert (
        str(NoTopic("intake.x", ["intake.a"]))
        == "topic intake.x does not exist, or this user may not write to it; intake topics: intake.a"
    )
