"""By air more goods are dangerous than on the road; and a flag of the sender makes no forbidden goods acceptable."""

from functools import cache
from itertools import count
from typing import Any

import pytest

from parcelward.contract.alerts import Alert, Lane
from parcelward.goods import lithium_in
from tests.builders import T0, alerts_of, pipeline, real_name, record

LINE = cache(pipeline)
_numbers = count()


def screened(name: str, mode: str | None = None, declared: bool = False) -> list[tuple[Lane, str]]:
    """Give what is found on a parcel of a new sender."""
    number = next(_numbers)
    passport = {"document_type": "passport", "issuing_country": "CHN", "document_number": f"E{number:08}"}
    data: dict[str, Any] = {
        "sender": passport | {"phone": f"1380000{number:04}"},
        "goods": {"name": name, "dangerous_declared": declared},
        "transport_mode": mode,
    }
    alerts: list[Alert] = alerts_of(LINE().feed([record(real_name(f"SF{number:013}", **data), T0)]))
    return [(alert.lane, finding.rule) for alert in alerts for finding in alert.findings]


@pytest.mark.parametrize("name", ["香水", "发胶", "干冰", "指甲油", "强磁铁", "白酒", "perfume"])
def test_dangerous_goods_by_air_are_a_question_until_they_are_declared(name: str) -> None:
    assert screened(name, "air") == [(Lane.YELLOW, "R14E")]
    assert screened(name, "air", declared=True) == screened(name, "road") == screened(name) == []


def test_drinks_below_24_percent_fly_as_they_are() -> None:
    assert [screened(name, "air") for name in ("啤酒", "红酒", "葡萄酒")] == [[], [], []]


@pytest.mark.parametrize("name", ["手机", "笔记本电脑", "无人机", "蓝牙耳机", "电子烟", "iPhone 15", "laptop"])
def test_equipment_that_ordinarily_holds_a_battery_is_a_question_by_air(name: str) -> None:
    assert screened(name, "air") == [(Lane.YELLOW, "R14D")]
    assert screened(name, "air", declared=True) == screened(name, "road") == []


@pytest.mark.parametrize("name", ["充电宝", "锂电池", "手机电池", "power bank"])
def test_batteries_by_themselves_are_red_by_air(name: str) -> None:
    assert screened(name, "air") == [(Lane.RED, "R14C")]
    assert screened(name, "air", declared=True) == screened(name, "road") == []


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("手机（含锂电池）", "inside"),
        ("华为手机 1台", "inside"),
        ("电动牙刷", "inside"),
        ("锂电池 2块", "alone"),
        ("手机壳", None),
        ("玩具手机", None),
        ("无人机模型", None),
        ("相机包", None),
        ("laptop bag", None),
        ("笔记本", None),
        ("羽绒服", None),
    ],
)
def test_a_battery_is_told_from_what_holds_one(name: str, said: str | None) -> None:
    assert lithium_in(name) == said


def test_a_flag_of_the_sender_does_nothing_for_drugs_and_their_precursors() -> None:
    assert screened("麻黄碱", declared=True) == screened("麻黄碱") != []
    assert screened("麻黄碱", declared=True)[0][1] in ("R14", "R14B")


def test_hazardous_chemicals_are_looked_at_though_they_are_declared() -> None:
    assert screened("氯苯", declared=True) == [(Lane.YELLOW, "R14F")]
    assert [rule for _, rule in screened("氯苯")] == ["R14B"]
