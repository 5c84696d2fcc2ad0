"""The values that were given: whether they can be what they are called, and how they may be written in records."""

import json
import re
from collections.abc import Iterator

from parcelward.contract.fields import DocumentCheck, DocumentType
from parcelward.contract.person_numbers import is_mobile
from parcelward.erasure.tokens import Values
from parcelward.identity.identifiers import check_document, normal_document, recognised_type
from parcelward.identity.phones import normal_phone

LONGEST_UNPROVEN = 12
"""Documents without check digits are no longer; a longer number is a proven one with a slip."""
_ESCAPED = re.compile(r"(?<=\\u)[0-9a-f]{4}")
_FIFTEEN = re.compile(r"[1-9][0-9]{5}[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])[0-9]{3}").fullmatch
"""A resident number of before 1999, without a check digit."""


def doubts(values: Values) -> Iterator[str]:
    """Say of each value that can hardly be what it is called; the value itself is not said.

    >>> list(doubts(Values(document="360426199101010071", phone="13800001234")))
    []
    """
    if values.document is not None and not could_be_document(values.document):
        what = "is a phone number" if is_mobile(normal_document(values.document)) else "is no number of a document"
        yield f"--document: the line for it {what}"
    if values.phone is not None and normal_phone(values.phone) is None:
        yield "--phone: the line for it is no whole phone number"
    if values.name is not None and (any(map(str.isdigit, values.name)) or not any(map(str.isalpha, values.name))):
        yield "--name: the line for it is no name"


def could_be_document(number: str) -> bool:
    """Tell whether a document can have this number.

    >>> could_be_document("E12345678"), could_be_document("36042619910101007"), could_be_document("13800001234")
    (True, False, False)
    """
    normal = normal_document(number)
    if recognised_type(normal) is not None or _FIFTEEN(normal):
        return True
    if is_mobile(normal) or not any(map(str.isdigit, normal)):
        return False
    if not normal.isascii():
        return check_document(DocumentType.MILITARY_ID, number) is DocumentCheck.VALID
    return len(normal) <= LONGEST_UNPROVEN and check_document(DocumentType.PASSPORT, number) is DocumentCheck.VALID


def spellings_of(values: Values) -> set[bytes]:
    """Give the bytes by which couriers' records may hold the values: as given, and in normal form.

    >>> sorted(spellings_of(Values(phone="13800001234")))
    [b'138 0000 1234', b'138-0000-1234', b'13800001234']
    """
    texts = {value for value in (values.document, values.phone, values.name) if value}
    if values.document:
        texts.add(normal_document(values.document))
    if values.phone and (phone := normal_phone(values.phone)) is not None:
        line = phone.dialled.partition(";")[0]
        texts.add(line)
        if is_mobile(line):
            texts |= {sign.join((line[:3], line[3:7], line[7:])) for sign in (" ", "-")}
    return {one for text in texts for one in spellings(text)}


def spellings(value: str) -> set[bytes]:
    """Give the bytes as which a record may hold a value, a refused one above all: other case, GB 18030, escapes.

    >>> sorted(spellings("1x"))
    [b'1X', b'1x']
    """
    found = set()
    for text in (value, value.upper(), value.lower()):
        escaped = json.dumps(text)[1:-1]
        with_capitals = _ESCAPED.sub(lambda digits: digits[0].upper(), escaped)
        found |= {text.encode(), text.encode("gb18030"), escaped.encode(), with_capitals.encode()}
    return found
