"""Phone numbers: one line has one normal form, E.164, with the extension apart. Read with `phonenumbers`."""

import re
import unicodedata
from enum import StrEnum
from typing import NamedTuple

import phonenumbers

from parcelward.contract.person_numbers import is_mobile

HOME = "CN"
_HOME_CODE = "+86"

is_privacy_number = re.compile(r"1[3-9][0-9]{9}-[0-9]{1,8}").fullmatch
"""Match a privacy number in its usual form: a mobile number and an extension."""
_LANDLINE = re.compile(r"0[1-9][0-9]{1,2}[2-9][0-9]{6,7}").fullmatch
_HOME_CODE_BEFORE = re.compile(r"^[\s(]*(?:\+|00)?86[\s)\-.]*")
_EXTENSION = re.compile(
    r"(?P<line>.*[0-9)])\s*(?P<sign>[\s\-,;:#*_转轉xp/]|分[机機]|ext(?:ension)?)[\s:.,\-]*(?P<extension>[0-9]{1,8})#?"
).fullmatch
_WORDS_AROUND = re.compile(r"^(?:[\u4e00-\u9fff]|tel|phone|mobile|[\s:.])+|[(\s]*[\u4e00-\u9fff][\u4e00-\u9fff\s)]*$")
_NEIGHBOUR = re.compile(r"85[23][0-9]{8}|886[0-9]{8,9}").fullmatch
"""Hong Kong, Macao and Taiwan, often written without the `+`."""
NO_LINE = ("00000000", "1111111")
"""What those type who have no number to give ends so; of a mobile number the zeros alone tell."""
_LETTER = re.compile(r"[^\W\d_]")
_NOT_DIGIT = re.compile(r"[^0-9]")
_MOST = 40  # characters


class PhoneCheck(StrEnum):
    """Kinds of what a phone field holds."""

    LINE = "line"  # one line; it has a token
    LENT = "lent"  # a privacy number (隐私号), lent to many people in turn: it identifies nobody
    NO_PHONE = "no_phone"  # 无, 138****1234, 00000000000: it links nobody to anybody


class Phone(NamedTuple):
    """A phone number in normal form: E.164, and the extension if one was given.

    A mobile or service number with an extension is a privacy number (隐私号). It is lent to many people in turn, so it
    identifies nobody. A land line with an extension is one desk behind a switchboard.
    """

    number: str
    extension: str | None = None

    @property
    def check(self) -> PhoneCheck:
        """Tell whether the number is one line, or is lent.

        >>> Phone("+8613800138000", "12").check
        <PhoneCheck.LENT: 'lent'>
        """
        return PhoneCheck.LENT if self.extension is not None and self.number.startswith(_LENT) else PhoneCheck.LINE

    @property
    def dialled(self) -> str:
        """The number as one dials it in China; tokens are made of it, as they were before numbers became E.164.

        >>> Phone("+8657187654321", "801").dialled
        '057187654321;801'
        """
        home = self.number.removeprefix(_HOME_CODE)
        number = home if home is self.number or is_mobile(home) else "0" + home
        return number if self.extension is None else f"{number};{self.extension}"


_LENT = tuple(_HOME_CODE + start for start in ("13", "14", "15", "16", "17", "18", "19", "4", "8008", "95"))


def normal_phone(text: str) -> Phone | None:
    """A phone number in normal form; None when it is no complete phone number.

    >>> normal_phone("(+86) 138-0013-8000")
    Phone(number='+8613800138000', extension=None)
    >>> normal_phone("0571-88888888转801")
    Phone(number='+8657188888888', extension='801')
    >>> normal_phone("138****8000") is None
    True
    """
    if is_mobile(text) and not text.endswith(NO_LINE[0]):
        return Phone(_HOME_CODE + text)
    # Signs that nobody sees, such as U+202D before a number that was copied, are of category Cf.
    visible = (
        character for character in unicodedata.normalize("NFKC", text) if unicodedata.category(character) != "Cf"
    )
    plain = "".join(visible).strip().casefold()[:_MOST]
    plain = _WORDS_AROUND.sub("", plain)
    parted = _EXTENSION(plain)
    # A whole land line before a dash has an extension behind it, although the digits together may be a number as well.
    is_whole = parted is None or parted["sign"].isspace() or not _LANDLINE(_NOT_DIGIT.sub("", parted["line"]))
    if is_whole and (number := _line(plain)) is not None:
        return Phone(number)
    if parted is not None and (number := _line(parted["line"].rstrip(" -"))) is not None:
        return Phone(number, parted["extension"])
    return None


def _line(plain: str) -> str | None:
    """E.164 of a text that is one number without extension."""
    if "*" in plain or "#" in plain or _LETTER.search(plain):
        return None
    home = _HOME_CODE_BEFORE.sub("", plain, count=1)
    digits = _NOT_DIGIT.sub("", home)
    bare = digits.removeprefix("0")
    if digits.endswith(NO_LINE[0]) or (digits.endswith(NO_LINE[1]) and not is_mobile(bare)):
        return None
    if not home.startswith(("+", "00")):
        if is_mobile(bare) or _LANDLINE(digits):
            return _HOME_CODE + bare
        if _NEIGHBOUR(digits):
            plain = "+" + digits
    try:
        number = phonenumbers.parse(plain, HOME)
    except phonenumbers.NumberParseException:
        return None
    if number.extension is not None or not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
