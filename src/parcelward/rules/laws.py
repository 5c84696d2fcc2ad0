"""The number of articles of the laws that rules cite: a legal basis that names an article beyond it cannot be right.

Whether an article says what a rule rests on, nobody but a reader can tell. A law that is not here is not checked.
"""

import re

ARTICLES = {
    "邮政法": 87,
    "反恐怖主义法": 97,
    "危险化学品安全管理条例": 102,
    "烟花爆竹安全管理条例": 46,
    "个人信息保护法": 74,
    "网络数据安全管理条例": 64,
    "浙江省快递业促进条例": 49,
    "浙江省禁毒条例": 52,
    "山东省禁毒条例": 65,
    # These two were not at hand to their end. The first had 48 articles before the revision of 2025, which made 53 of
    # number 43; of the second, article 56 was seen.
    "快递暂行条例": 60,
    "快递市场管理办法": 70,
}
"""Articles of each law by its short name; counted in the texts that test_legal_bases.py compares the rules with."""

_ARTICLE = re.compile(r"第\s*([零〇一二两三四五六七八九十百千\d]+)\s*条")
_SAME_LAW = re.compile(
    r"(?:第[一二三四五六七八九十\d]+[款项]|之[一二三四五六七八九十]|[（(][^）)]*[）)]|[\s、，,；;和及与或至])*"
)
_NAME = re.compile(r"[^；;：:、，,《》\s]+")
_BRACKETS = re.compile(r"[（(][^）)]*[）)]")
_DIGITS = {sign: value for value, signs in enumerate(("零〇", "一", "二两", *"三四五六七八九")) for sign in signs}
_UNITS = {"十": 10, "百": 100, "千": 1000}


def article_fault(basis: str) -> str | None:
    """Name an article that its law does not have; None where all may exist.

    >>> article_fault("邮政法 第二十四条、第三百条")
    '邮政法 has 87 articles, there is no 第三百条'
    """
    law, end = "", 0
    for article in _ARTICLE.finditer(basis):
        between = basis[end : article.start()]
        if not _SAME_LAW.fullmatch(between):
            law = _law_in(between)
        end = article.end()
        most = ARTICLES.get(law)
        if most is not None and not 1 <= number_of(article[1]) <= most:
            return f"{law} has {most} articles, there is no {article[0]}"
    return None


def _law_in(text: str) -> str:
    """The short name of the law that is named last in a text."""
    names = _NAME.findall(_BRACKETS.sub("", text))
    return names[-1].removeprefix("中华人民共和国") if names else ""


def number_of(written: str) -> int:
    """Read a number in Chinese or Arabic digits.

    >>> number_of("一百零二"), number_of("二十三"), number_of("85")
    (102, 23, 85)
    """
    if written.isdecimal():
        return int(written)
    total, digit = 0, 0
    for sign in written:
        if sign in _UNITS:
            total, digit = total + (digit or 1) * _UNITS[sign], 0
        else:
            digit = int(sign) if sign.isdecimal() else _DIGITS[sign]
    return total + digit
