"""Dangerous words in disguise and beside harmless ones: what proves that a parcel holds another thing, and what not."""

from collections import Counter

import pytest

from parcelward.goods import match_goods
from parcelward.goods.lexicon import lexicon
from parcelward.goods.numbers import cas_numbers
from parcelward.goods.tables import rows
from tests.bench.goods_words import disguised_by_suffix, flagged, lines, missed, own_catalogue

EVERYDAY_SUFFIXES = [
    "打火机套装",
    "打火机盒装50个",
    "酒精工业级20升",
    "丙酮清洗",
    "油漆套装",
    "大麻巧克力",
    "大麻饼干",
    "炸药(教学)",
    "冰毒(食用)",
    "盐酸工业级",
    "酒精液体",
    "硫酸纸箱",
    "汽油味",
    "汽油图案",
    "弩防身",
    "大麻糖",
    "无铅汽油",
]
OTHER_THINGS = [
    "汽油滤清器",
    "酒精棉片",
    "电子打火机外壳",
    "防雷管",
    "珠光气球",
    "消毒杀虫",
    "益生菌种",
    "天然气热水器",
    "鱼粉",
    "炸药包抱枕",
    "炸弹浴球",
    "匕首造型书签",
    "大麻布料",
    "冰毒危害展板",
    "盐酸氨溴索口服液",
    "杀虫剂用喷洒器",
    "汽油味蜡烛",
    "电瓶车挡风被",
    "酒精瓶空",
    "充电宝外壳",
]


@pytest.mark.parametrize("name", [*EVERYDAY_SUFFIXES, "雷管 red", "汽油 red", "硫酸工业级 5L", "手枪 black"])
def test_packaging_colour_grade_and_use_prove_nothing(name: str) -> None:
    assert match_goods(name).danger_severity >= 2


@pytest.mark.parametrize("name", [*OTHER_THINGS, "mercury 路由器", "petrol blue scarf", "gasoline alley T-shirt"])
def test_a_head_that_is_another_thing_and_a_hit_across_two_words_are_no_danger(name: str) -> None:
    assert match_goods(name).danger_severity == 0


@pytest.mark.parametrize(
    "name",
    [
        "听话水壶",
        "雷管面",
        "鸦片鱼头",
        "K粉丝",
        "火药鸭",
        "笑气球拍",
        "手榴弹酒壶",
        "水雷鱼漂",
        "水星路由器 mercury",
        "angel dust glitter",
    ],
)
def test_an_ordinary_thing_that_proves_nothing_leaves_care_and_no_alert(name: str) -> None:
    assert match_goods(name).danger_severity <= 1


@pytest.mark.parametrize("name", ["大麻饼干", "冰毒奶茶", "罂粟壳火锅料", "cannabis cookies", "砒霜蛋糕"])
def test_food_after_what_is_really_put_into_it_counts(name: str) -> None:
    assert match_goods(name).danger_severity >= 2


@pytest.mark.parametrize(
    "name",
    ["液化气炉用", "油漆刷墙用", "油漆家具翻新用", "煤油灯用油", "汽油割草机用", "打火机手表款", "gasoline for mower"],
)
def test_what_the_goods_are_for_or_look_like_proves_nothing(name: str) -> None:
    assert match_goods(name).danger_severity >= 2


@pytest.mark.parametrize("name", ["杀虫剂用喷洒器", "酒精棉片消毒用", "汽油发电机用滤芯", "汽油滤清器摩托车用"])
def test_a_thing_named_beside_its_use_still_proves(name: str) -> None:
    assert match_goods(name).danger_severity == 0


@pytest.mark.parametrize(("name", "severity"), [("打火机架子", 1), ("打火机架子一套", 2), ("打火机外壳", 0)])
def test_a_holder_lowers_a_lighter_and_a_set_may_hold_both(name: str, severity: int) -> None:
    assert match_goods(name).danger_severity == severity


@pytest.mark.parametrize(
    ("name", "severity"),
    [
        ("打火机不含油", 2),
        ("打火机无壳", 3),
        ("lighter without case", 3),
        ("lighter free shipping", 3),
        ("汽油不含铅", 3),
        ("lighter case without lighter", 0),
        ("打火机壳不含打火机", 0),
        ("alcohol free wipes", 0),
        ("电池不含", 0),
        ("汽油桶 无汽油", 1),
    ],
)
def test_a_denial_is_of_what_it_stands_beside(name: str, severity: int) -> None:
    assert match_goods(name).danger_severity == severity


@pytest.mark.parametrize(
    ("name", "severity"),
    [("空汽油桶", 0), ("汽油空桶", 0), ("电子烟空盒", 0), ("空打火机", 2), ("empty gas cylinder", 2)],
)
def test_an_empty_package_is_none_but_an_empty_lighter_is_looked_at(name: str, severity: int) -> None:
    assert match_goods(name).danger_severity == severity


@pytest.mark.parametrize("name", ["爆炸装置", "蓖麻毒蛋白", "二氟化氢钾溶液", "碱性电池液", "引信点火器"])
def test_a_statutory_name_that_ends_like_an_ordinary_one_stays_red(name: str) -> None:
    assert match_goods(name).danger_severity == 3


@pytest.mark.parametrize("name", ["手枪套装", "烟花瓶装", "雷管口味", "双氧水桶装", "炸药除油"])
def test_packaging_that_shares_a_character_with_a_thing_is_packaging(name: str) -> None:
    assert match_goods(name).danger_severity == 3


def test_a_danger_named_after_a_danger_makes_neither_milder() -> None:
    assert match_goods("烟花爆竹").danger_terms == ("烟花", "爆竹")


def test_every_head_has_one_kind() -> None:
    heads = [row["word"] for row in rows("heads.tsv")]
    assert [word for word, count in Counter(heads).items() if count > 1] == []


@pytest.mark.parametrize(("name", "severity"), [("不是汽油", 2), ("torch without lighter", 0), ("不含汽油的样机", 0)])
def test_a_denial_counts_only_where_something_else_is_named(name: str, severity: int) -> None:
    assert match_goods(name).danger_severity == severity


@pytest.mark.parametrize(
    ("name", "term"),
    [
        ("打火ji", "打火机"),
        ("dahuoji", "打火机"),
        ("dǎ huǒ jī", "打火机"),
        ("da3huo3ji1", "打火机"),
        ("打火饥", "打火机"),
        ("丁火机", "打火机"),
        ("机火打", "打火机"),
        ("打🔥机", "打火机"),
        ("火乍药", "炸药"),
        ("氵气油", "汽油"),
        ("汽☆油", "汽油"),
        ("酒晶", "酒精"),
        ("💣", "炸弹"),
        ("сigarette", "cigarette"),
    ],
)
def test_a_spelling_by_sound_shape_order_or_picture_is_read(name: str, term: str) -> None:
    match = match_goods(name)
    assert term in match.danger_terms or match.restricted == term


@pytest.mark.parametrize("name", ["打火鸡", "病毒", "大妈", "白酒经典款杯垫", "可充电包邮台灯"])
def test_an_ordinary_word_that_sounds_so_is_no_disguise(name: str) -> None:
    assert match_goods(name).danger_severity < 2


def test_every_name_and_cas_number_of_the_catalogues_is_known() -> None:
    assert missed(own_catalogue()) == []


def test_every_cas_number_of_the_table_has_the_right_check_digit() -> None:
    written = [number for row in rows("catalogues.tsv") for number in row["cas"].split()]
    assert [number for number in written if cas_numbers(number) != (number,)] == []


def test_a_cas_number_with_a_wrong_check_digit_names_nothing() -> None:
    assert match_goods("7664-93-9").danger_terms == ("硫酸",)
    assert match_goods("7664-93-8").danger_severity == 0
    assert cas_numbers("7664-93-8") == ()


@pytest.mark.parametrize(
    ("name", "named", "severity"),
    [("香水 CAS 74-90-8", "氢氰酸", 3), ("白酒 7664-93-9", "硫酸", 3), ("炸药 CAS 64-17-5", "炸药", 3)],
)
def test_the_graver_of_a_word_and_a_cas_number_counts(name: str, named: str, severity: int) -> None:
    match = match_goods(name)
    assert (match.danger_terms, match.danger_severity) == ((named,), severity)


def test_names_with_an_everyday_suffix_are_found() -> None:
    names = disguised_by_suffix()
    assert len(missed(names)) / len(names) <= 0.03


def test_own_spellings_are_found() -> None:
    names = lines("own_spellings")
    assert len(missed(names)) / len(names) <= 0.1


def test_look_alikes_and_shop_titles_are_left_alone() -> None:
    for name in ("look_alikes", "more_look_alikes", "last_look_alikes"):
        look_alikes = lines(name)
        assert len(flagged(look_alikes, 2)) / len(look_alikes) <= 0.05
    assert flagged(lines("shop_titles"), 3) == []


def test_goods_and_arms_of_later_lists_are_found() -> None:
    for name, most in (("more_suffixes", 0.03), ("last_suffixes", 0.03), ("more_arms", 0.03), ("more_air_goods", 0.15)):
        assert len(missed(lines(name))) / len(lines(name)) <= most


def test_every_disguised_term_is_a_dangerous_term() -> None:
    assert all(term.category for term in lexicon().terms if term.disguised and term.severity)
