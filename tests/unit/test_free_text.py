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
    *(f"139{sign}1234{sign}5606" for sign in "/|\\+=#&!?^%$￥→★●【「《❤📞…¦"),
    *(sign.join("13912345606") for sign in "/|\\+=#&!?→★❤📞xX*×的号z"),
    *(f"1391{sign}2345606" for sign in "/|+=#★"),
    *(f"139{sign}123{sign}45606" for sign in "/|+=#★"),
    "1 3 9 / 1 2 3 4 / 5 6 0 6",
    "139转1234转5606",
    "139的1234的5606",
    "139爱你1234爱你5606",
    "0139 1234 5606",
    "86-0139-1234-5606",
    "¹³⁹¹²³⁴⁵⁶⁰⁶",
    "₁₃₉₁₂₃₄₅₆₀₆",
    "ⅠⅢⅨⅠⅡⅢⅣⅤⅥ0Ⅵ",
    "㈠㈢㈨㈠㈡㈢㈣㈤㈥〇㈥",
    "㊀㊂㊈㊀㊁㊂㊃㊄㊅〇㊅",
    "❶❸❾❶❷❸❹❺❻⓿❻",
    "𝟏𝟑𝟗𝟏𝟐𝟑𝟒𝟓𝟔𝟎𝟔",
    "〡〣〩〡〢〣〤〥〦〇〦",
    "١٣٩١٢٣٤٥٦٠٦",
    "壹參玖壹貳參肆伍陸零陸",
    "幺三九幺两三四五六零六",
    "幺三勾幺两三四五六洞六",
]


@pytest.mark.parametrize("phone", ["l39l23456O6", "I3912345606", "139123456O6"])
def test_letters_that_look_like_digits_hide_nothing(phone: str) -> None:
    assert hide_numbers(f"衣服{phone}两件") == "衣服****两件"


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
        ("微信 6123456", "微信 ****"),
        ("加v zhangsan88", "加v ****"),
        ("加微zhangsan88", "加微****"),
        ("V：zhangsan88", "V：****"),
        ("微 信 zhangsan88", "微 信 ****"),
        ("薇❤zhangsan88", "薇❤****"),
        ("wxid_abcd12345", "****"),
        ("WeChat ID abcdefg", "WeChat ID ****"),
        ("vx 123456", "vx ****"),
        ("抖音号abc123456", "抖音号****"),
        ("whatsapp: canary88", "whatsapp: ****"),
        ("zhang.san(at)163.com", "****"),
        ("zhang.san at 163.com", "****"),
        ("zhangsan艾特163.com", "****"),
        ("zhangsan@qq", "****"),
        ("传真6123456", "传真****"),
        ("call 6123456", "call ****"),
        ("tel 139x1234x5606", "tel ****"),
        ("联系人 六一二三四五六", "联系人 ****"),
        ("0571/8765/4321", "****"),
        ("6222/0212/3456/7890", "****"),
        ("110105/19491231/002X", "****"),
        ("1/1/0/1/0/5/1/9/4/9/1/2/3/1/0/0/2/X", "****"),
        ("a123456(3)", "****"),
        ("A 123456 (3)", "****"),
        ("A123456-3", "****"),
        ("CA1234567", "****"),
        ("护照 E 1234 5678", "护照 ****"),
        ("身份证 110105 491231 002", "身份证 ****"),
        ("车牌浙A12345", "车牌浙****"),
        ("文三路一百三十八号", "文三路****"),
        ("文三路一三八号402室", "文三路****"),
        ("阳光花园8-2-501", "阳光花园****"),
        ("翠苑3号楼402", "翠苑****"),
        ("城西A座1202", "城西****"),
        ("某镇某村5组12号", "某镇某村5组***"),
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
        "床垫150*2000*1800",
        "三七粉五百克 一二三四五号",
        "数据线1米/2米/3米",
        "T恤150/160/170/180",
        "全新SAMSUNG手机",
        "洗衣液180g1500g2000g",
        "一次性手套100只",
        "两件套三件套",
        "维生素A125 B12",
        "路由器WR842N v3",
        "v:1.5版说明书",
        "加厚2号袋",
        "环氧树脂 UN1866 Ⅲ",
        "60-80-100目砂纸",
        "粉末 1313-60-6 5000g",
        "1313-60-6 2026-11-29",
    ],
)
def test_what_belongs_to_goods_stays(text: str) -> None:
    assert hide_numbers(text) == text


def test_the_number_of_a_substance_with_a_wrong_check_digit_hides_no_phone() -> None:
    assert hide_numbers("粉末 1380-01-3 8000") == "粉末 ****"


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
