"""Reads what an inspector wrote down: the goods that are in the parcel, and those taken out before it was sealed.

An inspector states what is absent (无违禁品，未见打火机) and what was taken out (已取出打火机，其余为衣服). In the name
that a sender declares such words may be a disguise; here they are a statement. In doubt (不能确认无打火机) the goods
count as seen.
"""

import re
from functools import lru_cache
from typing import NamedTuple

from parcelward.goods.lexicon import PROHIBITED
from parcelward.goods.matching import match_goods
from parcelward.goods.text import normalise

REPORTED_AT_ONCE = frozenset(("01", "02", "03", "08", "09", "10", "12", "14"))
"""Categories of the 2016 list that are reported to the police at once: weapons, explosives, poisons, germs, radioactive
substances, drugs and espionage equipment. Taking such goods out settles nothing."""


class FoundGoods(NamedTuple):
    """The goods that are in the parcel, and the prohibited goods that were taken out; both may be empty."""

    seen: str
    removed: str


class _Part(NamedTuple):
    seen: str
    removed: str = ""
    denies: bool = False  # to the end of the clause, so that a list may go on


_GENERIC = "违禁品|违禁物品?|禁寄物品?|禁限寄物品?|危险品|危险物品|异常|可疑物品?"
_SPACE_AFTER_GENERIC = re.compile(rf"({_GENERIC})\s+")
_CLAUSES = re.compile(r"[,;。!?()\n]|\.(?!\d)")
_ANSWER_IN_BRACKETS = re.compile(r"[(（](无|没有|未见|未发现|none|no)[)）]")

# 无 that is the beginning of another word: 无人机, 无水乙醇, 无烟火药; but not 无水银, 无毒品, 无机油.
_OTHER_WORD = (
    "法|人(?:机|驾|售|船)|线|水(?!银|枪|烟)|烟(?!花|草|弹|油|丝|酒|火(?!药))|声|缝|纺|机(?!油|械)|尘|菌|霜|糖|"
    "油(?!漆|墨|料)|铅|氟|味|色|毒(?!品|药|剂|性|物)|害|公害|极|核|花果|骨|影灯|痛|名|主|数|限|效|须|需|论|关|磷|醇|"
    "气味|异味|破损|盖|壳|外壳|柄|刃"
)
# What follows a negation that denies no goods: 没有申报打火机, 无包装打火机, 无证枪支.
_NOT_PRESENCE = (
    "申报|登记|报备|报关|包装|标[签识注明记志]|说明|写|注明|取出|拿出|退|剔|清|拆|开封|密封|封|保护|证|手续|许可|资质|"
    "合格|牌|商标|品牌|生产|厂|中文|实名|日期|如实|按|把|将"
)
_DENIAL = re.compile(
    rf"(?:未(?:见|发现|看到|查到|查见|查出|查获|检出|检测到|含|装|带|夹带|夹藏|藏匿|有)"
    rf"|没(?:有|见|看到|发现|查到|查出|检出|带|装)|不(?:含|带|包含|包括|存在|是|属于?|见)"
    rf"|(?<!有)无(?!{_OTHER_WORD})|(?:^|(?<=[均并都确系为属是]))非(?!法|洲|标|常|金属|卖品|处方|机动|没|无|不)"
    rf"|(?:已|可|予以)排除"
    rf"|\b(?:no|without|free of|did not (?:find|see)|didn t (?:find|see)|nothing|not any)\b(?! ?\d))"
    rf"(?!{_NOT_PRESENCE}| (?:label|declar|name|brand|packag|licen|permit|number|lid|cap)\w*)"
    r"(?:有(?!毒|机|害)|见|到|发现|看到|存在|夹带|夹藏|携带|装有|放有|含有|任何|其[他它]|一切|内置|明显|可疑|疑似"
    r"| (?:any|other|sign of|trace of))*"
)
_ANSWER = re.compile(
    r"[:：]?\s*(?:均|都|皆|全部|也)?"
    r"(?:(?<!有)无|没有|未见|未发现|未查见|未检出|不存在|否|0个?|零|none|no|not found|absent)$"
)
# Words after which goods are named that are there, whatever was denied before.
_AFFIRMS = re.compile(
    r"但|只|仅|却|实为|实际|另有|还有|仍有|均为|都是|全是|内装|其余|剩余|剩下|而是|发现|查出|是(?!否)|"
    r"(?<![华因作认])为|"
    r"系(?![列统带])|(?<![没未])有(?![毒机害色线声腐])|(?<!未)见|\b(?:but|only|except|has|have|found|contains|instead)\b"
)
_UNSURE = (
    r"不能|无法|未能|难以|不确定|不敢|不知|怀疑|疑似|不排除|未排除|不是|并非|未确认|不保证|"
    r"\b(?:not sure|cannot|unable|doubt\w*)\b"
)
_DOUBT = re.compile(_UNSURE)
_QUESTION = re.compile(f"是否|有无|{_UNSURE}")
_ALL_THE_SAME = re.compile(r"以外|之外|除外|\b(?:besides|other than|except)\b")
_TAKEN_OUT = re.compile(
    r"(?:取出|拿出|剔除|清出|挑出|退回|退还|移除|去除|除去|移出|取走|拿走|带走|收走|扣下|没收|收缴|拆除|卸下|退给|交还"
    r"|\b(?:removed|taken out|took out|handed back|returned|confiscated)\b)"
)
_NOT_DONE = re.compile(
    r"未|没|不(?!明|锈|干)|拒绝?|无法|待|需|要求|应|请|须|建议|让|劝|准备|即将|可|能|再|"
    r"\b(?:not|refus\w*|to be|must|should|please)\b"
)
_HOW = re.compile(r"(?:已经?|当场|现场|全部|均|予以|被)+$")
_AFTER_TAKING = re.compile(rf"后|{_AFFIRMS.pattern}")
_NO_GOODS = re.compile(
    r"(?:[已经并予以当场现均全部由给交了后]|寄件人|客户|本人|处理|放行|我司|自行|其|to|the|sender|was|were|and|then|\W)*"
)
_LIST_GOES_ON = re.compile(r"等(?:各?类)?(?:违禁|禁|危险|易燃|物|$)|\b(?:or|nor)\b")
_ITEMS = re.compile(r"[、/,;和及与或]|以及|\b(?:and|or)\b")


@lru_cache(maxsize=1024)
def read_found(text: str) -> FoundGoods:
    """Say which goods an inspector's words put into the parcel, and which prohibited goods were taken out of it.

    >>> read_found("衣服，无打火机、电池")
    FoundGoods(seen='衣服', removed='')
    >>> read_found("已取出打火机，其余为衣服")
    FoundGoods(seen='其余为衣服', removed='打火机')
    >>> read_found("打火机未取出").seen
    '打火机'
    """
    plain = normalise(_ANSWER_IN_BRACKETS.sub(r"\1", _SPACE_AFTER_GENERIC.sub(r"\1,", text)))
    parts: list[_Part] = []
    for clause in filter(None, (clause.strip() for clause in _CLAUSES.split(plain))):
        part = _read(clause)
        if parts and _NO_GOODS.fullmatch(part.removed) and _TAKEN_OUT.search(clause) and not part.seen:
            part = _Part("", parts[-1].seen)  # 打火机两个，已退回寄件人
            parts[-1] = parts[-1]._replace(seen="")
        parts.append(part)
    _end_lists(parts)
    removed: list[str] = []
    grave: list[str] = []
    for item in (item for part in parts for item in _ITEMS.split(part.removed)):
        match = match_goods(item)
        if match.danger_severity >= PROHIBITED:
            (grave if match.danger_category in REPORTED_AT_ONCE else removed).append(item)
    return FoundGoods(",".join(filter(None, [*(part.seen for part in parts), *grave])), "、".join(removed))


def _read(clause: str) -> _Part:
    taken = _TAKEN_OUT.search(clause)
    if taken is not None:
        if (undone := _NOT_DONE.search(clause, 0, taken.start())) is not None:
            return _Part(f"{clause[: undone.start()]}、{clause[taken.end() :]}".strip("、"))
        rest = _AFTER_TAKING.search(clause, taken.end())
        end = len(clause) if rest is None else rest.start()
        gone = _HOW.sub("", clause[: taken.start()]) + "、" + clause[taken.end() : end]
        return _Part(_goods_in(clause[end:]), gone.strip("、"))
    answer = _ANSWER.search(clause)
    if answer is not None and answer.start() and not _DOUBT.search(clause, 0, answer.start()):
        return _Part(_before_last_affirmed(clause[: answer.start()]), denies=True)
    denial = _DENIAL.search(clause)
    if denial is None:
        return _Part(clause)
    if _QUESTION.search(clause, 0, denial.start()):
        return _Part(f"{clause[: denial.start()]}、{clause[denial.end() :]}")  # 不能确认没有打火机
    rest = _AFFIRMS.search(clause, denial.end())
    end = len(clause) if rest is None else rest.start()
    if _ALL_THE_SAME.search(clause, denial.end(), end):  # 未发现打火机以外的违禁品
        return _Part(clause)
    after = "" if rest is None else _read(clause[rest.end() :]).seen
    return _Part("、".join(filter(None, (_goods_in(clause[: denial.start()]), after))), denies=rest is None)


def _goods_in(text: str) -> str:
    return "" if _NO_GOODS.fullmatch(text) else text


def _before_last_affirmed(text: str) -> str:
    """Give what a clause names before the thing that its end denies: nothing but that thing goes."""
    return _goods_in(text[: max((found.start() for found in _AFFIRMS.finditer(text)), default=0)])


def _end_lists(parts: list[_Part]) -> None:
    """Let a denial go on over commas where the list shows its end: 未见打火机，汽油，刀具等违禁品."""
    for start, part in enumerate(parts):
        if not part.denies:
            continue
        for at in range(start + 1, len(parts)):
            if parts[at].denies or parts[at].removed or _AFFIRMS.search(parts[at].seen):
                break
            if _LIST_GOES_ON.search(parts[at].seen):
                for listed in range(start + 1, at + 1):
                    parts[listed] = _Part("", denies=True)
                break
