"""Personal values in free text (goods names, what an inspector found) are blanked here, where their form shows them.

Digits are read in any script: full-width, circled, and Chinese ones where several stand together. Between them may
stand what people put there: spaces, dashes, dots, commas, tildes, brackets. A goods name keeps its sizes, quantities,
model numbers, CAS and UN numbers, and the codes of goods and books whose check digit is right.
"""

import re
import unicodedata
from collections.abc import Iterator

from parcelward.identity.identifiers import normal_document
from parcelward.identity.remembered import Remembered

HIDDEN = "****"
SHORTEST = 6  # characters: a@b.cn

# Signs between the digits of one number. Not `*` and `x`, which stand between the sides of a box.
_SIGNS = (
    r"\s\-\u2010-\u2015\u2212\uff0d\u30fc.\uff0e\u00b7\u2022\u30fb_,\uff0c\u3001\u3002;\uff1b:\uff1a~\uff5e'\"`"
    r"()\uff08\uff09\[\]\u3010\u3011<>{}\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufe0f\u20e3\ufeff"
)
_G = rf"[{_SIGNS}]{{0,3}}"
_CHINESE = {
    ord(sign): digit
    for digit, signs in enumerate(
        ("〇零○", "一壹幺", "二贰貳", "三叁參", "四肆", "五伍", "六陆陸", "七柒", "八捌", "九玖")
    )
    for sign in signs
}
_FEW_CHINESE = 4
"""Fewer Chinese digits are part of a word: 三七粉, 四氯化碳, 二甲苯."""

_LONG = (
    # a resident ID: any digits parted at will are one only with a date of birth in the right place
    rf"(?<!\d)[1-9](?:{_G}\d){{5}}{_G}(?:1{_G}9|2{_G}0)(?:{_G}\d){{2}}{_G}[01](?:{_G}\d){_G}[0-3](?:{_G}\d){{4}}{_G}[\dXx]"
    r"(?!\d)",
    rf"(?<!\d)(?:8{_G}6{_G})?1{_G}[3-9](?:{_G}\d){{9}}(?!\d)",  # a mobile number
    r"(?<!\d)1[3-9]\d[^\d\u4e00-\u9fff*xX×]{1,3}\d{4}[^\d\u4e00-\u9fff*xX×]{1,3}\d{4}(?!\d)",  # 139/1234/5606
    rf"(?<!\d)0(?:10|2\d|[3-9]\d\d){_G}[2-8](?:{_G}\d){{6,7}}(?!\d)(?:-\d{{1,6}}(?!\d))?",  # a land line
    rf"(?:(?<=\+)(?<![0-9A-Za-z]\+)\s?|(?<!\d)00)[1-9]\d{{0,2}}(?:{_G}\d){{7,12}}(?!\d)",  # a number abroad
    rf"(?<!\d)(?:85[23]{_G}[2-9]\d{{3}}|886{_G}9\d{{2}}{_G}\d?){_G}\d{{3,4}}(?:{_G}\d{{3}})?(?!\d)",
    rf"(?<!\d)(?P<bank>[3-6]\d{{3}}(?:{_G}\d{{4}}){{3}}(?:{_G}\d{{1,3}})?)(?!\d)",  # a bank card
    r"\d{8,}[Xx]?",  # any long run
    r"(?i)(?:电话|電話|手机|手機|座机|联系方式|(?<![a-z])(?:tel|phone|mobile))(?:号码?)?[^\w]{0,3}"
    rf"(?P<hide>\d(?:{_G}\d){{6,}})",
)
_SHORT = (
    r"(?i)(?:(?<![a-z])qq(?![a-z])|扣扣|企鹅)(?:号|群)?\s?[:：]?\s?(?P<hide>[1-9]\d{4,})(?!\d)",
    r"[A-Za-z0-9._%+\-]+\s?[@＠]\s?[A-Za-z0-9\-]+(?:[.．][A-Za-z0-9\-]+)+",  # an e-mail address
    r"(?i)(?:[微薇威]信|微訊|v信|(?<![a-z])(?:wechat|weixin|[vw]x(?=\s?[:：号=]|\s?[a-z_\-]*\d)))(?:号|id)?\s?[:：=]?\s?"
    r"(?P<hide>[a-z][a-z0-9_\-]{5,})",
    r"(?<![A-Za-z0-9])(?:[A-Z]{1,2}\d{6}\s?[(（][\dA][)）]|[EHM][A-Z]\d{7})(?![A-Za-z0-9])",  # card, passport, permit
    r"(?<![A-Za-z0-9])(?P<card>[A-Z]{1,2}\d{6}[\dA])(?![A-Za-z0-9])",
    # An address: its street stays, its house does not.
    r"(?:(?<![电线公铁管油水气思套网電])路|街|大道|巷|弄|胡同|小区|花园|新村)\s?"
    r"(?P<hide>\d{1,5}(?:[-—之]\d+)?\s?(?:号楼?|弄|栋|幢|座|单元|室)(?:\s?\d{1,5}(?:号楼?|弄|栋|幢|座|单元|楼|层|室|房)?)*)",
)
_PATTERNS_LONG, _PATTERNS_SHORT = (
    tuple(
        (re.compile(pattern), next((name for name in ("hide", "bank", "card") if f"<{name}>" in pattern), 0))
        for pattern in group
    )
    for group in (_LONG, _SHORT)
)
_DIGITS_OF_LONG = 7
_NOT_DIGIT = re.compile(r"\D").sub
_SUSPECT = re.compile(
    r"(?i)\d|[\u2460-\u24ff\u2776-\u2793@＠]|[微薇威]信|微訊|v信|wechat|weixin|[vw]x|"
    rf"[{''.join(map(chr, _CHINESE))}](?:{_G}[\d{''.join(map(chr, _CHINESE))}]){{6}}"
).search
_GOODS_CODE = ("69", "978", "979")  # of Chinese goods, of books


def hide_numbers(text: str) -> str:
    """Blank what could be a phone, document, account or card number, an e-mail address, a WeChat id or a house number.

    The text gets no longer.

    >>> hide_numbers("衣服 138 0013 8000 2件")
    '衣服 **** 2件'
    """
    if len(text) < SHORTEST or _SUSPECT(text) is None:
        return text
    return _remembered.of(text)


def _hide(text: str) -> str:
    text = _without(text, text if text.isascii() else text.translate(_digits))
    if sum(ord(character) in _CHINESE for character in text) < _FEW_CHINESE:
        return text
    return _without(text, text.translate(_digits).translate({sign: str(digit) for sign, digit in _CHINESE.items()}))


_remembered = Remembered(_hide)


class _Digits(dict[int, int]):
    """For `str.translate`: every sign that is a digit in some script, as an ASCII digit; found when first asked for."""

    def __missing__(self, code: int) -> int:
        digit = unicodedata.digit(chr(code), None)
        self[code] = found = code if digit is None else ord("0") + digit
        return found


_digits = _Digits()


def _without(text: str, read: str) -> str:
    """The text without what is found in `read`: the same text, sign for sign, with other digits."""
    end, parts = 0, []
    for begin, stop in sorted(_found(read)):
        if stop <= end:
            continue
        if begin >= end:
            parts += [text[end:begin], HIDDEN[: stop - begin]]
        end = stop
    parts.append(text[end:])
    return "".join(parts)


def _found(read: str) -> Iterator[tuple[int, int]]:
    is_long = len(_NOT_DIGIT("", read)) >= _DIGITS_OF_LONG
    for pattern, group in (*_PATTERNS_LONG, *_PATTERNS_SHORT) if is_long else _PATTERNS_SHORT:
        for match in pattern.finditer(read):
            number = match[group]
            if (group == "bank" and not _is_bank_card(number)) or (group == "card" and not _is_hong_kong_card(number)):
                continue
            if not _is_goods_code(number):
                yield match.span(group)


def _is_bank_card(number: str) -> bool:
    """Tell whether digits in fours are a bank card: of the Chinese scheme, or with the right check digit (Luhn)."""
    digits = [int(digit) for digit in _NOT_DIGIT("", number)]
    doubled = [digit * 2 - 9 * (digit > 4) for digit in digits[-2::-2]]
    return digits[:2] == [6, 2] or (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def _is_goods_code(number: str) -> bool:
    """Tell whether a number is an EAN-13 of Chinese goods or a book, check digit right."""
    if len(number) != 13 or not number.startswith(_GOODS_CODE) or not number.isdecimal():
        return False
    return sum(int(digit) * (3 if position % 2 else 1) for position, digit in enumerate(number)) % 10 == 0


def _is_hong_kong_card(number: str) -> bool:
    """Tell whether a number without brackets is one of a Hong Kong identity card, check digit right."""
    values = [36, *(int(sign, 36) for sign in normal_document(number))][-9:]
    return sum(value * weight for value, weight in zip(values, range(9, 0, -1), strict=True)) % 11 == 0
