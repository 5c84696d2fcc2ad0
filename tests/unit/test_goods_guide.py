"""Goods of the later categories of the 2016 guide, names that are pieces of other names, and what two tables say."""

import pytest

from parcelward.goods import match_goods
from parcelward.goods.tables import rows


@pytest.mark.parametrize(
    ("name", "category"),
    [
        *(
            (name, "14")
            for name in ("窃听器", "针孔摄像头", "伪基站设备", "手机信号屏蔽器", "一次性密码本", "密写工具")
        ),
        *((name, "15") for name in ("假币", "假身份证", "空白发票", "伪造公章", "counterfeit banknotes")),
        *((name, "16") for name in ("盗版光盘", "假烟")),
        *((name, "17") for name in ("象牙手镯", "穿山甲鳞片", "熊胆粉", "犀角", "玳瑁手镯", "虎骨酒", "rhino horn")),
        *((name, "18") for name in ("国家秘密文件", "绝密文件一份")),
    ],
)
def test_espionage_forgeries_imitations_animals_and_secrets_are_known(name: str, category: str) -> None:
    match = match_goods(name)
    assert (match.danger_category, match.danger_severity >= 2) == (category, True)


@pytest.mark.parametrize(
    "name",
    [
        *(
            "监控摄像头",
            "发票夹",
            "发票",
            "身份证卡套",
            "验钞机",
            "假币检测仪",
            "点钞纸",
            "监听耳机",
            "针孔摄像头探测器",
        ),
        *(
            "仿象牙手镯",
            "象牙白连衣裙",
            "象牙果",
            "虎骨草",
            "虎皮凤爪",
            "虎皮鹦鹉",
            "玳瑁发夹",
            "玳瑁色眼镜框",
            "穿山甲玩具",
        ),
        *("窃听风云DVD", "文件夹", "熊掌手套", "防偷拍手机壳", "ivory dress", "tiger balm"),
    ],
)
def test_ordinary_goods_with_such_words_are_left_alone(name: str) -> None:
    assert match_goods(name).danger_severity <= 1


def test_publications_are_not_judged() -> None:
    assert all(row["category"] != "13" for row in rows("danger.tsv"))


@pytest.mark.parametrize(
    "name",
    [
        *(
            "沙丁胺醇片",
            "过氧化苯甲酰凝胶",
            "吗啉胍片",
            "环氧树脂",
            "环氧AB胶",
            "硫酸铜",
            "硫酸镁",
            "冰片",
            "食品级石灰",
        ),
        *(
            "沙丁胺醇气雾剂",
            "布地奈德气雾剂",
            "海马刀",
            "海马刀开瓶器",
            "马刀锯条",
            "原子弹啤酒",
            "烟花泡泡机",
            "TNT球鞋",
        ),
    ],
)
def test_a_name_that_is_a_piece_of_a_longer_name_is_another_thing(name: str) -> None:
    assert match_goods(name).danger_severity <= 1


@pytest.mark.parametrize("name", ["硝酸铁", "次氯酸钙混合物，干的", "高氯酸钠", "重铬酸钾试剂"])
def test_salts_of_acids_that_burn_are_dangerous_as_well(name: str) -> None:
    assert match_goods(name).danger_severity >= 2


@pytest.mark.parametrize("name", ["汽油桶", "油漆桶", "柴油壶"])
def test_a_barrel_for_a_liquid_or_of_it_is_looked_at(name: str) -> None:
    assert match_goods(name).danger_severity == 2


@pytest.mark.parametrize(
    "name",
    [
        *(
            "礼花筒",
            "烟花蜡烛",
            "水银温度计",
            "甲醛",
            "医用双氧水",
            "洁厕灵",
            "84消毒液",
            "电池水",
            "核材料",
            "未鞣制羊皮",
        ),
        *("快乐水", "开心水", "火焰喷射器", "射鱼器", "化工样品", "白色粉末", "马刀", "硫酸", "环氧乙烷", "苯甲酰氯"),
    ],
)
def test_goods_that_an_officer_would_open_are_found(name: str) -> None:
    assert match_goods(name).danger_severity >= 2


@pytest.mark.parametrize("name", ["苯", "麻黄碱", "伪麻黄碱", "硝酸", "甲苯", "toluene", "benzene"])
def test_substances_that_the_guide_names_are_prohibited(name: str) -> None:
    assert match_goods(name).danger_severity == 3


def test_two_tables_give_a_substance_one_category() -> None:
    slang = {"三步倒", "黄砒", "巧茶"}
    catalogue = {}
    for row in rows("catalogues.tsv"):
        for name in (row["name"], *row["aliases"].split("|"), *row["english"].split("|")):
            catalogue[name.removeprefix("=")] = row["category"]
    other = [
        row["term"]
        for row in rows("danger.tsv")
        if row["term"] not in slang and catalogue.get(row["term"], row["category"]) != row["category"]
    ]
    assert other == []
