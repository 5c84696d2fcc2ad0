"""Goods names as people write them, brought to one spelling.

People type them in a hurry, and some type them to get past a filter. `normalise` undoes what changes the spelling but
not how a person reads it: width, case, traditional characters, signs between characters, digits for letters.
"""

import re
import unicodedata

# Pairs of characters: a traditional or variant one that occurs in the lexicon, and the one that mainland print uses.
_VARIANTS = (
    "氣气槍枪彈弹藥药煙烟菸烟電电機机車车礦矿鋰锂鋁铝鎂镁鋅锌鈉钠鉀钾鈣钙鈾铀鈷钴鐳镭鉛铅銅铜鐵铁銀银錫锡"
    "鈦钛絲丝線线紙纸綿棉織织纖纤維维膠胶劑剂墊垫壓压縮缩噴喷霧雾爐炉燈灯銃铳礮炮砲炮燄焰鋼钢針针釘钉鏡镜"
    "種种類类無无與与萬万億亿產产業业東东書书畫画報报證证單单據据檔档褲裤襪袜裝装飾饰遊游戲戏樂乐傢家櫃柜"
    "櫥橱廚厨鍋锅盤盘筆笔記记腦脑顯显視视頻频寶宝儲储醫医療疗養养護护膚肤髮发妝妆潔洁淨净劍剑導导獵猎衝冲"
    "鋒锋統统離离鹼碱堿碱氫氢烴烃鎘镉鉻铬錳锰鉈铊鈹铍釩钒鎵镓鉍铋銻锑鋇钡鍶锶銣铷銫铯鈰铈鋯锆鎢钨鈽钚釷钍"
    "鴉鸦罌罂諾诺亞亚爾尔蘭兰羅罗馬马龍龙鳳凤魚鱼鳥鸟雞鸡豬猪貓猫貴贵貨货禮礼紅红綠绿藍蓝黃黄條条顆颗隻只"
    "個个雙双張张塊块廠厂圓圆環环過过滅灭殺杀蟲虫農农劇剧變变異异樣样標标準准備备屬属蔔卜麵面糧粮製制複复"
    "發发開开關关動动運运輸输險险應应當当對对輪轮闆板粵粤滬沪國国華华濾滤煉炼釀酿蠟蜡燭烛癮瘾幣币帶带圖图"
    "飛飞葉叶點点"
)
_TABLE: dict[int, int | str | None] = {ord(old): new for old, new in zip(_VARIANTS[::2], _VARIANTS[1::2], strict=True)}
# Zero-width characters, direction marks, soft hyphen, variation selectors: invisible, so they only serve as a disguise.
_TABLE.update(dict.fromkeys((*range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2065), 0xFEFF, 0xAD)))
_TABLE.update(dict.fromkeys(range(0xFE00, 0xFE10)))
_TABLE.update({ord("₀") + digit: str(digit) for digit in range(10)})

_CJK = r"[㐀-䶿一-鿿]"
_SPACE_IN_CJK = re.compile(rf"(?<={_CJK})\s+(?={_CJK})")
# A sign between two characters is a disguise only where one stands alone (汽-油, 打火-机), not in 红酒-精油.
_SIGN = r"[\s\-_·・•*.~^+=|/\\'\"`#—–…°]+"
_SIGN_AFTER_ONE = re.compile(rf"(?:(?<=^)|(?<=[^㐀-䶿一-鿿]))({_CJK}){_SIGN}(?={_CJK})")
_SIGN_BEFORE_ONE = re.compile(rf"(?<={_CJK}){_SIGN}(?={_CJK}(?:[^㐀-䶿一-鿿]|$))")
_SPELLED_OUT = re.compile(r"(?<![a-z0-9])(?:[a-z][\s.\-_*]+){2,}[a-z](?![a-z0-9])")
_NOT_A_LETTER = re.compile(r"[^a-z]+")
_JOINED_WORDS = re.compile(r"(?<=[a-z0-9])[-_'’/]+(?=[a-z0-9])")
_DIGIT_IN_WORD = re.compile(r"(?<=[a-z])[01345@$](?=[a-z])")
_LETTER_FOR_DIGIT = str.maketrans("01345@$", "oieasas")
_BLANKS = re.compile(r"\s+")


def normalise(name: str) -> str:
    """Return a name in the one spelling that the lexicon uses.

    Width and case are unified (NFKC, casefold), traditional characters become mainland ones, invisible ones go. Spaces
    between Chinese characters go, and signs beside a lone Chinese character. English words are parted by single spaces,
    where a hyphen was as well. Single letters parted by spaces or dots are joined (`v.a.p.e`). A lone digit inside an
    English word becomes a letter (`p0wer`).

    >>> normalise("打·火·機")
    '打火机'
    >>> normalise("Ｖ.A.P.E p0wer-bank")
    'vape power bank'
    """
    text = unicodedata.normalize("NFKC", name).casefold().translate(_TABLE)
    if text.isalpha() and not text.isascii():
        return text
    text = _SPACE_IN_CJK.sub("", text)
    text = _SIGN_AFTER_ONE.sub(r"\1", text)
    text = _SIGN_BEFORE_ONE.sub("", text)
    text = _SPELLED_OUT.sub(lambda letters: _NOT_A_LETTER.sub("", letters[0]), text)
    text = _JOINED_WORDS.sub(" ", text)
    text = _DIGIT_IN_WORD.sub(lambda digit: digit[0].translate(_LETTER_FOR_DIGIT), text)
    return _BLANKS.sub(" ", text).strip()
