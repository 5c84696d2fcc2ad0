"""A heartbeat is a sign of life: it is accepted, counted, and leads to nothing else."""

import json
from base64 import b64encode
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from parcelward import counts
from parcelward.contract.events import EventType, HeartbeatEvent
from parcelward.contract.reasons import Reason
from parcelward.identity.token_keys import KEYS_KEY
from parcelward.identity.tokens import Tokeniser
from parcelward.intake.event import key_of
from parcelward.intake.event_file import record_of
from parcelward.publisher import InvalidEvent
from parcelward.publisher.binary_mode import binary_mode
from parcelward.publisher.check import Check
from parcelward.settings import Settings
from parcelward.topics import Topics
from tests.builders import HOUR, MINUTE, T0, feed_all, heartbeat, moment, pipeline, real_name, record
from tests.decoding import accepted, answer, reason

HEARTBEATS = counts.CONSUMED, "swift", EventType.HEARTBEAT.value
OF_OUTLET, OF_COURIER = heartbeat("HZ_0571-014"), heartbeat()


def event(data: dict[str, Any], **changes: Any) -> dict[str, Any]:
    sent = {"specversion": "1.0", "id": "hb-1", "source": "/couriers/swift", "time": moment(T0)}
    return sent | {"type": EventType.HEARTBEAT.value, "data": data} | changes


def structured(body: dict[str, Any]) -> Any:
    return record_of(orjson.dumps(body), Topics(), at_ms=T0)


BOTH = pytest.mark.parametrize(
    ("data", "key"), [(OF_OUTLET, "HZ_0571-014"), (OF_COURIER, "swift")], ids=["outlet", "courier"]
)


@BOTH
def test_it_is_accepted_in_every_mode_under_the_outlet_or_the_courier(data: dict[str, Any], key: str) -> None:
    encoded = event(data, data_base64=b64encode(orjson.dumps(data)).decode())
    del encoded["data"]
    in_binary_mode = record(data)
    with_subject = in_binary_mode._replace(headers=[*in_binary_mode.headers, ("ce_subject", key.encode())])
    looked_at = with_subject._replace(headers=[*with_subject.headers, ("ce_traceparent", b"00-1")])
    events = event(data), event(data, subject=key), encoded, encoded | {"subject": key}
    given = [in_binary_mode, with_subject, looked_at, *map(structured, events)]
    found = [accepted(one) for one in given]
    assert {one.type for one in found} == {EventType.HEARTBEAT}
    assert {key_of(one.data) for one in found} == {key}
    assert {one.key for one in given} == {key.encode()}


@BOTH
def test_another_key_or_subject_is_refused_in_its_own_words(data: dict[str, Any], key: str) -> None:
    refused = [answer(record(data)._replace(key=b"SF0000000000001")), answer(structured(event(data, subject="HZ-9")))]
    assert [one.reason for one in refused] == [Reason.KEY_MISMATCH] * 2  # type: ignore[union-attr]
    assert all("data.outlet, or data.courier" in one.detail for one in refused)  # type: ignore[union-attr]


def test_it_has_no_waybill_and_a_duty_always_has_one() -> None:
    assert reason(structured(event(OF_OUTLET | {"waybill": "SF0000000000001"}))) is Reason.UNKNOWN_FIELD
    without = real_name()
    del without["waybill"]
    body = event(without, type=EventType.REAL_NAME.value)
    assert reason(structured(body)) is Reason.MISSING_FIELD


def test_an_outlet_that_is_a_persons_number_is_refused() -> None:
    refused = answer(record(heartbeat("13800001234")))
    assert (refused.reason, refused.detail.split(":")[0]) == (Reason.INVALID_VALUE, "data.outlet")  # type: ignore[union-attr]


def test_it_leaves_no_shipment_no_profile_and_no_alert_and_is_counted() -> None:
    line = pipeline()
    result = feed_all(line, [record(data, T0 + at) for at, data in enumerate((OF_OUTLET, OF_COURIER, OF_OUTLET))], 3)
    kept = {name: [*cells[0].state] for name, cells in line.cells.items()}
    assert kept == {"duties": [KEYS_KEY], "senders": [], "outlets": [], "referrals": [], "cases": []}
    assert (result.alerts, result.rejected, result.rows) == ([], [], [])
    assert dict(result.counts) == {HEARTBEATS: 3}


def test_it_moves_its_couriers_clock_and_that_of_no_other() -> None:
    """So a deadline that passed fires while there is nothing else to send."""
    line = pipeline()
    told = [record(real_name()), record(heartbeat(courier="orient"), T0 + HOUR)]
    assert feed_all(line, told).counts[counts.OVERDUE, "inspection"] == 0
    assert feed_all(line, [record(OF_OUTLET, T0 + HOUR)]).counts[counts.OVERDUE, "inspection"] == 1


@BOTH
def test_the_publisher_sends_it_as_dict_as_model_and_as_text(data: dict[str, Any], key: str) -> None:
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    given = event(data, time=now)
    text = json.dumps(given).encode()
    for settings in (Settings(), Settings(topic_prefix="test.")):
        for tokeniser in (None, Tokeniser.from_settings(settings)):
            check = Check(settings, tokeniser)
            checked = [check.event(given), check.event(HeartbeatEvent.model_validate_json(text)), check.text(text)]
            assert {one.body.key for one in checked} == {key.encode()}
            assert {one.body.courier for one in checked} == {"swift"}
    assert binary_mode(given)[1] == key.encode()


def test_the_publisher_refuses_one_without_a_courier() -> None:
    with pytest.raises(InvalidEvent, match="courier"):
        Check(Settings()).event(event({"outlet": "HZ-0571-014"}))


def test_a_heartbeat_of_last_week_is_refused_like_any_event() -> None:
    assert reason(record(OF_OUTLET, T0, arrival=T0 + 8 * 24 * 60 * MINUTE)) is Reason.TIME_OUT_OF_RANGE
