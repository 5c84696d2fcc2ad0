"""Lanes that the built-in rules choose by a goods name alone: a red only where nothing is in doubt."""

import sys
from types import FrameType
from typing import Any

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


@pytest.mark.parametrize(
    "name", ["打火机不含气", "打火机（不含气）", "打火机 不含油", "打火机未充气", "不是烟花", "空打火机"]
)
def test_a_denial_has_one_answer_however_it_is_written(name: str) -> None:
    assert match_goods(name).danger_severity == 2


def test_only_the_terms_that_decide_are_named() -> None:
    assert match_goods("香水 鞭炮").danger_terms == ("鞭炮",)
    assert match_goods("烟花爆竹").danger_terms == ("烟花", "爆竹")


@pytest.mark.parametrize("name", ["汽油\ud83d", "\udc00", "打火\ud83d机 衣服"])
def test_half_a_character_pair_raises_nothing(name: str) -> None:
    assert match_goods(name).danger_severity in (0, 2, 3)


@pytest.mark.parametrize("word", ["汽油", "汽油滤清器", "不含汽油 ", "petrol ", "汽油手枪打火机酒精硫酸烟花"])
def test_the_work_grows_with_the_length_of_a_name_and_no_faster(word: str) -> None:
    assert _steps(word * 80) <= 5 * _steps(word * 20)


def _steps(name: str) -> int:
    """Count the lines of Python that run for a name that was read before."""
    steps = 0

    def count(frame: FrameType, event: str, argument: object) -> Any:
        nonlocal steps
        steps += 1
        return count

    match_goods.__wrapped__(name)
    before = sys.gettrace()
    sys.settrace(count)
    match_goods.__wrapped__(name)
    sys.settrace(before)
    return steps
