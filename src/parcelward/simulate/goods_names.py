"""The words of the simulated counters: ordinary goods with what they weigh; vague, dangerous and restricted names."""

from importlib import resources
from typing import NamedTuple


class GoodsClass(NamedTuple):
    """A class of goods: nature, median weight in g, its spread (sigma of the logarithm), price in CNY, names."""

    nature: str
    median_g: int
    sigma: float
    price_cny: int
    names: tuple[str, ...]


def _rows(file: str) -> list[list[str]]:
    text = resources.files(__package__).joinpath(file).read_text(encoding="utf-8")
    return [line.split("\t") for line in text.splitlines() if not line.startswith("#")]


ALL_GOODS: dict[str, GoodsClass] = {
    name: GoodsClass(nature, int(median), float(sigma), int(price), tuple(names.split("|")))
    for name, nature, median, sigma, price, names in _rows("goods.tsv")
}
# Class "innocent": ordinary goods whose names hold a dangerous word. A matcher that ignores the context flags them.
GOODS: dict[str, GoodsClass] = {name: found for name, found in ALL_GOODS.items() if name != "innocent"}
VAGUE = ("日用品", "物品", "生活用品", "百货", "杂物", "用品", "礼品", "商品", "衣服", "配件", "食品", "鞋服")
# Classes of goods behind a vague word that still says a little.
BEHIND = {
    "衣服": ("clothes", "light_clothes", "coats"),
    "鞋服": ("clothes", "shoes"),
    "配件": ("vehicle_parts", "phone_things", "tools"),
    "食品": ("snacks", "local_food"),
}
BRANDS = ("云朵", "山泉里", "小满", "北岸", "青禾", "乐途", "木子", "海风", "一叶", "南桥", "晨光里", "Lumo", "Kivo")
SUFFIXES = (
    "M码", "XL码", "黑色", "白色", "红色", "蓝色", "42码", "38码", "500g", "1kg", "2件装", "加厚", "新款", "儿童款",
    "男款", "女款", "大号", "小号", "礼盒装", "二手", "盒装", "A款", "32寸", "春季", "纯棉",
)  # fmt: skip

# Dangerous goods (category of the 2016 prohibited list, name) by the way they are written.
DANGEROUS: dict[str, list[tuple[str, str]]] = {"plain": [], "english": [], "disguised": []}
for _style, _category, _name in _rows("dangerous.tsv"):
    DANGEROUS[_style].append((_name, _category))
# Restricted goods.
E_CIGARETTES = ("电子烟", "电子烟套装", "一次性电子烟", "雾化电子烟杆", "e-cigarette")
CIGARETTES = ("香烟", "中华香烟", "玉溪香烟", "云烟香烟", "cigarettes")
# Goods that hidden senders declare: common ones of plausible weight, so that the name does not give the sender away.
COVERS = (
    ("shoes", "女鞋"), ("tea", "茶叶"), ("toys", "毛绒玩具"), ("snacks", "零食"), ("kitchen", "保温杯"),
    ("clothes", "卫衣"), ("cosmetics", "面膜"), ("health", "按摩仪"), ("electronics", "音箱"),
    ("local_food", "腊肉"), ("books", "书籍"),
)  # fmt: skip
