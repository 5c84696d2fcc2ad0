"""The text beside a term that changes its meaning: word boundaries, negation, toys."""

import re

from parcelward.goods.lexicon import WEAPONS, Term, TermPlace
from parcelward.goods.text import CJK

_CJK = re.compile(f"[{CJK}]")
_LONGEST_CLUE = 8  # characters looked at before a term


def _any_of(words: str) -> str:
    """Return the alternatives of a pattern; `_` stands for a space inside one of them."""
    return "(?:" + "|".join(re.escape(word.replace("_", " ")) for word in words.split()) + ")"


# A Chinese term that must stand alone may have a word for its state before it and a word for its form after it.
_STATE_BEFORE = re.compile(
    _any_of(
        "压缩 液化 液态 固态 气态 冷冻 深冷 无水 熔融 金属 工业 食用 高纯 纯 废 吸附 粗制 精制 瓶装 桶装 或 和 、 的"
    )
    + "$"
)
_FORM_AFTER = re.compile(
    _any_of(
        "溶液 水溶液 废液 混合 粉 块 粒 条 丝 棒 蒸气 气体 或 和 的 瓶 桶 罐 升 斤 公 克 毫 试剂 分析纯 "
        "晶体 原液 化合物 固体 液体 农用 工业"
    )
)

_NEGATED_BEFORE = re.compile(
    "(?:"
    + _any_of("无 不含 不含有 未含 不带 不包含 不包括 没有 未装 未带 不配 不是 非 免 零")
    + r"|(?<![\d.])0|(?:\b(?:no|non|without|free of|not|excl|excluding)) )"
    + _any_of("任何 内置 锂 可拆卸 any_ a_ built_in_ the_")
    + "?$"
)
_NEGATED_AFTER = re.compile(r"[ (,]*(?:另购|另配|自备|除外|(?:不含|未配)(?=$|[ ,;。)])|not included|excluded)")
# Of substances only: alcohol free wipes. What is free of charge says nothing.
_FREE_OF = re.compile(
    r" ?free(?![a-z]| ?(?:of charge|shipping|ship|gift|deliver|sample|post|size|return|courier|express|freight|cod))"
)
_TOY_BEFORE = re.compile(
    "(?:"
    + _any_of("玩具 软弹 泡泡 吸盘 积木 乐高 儿童 卡通 充气 毛绒")
    + r"|\b"
    + _any_of("toy_ nerf_ water_ bubble_ lego_ plush_")
    + ")$"
)
_FITTING = re.compile(
    " ?(?:case|cover|pouch|sleeve|charger|holder|organi[sz]er|tester|cable|bag)s?(?![a-z])"
    "|.{0,3}(?:标签|说明书|测试仪|检测仪|点焊机|外壳|壳|套(?!装|餐|盒)|保护套|保护壳|皮套|收纳|支架|充电器|充电机|贴纸|连接线|接线|弹簧|坐垫|轮胎|内胎|头盔|雨衣|雨披|挡风|车罩|配件|后视镜|手套)"
)


def has_its_boundaries(text: str, start: int, end: int, term: Term) -> bool:
    """Tell whether a term, at `text[start:end]`, has the word boundaries that it needs.

    An English plural ending belongs to the word.
    """
    place = term.place
    if place is TermPlace.INSIDE or place is TermPlace.ALONE:
        return not term.disguised or _free_letters(text, start, end)
    if not term.latin:
        return True  # what stands beside it is looked at with the words (`stands_by_itself`)
    if place is not TermPlace.SUFFIX and start and _joins(text[start - 1], text[start]):
        return False
    return place is TermPlace.PREFIX or _english_end(text, end)


def stands_by_itself(text: str, start: int, end: int, term: Term) -> bool:
    """Tell whether a Chinese term that must be a word has nothing beside it but its state or form (压缩, 溶液)."""
    return _ends_alone(text, end) and (term.place is TermPlace.END or _begins_alone(text, start))


def is_denied(text: str, start: int, end: int, category: str) -> bool:
    """Tell whether the words beside a term of this category say that the thing is absent."""
    before = text[max(0, start - _LONGEST_CLUE) : start]
    if before and _NEGATED_BEFORE.search(before):
        return True
    if end == len(text):
        return False
    if text.startswith(("free", " free"), end) and category not in WEAPONS and _FREE_OF.match(text, end):
        return True
    return _NEGATED_AFTER.match(text, end) is not None


def is_toy(text: str, start: int, term: Term) -> bool:
    """Tell whether the word before a weapon makes it a toy (玩具手枪, `water gun`)."""
    if term.category not in WEAPONS:
        return False
    return _TOY_BEFORE.search(text[max(0, start - _LONGEST_CLUE) : start]) is not None


def _begins_alone(text: str, start: int) -> bool:
    if not start or not _CJK.match(text[start - 1]):
        return True
    return _STATE_BEFORE.search(text[max(0, start - _LONGEST_CLUE) : start]) is not None


def _ends_alone(text: str, end: int) -> bool:
    return end == len(text) or not _CJK.match(text[end]) or _FORM_AFTER.match(text, end) is not None


def _joins(before: str, first: str) -> bool:
    """Tell whether a character belongs to the same word as the one before it.

    A letter does after a letter, a digit after a letter or digit: `5lighters` are lighters, `1186500` is no 18650.
    """
    return before.isascii() and (before.isalpha() if first.isalpha() else before.isalnum())


def _free_letters(text: str, start: int, end: int) -> bool:
    """Tell whether the letters of a spelling are no part of a longer word."""
    if start and text[start - 1].isascii() and _joins(text[start - 1], text[start]):
        return False
    return end == len(text) or not _joins(text[end], text[end - 1]) or not text[end - 1].isascii()


def _english_end(text: str, end: int) -> bool:
    last = text[end - 1]
    if last.isalpha():
        for ending in ("es", "s"):
            if text.startswith(ending, end):
                end += len(ending)
                break
    return end == len(text) or not _joins(text[end], last)


def fits_a_battery(text: str, end: int) -> bool:
    """Tell whether what follows only belongs to a battery or vehicle: a shell, a charger, a rain cape."""
    return _FITTING.match(text, end) is not None
