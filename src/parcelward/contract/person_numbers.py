"""Numbers of persons that show by their form alone. No code of the contract may be one, for codes are stored raw."""

import re
from datetime import date
from string import punctuation

is_mobile = re.compile(r"1[3-9][0-9]{9}").fullmatch
"""Match a Chinese mobile number in its usual form: eleven digits."""
_RESIDENT = re.compile(
    r"(?:1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[1-3]|9[0-9])[0-9]{4}"
    r"(?P<born>(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01]))[0-9]{3}[0-9Xx]"
).fullmatch
_SIGNS = str.maketrans("", "", punctuation)
SHORTEST, LONGEST = 11, 40
"""Lengths that a number of a person can have, with signs between its digits."""
_BEGINNINGS = frozenset("0123456789+(")
_HOME_CODE = re.compile(r"[(]*(?:[+]|00)[(]*86").match


def person_number(code: str) -> str | None:
    """Name the number of a person that a whole code is; None when it is none.

    A mobile number has eleven digits and begins with 13 to 19, whatever signs stand between them, or +86 or 0086 before
    them; no courier's waybills are so. A resident number needs all its proofs: province, date of birth and check digit.

    >>> person_number("13800001234"), person_number("360426199101010071")
    ('phone number', 'resident ID number')
    >>> person_number("SF1380000123456") is person_number("78636098066239") is None
    True
    """
    if not SHORTEST <= len(code) <= LONGEST or code[0] not in _BEGINNINGS:
        return None
    digits = (code[home.end() :] if (home := _HOME_CODE(code)) else code).translate(_SIGNS)
    if is_mobile(digits):
        return "phone number"
    if (found := _RESIDENT(digits)) is None or resident_check_character(digits[:17]) != digits[17].upper():
        return None
    try:
        date.fromisoformat(found["born"])
    except ValueError:
        return None
    return "resident ID number"


def resident_check_character(seventeen: str) -> str:
    """The last character of a resident number that begins with these 17 digits (GB 11643).

    >>> resident_check_character("11010519491231002")
    'X'
    """
    # The weights are 2^(17-i) mod 11. Since 13 = 2 (mod 11), reading the digits in base 13 gives the same sum, faster.
    return "0123456789X"[(1 - 2 * int(seventeen, 13)) % 11]
