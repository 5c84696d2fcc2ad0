"""Goods names as people write them, brought to one spelling.

The words on a waybill are typed in a hurry, and sometimes typed to get past a filter. `normalise` undoes what changes the spelling
but not the reading: width, case, traditional characters, spaces and signs between characters, digits for letters.
"""

import re
import unicodedata

# Traditional and variant characters (left of each pair) that occur in the lexicon, and what mainland print uses.
_VARIANTS = (
    "氣气槍枪彈弹藥药煙烟菸烟電电機机車车燃燃礦矿鋰锂鋁铝鎂镁鋅锌鈉钠鉀钾鈣钙鈾铀鈷钴鐳镭鉛铅銅铜鐵铁銀银錫锡鈦钛"
    "絲丝線线紙纸綿棉織织纖纤維维膠胶劑剂墊垫壓压縮缩噴喷霧雾爐炉燈灯罐罐銃铳礮炮砲炮燄焰鋼钢針针釘钉鏡镜"
    "種种類类無无與与萬万億亿產产業业東东書书畫画報报刊刊書书證证單单據据檔档衣衣褲裤襪袜鞋鞋帽帽裝装飾饰"
    "玩玩遊游戲戏樂乐器器傢家具具櫃柜椅椅櫥橱廚厨餐餐鍋锅盤盘筆笔記记腦脑屏屏顯显視视頻频線线充充寶宝儲储"
    "醫医療疗養养護护膚肤髮发剃剃妝妆潔洁淨净瓶瓶劍剑刀刀槍枪導导雷雷炸炸爆爆鞭鞭獵猎衝冲鋒锋統统離离聚聚"
    "酸酸鹼碱堿碱氫氢氧氧氮氮氯氯氟氟溴溴碘碘烴烃烯烯醇醇醚醚酮酮醛醛酯酯腈腈胺胺苯苯酚酚汞汞鎘镉鉻铬錳锰"
    "硫硫磷磷鉈铊鈹铍釩钒鎵镓鉍铋銻锑鋇钡鍶锶銣铷銫铯鈰铈鋯锆鎢钨鈽钚釷钍"
    "麻麻鴉鸦啡啡罌罂諾诺亞亚爾尔蘭兰羅罗馬马龍龙鳳凤魚鱼鳥鸟雞鸡豬猪貓猫貴贵貨货禮礼紅红綠绿藍蓝黃黄"
    "條条盒盒顆颗隻只個个雙双張张塊块張张廠厂圓圆環环過过滅灭殺杀蟲虫農农劇剧變变異异樣样標标準准備备屬属"
    "豆豆蔔卜麵面糧粮製制複复發发開开關关動动運运輸输險险急急應应當当對对輪轮滑滑闆板"
    "粵粤滬沪國国華华濾滤煉炼釀酿蠟蜡燭烛癮瘾幣币帶带圖图飛飞葉叶點点"
)
_TABLE: dict[int, int | str | None] = {
    ord(old): new for old, new in zip(_VARIANTS[::2], _VARIANTS[1::2], strict=True) if old != new
}
# Zero-width characters, direction marks, soft hyphen, variation selectors: invisible, so they carry nothing but a disguise.
_TABLE.update(dict.fromkeys((*range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2065), 0xFEFF, 0xAD)))
_TABLE.update(dict.fromkeys(range(0xFE00, 0xFE10)))
_TABLE.update({ord("₀") + digit: str(digit) for digit in range(10)})

_CJK = r"[㐀-䶿一-鿿]"
_SPACE_IN_CJK = re.compile(rf"(?<={_CJK})\s+(?={_CJK})")
# A sign between two characters is a disguise only where one of them stands alone (汽-油, 打火-机); 红酒-精油 is two words.
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
    """Return the name in the one spelling that the lexicon uses; the same name twice gives the same text.

    NFKC, casefold, traditional to mainland characters, no invisible characters; spaces between Chinese characters go, and so do signs
    next to a lone one; English words are parted by single spaces, hyphens included; single letters parted by spaces or dots join up
    (`v.a.p.e`); a lone digit inside an English word becomes the letter it stands for (`p0wer`).
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
