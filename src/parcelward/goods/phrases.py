"""The phrase around a dangerous word: whether it is a word there at all, and what the phrase really names.

A Chinese compound ends with its head: 汽油滤清器 is a filter, 酒精湿巾 a wipe, 炸弹浴球 a bath ball. A dangerous word
counts unless a head after it proves that the parcel holds another thing. Packaging, colour, quantity, grade and use
prove nothing (kind `neutral` of heads.tsv), nor does food after the name of a drug. Words come from
rjieba's dictionary.
"""

import re
from bisect import bisect_left, bisect_right
from operator import itemgetter

from parcelward.goods.emptiness import is_empty_after, is_empty_before
from parcelward.goods.heads import (
    ending_kind_of,
    exact_kind_of,
    is_also_a_shape,
    is_hardly_real,
    is_neutral,
    kind_of,
    longest_kind_of,
    proofs,
    severity_beside,
)
from parcelward.goods.lexicon import CARE, RESTRICTED, WEAPONS, Term, TermKind, TermPlace, lexicon
from parcelward.goods.medicines import is_for_wounds, names_a_medicine
from parcelward.goods.text import CJK
from parcelward.goods.words import Token, parted

_WARES = frozenset(("ware", "article", "dish", "food", "textile", "ornament", "print"))
_NO_SUBSTANCES = WEAPONS | {"03", "12", "14", "15", "16", "17", "18"}
_FUELS = re.compile("天然气|液化气|液化石油气|煤气|燃气|沼气|瓦斯|甲烷|丙烷")
_BURNERS = re.compile(
    "热水器|灶|壁挂炉|炉|烤箱|报警|油烟机|阀|软管|管(?!制)|燃烧器|取暖[器炉机桌灯]|烤炉|饭煲|管道|热水|喷嘴"
)
_USE = re.compile("[^,，;；、]{0,2}用(?![品具于])")  # 液化气炉用
_PIPED = re.compile("天然气|燃气|煤气|沼气")
_CONTAINER = re.compile(r"[\d一二两三四五六七八九十几半整大小]*(?:瓶|罐|桶|公?斤|升|kg|l(?![a-z])|个|箱|吨)|[ (]?\d")
_ENGINES = re.compile(
    "发电机|割草机|油锯|绿篱机|打药机|水泵|微耕机|发动机|汽车|轿车|货车|客车|suv|越野|摩托|化油器|挖掘机|叉车|拖拉机"
)
_MOTOR_FUELS = re.compile("汽油|柴油|燃油|机油|gasoline|petrol|diesel")
_PHRASE_ENDS = re.compile(
    r"[,，。;；、|+&()\[\]【】{}!！:：]|和|及|与|送|赠|(?<![a-z])(?:and|with|plus|for|without|no|not|excluding)(?![a-z])"
    # What is denied is no head: 打火机无壳.
    "|不含|不带|不配|没有|未含|未配|无(?![刷线绳人纺叶痕火油极缝味烟声水铅毒菌尘糖])"
)
# A thing that looks, smells or is coloured like the danger: it counts only if no thing is named after it.
_PICTURE = re.compile("造型的?|形的?(?!状)|仿生|文化|图案的?|形状的?|印花|主题|味道?的?|色|风格|同款")
_USED_BY = re.compile("(?:[及和][^用]{1,8})?用(?!于)")  # 杀虫剂用喷洒器
# A book with the word that says what it is about: 图书 手枪 are a book and a pistol. In a title, what it is.
_BOOK = "(?:图鉴|百科|绘本|读本|书籍|图书|漫画|小说|教材|故事书|图谱|历史书)"
_BOOK_ABOUT = re.compile(f"{_BOOK}.{{0,4}}(?:关于|有关|主题|介绍|讲解|讲述|之|《)")
_TITLE_OF_A_BOOK = re.compile(f".{{2}}{_BOOK}")
_REALLY = re.compile("(?<![仿逼超乱])真的?$")
_TOY = re.compile("玩具|积木|手办|拼装|模型|蛋糕装饰|派对")
_TITLE_OF = re.compile(r" (dvds?|cd|book|novel|poster|vinyl|album)(?: set)?$")
_TOY_REMARK = re.compile(r" ?\([^)]*(?:玩具|toy)")
_CJK = re.compile(f"[{CJK}]")
_WORD = re.compile(r"[a-z]+")
_VESSEL = re.compile("火机|[瓶罐筒弹]$|气球$|lighter|zippo|cylinder|canister|cartridge")  # empty, it is still one
_UNFILLED = re.compile("[ (,]*(?:不含|不带|没有|未[充加装灌]|无|没)(?:充|加|装|灌)?(?:气|油|燃料|丁烷|液)(?!味|烟|缸)")
_LIKE_GOODS = frozenset(("01", "02", "03", "04", "05", "12"))  # terms that people use in names of other goods
_METALS = frozenset("钠钾铵钙镁锌铅银钡锶锂铜铁铝镍钴")
_CHEMICAL = _METALS | frozenset("盐酯脲胺酮醛醇醚烷烯炔酚苯管")  # go on with a chemical name
_CHEMICAL_WORD = _CHEMICAL | frozenset("酸氯溴碘氟硝氰硼磷硫氨基剂液物品料气粉")
_MADE_FOR = re.compile("(?:专|使|加|加注|燃料)?用(?![品具于户心])|燃料|燃油|装(?![饰置备修潢裱订箱机甲车])")
_VERBS = frozenset("刷喷洗烧擦补画锯点")
_OBJECT = 4  # characters of an object with 用: 墙用
_USES = ("用", "用的", "用途")
_FOR = frozenset(("用", "专用", "使用", "适用", "用油", "用的", "燃料", "款", "型", "式"))
_BRANDS = frozenset(("mercury", "tnt", "c4", "opium", "poison", "dynamite", "bullet", "rocket"))
_THINGS_WITH_IT = frozenset(("part", "wipe", "test", "holder", "article", "model"))  # of which a title is often made
_ONLY_A_BARREL = re.compile("[桶壶箱]子?")
_OTHER_SUBSTANCE = (_CHEMICAL - {"管"}) | frozenset("树胶糖素苷")
_SALTS_TOO = re.compile("硝酸|氯酸|溴酸|碘酸|铬酸|锰酸|砷酸|过氧|氰|叠氮|氟")  # as dangerous in salts: 硝酸铁
_SET = re.compile(r"[一二两三四五六七八九十几\d整全成]套|套装|套餐|礼盒|组合|(?<![a-z])(?:set|kit)(?![a-z])")
# Heads only as the last word.
_LAST_ONLY = frozenset(
    "机套盒壳表管架盖夹线垫糖酱片丸鱼鸡瓜菜书布服帽裙裤袜鞋靴被绳棉车灶面虾鸭鹅蟹肉汤粥饭果球床门窗伞座石泥梨桃橙酥饼糕粽煲串杯碗盘笔扇镜钟琴鼓嘴杆茶"
) | {"汽车", "客车", "货车", "三轮车", "摩托车", "面包车", "家具"}
_FEW = 12  # words that are looked at faster than they are searched
_TITLE = 14  # Chinese characters from which a name is a shop title
_NO_ACCIDENT = 3  # characters of a term that neighbouring words hardly make by chance
_SHORT = 2  # characters of a disguise that must stand free
_TAIL = 24  # characters read after a term
_DOSE_AFTER = 2  # characters of a medicine's name between a chemical and its dosage form


class Phrase:
    """A goods name with its words, which are parted when somebody asks."""

    def __init__(self, text: str, spaces: tuple[int, ...] = ()) -> None:
        self.text = text
        self._spaces = spaces
        self._tokens: list[Token] | None = None
        self._words_after: dict[int, list[tuple[str, int]]] = {}

    @property
    def tokens(self) -> list[Token]:
        """Words with their places."""
        if self._tokens is None:
            self._tokens = parted(self.text)
        return self._tokens

    def _around(self, start: int, end: int) -> list[Token]:
        """Return the words that touch a part of the text: each hit looks at these, not at the whole name."""
        tokens = self.tokens
        if len(tokens) <= _FEW:
            return tokens
        return tokens[bisect_left(tokens, start, key=itemgetter(2)) : bisect_right(tokens, end, key=itemgetter(1))]

    def is_word(self, start: int, end: int, term: Term) -> bool:
        """Tell whether a hit is no accident of two neighbouring words (珠光|气球, 防雷|管)."""
        if term.latin or end - start > _NO_ACCIDENT:
            return True
        if term.category not in _NO_SUBSTANCES and self._is_piece(start, end):
            return False
        around = self._around(start, end)
        if any(first < start < last < end for _, first, last in around):
            return False
        if any(start < first < end < last for _, first, last in around):
            # 酒|精液|体: what is left says nothing else.
            return self.text[end] in _CHEMICAL or self._is_neutral_from(end)
        return True

    def _is_piece(self, start: int, end: int) -> bool:
        """Tell whether a longer word goes on after a hit and names another substance: 环氧树脂."""
        if end == len(self.text) or self.text[end] not in _OTHER_SUBSTANCE:
            return False
        if self.text[end] in _METALS and _SALTS_TOO.search(self.text, start, end):
            return False
        around, known = self._around(start, end), lexicon().named
        return any(first <= start and end < last and word not in known for word, first, last in around)

    def is_whole_word(self, start: int, end: int, place: TermPlace) -> bool:
        """Tell whether no other name is made of a term that counts only by itself (盐酸工业级, but not 盐酸氨溴索)."""
        starts, ends = {token[1] for token in self.tokens}, {token[2] for token in self.tokens}
        if start not in starts or end not in ends:
            return False
        if not (end in self._spaces or self._is_neutral_from(end) or self._goes_on_to_a_thing(end)):
            return False
        before = [word for word, _, last in self.tokens if last == start]
        return place is TermPlace.END or not start or start in self._spaces or any(map(is_neutral, before))

    def _goes_on_to_a_thing(self, end: int) -> bool:
        """Tell whether what follows is no chemical name but food, another thing or a use (盐酸饼干, 盐酸汽车用)."""
        return self._ends_in_use(end) or self._last_thing(self.words_after(end)) in _WARES

    def _ends_in_use(self, end: int) -> bool:
        """Tell whether what follows says at its end what the goods are for (家具翻新用)."""
        return len(self.text) > end and self.text.endswith(_USES)

    def takes_apart(self, start: int, end: int) -> bool:
        """Tell whether a word lies across the end of a compound, which then is none (打火机|套装)."""
        if _MADE_FOR.match(self.text, end):
            return True  # 煤油灯|用油: what follows is for it
        if end < len(self.text) and self.text[end] in _CHEMICAL:
            return False
        if self._ends_in_use(end) and self._is_use_of_a_tool(end):
            return True  # 油漆刷|墙用
        return any(start < first < end < last and not word.isascii() for word, first, last in self._around(start, end))

    def _is_use_of_a_tool(self, end: int) -> bool:
        """Tell whether a compound that ends in a verb (油漆|刷) has that verb's object and 用 after it."""
        return self.text[end - 1] in _VERBS and len(self.text) - end <= _OBJECT

    def _is_neutral_from(self, start: int) -> bool:
        if start == len(self.text):
            return True
        return all(map(is_neutral, self._words(start, self._phrase_end(start))))

    def _phrase_end(self, start: int) -> int:
        stop = _PHRASE_ENDS.search(self.text, start)
        return stop.start() if stop else len(self.text)

    def _words(self, start: int, end: int) -> list[str]:
        return [word for word, _, _ in parted(self.text[start:end])]

    def is_disguise(self, start: int, end: int, term: Term) -> bool:
        """Tell whether a spelling by sound or shape is what it looks like, and no ordinary word or part of one."""
        written = self.text[start:end]
        own = set(term.text)
        for word, first, last in self._around(start, end):
            if last <= start or first >= end:
                continue
            if first < start or last > end:
                return False
            if last - first > 1 and not word.isascii() and not set(word) <= own:
                return len(written) != len(term.text)
        return len(written) > _SHORT or self.stands_free(start, end)

    def stands_free(self, start: int, end: int) -> bool:
        """Tell whether only neutral words, numbers and signs stand beside the hit."""
        near = [token[0] for token in self._around(start, end) if token[2] == start or token[1] == end]
        return all(is_neutral(word) for word in near)

    def names_nothing_else(self, start: int, end: int) -> bool:
        """Tell whether the rest of the name holds only neutral words, numbers and signs."""
        return all(is_neutral(word) for word, first, last in self.tokens if last <= start or first >= end)

    def severity_left(self, start: int, end: int, term: Term) -> int:
        """Return the severity that the phrase leaves a term: none where its head is proven to be another thing.

        A head that only makes the danger unlikely leaves care or a yellow (雷管面, 打火机架子).
        """
        if self._is_only_a_word(start, end, term):
            return 0
        if end == len(self.text) and not term.latin:
            return RESTRICTED if term.category not in _NO_SUBSTANCES and self.is_empty(start, end) else term.severity
        if is_for_wounds(self.text, start, end):
            return CARE
        heads = self._heads(end, term)
        if word := self._across(end):
            heads.add(word)
        if "真" in self.text and term.category in WEAPONS and _REALLY.search(self.text, 0, start):
            return term.severity  # 真手枪 玩具手枪
        beside = heads.isdisjoint(_THINGS_WITH_IT) and self._is_apart(end)
        if not heads.isdisjoint(proofs(term)):
            return min(term.severity, RESTRICTED) if beside else 0
        if term.category not in _NO_SUBSTANCES and (self.is_empty(start, end) or self._is_unfilled(end, term)):
            return RESTRICTED  # a lighter or gas bottle that is said to be empty
        if term.latin and term.text in _BRANDS and self._follows_a_thing(start):
            return CARE
        if term.category not in _NO_SUBSTANCES and _ONLY_A_BARREL.fullmatch(self.text, end):
            return min(term.severity, RESTRICTED)  # 汽油桶 is a barrel for petrol, or one of petrol
        if is_hardly_real(term.text) and not self._is_neutral_from(end):
            return CARE  # 水雷鱼漂
        if beside:
            return min(term.severity, RESTRICTED)
        if self._ends_in_use(end):
            return term.severity  # 油漆家具翻新用
        if not term.latin and term.category in _LIKE_GOODS and heads <= {"", "neutral"}:
            return min(term.severity, RESTRICTED) if self._goes_on_with_words(end) else term.severity
        in_a_set = "holder" in heads and _SET.search(self.text, end) is not None
        return min([term.severity, *(severity_beside(head, term, in_a_set) for head in heads if head)])

    def _is_apart(self, end: int) -> bool:
        """Tell whether a space parts a hit from the words after it: 硫酸 衣服 may be two things."""
        at = next((at for at in self._spaces if at >= end), None)
        return at is not None and all(map(is_neutral, self._words(end, at))) and bool(self.words_after(at))

    def _is_only_a_word(self, start: int, end: int, term: Term) -> bool:
        """Tell whether the surroundings, whatever the head is, show that the danger is only a word."""
        substance = term.category not in _NO_SUBSTANCES
        tail = self.text[end : end + _TAIL]
        if term.category in WEAPONS and _TOY_REMARK.match(tail):
            return True
        if substance and self._is_fuel_of_a_device(start, end):
            return True
        if substance and self.is_empty(start, end) and not _VESSEL.search(term.text):
            return True
        if (
            term.category != "12"
            and (picture := _PICTURE.match(tail))
            and not self._is_neutral_from(end + picture.end())
        ):
            return True
        if substance and (names_a_medicine(self.text, end) or self._is_used_by_a_device(end)):
            return True
        return not substance and self._is_about(start, term)

    def _follows_a_thing(self, start: int) -> bool:
        """Tell whether a name stands after the Chinese thing that it is the brand of (路由器 mercury)."""
        begins = max((found.end() for found in _PHRASE_ENDS.finditer(self.text, 0, start)), default=0)
        before = [word for word, first, last in self.tokens if first >= begins and last <= start and word.strip()]
        kind = next((kind_of(word) for word in reversed(before) if not is_neutral(word)), "")
        return kind in _WARES or kind == "part"

    def _across(self, end: int) -> str:
        """Return the kind of a thing whose name shares the last character of a hit (听话水|壶 is 听话|水壶)."""
        if self.text[end - 1].isascii() or self.text[end : end + 1] == self.text[end - 1]:
            return ""
        if any(first == end < last - 1 for _, first, last in self._around(end, end)):
            return ""  # 手枪|套装 is no 枪套
        shared = (exact_kind_of(self.text[end - 1 : end + more]) for more in (2, 1) if end + more <= len(self.text))
        return "ware" if any(kind in _WARES for kind in shared) else ""

    def _heads(self, end: int, term: Term) -> set[str]:
        """Return the kinds of the things that the phrase names after a hit."""
        if term.kind is TermKind.DANGER and term.latin and not _CJK.match(self.text[end : end + 1]):
            word = self._english_head(end)
            return {kind_of(word) or ("ware" if word and is_also_a_shape(term.text) else "")}
        words = [(word, distance) for word, distance in self.words_after(end) if word != term.text]
        if self._ends_in_use(end):
            words = [(word, distance) for word, distance in words if word not in _VERBS]
        found = {self._last_thing(words)}
        one_word = any(first < end < last for _, first, last in self._around(end, end))  # 电瓶车
        for at, (word, distance) in enumerate(words):
            kind = kind_of(word)
            if kind == "medicine" and distance < _DOSE_AFTER:
                continue
            if not distance and word == self.text[end - 1]:
                continue  # 打火机机
            if at + 1 < len(words) and words[at + 1][0] in _FOR:
                continue  # 汽车用, 手表款: what it is for, or looks like
            if (
                word in _LAST_ONLY
                and not (one_word and not distance)
                and any(not is_neutral(later) for later, _ in words[at + 1 :])
            ):
                continue
            found.add(kind)
        return found

    def _goes_on_with_words(self, end: int) -> bool:
        """Tell whether words follow a hit that nobody knows, and that belong to no chemical name."""
        known = lexicon().named  # 烟花爆竹 names two dangers
        words = (word for word, _ in self.words_after(end) if word not in known and not word.isascii())
        unknown = "".join(word for word in words if not is_neutral(word) and kind_of(word) != "medicine")
        return len(unknown) > 1 and not is_neutral(unknown) and _CHEMICAL_WORD.isdisjoint(unknown)

    def _last_thing(self, words: list[tuple[str, int]]) -> str:
        """Return the kind of the longest head that the phrase ends with, neutral words apart (抱|枕 is 抱枕)."""
        while words:
            if words[-1][0] in _FOR:
                words = words[:-2]
                continue
            ending = "".join(word for word, _ in words[-3:])
            found = longest_kind_of(ending)
            if found or not is_neutral(words[-1][0]):
                return found or ending_kind_of(ending)
            words = words[:-1]
        return ""

    def _is_fuel_of_a_device(self, start: int, end: int) -> bool:
        word, rest = self.text[start:end], self.text[:start]
        if _FUELS.fullmatch(word):
            burner = _BURNERS.search(self.text, end, self._phrase_end(end))
            if burner is None and (_PIPED.fullmatch(word) or not _CONTAINER.match(self.text, end)):  # 灶具 液化气一瓶
                burner = _BURNERS.search(re.split(_PHRASE_ENDS, rest)[-1])
            return burner is not None and not _USE.match(self.text, burner.end())
        if _MOTOR_FUELS.fullmatch(word) and _ENGINES.search(rest):
            return not _PHRASE_ENDS.search(rest, max(0, start - 1)) and not self._is_neutral_from(end)
        return False

    def _is_used_by_a_device(self, end: int) -> bool:
        """Tell whether a hit is what a device named after 用 works with (杀虫剂用喷洒器, but not 汽油用塑料桶寄)."""
        used = _USED_BY.match(self.text, end)
        if used is None:
            return False
        return self._last_thing([(word, at) for word, at in self.words_after(end) if at >= used.end() - end]) == "part"

    def _is_about(self, start: int, term: Term) -> bool:
        """Tell whether the phrase began with a book about the danger, or a toy that looks like it."""
        if not start:
            return False
        before = re.split(_PHRASE_ENDS, self.text[:start])[-1]
        if _BOOK_ABOUT.search(before) or (len(self.text) >= _TITLE and _TITLE_OF_A_BOOK.search(before)):
            return True
        return bool(is_also_a_shape(term.text) and _TOY.search(before))

    def is_empty(self, start: int, end: int) -> bool:
        """Tell whether only the packaging is named (电子烟空盒, 空汽油桶)."""
        return (end not in self._spaces and is_empty_after(self.text, end)) or is_empty_before(self.text, start, end)

    def _is_unfilled(self, end: int, term: Term) -> bool:
        """Tell whether a lighter or gas bottle is said to hold no gas or oil: 打火机（不含气）."""
        return _VESSEL.search(term.text) is not None and _UNFILLED.match(self.text, end) is not None

    def is_doubtful(self, end: int) -> bool:
        """Tell whether a shop title goes on after the hit with words that say neither one thing nor the other."""
        if len(self.text) < _TITLE or len(_CJK.findall(self.text)) < _TITLE:
            return False
        return any(not is_neutral(word) for word, _ in self.words_after(end))

    def words_after(self, end: int) -> list[tuple[str, int]]:
        """Return the words after a hit as far as its phrase goes, each with its distance in characters."""
        words = self._words_after.get(end)
        if words is None:
            stop = _PHRASE_ENDS.search(self.text, end, end + _TAIL)
            last_at = min(stop.start() if stop else len(self.text), end + _TAIL)
            words = self._words_after[end] = [
                (word, first - end) if first >= end else (self.text[end:last], 0)
                for word, first, last in self._around(end, last_at)
                if last > end and first < last_at and word != " "
            ]
        return words

    def _english_head(self, end: int) -> str:
        """Return the last English word of the phrase that is not neutral."""
        if title := _TITLE_OF.search(self.text, end):
            return title[1]
        words = _WORD.findall(self.text, end, self._phrase_end(end))
        return next((word for word in reversed(words) if kind_of(word) != "neutral" and len(word) > 1), "")
