"""What the built-in rules make of a goods name alone: a red only where nothing is in doubt."""

import pytest

from parcelward.contract.alerts import Lane
from parcelward.goods import match_goods
from tests.bench.goods_words import lane_of, lines


@pytest.mark.parametrize("name", ["汽油5升", "打火机套装", "UN1203"])
def test_prohibited_goods_are_red(name: str) -> None:
    assert lane_of(name) is Lane.RED


@pytest.mark.parametrize("name", ["空打火机", "打火机架子一套", "蓄电池", "氯苯", "汽油桶"])
def test_what_is_doubtful_or_restricted_is_yellow(name: str) -> None:
    assert match_goods(name).danger_severity == 2
    assert lane_of(name) is Lane.YELLOW


@pytest.mark.parametrize("name", ["羽绒服", "香水", "汽油滤清器"])
def test_ordinary_goods_have_no_lane(name: str) -> None:
    assert lane_of(name) is None


def test_no_shop_title_is_red() -> None:
    assert [title for title in lines("shop_titles") if lane_of(title) is Lane.RED] == []
