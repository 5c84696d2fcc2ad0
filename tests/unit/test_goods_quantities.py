"""Quantities of restricted goods: what multiplies, what adds up, and what says the same amount again."""

import pytest

from parcelward.goods import match_goods


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
        ("烟弹一盒三颗x4", 12),
        ("香烟一条(10包/条)", 200),
        ("香烟2条,每条10包,每包20支", 400),
        ("电子烟烟弹2盒(每盒3颗)", 6),
        ("烟弹3颗装x2盒", 6),
        ("烟弹2盒(3颗装)", 6),
        ("烟弹一盒3颗", 3),
        ("烟弹2盒*3颗", 6),
        ("烟弹3颗/盒 2盒", 6),
        ("香烟20支装x3包", 60),
        ("电子烟1套(1杆3弹)", 4),
        ("香烟2条(每条200支)", 400),
        ("一次性电子烟3支装", 3),
        ("烟弹一盒两颗", 2),
        ("烟弹1盒/3颗", 3),
        ("烟油10ml*3瓶", 15),
        ("香烟4包(80支)x2", 160),
        ("vape pods 2 boxes (3 pods each)", 6),
        ("烟弹2盒(6颗)*2", 12),
        ("烟弹1盒(3颗)x3", 9),
        ("烟弹4盒3颗装", 12),
        ("烟弹(3颗装)4盒", 12),
        ("电子烟2套(1杆3弹)", 8),
        ("烟弹3颗*2", 6),
        ("烟弹一盒三颗", 3),
        ("烟弹x3盒(每盒2颗)", 6),
        ("香烟10包装1条", 200),
        ("香烟1条/10包", 200),
        ("烟油2瓶 10ml装", 10),
        ("vape pods 3 pcs x 2 boxes", 6),
        ("烟弹三盒,每盒三颗", 9),
    ],
)
def test_quantities_multiply(name: str, units: int) -> None:
    assert match_goods(name).restricted_units == units


@pytest.mark.parametrize(
    ("name", "units"),
    [
        ("香烟1条(10包)", 200),
        ("香烟2条(共20包)", 400),
        ("香烟10包(200支)", 200),
        ("香烟1条10包", 200),
        ("香烟一条10包200支", 200),
        ("香烟 3 cartons (30 packs)", 600),
        ("cigarettes 2 cartons (400 sticks)", 400),
        ("烟弹5盒(共15颗)", 15),
        ("烟弹15颗(5盒)", 15),
        ("香烟(1条)", 200),
        ("香烟1条(硬盒)", 200),
        ("香烟一条（内含10包）", 200),
        ("香烟1箱(50条)", 10000),
        ("香烟50条(1箱)", 10000),
        ("烟油30ml(3瓶)", 15),
        ("香烟半条(5包)", 100),
        ("香烟5包=100支", 100),
        ("香烟5包即100支", 100),
        ("香烟3条(600支)", 600),
        ("香烟两条（400支）", 400),
        ("香烟2条共计400支", 400),
        ("烟弹2盒6颗", 6),
        ("烟油10ml(1瓶)", 5),
        ("香烟2条 共400支", 400),
    ],
)
def test_an_amount_said_again_counts_once(name: str, units: int) -> None:
    assert match_goods(name).restricted_units == units


@pytest.mark.parametrize(
    ("name", "units"),
    [
        ("香烟1条+2包", 240),
        ("中华香烟1条 软中华2包", 240),
        ("电子烟2支(含烟弹3颗)", 5),
        ("香烟1条5包", 300),
        ("香烟3条,2包", 640),
        ("香烟3条、2包", 640),
        ("香烟(1条)2包", 240),
        ("香烟1条(200支)+1包", 220),
        ("香烟一条 两包", 240),
    ],
)
def test_amounts_of_several_things_add_up(name: str, units: int) -> None:
    assert match_goods(name).restricted_units == units


@pytest.mark.parametrize("name", ["烟弹0盒3颗", "烟弹零盒3颗", "香烟0条(10包)"])
def test_no_number_breaks_the_counting(name: str) -> None:
    assert match_goods(name).restricted
