"""Real words: how many dangerous-goods names the matcher knows, and how many ordinary names it flags wrongly.

GB 12268-2025 (dangerous goods, Chinese and English) and the goods names of the trade-mark classification were written
by people who never saw this lexicon. It was built while looking at every second row or UN number only; the others
stayed unseen until the first report, whose figures docs/goods.md keeps. `pytest -s` prints today's figures and the
names behind them, for both halves by themselves.
"""

import csv
import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from parcelward.goods import match_goods

DATA = Path(__file__).resolve().parents[2] / ".." / "shared" / "data"
DANGEROUS_NAMES = DATA / "gb12268-2025" / "gb12268_2025_table1.csv"
ORDINARY_NAMES = DATA / "goods-names-zh" / "nice_goods_zh.csv"

# UN numbers of goods that a person or small trader could plausibly put into a parcel: weapons and fireworks, small gas
# containers, household and workshop liquids, matches and tablets, oxidisers and acids of pool, garden and school
# laboratory, poisons that are traded by post, biological samples, batteries and what holds them, and the odd ones of
# class 9. Not: bulk gases, military stores, industrial intermediates, radioactive packages.
_PARCEL_TYPICAL = {
    "arms, powder, fireworks, signals, detonators": """
        0012 0014 0027 0028 0029 0030 0044 0054 0055 0065 0066 0081 0094 0105 0131 0160 0161 0191 0197 0255
        0267 0288 0323 0333 0334 0335 0336 0337 0339 0349 0360 0373 0378 0403 0404 0431 0432 0454 0499 0503
    """,
    "gases in small containers": """
        1001 1002 1005 1006 1010 1011 1013 1017 1044 1046 1049 1057 1066 1070 1072 1075 1077 1950 1965 1969
        1971 1978 2037 2857 3150 3164 3358 3478 1968 3354 3356 3501
    """,
    "flammable liquids of household and workshop": """
        1090 1114 1120 1123 1133 1139 1154 1155 1169 1170 1173 1193 1197 1198 1202 1203 1206 1208 1210 1213
        1219 1223 1230 1247 1262 1263 1265 1266 1267 1268 1272 1274 1286 1287 1293 1294 1299 1300 1306 1307
        1863 1866 1987 1992 1993 1999 2055 2319 3065 3066 3269 3473 3272 3295
    """,
    "solids that burn, alone or with water": """
        1309 1312 1324 1325 1328 1331 1332 1334 1338 1344 1350 1362 1381 1383 1385 1396 1402 1415 1418 1428
        1436 1869 1944 1945 2000 2002 2213 2254 2257 2304 2448 2623 2717 1474 3175 3178
    """,
    "oxidisers": """
        1439 1442 1444 1454 1463 1466 1479 1485 1486 1489 1490 1492 1495 1498 1500 1505 1511 1748 1942 2014
        2015 2067 2208 2465 2468 2719 2880 2984 3085 3105 3106 3108 3139 3149 3377 3378 3485 3487
    """,
    "poisons, biological": """
        1547 1553 1556 1558 1561 1564 1580 1588 1593 1624 1648 1654 1671 1680 1687 1689 1690 1692 1693 1694
        1697 1700 1703 1710 1846 1851 1888 1897 2024 2025 2074 2312 2588 2757 2761 2763 2783 2811 2810 2814
        2821 2831 2876 2900 2902 2903 3172 3249 3291 3345 3349 3352 3373 3448 3462
    """,
    "corrosives": """
        1719 1740 1744 1760 1773 1777 1779 1787 1788 1789 1790 1791 1798 1802 1805 1808 1813 1814 1819 1823
        1824 1826 1830 1832 1840 1847 1849 1873 1903 1907 1908 1910 2031 2032 2056 2209 2491 2582 2670 2672
        2693 2789 2790 2794 2795 2796 2797 2800 2803 2809 2817 2967 3028 3253 3264 3266 3412 3463 3506
    """,
    "batteries and class 9": """
        1845 1841 2071 2211 2212 2590 2807 2969 2990 3072 3077 3082 3090 3091 3166 3171 3245 3268 3314 3316
        3334 3335 3363 3480 3481 3496 3499 3508 3536 3548 3551 3552 3556 3557 3558 3559
    """,
}
PARCEL_TYPICAL = frozenset(number for numbers in _PARCEL_TYPICAL.values() for number in numbers.split())

# Goods of the classification that honestly are, or may be, dangerous: chemicals, paints, fuels, arms, tobacco and
# lighters; medicines and substances for them, veterinary and pest-control preparations, side arms, fire extinguishers.
DANGEROUS_CLASSES = frozenset(("1", "2", "4", "13", "34"))
DANGEROUS_GROUPS = frozenset(("0501", "0504", "0505", "0811", "0916", "1112"))
# Within ordinary groups, goods that GB 12268 or the prohibited list itself names. Flagging them is right.
REALLY_DANGEROUS = re.compile(
    "石棉|松节油|氨水|压缩空气|压缩气体|次氯酸|过氧化|火棉|黄樟|去漆剂|锌粉|铍|镉|自燃金属|橡胶水|食用酒精|煤焦油|大砍刀|"
    "氧气袋|^石灰$|鱼粉|干草|汞合金|使用火药|菌种|蓄电池$|赛璐珞|漂白粉|^镁$|^大麻$|拉炮|发令枪"
)

Name = tuple[str, str]  # UN number or group, name


def _rows(path: Path) -> list[dict[str, str]]:
    if not path.exists():
        pytest.skip(f"no {path.name}: the folder ../shared/data is absent")
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def _dangerous_names(column: str, held_out: bool) -> set[Name]:
    rows = _rows(DANGEROUS_NAMES)
    numbers = sorted({row["un_number"] for row in rows})
    half = set(numbers[int(held_out) :: 2])
    return {(row["un_number"], row[column]) for row in rows if row["un_number"] in half and row[column].strip()}


def _ordinary_names(held_out: bool) -> list[Name]:
    rows = _rows(ORDINARY_NAMES)[int(held_out) :: 2]
    return [
        (row["group_code"], row["item_name"])
        for row in rows
        if int(row["nice_class"]) <= 34
        and row["nice_class"] not in DANGEROUS_CLASSES
        and row["group_code"] not in DANGEROUS_GROUPS
    ]


def _share_known(names: Iterable[Name], title: str) -> float:
    names = sorted(names)
    unknown = [name for name in names if match_goods(name[1]).danger_severity == 0]
    share = 1 - len(unknown) / len(names)
    restricted = sum(match_goods(name).danger_severity >= 2 for _, name in names) / len(names)
    print(f"\n{title}: {len(names)} names, {share:.1%} known, {restricted:.1%} at severity 2 or 3")
    print("  unknown:", "; ".join(f"{number} {name}" for number, name in unknown) or "none")
    return share


HALVES = pytest.mark.parametrize(
    "held_out", [False, True], ids=["the_half_it_was_built_on", "the_half_unseen_at_first"]
)
LANGUAGES = pytest.mark.parametrize("column", ["name_zh", "name_en"])


@HALVES
@LANGUAGES
def test_parcel_typical_dangerous_goods_are_known(column: str, held_out: bool) -> None:
    names = {name for name in _dangerous_names(column, held_out) if name[0] in PARCEL_TYPICAL}
    assert _share_known(names, f"parcel-typical, {column}, held out: {held_out}") > 0.95


@HALVES
@LANGUAGES
def test_most_of_all_dangerous_goods_are_known(column: str, held_out: bool) -> None:
    names = _dangerous_names(column, held_out)
    assert _share_known(names, f"all of GB 12268, {column}, held out: {held_out}") > 0.9


@HALVES
def test_ordinary_goods_are_rarely_flagged(held_out: bool) -> None:
    names = _ordinary_names(held_out)
    matches = [(group, name, match_goods(name)) for group, name in names]
    flagged = [(group, name, match.danger_terms) for group, name, match in matches if match.danger_severity >= 2]
    wrongly = [flag for flag in flagged if not REALLY_DANGEROUS.search(flag[1])]
    flagged_share = len(flagged) / len(names)
    print(f"\nordinary names, held out: {held_out}: {len(names)}; flagged {len(flagged)} ({flagged_share:.2%})")
    print(f"  of these wrongly: {len(wrongly)} ({len(wrongly) / len(names):.2%}); the rest is really dangerous")
    print("  wrongly:", "; ".join(f"{group} {name} ({', '.join(terms)})" for group, name, terms in wrongly) or "none")
    print("  rightly:", "; ".join(name for _, name, _ in flagged if REALLY_DANGEROUS.search(name)) or "none")
    assert len(wrongly) / len(names) < 0.005
