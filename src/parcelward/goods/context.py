"""The text around a term that changes its meaning: word boundaries, negation, pictures and toys of the thing."""

import re

from parcelward.goods.lexicon import Term, TermKind, TermPlace

_CJK = re.compile(r"[㐀-䶿一-鿿]")
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
        "晶体 原液 化合物"
    )
)

_NEGATED_BEFORE = re.compile(
    "(?:"
    + _any_of("无 不含 不含有 未含 不带 不包含 不包括 没有 未装 未带 不配 不是 非 免 零")
    + r"|(?<![\d.])0|(?:\b(?:no|non|without|free of|not|excl|excluding)) )"
    + _any_of("任何 内置 锂 可拆卸 any_ a_ built_in_ the_")
    + "?$"
)
_NEGATED_AFTER = re.compile(r" ?free(?![a-z])|(?:另购|另配|自备|除外|不含|未配| ?not included| ?excluded)")

# Words after a term: the parcel holds a picture of the thing, an imitation in paper or cloth, or its namesake.
# A replica of a weapon is itself prohibited, so 模型 and 仿真 are not here.
_PICTURE_AFTER = re.compile(
    _any_of(
        "图案 图片 印花 贴纸 贴画 海报 画册 漫画 小说 图书 手册 挂饰 吊坠 项链 耳环 耳钉 戒指 抱枕 玩偶 "
        "公仔 毛绒 钥匙扣 "
        "胸针 徽章 积木 拼图 造型 形状 主题 风格 壁纸 文化衫 t恤 卫衣 味 香型 色 灰 英雄 杯 饼干 蛋糕 糖 "
        "巧克力 辣酱 鸡 牌 纹 "
        "游戏 光盘 电影 专辑 明信片 冰箱贴 宣传 教育 科普 危害 害教育 奶茶"
    )
    + "| ?"
    + _any_of(
        "print printed pattern poster sticker keychain keyring necklace earring earrings pendant charm "
        "plush pillow "
        "costume shaped style theme themed scented flavored flavoured gray grey green blue red black metal "
        "game book "
        "novel comic dvd tattoo t_shirt hoodie mug ornament"
    )
    + "(?![a-z])"
)
_TOY_BEFORE = re.compile(
    "(?:"
    + _any_of("玩具 软弹 泡泡 吸盘 积木 乐高 儿童 卡通 充气 毛绒")
    + r"|\b"
    + _any_of("toy_ nerf_ water_ bubble_ lego_ plush_")
    + ")$"
)
_WEAPONS = frozenset(("01", "02"))

# Equipment for a substance is not the substance. Batteries are left out: 电池包 and 电池盒 hold them.
_EQUIPMENT_AFTER = re.compile(
    _any_of(
        "用 泵 制造 加工 生产 设备 装置 机械 水平仪 压力计 比重计 整流 转换 火花塞 搬运 测计 清洗 燃烧器 "
        "运输车 滤清器 滤芯 "
        "滤网 过滤 发动机 发电机 喷灯 灯 炉 刷 滚筒 手套 口罩 面具 检测 测试 试纸 试剂盒 测定 分析仪 传感 "
        "探测 报警 阀 软管 管 "
        "喷嘴 喷枪 表 计 测量 仪 收纳 置物 支架 架 外壳 壳 保护套 套 皮套 盒 模具 罩 标签 标识 警示 标志 "
        "说明书 锯 割草机 机 车 "
        "勺 空瓶 空桶 防护 吸附棉 喷壶 喷雾器 挂牌 盒子 工业 专用 净化器 发生器 火锅 热水器 分配器 疏通器 或电"
    )
    + "| ?"
    + _any_of(
        "pump filter engine generator lamp stove burner brush roller glove mask detector sensor tester "
        "test meter gauge "
        "valve hose pipe tube nozzle case holder cover stand rack shelf pouch sleeve socket plug label "
        "sign manual machine "
        "mower resistant proof"
    )
    + "s?(?![a-z])"
)
# The same where the equipment is the last word of one unbroken phrase: 硫酸浓度测定装置.
_EQUIPMENT_LAST = re.compile(
    r"[^和及与、或,;:+\s()]{0,6}" + _any_of("装置 设备 机械 机器 仪器 器具 工具 零件 配件 附件 部件") + r"(?:\W|$)"
)
# A remark in brackets that says what it is for: 手枪(玩具), 香草醛(食用香料).
_REMARK = re.compile(r"\([^)]*(?:玩具|食用|食品|香料|香精|烹饪|体育|教学|toy|food)[^)]*\)")
_SUBSTANCES = frozenset(("04", "05", "06", "07", "08", "09", "10", "11", "misc"))


def has_its_boundaries(text: str, start: int, end: int, term: Term) -> bool:
    """Tell whether a term, at `text[start:end]`, has the word boundaries that it needs.

    An English plural ending belongs to the word.
    """
    place = term.place
    if place is TermPlace.INSIDE:
        return True
    if not term.latin:
        return _ends_alone(text, end) and (place is TermPlace.END or _begins_alone(text, start))
    if place is not TermPlace.SUFFIX and start and _joins(text[start - 1], text[start]):
        return False
    return place is TermPlace.PREFIX or _english_end(text, end)


def is_defused(text: str, start: int, end: int, term: Term) -> bool:
    """Tell whether the words around a term take its danger away.

    They do if they say that the thing is absent, or that the parcel holds a picture, a toy or only equipment for it.
    """
    before = text[max(0, start - _LONGEST_CLUE) : start]
    if before and _NEGATED_BEFORE.search(before):
        return True
    if before and term.category in _WEAPONS and _TOY_BEFORE.search(before):
        return True
    if end == len(text):
        return False
    if _NEGATED_AFTER.match(text, end):
        return True
    if term.kind is not TermKind.DANGER:
        return False
    if _PICTURE_AFTER.match(text, end) or _REMARK.search(text, end):
        return True
    if term.category not in _SUBSTANCES:
        return False
    return _EQUIPMENT_AFTER.match(text, end) is not None or _EQUIPMENT_LAST.match(text, end) is not None


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


def _english_end(text: str, end: int) -> bool:
    last = text[end - 1]
    if last.isalpha():
        for ending in ("es", "s"):
            if text.startswith(ending, end):
                end += len(ending)
                break
    return end == len(text) or not _joins(text[end], last)
