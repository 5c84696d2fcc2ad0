"""Identity documents and organisation codes: normal form, shape and check digits.

Shapes and check digits only say whether a number can exist, never whom it belongs to. The region code in a resident ID
is not judged: regions come and go, so an old number with a vanished code is right, and where a person was registered
is no business of a screening system.
"""

import re
import unicodedata
from datetime import date

from parcelward.contract.countries import country_code
from parcelward.contract.fields import DocumentCheck, DocumentType
from parcelward.contract.person_numbers import resident_check_character

_CITIZEN = re.compile(r"[1-9][0-9]{16}[0-9X]").fullmatch
_PERMIT_PREFIXES = ("810000", "820000", "830000")  # Hong Kong, Macao, Taiwan in 港澳台居民居住证
_FOREIGN_OLD = re.compile(r"[A-Z]{3}[0-9]{12}").fullmatch
# HA and MA since July 2024, for permanent residents of other nationalities. Two more digits count the cards issued.
_HK_MACAO = re.compile(r"(?P<person>[HM](?:[0-9]{8}|A[0-9]{7}))(?:[0-9]{2})?").fullmatch
_TAIWAN = re.compile(r"(?P<person>[0-9]{8})(?:[0-9]{2}[A-Z0-9]?)?").fullmatch
# Permits of mainland residents to go there, easily taken for these: 往来港澳通行证 and 往来台湾通行证.
_OUTBOUND = re.compile(r"[CWTL][A-Z0-9][0-9]{7}").fullmatch
_SINGLE_TRIP = re.compile(r"[A-Z][0-9]{9}").fullmatch  # 一次有效台湾居民来往大陆通行证
_PASSPORT = re.compile(r"[A-Z0-9]{5,20}").fullmatch
_CHINESE_PASSPORT = re.compile(r"(?:G[0-9]{8}|E[A-Z]?[0-9]{7,8})").fullmatch
_MILITARY = re.compile(r"[A-Z\u4e00-\u9fff]{0,8}[0-9]{4,12}[号號]?").fullmatch
_MILITARY_WORDS = str.maketrans("", "", "字第号號")
_FIFTEEN = re.compile(r"[1-9][0-9]{14}").fullmatch
# Department and category of registration, region, the organisation (GB 11714) and the check character.
_ORGANISATION = re.compile(
    r"(?:1[1239]|[248A][19]|3[1-59]|[569][1239]|7[129]|N[1239]|Y1)[0-9]{6}[0-9A-HJ-NPQRTUWXY]{8}[0-9X][0-9A-HJ-NPQRTUWXY]"
).fullmatch
_ORGANISATION_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_ORGANISATION_VALUE = {character: value for value, character in enumerate(_ORGANISATION_ALPHABET)}
_ORGANISATION_WEIGHTS = tuple(3**position % 31 for position in range(17))
_INNER_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)

OLDEST_BIRTH_YEAR = 1900


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


def check_document(document_type: DocumentType | None, number: str | None, on: date | None = None) -> DocumentCheck:
    """Check a document number against the rules of its type. The holder must be born by the day `on`.

    Without a type, or as `other`, a number that `recognised_type` recognises is valid; any other is unchecked, because
    nobody knows which rules are its own. So is the number of a document that is easily taken for the stated one.
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
    if document_type is None or document_type is DocumentType.OTHER:
        return DocumentCheck.VALID if recognised else DocumentCheck.UNCHECKED
    if recognised is document_type:
        return DocumentCheck.VALID
    result = _check_as(document_type, normal, on)
    if recognised is None:
        return result
    # Passport and military numbers have a loose shape: it also fits numbers that surely are another document's.
    # Some resident numbers have an organisation's check characters, too: they stay a person's. One that begins with 9
    # may be a company or a foreigner, and there the stated type decides.
    other = recognised in _BY_CHECK_DIGIT and (
        document_type in _LOOSE or (document_type is DocumentType.ORGANISATION_CODE and normal[0] != "9")
    )
    if result is DocumentCheck.VALID and not other:
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
            if _OUTBOUND(normal):
                return DocumentCheck.UNCHECKED
            fits = _HK_MACAO(normal)
        case DocumentType.TAIWAN_PERMIT:
            if _OUTBOUND(normal) or _SINGLE_TRIP(normal):
                return DocumentCheck.UNCHECKED
            fits = _TAIWAN(normal)
        case DocumentType.PASSPORT:
            fits = _PASSPORT(normal)
        case DocumentType.MILITARY_ID:
            fits = _MILITARY(normal)
        case DocumentType.OTHER:
            return DocumentCheck.UNCHECKED
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
    check = resident_check_character(normal[:17])
    return DocumentCheck.VALID if normal[17] == check else DocumentCheck.BAD_CHECKSUM


def _could_be_born(digits: str, on: date | None) -> bool:
    try:
        birth = date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return False
    return birth.year >= OLDEST_BIRTH_YEAR and (on is None or birth <= on)


def is_organisation_code(normal: str) -> bool:
    """GB 32100 unified social credit code (统一社会信用代码): department, category, region, both check characters."""
    if not _ORGANISATION(normal):
        return False
    inner = sum(weight * int(character, 36) for weight, character in zip(_INNER_WEIGHTS, normal[8:16], strict=True))
    if normal[16] != "0X987654321"[inner % 11]:
        return False
    total = sum(
        weight * _ORGANISATION_VALUE[character]
        for weight, character in zip(_ORGANISATION_WEIGHTS, normal, strict=False)
    )
    return normal[17] == _ORGANISATION_ALPHABET[(31 - total % 31) % 31]


def distinct_number(
    normal: str, document_type: DocumentType | None = None, country: str | None = None
) -> tuple[str | None, str]:
    """Tell documents apart: the kind whose numbers can be equal, and the number that stays when the paper is renewed.

    The kind is None for a number whose own check characters prove that it is a resident's or an organisation's: no two
    of those are equal, whatever type was stated. `country` counts for passports, and where the type is unknown.

    >>> distinct_number("360426199101010071"), distinct_number("H1234567801", DocumentType.HK_MACAO_PERMIT)
    ((None, '360426199101010071'), ('hk_macao_permit', 'H12345678'))
    """
    if len(normal) == 18 and recognised_type(normal) is not None:
        return None, normal
    match document_type:
        case None:
            return f"unknown:{country_code(country or '')}", normal
        case DocumentType.PASSPORT:
            return f"{document_type.value}:{country_code(country or '')}", normal
        case DocumentType.RESIDENT_ID if _FIFTEEN(normal) and _could_be_born("19" + normal[6:12], None):
            seventeen = normal[:6] + "19" + normal[6:]
            return None, seventeen + resident_check_character(seventeen)
        case DocumentType.MILITARY_ID:
            return document_type.value, normal.translate(_MILITARY_WORDS)
        case DocumentType.HK_MACAO_PERMIT if found := _HK_MACAO(normal):
            return document_type.value, found["person"]
        case DocumentType.TAIWAN_PERMIT if found := _TAIWAN(normal):
            return document_type.value, found["person"]
    return document_type.value, normal
