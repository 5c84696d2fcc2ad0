"""Personal values that show by their form within a text that is meant for something else, such as an attribute.

Narrower than what is blanked in goods names (`identity.free_text`): what is found here makes an event be refused, and
attributes hold counters, times, hashes and traces. So a number must stand alone and have the form of a person's one.
"""

import re
import unicodedata

from parcelward.contract.person_numbers import person_number

_ALONE, _END = r"(?<![0-9A-Za-z])", r"(?![0-9A-Za-z])"
_SIGNS = r"[\s\-_./,~()]"
_FORMS = (
    ("e-mail address", r"[A-Za-z0-9._%+\-]{1,64}@(?:[A-Za-z0-9\-]{1,63}\.){1,8}[A-Za-z]{2,}"),
    (
        "phone number",
        rf"{_ALONE}(?:(?:\+|00)?86{_SIGNS}{{0,2}})?1[3-9]\d(?:{_SIGNS}{{1,3}}\d{{4}}{_SIGNS}{{1,3}}\d{{4}}|\d{{8}}){_END}"
        rf"|{_ALONE}1{_SIGNS}[3-9](?:{_SIGNS}\d){{9}}{_END}"
        r"|(?<![0-9A-Za-z+])\+[1-9](?:[\s\-()]?\d){8,14}(?!\d)"
        rf"|(?<![\w\-])\(?0(?:10|2\d|[3-9]\d\d)(?:\)|[\s\-])\s?[2-8]\d{{2,3}}[\s\-]?\d{{4}}(?![\w\-])"
        r"|(?i:电话|手机|座机|(?<![a-z])(?:tel|phone|mobile))[^\w+]{0,3}\+?\d(?:[\s\-]?\d){6,}",
    ),
    (
        "WeChat id",
        r"(?i:微信|(?<![a-z])(?:wechat|weixin))(?:号|id)?\s?[:：=]?\s?[A-Za-z][\w\-]{5,}|(?<![a-z])wxid_\w{6,}",
    ),
    ("bank card number", rf"{_ALONE}62\d\d(?:[\s\-]\d{{4}}){{3}}{_END}"),
    ("Hong Kong identity card number", rf"{_ALONE}[A-Z]{{1,2}}\d{{6}}\s?\([\dA]\)"),
)
_FOUND = tuple((name, re.compile(form).search) for name, form in _FORMS)
_EIGHTEEN = re.compile(rf"{_ALONE}[1-9]\d{{5}}[\s\-]?\d{{8}}[\s\-]?\d{{3}}[0-9Xx]{_END}").finditer
LOOKED_AT = 4096
"""Characters of a text that are looked at, from its beginning: headers may be long, and must not hold up a worker."""
_SUSPECT = re.compile(r"\d{4}|\d\D\d|@|信|(?i:we(?:chat|ixin)|wxid)").search


def personal_value(text: str) -> str | None:
    """Name the personal value that a text holds; None when none shows.

    >>> personal_value("call 138-0013-8000"), personal_value("a.b@c.cn"), personal_value("1 3 8 0 0 1 3 8 0 0 0")
    ('phone number', 'e-mail address', 'phone number')
    >>> personal_value("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01") is None
    True
    """
    text = text[:LOOKED_AT]
    plain = text if text.isascii() else unicodedata.normalize("NFKC", text)
    if _SUSPECT(plain) is None:
        return None
    for name, found in _FOUND:
        if found(plain):
            return name
    for match in _EIGHTEEN(plain):
        if person_number(re.sub(r"\s", "", match[0])) is not None:
            return "resident ID number"
    return None
