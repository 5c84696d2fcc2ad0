"""Values that are none become unknown, in whichever way the event is carried; the others stay."""

from typing import Any

import pytest

from parcelward.intake.event import InspectionData, RealNameData
from tests.builders import DAY, HOUR, MINUTE, SECOND, T0, inspection, moment, real_name, record, scan
from tests.decoding import accepted, envelope, structured

PLACE = {"latitude": 30.27, "longitude": 120.15}
SHA = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"


def both_ways(data: dict[str, Any]) -> list[Any]:
    """The data as a worker reads them: in binary mode, in binary mode by the model, and in structured mode."""
    kind = {"type": "cn.delivery.acceptance.inspection.v1"} if "opened" in data else {}
    by_model = data | {"weight_g": 900.0}
    carried = [record(data), record(by_model), structured(envelope(data=data, **kind))]
    return [accepted(one).data for one in carried]


@pytest.mark.parametrize(
    ("latitude", "longitude"),
    [(0, 0), (4.9e-324, -4.9e-324), (0.00001, 0.00001), (0, 120.15), (30.27, 0), (-1, -1), (90, 180), (-90, -180)],
)
def test_the_place_of_a_failed_fix_is_unknown(latitude: float, longitude: float) -> None:
    for data in (real_name(), inspection(weight_g=900)):
        for read in both_ways(data | {"place": {"latitude": latitude, "longitude": longitude}}):
            assert read.place is None
    photo = {"sha256": SHA, "place": {"latitude": latitude, "longitude": longitude}}
    for read in both_ways(inspection(photos=[photo, photo | {"place": PLACE}])):
        assert [photo.place is None for photo in read.photos] == [True, False]


@pytest.mark.parametrize(
    ("latitude", "longitude"),
    [(30.27, 120.15), (53.56, 123.5), (18.25, 109.5), (3.86, 112.29), (39.47, 73.5), (47.8, 135.09), (25.04, 121.5)],
    ids=["Hangzhou", "Mohe", "Sanya", "Zengmu", "Wuqia", "Fuyuan", "Taipei"],
)
def test_a_place_stays(latitude: float, longitude: float) -> None:
    for read in both_ways(real_name(place={"latitude": latitude, "longitude": longitude})):
        assert isinstance(read, RealNameData)
        assert (read.place.latitude, read.place.longitude) == (latitude, longitude)  # type: ignore[union-attr]


@pytest.mark.parametrize("field", ["started_at", "sealed_at"])
@pytest.mark.parametrize(
    ("offset", "stays"),
    [
        (-DAY - 1, False),
        (-DAY, True),
        (-MINUTE, True),
        (0, True),
        (10 * MINUTE, True),
        (10 * MINUTE + 1, False),
        (365 * DAY, False),
    ],
)
def test_a_time_of_the_inspection_is_bounded_by_the_event(field: str, offset: int, stays: bool) -> None:
    kept = T0 + (min(offset, 0) if field == "started_at" else offset)
    for read in both_ways(inspection(**{field: moment(T0 + offset)})):
        assert isinstance(read, InspectionData)
        assert getattr(read, field.replace("_at", "_ms")) == (kept if stays else None)


@pytest.mark.parametrize(
    ("offset", "stays"), [(-365 * DAY - 1, False), (-365 * DAY, True), (10 * MINUTE, True), (10 * MINUTE + 1, False)]
)
def test_the_time_of_a_photo_is_bounded_by_the_event(offset: int, stays: bool) -> None:
    photos = [{"sha256": SHA, "taken_at": moment(T0 + offset)}, {"sha256": SHA, "taken_at": moment(T0 - HOUR)}]
    for read in both_ways(inspection(photos=photos)):
        assert [photo.taken_ms for photo in read.photos] == [T0 + offset if stays else None, T0 - HOUR]


def test_times_that_nobody_set_and_events_without_any_are_read() -> None:
    never = {"started_at": "0001-01-01T00:00:00Z", "sealed_at": "1970-01-01T08:00:00+08:00"}
    for read in both_ways(inspection(**never)):
        assert (read.started_ms, read.sealed_ms) == (None, None)
    assert accepted(record(scan())).data.number == 2


def test_what_is_unknown_does_not_change_what_an_event_is() -> None:
    """An event is recognised by what was sent, not by what is known of it."""
    sent = record(real_name(place={"latitude": 0, "longitude": 0}), event_id="a")
    other = record(real_name(place={"latitude": 0.0, "longitude": 1e-9}), event_id="a")
    assert accepted(sent).identity == accepted(other).identity
    assert accepted(sent).content != accepted(other).content


def test_an_inspection_that_began_a_little_after_its_event_took_no_time() -> None:
    for read in both_ways(inspection(started_at=moment(T0 + 2 * SECOND))):
        assert read.started_ms == T0
