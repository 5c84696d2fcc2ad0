"""To fly, to be spelt in three ways, to post a third parcel of the day forges nothing; to lend a document does."""

from typing import Any

import pytest

from parcelward.contract.alerts import Lane
from tests.builders import DAY, HOUR, MINUTE, SECOND, T0, alerts_of, feed_all, pipeline, real_name, record

HARBIN, SANYA, SHANGHAI, GUANGZHOU = (45.75, 126.64), (18.25, 109.51), (31.23, 121.47), (23.13, 113.26)
HANGZHOU, BEIJING, SUZHOU = (30.27, 120.15), (39.90, 116.40), (31.30, 120.58)
OWN = {"operator_document": "360426199101010071"}


def found(*parcels: tuple[float, dict[str, Any]]) -> dict[str, Lane]:
    """Lane of each rule found on parcels of one document, given as hours after T0 and what differs."""
    line = pipeline(inspection_due=3 * DAY // SECOND)
    events = [record(real_name(f"SF{n:013}", **data), T0 + int(at * HOUR)) for n, (at, data) in enumerate(parcels)]
    return {one.rule: alert.lane for alert in alerts_of(feed_all(line, events)) for one in alert.findings}


def at(place: tuple[float, float]) -> dict[str, Any]:
    return {"place": {"latitude": place[0], "longitude": place[1]}}


@pytest.mark.parametrize(
    ("here", "there", "hours"),
    [
        (HARBIN, SANYA, 7),
        (SHANGHAI, GUANGZHOU, 3.5),
        (HANGZHOU, BEIJING, 3),
        (HANGZHOU, BEIJING, 2.5),
        (SHANGHAI, SUZHOU, 0.35),
    ],
)
def test_people_who_fly_or_take_the_train_are_no_forgers(
    here: tuple[float, float], there: tuple[float, float], hours: float
) -> None:
    assert found((0, at(here)), (hours, at(there))) == {}


@pytest.mark.parametrize(
    ("here", "there", "hours"),
    [(HARBIN, SANYA, 4), (HANGZHOU, BEIJING, 2), (HANGZHOU, BEIJING, 0.5), (SHANGHAI, SUZHOU, 0.2)],
)
def test_nobody_is_faster_than_a_flight(here: tuple[float, float], there: tuple[float, float], hours: float) -> None:
    assert found((0, at(here)), (hours, at(there))) == {"R7": Lane.RED}


def test_the_alert_says_the_speed_and_the_limit() -> None:
    line = pipeline(inspection_due=3 * DAY // SECOND)
    line.feed([record(real_name("SF01", **at(HANGZHOU)), T0)])
    (alert,) = alerts_of(line.feed([record(real_name("SF02", **at(BEIJING)), T0 + 2 * HOUR)]))
    assert "需时速56" in alert.findings[0].reason.zh
    assert "飞行时速900公里" in alert.findings[0].reason.zh


def test_spellings_of_one_name_with_one_phone_are_a_look() -> None:
    spelt = [{"sender": {"name": name}} for name in ("王小明", "王晓明", "WANG XIAOMING")]
    assert found(*enumerate(spelt)) == {"R5B": Lane.YELLOW}


def test_a_document_with_several_names_and_phones_is_red() -> None:
    people = [
        {"sender": {"name": name, "phone": f"1380000123{n}"}} for n, name in enumerate(("王小明", "李四", "张三"))
    ]
    assert found(*enumerate(people)) == {"R5": Lane.RED}


def test_the_third_parcel_of_a_clerk_is_a_look() -> None:
    assert found(*((hour, OWN) for hour in range(2))) == {}
    assert found(*((hour, OWN) for hour in range(5))) == {"R6": Lane.YELLOW}


def test_a_clerk_who_sends_under_a_passport_is_known_as_well() -> None:
    passport = {"document_number": "E12345678", "document_type": "passport", "issuing_country": "CN"}
    own = {"operator_document": "E12345678", "sender": passport}
    assert found(*((hour, own) for hour in range(5))) == {"R6": Lane.YELLOW}


@pytest.mark.parametrize("given", ["name", "phone"])
def test_a_clerks_document_for_customers_is_red(given: str) -> None:
    customers = [
        OWN | {"sender": {given: value}} for value in ("13811110001", "13811110002", "13811110003", "13811110004")
    ]
    assert found(*enumerate(customers)).get("R6B") is Lane.RED


def test_limits_stand_in_the_texts_of_identity_and_pace() -> None:
    line = pipeline()
    names = [
        record(real_name(f"SF0{n}", sender={"name": f"王{n}", "phone": f"1380000123{n}"}), T0 + n * MINUTE)
        for n in range(3)
    ]
    reason = alerts_of(feed_all(line, names))[-1].findings[0].reason
    assert "姓名和电话均达3" in reason.zh
    assert "3 names with 3 phones" in reason.en
