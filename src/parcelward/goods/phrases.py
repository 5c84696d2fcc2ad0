"""The phrase around a dangerous word: whether it is a word there at all, and what the phrase really names.

A Chinese compound ends with its head: 汽油滤清器 is a filter, 酒精湿巾 a wipe, 炸弹浴球 a bath ball. A dangerous word
counts unless a head after it proves that the parcel holds another thing. Packaging, colour, quantity, grade and use
prove nothing (kind `neutral` of heads.tsv), nor does food after the name of a drug. Words come from
rjieba's dictionary.
"""

import functools
import re
from typing import NamedTuple

import rjieba

from parcelward.goods.lexicon import Term, TermKind, TermPlace
from parcelward.goods.tables import rows
from parcelward.goods.text import CJK

Token = tuple[str, int, int]

_EVERYTHING = frozenset(("print", "textile", "ornament", "toy", "model", "food", "cosmetic", "test"))
_ON_SUBSTANCES = frozenset(("print", "textile", "ornament", "toy", "cosmetic", "test", "wipe", "part", "medicine"))
_ON_DRUGS = frozenset(("print", "textile", "ornament", "test"))
_ON_EXPLOSIVES = frozenset(("print", "textile", "ornament", "test", "cosmetic"))
_PROOFS = {"01": _EVERYTHING, "02": _EVERYTHING, "03": _ON_EXPLOSIVES, "12": _ON_DRUGS}
_EDIBLE_NAMES = re.compile("炸弹|手榴弹|手雷|子弹|地雷|导弹|火箭|炮弹|鱼雷|bomb|bullet|rocket|grenade|missile")
_FESTIVE = re.compile("鞭炮|爆竹|烟花|炮仗|礼花|fire ?cracker|firework|sparkler")
_GUN = re.compile(r"枪|gun|pistol|rifle|revolver")
# Endings of a word for equipment; a token of two characters and more that ends so is a head of kind `part`.
_APPARATUS = frozenset(
    "器机泵阀仪计灯炉灶车架刷锯罩壳镜帽鞋裤裙衫袜巾被垫毯帘柜桌椅锅钳锤贴饰坠杯碗盘瓦床笔谱筷弦杖钩珠画"
)
_SINGLE = frozenset("机套盒壳表管架盖夹线垫糖酱片丸鱼鸡瓜菜书布服帽裙裤袜鞋靴被绳棉车灶")  # heads only as the last word
_FUELS = re.compile("天然气|液化气|液化石油气|煤气|燃气|沼气|瓦斯|甲烷|丙烷")
_BURNERS = re.compile("热水器|灶|壁挂炉|炉|烤箱|报警|油烟机|阀|软管|燃烧器|取暖|烤炉|饭煲|管道|热水|喷嘴")
_ENGINES = re.compile(
    "发电机|割草机|油锯|绿篱机|打药机|水泵|微耕机|发动机|汽车|轿车|货车|客车|suv|越野|摩托|化油器|挖掘机|叉车|拖拉机"
)
_MOTOR_FUELS = re.compile("汽油|柴油|燃油|机油|gasoline|petrol|diesel")
_PHRASE_ENDS = re.compile(r"[,，。;；、|+&()\[\]【】{}!！:：]|和|及|与|送|赠|(?<![a-z])(?:and|with|plus)(?![a-z])")
# A thing that looks, smells or is coloured like the danger: it counts only if no thing is named after it.
_PICTURE = re.compile("造型的?|形的?(?!状)|仿生|文化|图案的?|形状的?|印花|主题|味道?的?|色|风格|同款")
_MEDICINE = re.compile(r"[\u4e00-\u9fff]{2,8}?(?:片|胶囊|栓|乳膏|软膏|凝胶|滴眼液|注射液|颗粒|口服液|糖浆|丸)")
_USED_BY = re.compile("(?:[及和][^用]{1,8})?用(?!于)")  # 杀虫剂用喷洒器
_BOOK = re.compile("图鉴|百科|绘本|读本|书籍|图书|漫画|小说|教材|故事书|图谱|历史书")
_TOY = re.compile("玩具|积木|手办|拼装|模型|蛋糕装饰|派对")
_FITTING = re.compile(
    ".{0,3}(?:外壳|壳|套(?!装|餐|盒)|保护套|保护壳|皮套|收纳|支架|充电器|充电机|贴纸|连接线|接线|弹簧|坐垫|轮胎|内胎|头盔|雨衣|雨披|挡风|车罩|配件|后视镜|手套)"
)
_REMARK = re.compile(r" ?\((?:[^)]*(?:香料|香精))|\([^)]*(?:玩具|toy)")
_CJK = re.compile(f"[{CJK}]")
_WORD = re.compile(r"[a-z]+")
_EMPTY = re.compile(r"空[瓶桶罐盒壶箱]|(?<![a-z])empty(?![a-z])|\(空\)|[瓶桶罐盒壶箱]空")
_CHEMICAL = frozenset("钠钾铵钙镁锌铅银钡锶锂铜铁铝镍钴盐酯脲胺酮醛醇醚烷烯炔酚苯管")  # go on with a chemical name
_FOR = frozenset(("用", "专用", "使用", "适用"))
_TITLE = 14  # Chinese characters from which a name is a shop title
_NO_ACCIDENT = 3  # characters of a term that neighbouring words hardly make by chance
_SHORT = 2  # characters of a disguise that must stand free
_TAIL = 24  # characters read after a term
_DOSE_AFTER = 2  # characters of a medicine's name between a chemical and its dosage form


@functools.cache
def _kinds() -> dict[str, str]:
    return {row["word"]: row["kind"] for row in rows("heads.tsv")}


class Phrase(NamedTuple):
    """A goods name with its words."""

    text: str
    tokens: tuple[Token, ...]

    def is_word(self, start: int, end: int, term: Term) -> bool:
        """Tell whether a hit is no accident of two neighbouring words (珠光|气球, 防雷|管)."""
        if term.latin or end - start > _NO_ACCIDENT:
            return True
        across = [token for token in self.tokens if token[2] - token[1] > 1]
        if any(first < start < last < end for _, first, last in across):
            return False
        if any(start < first < end < last for _, first, last in across):
            if self.text[end] in _CHEMICAL:
                return True
            return self._is_neutral_from(end)  # 酒|精液|体: what is left says nothing else
        return True

    def is_whole_word(self, start: int, end: int, place: TermPlace) -> bool:
        """Tell whether no other name is made of a term that counts only by itself (盐酸工业级, but not 盐酸氨溴索)."""
        starts, ends = {token[1] for token in self.tokens}, {token[2] for token in self.tokens}
        if start not in starts or end not in ends or not self._is_neutral_from(end):
            return False
        before = [word for word, _, last in self.tokens if last == start]
        return place is TermPlace.END or not start or any(map(_is_neutral, before))

    def takes_apart(self, start: int, end: int) -> bool:
        """Tell whether a word lies across the end of a compound, which then is none (打火机|套装)."""
        return any(start < first < end < last and not word.isascii() for word, first, last in self.tokens)

    def _is_neutral_from(self, start: int) -> bool:
        stop = _PHRASE_ENDS.search(self.text, start)
        rest = self.text[start : stop.start() if stop else len(self.text)]
        return all(_is_neutral(word) for word, _, _ in rjieba.tokenize(rest, hmm=False)) if rest else True

    def is_disguise(self, start: int, end: int, term: Term) -> bool:
        """Tell whether a spelling by sound or shape is what it looks like, and no ordinary word or part of one."""
        written = self.text[start:end]
        own = set(term.text)
        for word, first, last in self.tokens:
            if last <= start or first >= end:
                continue
            if first < start or last > end:
                return False
            if last - first > 1 and not word.isascii() and not set(word) <= own and len(word) > 1:
                return len(written) != len(term.text)
        return len(written) > _SHORT or self.stands_free(start, end)

    def stands_free(self, start: int, end: int) -> bool:
        """Tell whether only neutral words, numbers and signs stand beside the hit."""
        near = [token[0] for token in self.tokens if token[2] == start or token[1] == end]
        return all(_is_neutral(word) for word in near)

    def names_nothing_else(self, start: int, end: int) -> bool:
        """Tell whether the rest of the name holds only neutral words, numbers and signs."""
        return all(_is_neutral(word) for word, first, last in self.tokens if last <= start or first >= end)

    def proves_harmless(self, start: int, end: int, term: Term) -> bool:
        """Tell whether the head of the phrase is another thing."""
        tail = self.text[end : end + _TAIL]
        substance = term.category not in _PROOFS
        if (substance or term.category in ("01", "02")) and (remark := _REMARK.match(tail)):
            return ("玩" in remark[0] or "toy" in remark[0]) != substance
        if substance and self._is_fuel_of_a_device(start, end):
            return True
        if substance and tail and _EMPTY.search(tail):
            return True
        if (
            term.category != "12"
            and (picture := _PICTURE.match(tail))
            and not self._is_neutral_from(end + picture.end())
        ):
            return True
        if substance and (_MEDICINE.match(tail) or (_USED_BY.match(tail) and not self._is_neutral_from(end))):
            return True
        if not substance and self._is_about(start, term):
            return True
        proving = self._proofs(term)
        if term.kind is TermKind.DANGER and term.latin and not _CJK.match(tail[:1]):
            return self._english_head(end) in proving
        words = self._after(end)
        if self._last_thing(words) in proving:
            return True
        for at, (word, distance) in enumerate(words):
            kind = _kind(word)
            if kind == "medicine" and distance < _DOSE_AFTER:
                continue
            if kind not in proving:
                continue
            if not distance and word == self.text[end - 1]:
                continue  # 打火机机
            if at + 1 < len(words) and words[at + 1][0] in _FOR:
                continue  # 汽车用
            one_word = not distance and any(first < end < last for _, first, last in self.tokens)  # 电瓶车
            if word in _SINGLE and not one_word and any(not _is_neutral(later) for later, _ in words[at + 1 :]):
                continue
            return True
        return False

    def _last_thing(self, words: list[tuple[str, int]]) -> str:
        """Return the kind of the longest head that the phrase ends with, neutral words apart (抱|枕 is 抱枕)."""
        while words:
            ending = "".join(word for word, _ in words[-3:])
            kinds = (_kinds().get(ending[at:], "") for at in range(max(0, len(ending) - 1)))
            found = next((kind for kind in kinds if kind not in ("", "medicine", "neutral")), "")
            if found or words[-1][0] in _FOR or not _is_neutral(words[-1][0]):
                return found
            words = words[:-1]
        return ""

    def _is_fuel_of_a_device(self, start: int, end: int) -> bool:
        word, rest = self.text[start:end], self.text[:start]
        if _FUELS.fullmatch(word):
            return _BURNERS.search(self.text) is not None
        if _MOTOR_FUELS.fullmatch(word) and _ENGINES.search(rest):
            return not _PHRASE_ENDS.search(rest, max(0, start - 1)) and bool(self._after(end))
        return False

    def _is_about(self, start: int, term: Term) -> bool:
        """Tell whether the phrase began with a book or toy, and goes on to what it is about or looks like."""
        before = re.split(_PHRASE_ENDS, self.text[:start])[-1]
        return bool(_BOOK.search(before)) or bool(_EDIBLE_NAMES.search(term.text) and _TOY.search(before))

    def fits_a_battery(self, end: int) -> bool:
        """Tell whether what follows only belongs to a battery or vehicle: a shell, a charger, a rain cape."""
        return _FITTING.match(self.text, end) is not None

    def is_doubtful(self, end: int) -> bool:
        """Tell whether a shop title goes on after the hit with words that say neither one thing nor the other."""
        if len(_CJK.findall(self.text)) < _TITLE:
            return False
        return any(not _is_neutral(word) for word, _ in self._after(end))

    def _proofs(self, term: Term) -> frozenset[str]:
        proving = _PROOFS.get(term.category, _ON_SUBSTANCES)
        if term.category in ("01", "02") and not _EDIBLE_NAMES.search(term.text):
            proving = proving - {"food"}
        if term.category == "01" and _GUN.search(term.text):
            return proving - {"model"}
        if term.category == "03" and _FESTIVE.search(term.text):
            return proving | {"food"}
        return proving

    def _after(self, end: int) -> list[tuple[str, int]]:
        """Return the words after a hit as far as its phrase goes, each with its distance in characters."""
        stop = _PHRASE_ENDS.search(self.text, end)
        last_at = min(stop.start() if stop else len(self.text), end + _TAIL)
        return [
            (self.text[max(first, end) : last], max(first, end) - end)
            for word, first, last in self.tokens
            if last > end and first < last_at and word.strip()
        ]

    def _english_head(self, end: int) -> str:
        """Return the kind of the last English word of the phrase that is not neutral."""
        stop = _PHRASE_ENDS.search(self.text, end)
        words = _WORD.findall(self.text, end, stop.start() if stop else len(self.text))
        for word in reversed(words):
            kind = _kind(word)
            if kind != "neutral":
                return kind
        return ""


def phrase(text: str) -> Phrase:
    """Return a normalised name with its words."""
    return Phrase(text, tuple(rjieba.tokenize(text, hmm=False)))


@functools.lru_cache(maxsize=4096)
def _kind(word: str) -> str:
    """Return the kind of head that a word is, or nothing."""
    kinds = _kinds()
    if word in kinds:
        return kinds[word]
    if len(word) > 1 and word[-1] in _APPARATUS:
        return "part"
    # 消毒湿巾, 印花裙: the longest known end of a word.
    for at in range(1, len(word) - 1):
        if word[at:] in kinds and kinds[word[at:]] != "neutral":
            return kinds[word[at:]]
    return ""


def _is_neutral(word: str) -> bool:
    return not word.strip() or not any(map(str.isalpha, word)) or _kind(word) == "neutral"
