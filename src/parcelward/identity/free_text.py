"""Personal values in free text (goods names, what an inspector found) are blanked here, where their form shows them.

Digits are read in any script: full-width, circled, Roman, and Chinese ones where several stand together. Between them
may stand any signs (`personal_forms`). A goods name keeps its sizes, quantities, model numbers, CAS and UN numbers, and
the codes of goods and books whose check digit is right.
"""

import re
import unicodedata
from collections.abc import Iterator

from parcelward.contract.substances import has_right_check_digit
from parcelward.identity.identifiers import normal_document
from parcelward.identity.personal_forms import FORMS, GAP
from parcelward.identity.remembered import Remembered

HIDDEN = "****"
SHORTEST = 6  # characters: a@b.cn

_CHINESE = {
    ord(sign): digit
    for digit, signs in enumerate(
        ("〇零○", "一壹幺", "二贰貳", "三叁參", "四肆", "五伍", "六陆陸", "七柒", "八捌", "九玖")
    )
    for sign in signs
}
_CHINESE_DIGITS = {sign: str(digit) for sign, digit in _CHINESE.items()}
_FEW_CHINESE = 4
"""Fewer Chinese digits are part of a word: 三七粉, 四氯化碳, 二甲苯."""

_LIKE_CHINESE = {ord(sign): str(digit) for sign, digit in zip("两兩洞拐勾", (2, 2, 0, 7, 9), strict=True)}
_LIKE_DIGIT = re.compile(r"[两兩洞拐勾](?=[两兩洞拐勾]*\d)").sub
"""Signs that are digits only before another one: 两件 is a quantity."""
_NOT_DIGIT = re.compile(r"\D").sub
_SIGNS = "".join(map(chr, _CHINESE))
_OTHER_DIGITS = "²³¹⁰-⁹₀-₉Ⅰ-ⅿ①-⓿❶-➓〡-〩㈠-㈩㊀-㊉\U0001f100-\U0001f10c"
"""Signs that are digits and that `\\d` does not match."""
_MAYBE = re.compile(rf"(?i)[\d@＠{_OTHER_DIGITS}{_SIGNS}两兩十百信訊❤♥💚vwt加艾]").search
"""One set of signs of which every suspect text has one: it is found three times faster than the forms below."""
_SUSPECT = re.compile(
    rf"(?i)[\d@＠{_OTHER_DIGITS}]|[微薇威徽]\W{{0,2}}信|微訊|[微薇][❤♥💚]|加\s?(?:我|个)?\s?[微薇vw]|v\s?信|we\s?chat|weixin|"
    rf"[vw][xⅹ]|(?<![a-z0-9])v\s?[:：]|艾特|[(（\[]at[)）\]]|\sat\s|[#]\s?(?:qq|163)|skype|telegram|whatsapp|"
    rf"[路街道巷弄同区园寓村庄屯组]\s?[一二三四五六七八九十百]|[{_SIGNS}两兩](?:{GAP}[\d{_SIGNS}两兩洞拐勾]){{6}}"
).search
_GOODS_CODE = ("69", "978", "979")  # of Chinese goods, of books
_CAS = re.compile(r"(?<![\d.])(\d{2,7})-(\d\d)-(\d)(?!\d)")


def hide_numbers(text: str) -> str:
    """Blank what could be a phone, document, account or card number, an e-mail address, a WeChat id or a house number.

    The text gets no longer.

    >>> hide_numbers("衣服 138 0013 8000 2件")
    '衣服 **** 2件'
    """
    if len(text) < SHORTEST or _MAYBE(text) is None or _SUSPECT(text) is None:
        return text
    return _remembered.of(text)


def _hide(text: str) -> str:
    text = _without(text, text if text.isascii() else text.translate(_digits))
    if sum(ord(character) in _CHINESE for character in text) < _FEW_CHINESE:
        return text
    read = text.translate(_digits).translate(_CHINESE_DIGITS)
    return _without(text, _LIKE_DIGIT(lambda sign: sign[0].translate(_LIKE_CHINESE), read))


_remembered = Remembered(_hide)


_NUMBERS = ("Nd", "Nl", "No")
"""Categories of signs that stand for numbers and are no words: 一 is of another one."""


class _Digits(dict[int, int]):
    """For `str.translate`: every sign that is a digit in some script, as an ASCII digit; found when first asked for."""

    def __missing__(self, code: int) -> int:
        sign = chr(code)
        value = unicodedata.numeric(sign, None) if unicodedata.category(sign) in _NUMBERS else None
        self[code] = found = code if value is None or value not in range(10) else ord("0") + int(value)
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
    # An amount behind the number of a substance makes no phone of both: 1313-60-6 5000g.
    read = _CAS.sub(_as_word, read) if "-" in read else read
    digits, signs = len(_NOT_DIGIT("", read)), set(read.lower())
    for pattern, group, least, needed in FORMS:
        if digits < least or (needed and needed.isdisjoint(signs)):
            continue
        for match in pattern.finditer(read):
            number = match[group]
            if (group == "bank" and not _is_bank_card(number)) or (group == "card" and not _is_hong_kong_card(number)):
                continue
            if not _is_goods_code(number):
                yield match.span(group)


def _as_word(match: re.Match[str]) -> str:
    """A word in place of a CAS number whose check digit is right."""
    return "c" * len(match[0]) if has_right_check_digit(match[1] + match[2], match[3]) else match[0]


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
