"""Dangerous words in disguise and beside harmless ones: what proves that a parcel holds another thing, and what not."""

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


def test_names_with_an_everyday_suffix_are_found() -> None:
    names = disguised_by_suffix()
    assert len(missed(names)) / len(names) <= 0.03


def test_own_spellings_are_found() -> None:
    names = lines("own_spellings")
    assert len(missed(names)) / len(names) <= 0.1


def test_look_alikes_and_shop_titles_are_left_alone() -> None:
    look_alikes, titles = lines("look_alikes"), lines("shop_titles")
    assert len(flagged(look_alikes, 2)) / len(look_alikes) <= 0.05
    assert flagged(titles, 3) == []


def test_every_disguised_term_is_a_dangerous_term() -> None:
    assert all(term.category for term in lexicon().terms if term.disguised and term.severity)


@pytest.mark.parametrize(
    ("name", "units"),
    [
        ("香烟1条x3", 600),
        ("香烟200支*3", 600),
        ("电子烟烟弹3颗*3盒", 9),
        ("3x1条香烟", 600),
        ("香烟20支/包*10包*2条", 400),
        ("烟弹2盒 每盒3颗", 6),
        ("烟油10ml*2瓶", 10),
        ("cigarettes 2 cartons x 3", 1200),
        ("中华香烟两条共400支", 400),
    ],
)
def test_quantities_multiply(name: str, units: int) -> None:
    assert match_goods(name).restricted_units == units
