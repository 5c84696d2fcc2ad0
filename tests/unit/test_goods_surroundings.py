"""Words round a dangerous term that prove nothing: transport, payment, form, amount, and other goods beside it."""

import pytest

from parcelward.goods import match_goods
from tests.bench.goods_surroundings import dangerous_terms, lost, sampled


def test_no_transport_payment_form_amount_or_goods_beside_hides_a_term() -> None:
    tried = sampled(one_in=60)
    assert len(tried) > 4000
    assert len(dangerous_terms()) > 4000
    assert len(lost(tried)) <= len(tried) / 1000, lost(tried)


@pytest.mark.parametrize(
    "name",
    [
        *(
            "打火机一箱空运",
            "汽油一瓶空派",
            "汽油5升 空瓶",
            "汽油5升，另有空瓶2个",
            "硫酸一桶空投",
            "航空汽油",
            "汽油 空瓶",
        ),
        *("氰化钾固体颗粒", "硝酸铵农用颗粒", "氢氧化钠白色片", "黄磷固体颗粒"),
        *("图书 手枪", "漫画 手枪 1把", "书籍子弹10发", "真手枪 玩具手枪", "硫酸 衣服"),
        *(
            "摩托车汽油一桶",
            "发电机汽油5升",
            "割草机汽油5升桶",
            "液化气一瓶，灶具一套",
            "丙烷 取暖用",
            "灶具液化气一瓶",
        ),
        *(
            "酒精用快递寄",
            "汽油用塑料桶寄",
            "汽油(香精)",
            "pistol free delivery",
            "医用双氧水5升",
            "alcohol free delivery",
        ),
    ],
)
def test_what_only_looks_like_a_proof_is_none(name: str) -> None:
    assert match_goods(name).danger_severity >= 2


@pytest.mark.parametrize(
    "name",
    [
        *("汽油空桶", "酒精瓶空", "香水小样盒空盒", "空汽油桶", "petrol empty can", "手枪(玩具)"),
        *("硝酸甘油片", "盐酸二甲双胍缓释片", "硝酸咪康唑乳膏"),
        *("图书介绍手枪", "绘本关于火箭", "玩具手枪", "枪械图鉴世界名枪大全军事百科书籍手枪步枪"),
        *("摩托车汽油滤芯", "天然气热水器", "燃气热水器天然气", "杀虫剂用喷洒器", "alcohol free wipes"),
    ],
)
def test_what_is_a_proof_still_is(name: str) -> None:
    assert match_goods(name).danger_severity <= 1


def test_a_small_bottle_of_peroxide_for_wounds_is_care_and_a_can_is_not() -> None:
    assert match_goods("双氧水 医用100ml").danger_severity == 1
    assert match_goods("双氧水 医用5升").danger_severity >= 2
