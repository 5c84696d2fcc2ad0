"""Personal values in goods names are blanked; what belongs to goods stays."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parcelward.identity.free_text import _is_goods_code, hide_numbers

PHONES_DISGUISED = [
    "139,1234,5606",
    "139.1234.5606",
    "139~1234~5606",
    "139～1234～5606",
    "139(1234)5606",
    "（139）（1234）（5606）",
    "139/1234/5606",
    "139 - 1234 - 5606",
    "139_1234_5606",
    "139：1234：5606",
    "一三九一二三四五六零六",
    "壹叁玖壹贰叁肆伍陆零陆",
    "139①②③④5606",
    "①③⑨①②③④⑤⑥⓪⑥",
    "139一二三四5606",
    "1️⃣3️⃣9️⃣1️⃣2️⃣3️⃣4️⃣5️⃣6️⃣0️⃣6️⃣",
    "1 3 9 1 2 3 4 5 6 0 6",
    "１３９－１２３４－５６０６",
    "139\u200b1234\u200b5606",
]


@pytest.mark.parametrize("phone", PHONES_DISGUISED)
def test_a_phone_is_blanked_however_its_digits_are_written(phone: str) -> None:
    left = hide_numbers(f"衣服{phone}两件")
    assert re.search(r"\w", left.removeprefix("衣服").removesuffix("两件")) is None


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("书0571 8765 4321", "书****"),
        ("021-6123-4567", "****"),
        ("茶+852 9123 4567", "茶+****"),
        ("852 9123 4567", "****"),
        ("卡6222 0212 3456 7890", "卡****"),
        ("138 - 0000 - 1234", "****"),
        ("电话 6123 4567", "电话 ****"),
        ("书 zhang.san@163.com 谢谢", "书 **** 谢谢"),
        ("微信: zhangsan", "微信: ****"),
        ("微信号zhang_san88", "微信号****"),
        ("vx:abcdef", "vx:****"),
        ("wx abc12345", "wx ****"),
        ("QQ:1234567", "QQ:****"),
        ("证A123456(3)", "证****"),
        ("A1234563", "****"),
        ("EA1234567", "****"),
        ("西湖区文三路 138号2单元402室", "西湖区文三路 ****"),
        ("二甲苯13800001234", "二甲苯****"),
    ],
)
def test_other_personal_values_are_blanked_and_the_goods_stay(text: str, left: str) -> None:
    assert hide_numbers(text) == left


@pytest.mark.parametrize(
    "text",
    [
        "硝酸 7697-37-2",
        "UN1203 汽油",
        "6901234567892",
        "书 9787302511847",
        "36 37 38 39 40 41 42 43 44 码",
        "GB 18401-2010",
        "150*2000*1800mm",
        "电路5号板",
        "5号电池",
        "QQ糖 300g",
        "VX Powder",
        "微信支付收款码",
        "四氯化碳500ml",
        "A1234567",
        "3000 4000 5000 6000mAh",
        "夏普3818,3820,3020,4818,4821",
    ],
)
def test_what_belongs_to_goods_stays(text: str) -> None:
    assert hide_numbers(text) == text


def test_a_code_of_goods_with_a_wrong_check_digit_could_be_anything() -> None:
    assert hide_numbers("6901234567893") == "****"


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("手机壳13800001234", "手机壳****"),
        ("手机壳１３８００００１２３４急", "手机壳****急"),
        ("书 138 0000 1234", "书 ****"),
        ("书138-0000-1234", "书****"),
        ("书+86 138-0000-1234", "书+****"),
        ("书1 3 8 0 0 0 0 1 2 3 4", "书****"),
        ("电话0571-88886666", "电话****"),
        ("电话(0571)8888666", "电话(****"),
        ("证11010119900307851X衣服", "证****衣服"),
        ("证110101 19900307 851X", "证****"),
        ("12345678", "****"),
        ("6222020200112233445", "****"),
        ("1380000" + "1234" * 20, "****"),
    ],
)
def test_numbers_that_could_be_personal_are_blanked_in_free_text(text: str, left: str) -> None:
    assert hide_numbers(text) == left


@pytest.mark.parametrize(
    "text",
    ["羽绒服", "充电宝20000mAh 2个", "充电宝 10000 20000mAh", "5.5kg 220V-50Hz", "1234567", "iPhone 13 2023-11", ""],
)
def test_quantities_stay_in_free_text(text: str) -> None:
    assert hide_numbers(text) == text


@given(st.text(st.sampled_from("0123456789１３８ -xX书"), max_size=40))
def test_no_long_run_of_digits_is_left(text: str) -> None:
    left = hide_numbers(text)
    assert all(map(_is_goods_code, re.findall(r"\d{8,}", left)))
    assert len(left) <= len(text)
    assert hide_numbers(left) == left
