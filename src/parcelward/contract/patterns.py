"""Patterns of the contract, and each in words: a courier's engineer reads what is expected, with an example.

Plain syntax only, so that JSON Schema (ECMAScript), pydantic (Rust) and `re` read them alike.
"""

from parcelward.contract.countries import COUNTRY_CODES

COURIER_PATTERN = r"^[a-z][a-z0-9-]{1,31}$"
WAYBILL_PATTERN = r"^[A-Za-z0-9-]{4,35}$"
CODE_PATTERN = r"^[A-Za-z0-9_-]{1,32}$"
DEVICE_PATTERN = r"^[A-Za-z0-9_.:-]{1,64}$"
AGREEMENT_PATTERN = r"^[A-Za-z0-9_-]{1,40}$"
ID_PATTERN = r"^[\x21-\x7e]+$"
SOURCE_PATTERN = r"^[\x21-\x7e]{1,200}$"
TOKEN_PATTERN = r"^[a-z0-9]{1,8}\.[A-Za-z0-9_-]{22}$"  # noqa: S105 - a pattern, no secret
MASK_PATTERN = r"^[^*]{0,3}[*]{4,24}[^*]{0,4}$"
NAME_MASK_PATTERN = r"^([^*]?[*]{1,24}|[*]{1,24}[^*])$"  # three characters are a whole Chinese name
REPAIR_PATTERN = r"^([a-z0-9-]{1,200}\.)?intake\.[a-z][a-z0-9-]{1,31}/[0-9]{1,10}/[0-9]{1,19}$"
REGION_PATTERN = r"^[1-9][0-9]{5}$"
DATE_PATTERN = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
SHA256_PATTERN = r"^[0-9a-f]{64}$"
PHASH_PATTERN = r"^[0-9a-f]{16}$"
CATEGORY_PATTERN = r"^(0?[1-9]|1[0-9])$"
COUNTRY_PATTERN = f"^({'|'.join(COUNTRY_CODES)})$"
SUBJECT_PATTERN = r"^[a-z]{4,12}/[\x21-\x7e]{1,120}$"
BASE64_PATTERN = r"^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$"
# A media type is written in capitals or not; parameters are not read, since JSON is always UTF-8.
MEDIA_PATTERN = r"^ ?[Aa][Pp][Pp][Ll][Ii][Cc][Aa][Tt][Ii][Oo][Nn]/[Jj][Ss][Oo][Nn][ \t]{0,9}(;[\t\x20-\x7e]{0,200})?$"
# Something to see: no control character, no space of any script, no mark that only steers the direction of writing.
_UNSEEN = (
    r"\u0000-\u0020\u007f-\u00a0\u00ad\u115f\u1160\u1680\u180e\u2000-\u200f\u2028-\u202f\u205f-\u206f\u2800\u3000"
    r"\u3164\ufe00-\ufe0f\ufeff\uffa0"
)
VISIBLE_PATTERN = rf"^[{_UNSEEN}]*[^{_UNSEEN}][\s\S]*$"

# The part of RFC 3339 that every reader understands: four-digit year, seconds, an offset, no leap second.
# Plain syntax, so that JSON Schema, pydantic and `re` read it alike.
RFC3339_PATTERN = (
    r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]"
    r"(\.[0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$"
)


# What RFC3339_PATTERN says, and that the day exists: February has a 29th in leap years, and there is no year 0.
_LEAP = "(0[48]|[2468][048]|[13579][26])"
_DAY = (
    r"((000[1-9]|00[1-9][0-9]|0[1-9][0-9]{2}|[1-9][0-9]{3})"
    r"-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8]))"
    rf"|([0-9]{{2}}{_LEAP}|{_LEAP}00)-02-29)"
)
EXISTING_MOMENT_PATTERN = f"^{_DAY}T" + RFC3339_PATTERN.partition("T")[2]

IN_WORDS: dict[str, str] = {
    COURIER_PATTERN: "must be a courier code: 2 to 32 of a-z, 0-9 and -, a letter first, as swift",
    WAYBILL_PATTERN: "must be a waybill number: 4 to 35 letters, digits and -, without spaces, as SF1234567890123",
    CODE_PATTERN: "must be a code: 1 to 32 letters, digits, - and _, without spaces, as HZ-0571-014",
    DEVICE_PATTERN: "must be a device code: 1 to 64 letters, digits and _ . : -, without spaces, as PDA-7741",
    AGREEMENT_PATTERN: "must be an agreement number: 1 to 40 letters, digits, - and _, as AG-2026-00017",
    ID_PATTERN: "must be 1 to 64 visible ASCII characters without spaces, as a UUID",
    SOURCE_PATTERN: "must be a URI reference: 1 to 200 visible ASCII characters without spaces, as /couriers/swift",
    TOKEN_PATTERN: "must be a token: key id, dot, 22 characters of base64url, as k1.3q2-7wAAAAAAAAAAAAAAAA",
    MASK_PATTERN: "must be a mask: at most 3 characters, 4 to 24 stars, at most 4 characters, as 138****1234",
    NAME_MASK_PATTERN: "must be a mask: stars and at most one character, first or last, as 王*",
    REPAIR_PATTERN: "must be where the refused record was: topic/partition/offset, as intake.swift/3/81234",
    REGION_PATTERN: "must be a county code of six digits (GB/T 2260), not the region's name, as 330106",
    SHA256_PATTERN: "must be a SHA-256: 64 digits and small letters a to f",
    PHASH_PATTERN: "must be a perceptual hash: 16 digits and small letters a to f, as c3d1e0f0a5b49687",
    CATEGORY_PATTERN: "must be a category of the prohibited list, 01 to 19, as 05",
    COUNTRY_PATTERN: "must be a country's code (ISO 3166-1) in capitals, as GB or GBR for the United Kingdom",
    SUBJECT_PATTERN: "must be the subject of a case: its kind, a slash and its code, as outlet/swift/HZ-0571-014",
    VISIBLE_PATTERN: "must hold more than spaces, as 羽绒服",
    MEDIA_PATTERN: "must be application/json, with or without parameters, as application/json; charset=utf-8",
    RFC3339_PATTERN: "must be a time with seconds and offset (RFC 3339), as 2026-11-23T09:30:00.000+08:00",
}
"""Each pattern by its text, which is what pydantic says of a value that does not match it."""
