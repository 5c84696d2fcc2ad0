"""Heads of phrases: the kind of thing that a word names, and what such a thing proves after a dangerous word.

Some things prove that the danger is only a word (汽油滤清器, 大麻布料). Other things make it unlikely and prove
nothing (雷管面, 听话水壶, 打火机架子): then a person may look at it, and nobody refuses the parcel.
"""

import functools
import re

from parcelward.goods.lexicon import CARE, PROHIBITED, RESTRICTED, WEAPONS, Term
from parcelward.goods.tables import rows

_EVERYTHING = frozenset(
    ("print", "textile", "ornament", "toy", "model", "food", "dish", "cosmetic", "test", "holder", "plant")
)
_ON_POISONS = frozenset(
    ("print", "textile", "ornament", "toy", "cosmetic", "test", "wipe", "part", "article", "holder")
)
_ON_SUBSTANCES = _ON_POISONS | {"plant"}
_ON_DRUGS = frozenset(("print", "textile", "ornament", "test", "holder"))
_ON_EXPLOSIVES = frozenset(("print", "textile", "ornament", "test", "cosmetic", "plant"))
# Espionage, forgeries, imitations, protected animals, secrets: an ornament, a print or a wipe may be the thing itself.
_ON_FORBIDDEN = {
    "14": frozenset(("print", "textile", "test", "toy", "food")),
    "15": frozenset(("textile", "test", "toy", "food", "holder")),
    "16": frozenset(("test",)),
    "17": frozenset(("print", "test", "toy", "plant", "cosmetic", "part")),
    "18": frozenset(("test", "toy", "food")),
}
_PROOFS = {
    "01": _EVERYTHING,
    "02": _EVERYTHING,
    "03": _ON_EXPLOSIVES,
    "08": _ON_POISONS,
    "12": _ON_DRUGS,
    **_ON_FORBIDDEN,
}
_SHAPES = re.compile("炸弹|手榴弹|手雷|子弹|地雷|导弹|火箭|炮弹|鱼雷|水雷|大炮|bomb|bullet|rocket|grenade|missile")
_GUN = re.compile(r"枪|gun|pistol|rifle|revolver")
_MILITARY = re.compile("鱼雷|水雷|大炮|导弹|火箭")  # nobody declares a real one
_LIGHTER = re.compile("火机|lighter|zippo")
_EDIBLE_DRUGS = re.compile("罂粟")  # really put into hot pots and sauces
_EATEN_DRUGS = re.compile("大麻|cannabis|marijuana|hemp|cbd|thc")  # really sold as food and cream
# What a thing that proves nothing leaves of the severity, by category.
_UNLIKELY = dict.fromkeys(("article", "ware", "food", "dish"), CARE)
_DOUBTS = {
    "01": _UNLIKELY,
    "02": _UNLIKELY,
    "03": _UNLIKELY | {"holder": CARE, "toy": RESTRICTED, "part": RESTRICTED},
    "12": {"article": CARE, "ware": CARE, "dish": CARE, "cosmetic": CARE, "toy": RESTRICTED, "part": RESTRICTED},
    # What pesticides are for: 蔬菜.
    "08": {"ware": CARE, "food": RESTRICTED, "dish": RESTRICTED, "medicine": RESTRICTED},
}
_DOUBTS |= {category: {"ware": RESTRICTED} for category in _ON_FORBIDDEN}
_DOUBTS_ON_SUBSTANCES = {"ware": CARE, "dish": CARE, "food": RESTRICTED, "model": CARE, "medicine": RESTRICTED}
# Endings of a word of two characters and more: for equipment, for things to wear and use, for what only lies on a shelf
# or table. Words of heads.tsv go before.
_ENDINGS = {
    **dict.fromkeys("器机泵阀仪计炉灶车轮杆嘴架刷锯罩壳钳锤弦钩", "part"),
    **dict.fromkeys("灯帽鞋裤裙衫袜巾被垫毯帘衣柜桌椅床杯碗盘锅饰坠珠画笔谱筷瓦杖贴镜伞琴钟扇梳", "article"),
    **dict.fromkeys("板球书册卡票券集诗宠漂棋牌偶", "ware"),
    **dict.fromkeys("鱼虾蟹面饭粥汤煲鸡鸭鹅肉菜饼糕酥粽串", "dish"),
}
_NUMERALS = frozenset("一二两三四五六七八九十百几半数多整单双大小")
_CLASSES = {
    **dict.fromkeys(("food", "drink", "tea"), "food"),
    "fresh_food": "dish",
    **dict.fromkeys(
        (
            *("clothing", "underwear", "shoes", "hat", "bag", "luggage", "bedding", "cloth", "baby", "pet", "glasses"),
            *("book", "document", "card", "stationery", "jewellery", "craft", "accessory", "furniture", "kitchenware"),
            *("household", "sport", "instrument", "electronics", "phone", "computer", "appliance", "toy"),
        ),
        "ware",
    ),
}


@functools.cache
def _kinds() -> dict[str, str]:
    classes = {row["term"]: _CLASSES.get(row["category"], "") for row in rows("ordinary.tsv") if row["kind"] == "goods"}
    return classes | {row["word"]: row["kind"] for row in rows("heads.tsv")}


@functools.lru_cache(maxsize=4096)
def kind_of(word: str) -> str:
    """Return the kind of head that a word is, or nothing.

    >>> kind_of("滤清器"), kind_of("印花连衣裙"), kind_of("套装")
    ('part', 'textile', 'neutral')
    """
    kinds = _kinds()
    if word in kinds:
        return kinds[word]
    # 消毒湿巾, 印花裙: the longest known end of a word.
    for at in range(1, len(word) - 1):
        if word[at:] in kinds and kinds[word[at:]] != "neutral":
            return kinds[word[at:]]
    return ending_kind_of(word)


def exact_kind_of(word: str) -> str:
    """Return the kind of a word that the tables hold as it is, or nothing."""
    return _kinds().get(word, "")


@functools.lru_cache(maxsize=4096)
def longest_kind_of(words: str) -> str:
    """Return the kind of the longest thing that words end with, or nothing; packaging and medicines are none."""
    kinds = _kinds()
    for at in range(len(words) - 1):
        kind = kinds.get(words[at:], "")
        if kind not in ("", "medicine", "neutral"):
            return kind
    return ""


def ending_kind_of(words: str) -> str:
    """Return the kind that the last character gives several words (抓|板), or nothing."""
    if len(words) < 2:
        return ""
    return _ENDINGS.get(words[-2] if words[-1] == "子" else words[-1], "")


@functools.lru_cache(maxsize=4096)
def is_neutral(word: str) -> bool:
    """Tell whether a word says nothing about the thing: packaging, colour, quantity, grade, use, signs."""
    if not any(map(str.isalpha, word)) or kind_of(word) == "neutral":
        return True
    rest = word.lstrip("x*")
    if word[0] in "x*" and rest.isdecimal():
        return True  # x5
    rest = word.lstrip("0123456789.")
    if rest != word:
        return is_neutral(rest)  # 5l
    return len(word) > 1 and word[0] in _NUMERALS and is_neutral(word[1:])  # 两桶


@functools.cache
def is_also_a_shape(term: str) -> bool:
    """Tell whether toys, cakes and bath balls often have the form of a weapon, or its name (炸弹, 火箭)."""
    return _SHAPES.search(term) is not None


@functools.cache
def is_hardly_real(term: str) -> bool:
    """Tell whether nobody declares the real thing, so that any other word after it means a toy or picture of it."""
    return _MILITARY.search(term) is not None


def proofs(term: Term) -> frozenset[str]:
    """Return the kinds of things that prove, named after a term, that it means no danger."""
    return _proofs(term.text, term.category)


@functools.cache
def _proofs(term: str, category: str) -> frozenset[str]:
    proving = _PROOFS.get(category, _ON_SUBSTANCES)
    if category in WEAPONS and not is_also_a_shape(term):
        proving = proving - {"food", "dish"}
    if category == "01" and _GUN.search(term):
        return proving - {"model"}
    return proving - {"holder"} if _LIGHTER.search(term) else proving


def severity_beside(kind: str, term: Term, in_a_set: bool) -> int:
    """Return the highest severity that a term keeps before a thing of this kind, which proves nothing."""
    if kind == "holder" and in_a_set and _LIGHTER.search(term.text):
        return RESTRICTED
    return _severity_beside(kind, term.text, term.category)


@functools.cache
def _severity_beside(kind: str, term: str, category: str) -> int:
    if kind == "holder" and _LIGHTER.search(term):
        return CARE
    if kind == "dish" and _EDIBLE_DRUGS.search(term):
        return PROHIBITED
    if kind in ("cosmetic", "food") and _EATEN_DRUGS.search(term):
        return RESTRICTED if kind == "cosmetic" else PROHIBITED
    return _DOUBTS.get(category, _DOUBTS_ON_SUBSTANCES).get(kind, PROHIBITED)
