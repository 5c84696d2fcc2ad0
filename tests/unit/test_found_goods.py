"""An inspector writes down what is in the parcel, what is not, and what was taken out."""

import pytest

from parcelward.features.goods_names import goods_features
from parcelward.goods import PROHIBITED, match_goods, read_found

ABSENT = """无违禁品，未见打火机 | 没有打火机 | 衣服，无打火机、电池 | 未发现违禁品 |
未见打火机、汽油等违禁物品 | 未见打火机，汽油，刀具等违禁品 | 打火机：无 | 打火机（无） | 打火机、电池均无 |
违禁品：无；打火机：无；衣服 | 经检查无打火机 | 经查，没有发现打火机 | 衣服里没有打火机 |
内件为衣服，未夹带打火机 | 不含打火机 | 非打火机 | 不是打火机，是U盘 | 无烟花爆竹 | 无毒品 | 无水银温度计 |
查无枪支、弹药、毒品 | no lighter | clothes, no lighters, batteries or knives | nothing dangerous; no petrol |
無打火機 | 未见 打火机 | 已排除打火机 | 有无打火机：无 | 是否有打火机：否 | 打火机0个 |
未发现打火机及其他易燃易爆物品"""
PRESENT = """打火机 | 打火机未取出 | 寄件人拒绝取出打火机 | 要求取出打火机 | 未申报打火机 | 没有申报打火机 |
无包装打火机 | 打火机无包装 | 无证枪支 | 无烟火药 | 无铅汽油 | 无声手枪 | 没有衣服只有打火机 |
不是衣服，是打火机 | 除打火机外未见违禁品 | 未发现打火机以外的违禁品 | 无违禁品 打火机一个 |
无违禁品但有打火机 | 汽油，无标签 | 无法确认无打火机 | 不能确认没有打火机 | 并非没有打火机 | 不能排除炸药 |
petrol, no label | not only clothes, petrol | 打火机，无异味 | 已取出毒品海洛因 | 匕首已退回寄件人 |
取出打火机后为汽油 | 已取出打火机，另有汽油一瓶 | 没收打火机前发现汽油"""
TAKEN_OUT = """已取出打火机，其余为衣服 | 打火机已取出 | 已将打火机取出，衣服放行 | 打火机2个，已退回寄件人 |
取出打火机后放行 | lighter removed, clothes | 已剔除打火机、汽油 | 衣服，打火机已当场拿出 |
从包内取出打火机一个，已交还寄件人 | 已取出打火机其余为衣服"""


def rows(table: str) -> list[str]:
    return [row.strip() for row in table.split("|")]


@pytest.mark.parametrize("text", rows(ABSENT))
def test_what_the_inspector_says_is_absent_was_not_found(text: str) -> None:
    read = goods_features("衣服", text)
    assert (read.found_severity, read.removed) == (0, None)
    assert match_goods(read_found(text).seen).danger_severity == 0


@pytest.mark.parametrize("text", rows(PRESENT))
def test_what_is_there_was_found_whatever_is_denied_beside_it(text: str) -> None:
    assert match_goods(read_found(text).seen).danger_severity >= PROHIBITED
    assert goods_features("衣服", text).mismatch


@pytest.mark.parametrize("text", rows(TAKEN_OUT))
def test_what_was_taken_out_is_not_in_the_parcel_and_is_said(text: str) -> None:
    read = goods_features("衣服", text)
    assert read.found_severity == 0
    assert read.removed
    assert "打火机" in read.removed or "lighter" in read.removed


@pytest.mark.parametrize("text", ["无违禁品", "未见打火机", "no lighter", "打火机：无"])
def test_nothing_named_says_nothing_about_the_declared_goods(text: str) -> None:
    assert goods_features("衣服", text).mismatch is None


def test_what_is_seen_beside_a_denial_is_compared_with_the_declared_goods() -> None:
    assert goods_features("羽绒服", "衣服，无打火机、电池").mismatch is False
    assert goods_features("手机", "衣服，无打火机、电池").mismatch is True
