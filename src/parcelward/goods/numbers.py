"""Numbers that name a substance: of the United Nations (UN 1203) and of the Chemical Abstracts Service (7664-93-9)."""

import re

from parcelward.contract.substances import has_right_check_digit

_UN_NUMBER = re.compile(r"(?:(?<![a-z])un|联合国)(?: ?(?:编号|号|no\.?|number))?[ :#.\-]*(\d{4})(?!\d)")
_CAS_NUMBER = re.compile(r"(?<![\d.])(\d{2,7})[ \-–—−‐‑_]{1,3}(\d{2})[ \-–—−‐‑_]{1,3}(\d)(?![\d.])")


def un_numbers(text: str) -> tuple[str, ...]:
    """Return the UN numbers written in a normalised name, four digits each.

    >>> un_numbers("un 1203 汽油")
    ('1203',)
    """
    return tuple(dict.fromkeys(_UN_NUMBER.findall(text)))


def cas_numbers(text: str) -> tuple[str, ...]:
    """Return the CAS numbers written in a normalised name whose check digit is right.

    >>> cas_numbers("cas 7664 93 9")
    ('7664-93-9',)
    >>> cas_numbers("7664-93-8")
    ()
    """
    return tuple(
        "-".join(parts) for parts in _CAS_NUMBER.findall(text) if has_right_check_digit(parts[0] + parts[1], parts[2])
    )
