"""A parcel's steps are its own, and say what was and what is."""

import json

import pytest

from parcelward.cli.trace import reading
from parcelward.cluster.search import Reach
from parcelward.stage import Record
from parcelward.trace.arrivals import is_about, mended_from
from parcelward.trace.step import waits

WAYBILL, PHONE = "MIS17", "13800001234"


def refused(key: str = "MIS170", value: object = None, **headers: str) -> Record:
    told = [(name, text.encode()) for name, text in headers.items()]
    return Record("rejected.swift", 0, 3, 1_000, key.encode(), json.dumps(value).encode(), told)


@pytest.mark.parametrize(
    "record",
    [
        refused("MIS17"),
        refused(value={"waybill": "MIS17", "weight_g": 0}),
        refused(value={"specversion": "1.0", "data": {"waybill": "MIS17"}}),
        refused(value={"specversion": "1.0", "subject": "MIS17"}),
        refused(ce_subject="MIS17"),
        refused("MIS17")._replace(value=b"\xff{"),
    ],
)
def test_a_record_names_its_waybill(record: Record) -> None:
    assert is_about(record, WAYBILL)


@pytest.mark.parametrize(
    "record",
    [
        refused("MIS170", {"waybill": "MIS170"}, ce_id="MIS17"),
        refused(value={"waybill": "MIS175", "goods": {"name": "MIS17"}}),
        refused(value={"id": "MIS17", "data": {"waybill": "AMIS17"}}),
        refused(value=["MIS17"]),
        refused()._replace(value=b"MIS17 {"),
        refused()._replace(value=None),
    ],
)
def test_a_number_that_stands_elsewhere_is_no_waybill(record: Record) -> None:
    assert not is_about(record, WAYBILL)
    assert not is_about(refused(value={"waybill": "SF1", "sender": {"phone": PHONE}}), PHONE)


def test_a_mended_event_says_from_what() -> None:
    link = "intake.swift/3/3"
    assert mended_from(refused(value={"waybill": WAYBILL}, ce_repairof=link)) == link
    assert mended_from(refused(value={"specversion": "1.0", "repairof": link, "data": {}})) == link
    assert mended_from(refused(value={"specversion": "1.0", "data": {"repairof": link}})) is None
    assert mended_from(refused(value={}, ce_repairof="13800001234")) is None


def test_what_nobody_has_read_waits() -> None:
    record = refused()
    assert waits(record, {}), "no worker was ever there"
    assert waits(record, {(record.topic, 0): 3})
    assert not waits(record, {(record.topic, 0): 4})
    assert not waits(record, None), "not known"


def test_what_was_read_is_said_in_two_lines() -> None:
    reached = [Reach(f"intake.{name}", number, 0, 0) for name in "abcdefghijk" for number in (0, 1)]
    reached += [Reach("alerts", number, 2, 9) for number in range(6)]
    read, empty = reading(reached)
    assert read == "read alerts, partition 0 from 2 to 9, 1 from 2 to 9, 2 from 2 to 9, 3 from 2 to 9 and 2 more"
    assert empty.startswith("nothing is there: intake.a, intake.b, ")
