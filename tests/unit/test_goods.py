"""Goods names: what must be found, what must not, and what the text around a word changes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parcelward.goods import GoodsMatch, goods_classes, match_goods, normalise, same_goods, weight_range_g

# name, category, severity
FOUND = [
    ("手枪", "01", 3),
    ("仿真手枪模型", "01", 3),
    ("玩具车和手枪", "01", 3),
    ("汽油滤清器、汽油", "05", 3),
    ("不含电池的打火机", "04", 3),
    ("手枪钻 手枪", "01", 3),
    ("气枪铅弹 200发", "01", 3),
    ("air rifle pellets", "01", 3),
    ("弹簧刀", "02", 3),
    ("pepper spray 60ml", "02", 3),
    ("烟花爆竹", "03", 3),
    ("无烟火药", "03", 3),
    ("firecrackers box", "03", 3),
    ("一次性打火机50个", "04", 3),
    ("butane gas canister", "04", 3),
    ("92号汽油", "05", 3),
    ("医用酒精500ml", "05", 3),
    ("paint thinner", "05", 3),
    ("红磷", "06", 3),
    ("固体酒精", "06", 3),
    ("高锰酸钾", "07", 3),
    ("氰化钾", "08", 3),
    ("敌敌畏乳油", "08", 3),
    ("血液样本", "09", 3),
    ("铀矿石标本", "10", 3),
    ("浓硫酸", "11", 3),
    ("sulfuric acid", "11", 3),
    ("铅酸蓄电池", "11", 2),
    ("冰毒", "12", 3),
    ("ketamine", "12", 3),
    ("干冰", "misc", 1),
    ("充电宝20000mAh", "battery", 1),
    ("香水小样", "05", 1),
]

HARMLESS = [
    "玩具枪", "儿童水枪", "手枪钻", "热熔胶枪", "枪灰色外套", "毒蛇牌皮带", "火柴盒小汽车", "炸鸡", "烟花三月图案t恤",
    "烟花印花连衣裙", "鞭炮挂饰", "汽油味香薰卡", "汽油滤清器", "柴油发动机", "打火机保护套", "酒精棉片", "酒精灯",
    "不含酒精洗手液", "无电池遥控车", "硫磺皂", "硫酸软骨素钙片", "聚酯纤维窗帘", "聚丙烯收纳箱", "三聚氰胺餐具",
    "原花青素胶囊", "氯化钠注射液", "不锈钢水杯", "可乐果零食", "灭火器箱", "火箭模型拼装", "子弹头口红",
    "手枪(玩具)", "硫酸制造设备", "爆米花", "冰壶运动手套", "toy gun", "water gun", "gun-metal ring", "nail gun",
    "heat gun", "bath bomb", "firework print t-shirt", "cigarette lighter socket", "alcohol-free wipes",
    "battery-free watch", "no battery toy car", "polyester fabric", "together mug", "Gunther novel", "begun poster",
    "matchbox car", "bicycle bell", "vinyl record", "ink cartridge", "football match ticket", "elaborate dress",
    "amino acid shampoo",
    "消毒品牌湿巾", "天津大麻花", "亚麻布大麻袋", "电子弹簧秤", "下火药茶", "蒸汽油烟机", "汽车气弹簧", "香水百合",
    "水银色项链",
]  # fmt: skip


@pytest.mark.parametrize(("name", "category", "severity"), FOUND, ids=[case[0] for case in FOUND])
def test_dangerous_goods_are_found(name: str, category: str, severity: int) -> None:
    match = match_goods(name)
    assert (match.danger_category, match.danger_severity) == (category, severity)
    assert match.danger_terms


@pytest.mark.parametrize("name", HARMLESS)
def test_harmless_goods_are_left_alone(name: str) -> None:
    match = match_goods(name)
    assert (match.danger_severity, match.danger_terms, match.battery) == (0, (), False)


@pytest.mark.parametrize(
    "name",
    ["不含汽油的样机", "不带锂电池", "零酒精汽水", "no lithium battery", "without lighter", "gasoline-free lamp"],
)
def test_what_is_said_to_be_absent_does_not_count(name: str) -> None:
    assert match_goods(name).danger_severity == 0


@pytest.mark.parametrize("name", ["20汽油", "10打火机", "非汽油 打火机", "free gasoline"])
def test_a_number_or_another_word_denies_nothing(name: str) -> None:
    assert match_goods(name).danger_severity == 3


@pytest.mark.parametrize(
    ("disguised", "plain"),
    [
        ("汽 油", "汽油"),
        ("汽-油", "汽油"),
        ("汽.油 5升", "汽油 5升"),
        ("打·火·机", "打火机"),
        ("打火-机", "打火机"),
        ("汽\u200b油", "汽油"),
        ("鞭\ufe0f炮", "鞭炮"),
        ("煙花", "烟花"),
        ("氣槍鉛彈", "气枪铅弹"),
        ("ＧＡＳＯＬＩＮＥ", "gasoline"),
        ("v.a.p.e", "vape"),
        ("g u n", "gun"),
        ("p0wer b@nk", "power bank"),
        ("e-cigarette", "e cigarette"),
        ("  Power_Bank ", "power bank"),
        ("硫 酸", "硫酸"),
    ],
)
def test_a_disguise_is_undone(disguised: str, plain: str) -> None:
    assert normalise(disguised) == plain
    assert match_goods(disguised)[1:] == match_goods(plain)[1:]
    assert match_goods(disguised).danger_severity > 0


@pytest.mark.parametrize("name", ["红酒-精油", "mp3", "h2o2 free", "a4纸", "iphone15", "衣服/鞋子"])
def test_what_is_no_disguise_stays(name: str) -> None:
    assert normalise(name).replace(" ", "") == name.casefold().replace(" ", "")


@given(st.text(max_size=80))
def test_any_text_is_matched_and_its_words_are_parted_by_single_spaces(name: str) -> None:
    assert isinstance(match_goods(name), GoodsMatch)
    assert normalise(name) == " ".join(normalise(name).split())


@pytest.mark.parametrize(
    ("name", "numbers", "category", "severity"),
    [
        ("UN3480", ("3480",), "battery", 1),
        ("锂电池 UN 3481", ("3481", "3480"), "battery", 1),
        ("un-1203", ("1203",), "05", 3),
        ("联合国编号1203", ("1203",), "05", 3),
        ("UN 0336", ("0336",), "03", 3),
        ("UN3082 liquid", ("3082",), "misc", 2),
        ("sun1203 hat", (), None, 0),
        ("run2024纪念品", (), None, 0),
        ("打火机", ("1057",), "04", 3),
    ],
)
def test_un_numbers_are_read(name: str, numbers: tuple[str, ...], category: str | None, severity: int) -> None:
    match = match_goods(name)
    assert (match.un_numbers, match.danger_category, match.danger_severity) == (numbers, category, severity)


@pytest.mark.parametrize(
    "name", ["充电宝", "锂离子电池", "电动滑板车", "power bank 10000mAh", "lithium batteries", "电子烟"]
)
def test_lithium_batteries_are_seen(name: str) -> None:
    assert match_goods(name).battery


@pytest.mark.parametrize(
    "name", ["干电池", "5号电池", "电池盒", "电动车头盔", "AA batteries", "battery charger", "镍氢电池"]
)
def test_other_batteries_and_what_only_fits_them_are_no_lithium(name: str) -> None:
    assert not match_goods(name).battery


@pytest.mark.parametrize(
    ("name", "restricted", "units", "over_limit"),
    [
        ("3条中华", "cigarette", 600, True),
        ("中华香烟两条", "cigarette", 400, False),
        ("香烟 15包", "cigarette", 300, False),
        ("cigarettes 2 cartons", "cigarette", 400, False),
        ("cigarettes 3 cartons", "cigarette", 600, True),
        ("香烟十二条", "cigarette", 2400, True),
        ("玉溪香烟1条 中华香烟2条", "cigarette", 600, True),
        ("香烟", "cigarette", None, None),
        ("电子烟2支", "e_cigarette", 2, False),
        ("电子烟3支", "e_cigarette", 3, True),
        ("烟弹x6", "e_cigarette", 6, False),
        ("烟弹 7颗", "e_cigarette", 7, True),
        ("烟油12ml", "e_cigarette", 6, False),
        ("烟油30ml", "e_cigarette", 15, True),
        ("烟油 10ml x 2", "e_cigarette", 10, True),
        ("一次性电子烟5支", "e_cigarette", 5, False),
        ("vape pods 8 pcs", "e_cigarette", 8, True),
        ("电子烟", "e_cigarette", None, None),
        ("烟灰缸3个", None, None, None),
        ("牛仔裤3条", None, None, None),
    ],
)
def test_restricted_quantities_are_read(
    name: str, restricted: str | None, units: int | None, over_limit: bool | None
) -> None:
    match = match_goods(name)
    assert (match.restricted, match.restricted_units, match.over_limit) == (restricted, units, over_limit)


@pytest.mark.parametrize(
    "name",
    [
        "日用品",
        "日用品 2件",
        "礼品x2",
        "其他",
        "goods",
        "Gift",
        "personal items",
        "物品、用品",
        "",
        "-",
        "123",
        "啊啊啊",
    ],
)
def test_a_name_that_names_nothing_is_vague(name: str) -> None:
    assert match_goods(name).vague


@pytest.mark.parametrize("name", ["衣服", "女鞋", "礼品茶叶", "书", "gift box of tea", "汽油", "手机"])
def test_a_name_that_can_be_looked_for_is_not_vague(name: str) -> None:
    assert not match_goods(name).vague


@pytest.mark.parametrize(
    ("name", "goods_class"),
    [
        ("儿童羽绒服", "clothing"),
        ("手机壳", "accessory"),
        ("苹果手机", "phone"),
        ("苹果5斤", "fresh_food"),
        ("phone case", "accessory"),
        ("书", "book"),
        ("合同文件", "document"),
        ("毛绒玩具", "toy"),
        ("电饭煲", "appliance"),
        ("实木书架", "furniture"),
        ("中华香烟", "cigarette"),
        ("xyzzy", None),
    ],
)
def test_the_goods_class_is_that_of_the_head_word(name: str, goods_class: str | None) -> None:
    assert match_goods(name).goods_class == goods_class


def test_every_class_has_an_ordered_weight_range() -> None:
    assert {"clothing", "shoes", "phone", "book", "document", "food", "cosmetics", "toy", "furniture"} <= set(
        goods_classes()
    )
    for goods_class in goods_classes():
        low, median, high = weight_range_g(goods_class)
        assert 0 < low < median < high


def test_every_class_that_can_be_named_has_a_weight_range() -> None:
    from parcelward.goods.lexicon import TermKind, lexicon

    named = {term.category for term in lexicon().terms if term.kind is TermKind.GOODS}
    assert named | {"cigarette", "e_cigarette"} <= set(goods_classes())


def test_the_lexicon_is_consistent() -> None:
    from parcelward.goods.lexicon import TermKind, lexicon

    categories = {f"{number:02}" for number in (*range(1, 13), *range(14, 19))} | {
        "battery",
        "misc",
    }  # 13 is never judged
    for term in lexicon().terms:
        if term.kind is TermKind.DANGER:
            assert term.category in categories, term
            assert 1 <= term.severity <= 3, term
        assert not term.un_number or (len(term.un_number) == 4 and term.un_number.isdigit()), term


@pytest.mark.parametrize(
    ("declared", "found", "same"),
    [
        ("衣服", "羽绒服", True),
        ("手机壳", "手机保护壳", True),
        ("书", "书籍", True),
        ("女鞋", "运动鞋", True),
        ("衣服", "女鞋", False),
        ("衣服", "鞭炮", False),
        ("茶叶", "香烟5条", False),
        ("汽油", "汽油", True),
        ("日用品", "衣服", None),
        ("衣服", "物品", None),
        ("xyzzy", "plugh", None),
    ],
)
def test_the_inspectors_words_are_compared(declared: str, found: str, same: bool | None) -> None:
    assert same_goods(declared, found) is same
