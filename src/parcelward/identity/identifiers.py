"""Identity documents, organisation codes and phones: normal form, shape and check digits.

Shapes and check digits only say whether a number can exist, never whom it belongs to. The region code in a resident ID
is not judged: regions come and go, so an old number with a vanished code is right, and where a person was registered
is no business of a screening system.
"""

import re
import unicodedata
from datetime import date
from typing import NamedTuple

from parcelward.contract.fields import DocumentCheck, DocumentType

_CITIZEN = re.compile(r"[1-9][0-9]{16}[0-9X]").fullmatch
_PERMIT_PREFIXES = ("810000", "820000", "830000")  # Hong Kong, Macao, Taiwan in 港澳台居民居住证
_FOREIGN_OLD = re.compile(r"[A-Z]{3}[0-9]{12}").fullmatch
_HK_MACAO = re.compile(r"[HM][0-9]{8}(?:[0-9]{2})?").fullmatch
_TAIWAN = re.compile(r"[0-9]{8}(?:[0-9]{2}[A-Z0-9]?)?").fullmatch
_PASSPORT = re.compile(r"[A-Z0-9]{5,20}").fullmatch
_CHINESE_PASSPORT = re.compile(r"(?:G[0-9]{8}|E[A-Z]?[0-9]{7,8})").fullmatch
_MILITARY = re.compile(r"[0-9A-Z\u4e00-\u9fff]{4,20}").fullmatch
_ORGANISATION = re.compile(r"[0-9A-HJ-NPQRTUWXY]{18}").fullmatch
_ORGANISATION_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_ORGANISATION_VALUE = {character: value for value, character in enumerate(_ORGANISATION_ALPHABET)}
_ORGANISATION_WEIGHTS = tuple(3**position % 31 for position in range(17))

is_mobile = re.compile(r"1[3-9][0-9]{9}").fullmatch
"""Match a Chinese mobile number that is in normal form already."""
is_privacy_number = re.compile(r"1[3-9][0-9]{9}-[0-9]{1,8}").fullmatch
"""Match a privacy number in its usual form: a mobile number and an extension."""
_CHINESE_MOBILE = re.compile(
    r"(?:\+?86|0086)?[\s-]*(?P<number>1[3-9](?:[\s-]*[0-9]){9})(?:[\s\-,;:#*_转轉xp]+(?:ext\.?\s*)?(?P<extension>[0-9]{1,8}))?"
).fullmatch
_LANDLINE = re.compile(r"\(?(?P<area>0[0-9]{2,3})\)?[\s-]*(?P<local>[2-9][0-9]{6,7})").fullmatch
_ABROAD = re.compile(r"(?:\+|00)(?P<number>[1-9](?:[\s-]*[0-9]){6,14})").fullmatch
_NOT_DIGIT = re.compile(r"[^0-9]")

OLDEST_BIRTH_YEAR = 1900


class Phone(NamedTuple):
    """A phone number in normal form: digits (`+` before a foreign country code), and the extension if one was given.

    A number with an extension is a privacy number (隐私号). It is lent to many people in turn, so it identifies nobody.
    """

    number: str
    extension: str | None = None


def normal_document(number: str) -> str:
    """A document number in normal form: half-width capitals and digits, without spaces, dashes or dots.

    >>> normal_document(" e1234 5678")
    'E12345678'
    """
    if number.isascii() and number.isalnum():
        return number.upper()
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKC", number))).upper()


def normal_name(name: str) -> str:
    """A name in normal form: half-width, one case, without spaces and middle dots.

    >>> normal_name("欧·亨利") == normal_name("欧亨利")
    True
    """
    folded = unicodedata.normalize("NFKC", name).casefold()
    return folded if folded.isalpha() else "".join(filter(str.isalnum, folded))


def normal_phone(text: str) -> Phone | None:
    """A phone number in normal form; None when it is no complete phone number.

    Chinese mobiles lose `+86`, spaces and dashes; land lines become area code and number in one.

    >>> normal_phone("+86 138-0013-8000")
    Phone(number='13800138000', extension=None)
    >>> normal_phone("13800138000转1234")
    Phone(number='13800138000', extension='1234')
    >>> normal_phone("12345") is None
    True
    """
    if is_mobile(text):
        return Phone(text)
    plain = unicodedata.normalize("NFKC", text).strip().casefold()
    if (mobile := _CHINESE_MOBILE(plain)) is not None:
        return Phone(_NOT_DIGIT.sub("", mobile["number"]), mobile["extension"])
    if (landline := _LANDLINE(plain)) is not None:
        return Phone(landline["area"] + landline["local"])
    if (abroad := _ABROAD(plain)) is not None:
        return Phone("+" + _NOT_DIGIT.sub("", abroad["number"]))
    return None


def check_document(document_type: DocumentType | None, number: str | None, on: date | None = None) -> DocumentCheck:
    """Check a document number against the rules of its type. The holder must be born by the day `on`.

    Without a type, a number that `recognised_type` recognises is valid; any other is checked as a resident ID.
    TYPE_MISMATCH: wrong for the stated type, right as another.

    >>> check_document(DocumentType.RESIDENT_ID, "11010519491231002X")
    <DocumentCheck.VALID: 'valid'>
    >>> check_document(DocumentType.RESIDENT_ID, "110105194912310021")
    <DocumentCheck.BAD_CHECKSUM: 'bad_checksum'>
    """
    normal = normal_document(number) if number else ""
    if not normal:
        return DocumentCheck.MISSING
    recognised = recognised_type(normal, on)
    if document_type is None:
        return DocumentCheck.VALID if recognised else _citizen_check(normal, on)
    if recognised is document_type:
        return DocumentCheck.VALID
    result = _check_as(document_type, normal, on)
    if recognised is None:
        return result
    # Passport and military numbers have a loose shape: it also fits numbers that surely are another document's.
    if result is DocumentCheck.VALID and not (document_type in _LOOSE and recognised in _BY_CHECK_DIGIT):
        return result
    return DocumentCheck.TYPE_MISMATCH


_LOOSE = frozenset({DocumentType.PASSPORT, DocumentType.MILITARY_ID})
_BY_CHECK_DIGIT = frozenset(
    {
        DocumentType.RESIDENT_ID,
        DocumentType.RESIDENCE_PERMIT,
        DocumentType.FOREIGN_PERMANENT_RESIDENT_ID,
        DocumentType.ORGANISATION_CODE,
    }
)


def recognised_type(normal: str, on: date | None = None) -> DocumentType | None:
    """The type that a normalised number surely has, by its check digit or its shape; None when neither tells.

    >>> recognised_type("E12345678")
    <DocumentType.PASSPORT: 'passport'>
    """
    if len(normal) == 18:
        if _citizen_check(normal, on) is DocumentCheck.VALID:
            if normal.startswith(_PERMIT_PREFIXES):
                return DocumentType.RESIDENCE_PERMIT
            return DocumentType.FOREIGN_PERMANENT_RESIDENT_ID if normal[0] == "9" else DocumentType.RESIDENT_ID
        return DocumentType.ORGANISATION_CODE if is_organisation_code(normal) else None
    if _HK_MACAO(normal):
        return DocumentType.HK_MACAO_PERMIT
    if _CHINESE_PASSPORT(normal):
        return DocumentType.PASSPORT
    if _FOREIGN_OLD(normal):
        return DocumentType.FOREIGN_PERMANENT_RESIDENT_ID
    return None


def _check_as(document_type: DocumentType, normal: str, on: date | None) -> DocumentCheck:
    match document_type:
        case DocumentType.RESIDENT_ID:
            if normal.startswith(("9", *_PERMIT_PREFIXES)):
                return DocumentCheck.BAD_FORMAT
            return _citizen_check(normal, on)
        case DocumentType.RESIDENCE_PERMIT:
            return _citizen_check(normal, on) if normal.startswith(_PERMIT_PREFIXES) else DocumentCheck.BAD_FORMAT
        case DocumentType.FOREIGN_PERMANENT_RESIDENT_ID:
            if _FOREIGN_OLD(normal):
                return DocumentCheck.VALID
            return _citizen_check(normal, on) if normal.startswith("9") else DocumentCheck.BAD_FORMAT
        case DocumentType.ORGANISATION_CODE:
            if not _ORGANISATION(normal):
                return DocumentCheck.BAD_FORMAT
            return DocumentCheck.VALID if is_organisation_code(normal) else DocumentCheck.BAD_CHECKSUM
        case DocumentType.HK_MACAO_PERMIT:
            fits = _HK_MACAO(normal)
        case DocumentType.TAIWAN_PERMIT:
            fits = _TAIWAN(normal)
        case DocumentType.PASSPORT:
            fits = _PASSPORT(normal)
        case DocumentType.MILITARY_ID:
            fits = _MILITARY(normal)
    return DocumentCheck.VALID if fits else DocumentCheck.BAD_FORMAT


def _is_citizen_shaped(normal: str) -> bool:
    """Tell whether a normalised number has the shape of GB 11643 (18 characters), check digit right or not."""
    return len(normal) == 18 and _CITIZEN(normal) is not None


def _citizen_check(normal: str, on: date | None) -> DocumentCheck:
    """GB 11643: region, birth date, sequence, check character (ISO 7064 MOD 11-2)."""
    if not _is_citizen_shaped(normal) or not normal.isascii():
        return DocumentCheck.BAD_FORMAT
    if not _could_be_born(normal[6:14], on):
        return DocumentCheck.BAD_BIRTH_DATE
    # The weights are 2^(17-i) mod 11. Since 13 = 2 (mod 11), reading the digits in base 13 gives the same sum, faster.
    check = "0123456789X"[(1 - 2 * int(normal[:17], 13)) % 11]
    return DocumentCheck.VALID if normal[17] == check else DocumentCheck.BAD_CHECKSUM


def _could_be_born(digits: str, on: date | None) -> bool:
    try:
        birth = date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return False
    return birth.year >= OLDEST_BIRTH_YEAR and (on is None or birth <= on)


def is_organisation_code(normal: str) -> bool:
    """GB 32100 unified social credit code (统一社会信用代码): alphabet and check character."""
    if not _ORGANISATION(normal):
        return False
    total = sum(
        weight * _ORGANISATION_VALUE[character]
        for weight, character in zip(_ORGANISATION_WEIGHTS, normal, strict=False)
    )
    return normal[17] == _ORGANISATION_ALPHABET[(31 - total % 31) % 31]
