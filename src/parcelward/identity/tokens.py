"""Personal values become tokens and masks here; nothing behind this module sees a raw one.

A token is HMAC-SHA-256 over the normalised value under a secret key, cut to 128 bits, with the id of the key before it.
Kinds are kept apart: a phone and a document with the same digits get different tokens. The same document always gets
the same token: however it is written, whatever type is stated with it, and whether a sender or an operator shows it.
"""

import hashlib
import re
from binascii import b2a_base64
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from functools import lru_cache
from typing import Generic, TypeVar

from msgspec import Struct

from parcelward.contract.events import RealName
from parcelward.contract.fields import DocumentCheck, DocumentType, SenderKind
from parcelward.errors import UserError
from parcelward.identity.identifiers import (
    check_document,
    is_mobile,
    is_privacy_number,
    normal_document,
    normal_name,
    normal_phone,
)
from parcelward.intake.event import RealNameData
from parcelward.moments import DAY_MS
from parcelward.settings import DEMO_KEY, Settings

SHORTEST_KEY = 16  # bytes
BLOCK = 64  # bytes, of SHA-256
REMEMBERED = 65_536
_KEY_ID = re.compile(r"[a-z0-9]{1,8}").fullmatch
_HEX_KEY = re.compile(r"(?:[0-9a-fA-F]{2}){16,}").fullmatch
_URL_SAFE = bytes.maketrans(b"+/", b"-_")
_EPOCH_DAY = date(1970, 1, 1)
_DOCUMENT_TYPES: dict[str | None, DocumentType] = {kind.value: kind for kind in DocumentType}
_AGREEMENT = SenderKind.AGREEMENT.value
_MISSING = DocumentCheck.MISSING.value
_UNCHECKED = DocumentCheck.UNCHECKED.value

Result = TypeVar("Result")


class Identity(Struct, frozen=True, gc=False):
    """Tokens and masks of the persons in a real-name event; None where nothing was given.

    `document_check` is a `DocumentCheck` as plain text. It is None for an agreement sender without document: nothing is
    to be checked.
    """

    document_token: str | None
    document_mask: str | None
    document_check: str | None
    name_token: str | None
    name_mask: str | None
    phone_token: str | None
    phone_mask: str | None
    operator_token: str | None
    receiver_name_token: str | None
    receiver_phone_token: str | None


class _Hmac:
    """HMAC-SHA-256 under one key for one kind of value, with both key blocks hashed ahead."""

    __slots__ = ("_inner", "_outer", "_prefix")

    def __init__(self, key: bytes, key_id: str, kind: str) -> None:
        block = (hashlib.sha256(key).digest() if len(key) > BLOCK else key).ljust(BLOCK, b"\0")
        self._inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in block) + kind.encode() + b"\0")
        self._outer = hashlib.sha256(bytes(byte ^ 0x5C for byte in block))
        self._prefix = key_id + "."

    def token(self, value: str) -> str:
        inner = self._inner.copy()
        inner.update(value.encode("utf-8", "surrogatepass"))
        outer = self._outer.copy()
        outer.update(inner.digest())
        return self._prefix + b2a_base64(outer.digest()[:16], newline=False)[:22].translate(_URL_SAFE).decode()


class _ResultCache(Generic[Result]):
    """Bounded cache of results for values that come all day, such as operators' documents.

    Its keys are Python's own hashes of the texts: 64 bits under a secret of this process. The texts themselves are not
    kept. Whoever can read this memory can read the token key as well.
    """

    __slots__ = ("_known", "_make")

    def __init__(self, make: Callable[[str], Result]) -> None:
        self._make = make
        self._known: dict[int, Result] = {}

    def of(self, value: str) -> Result:
        """Return what `make` gives for the value."""
        known, mark = self._known, hash(value)
        if mark in known:
            return known[mark]
        if len(known) >= REMEMBERED:
            known.clear()
        known[mark] = result = self._make(value)
        return result


class Tokeniser:
    """Makes tokens under the current key. Keeps no personal value."""

    def __init__(self, keys: Mapping[str, bytes], current: str) -> None:
        """Raises UserError when a key id or key cannot be used, or `current` is not among the keys."""
        for key_id, key in keys.items():
            if not _KEY_ID(key_id):
                raise UserError("setting token_keys: a key id must be 1 to 8 characters of a-z and 0-9")
            if len(key) < SHORTEST_KEY:
                raise UserError(
                    f"setting token_keys: key {key_id} is shorter than {SHORTEST_KEY} bytes; make one with "
                    "`openssl rand -hex 32`"
                )
        if current not in keys:
            known = ", ".join(sorted(keys)) or "none"
            raise UserError(f"setting token_key: {current!r} is not a key id of token_keys; known: {known}")
        self.current = current
        key = self._key = keys[current]
        # One kind for all documents: an operator's comes without a type, and a wrong type must not change the token.
        self._document = _Hmac(key, current, "document")
        self._name = _Hmac(key, current, "name")
        self._phone = _Hmac(key, current, "phone")
        self._staff = _ResultCache(self.document)
        self._customers = _ResultCache(lambda phone: (self.phone(phone), mask_phone(phone)))

    @classmethod
    def from_settings(cls, settings: Settings) -> "Tokeniser":
        """The tokeniser that the settings describe. A key of 32 or more hex digits is read as hex, any other as text.

        Raises UserError when a key cannot be used, or when the public demo key would be used on a protected cluster.
        """
        secret, protocol = settings.token_keys.get(settings.token_key), settings.security_protocol
        if secret is not None and secret.get_secret_value() == DEMO_KEY and protocol != "PLAINTEXT":
            raise UserError(
                f"setting token_keys: the demo key is public and must not be used with {protocol}; make a key with "
                "`openssl rand -hex 32` and name it in token_key"
            )
        keys = {key_id: _key_bytes(secret.get_secret_value()) for key_id, secret in settings.token_keys.items()}
        return cls(keys, settings.token_key)

    @property
    def content_key(self) -> bytes:
        """Key for hashes over whole events (`Decoder`), derived from the current token key."""
        return hashlib.sha256(b"content\0" + self._key).digest()

    def document(self, number: str) -> str | None:
        """Token of a document number; None when its normal form is empty."""
        normal = normal_document(number)
        return self._document.token(normal) if normal else None

    def name(self, name: str) -> str | None:
        """Token of a name; None when its normal form is empty."""
        normal = normal_name(name)
        return self._name.token(normal) if normal else None

    def phone(self, phone: str) -> str | None:
        """Token of a phone number; None for a privacy number and for a text that is no phone number."""
        if is_mobile(phone):
            return self._phone.token(phone)
        if is_privacy_number(phone):
            return None
        normal = normal_phone(phone)
        return self._phone.token(normal.number) if normal is not None and normal.extension is None else None

    def identity(self, data: RealNameData | RealName, on_ms: int | None = None) -> Identity:
        """Tokens and masks of a real-name event. Raw values are replaced here; what the source replaced is taken over.

        A token is made only if something is counted by it. So an agreement customer's name gets none, and of a receiver
        only the phone gets one, or the name where there is no phone. The holder of the document must be born by `on_ms`
        (event time, ms).
        """
        sender, receiver = data.sender, data.receiver
        number, name, phone, staff = sender.document_number, sender.name, sender.phone, data.operator_document
        document_token, document_mask, check = sender.document_token, sender.document_mask, sender.document_check
        name_token, name_mask = sender.name_token, sender.name_mask
        phone_token, phone_mask = sender.phone_token, sender.phone_mask
        agreement = sender.kind == _AGREEMENT
        if number is not None:
            on = _day(on_ms // DAY_MS) if on_ms is not None else None
            normal = normal_document(number)
            check = check_document(_DOCUMENT_TYPES.get(sender.document_type), number, on)
            document_token = self._document.token(normal) if normal else None
            document_mask = _mask_of_normal(normal)
        elif document_token is None:
            check = None if agreement else _MISSING
        elif check is None:
            check = _UNCHECKED
        if name is not None:
            name_mask = mask_name(name)
            if not agreement:
                name_token = self.name(name)
        if phone is not None:
            phone_token, phone_mask = self._customers.of(phone) if agreement else (self.phone(phone), mask_phone(phone))
        receiver_phone = receiver.phone_token if receiver.phone is None else self.phone(receiver.phone)
        return Identity(
            document_token,
            document_mask,
            None if check is None else str(check),
            name_token,
            name_mask,
            phone_token,
            phone_mask,
            data.operator_document_token if staff is None else self._staff.of(staff),
            receiver.name_token if receiver.name is None or receiver_phone is not None else self.name(receiver.name),
            receiver_phone,
        )

    def at_source(self, data: RealName, on_ms: int | None = None) -> RealName:
        """Replace every raw personal value of an event, for couriers whose raw values must not leave them.

        Numbers in the goods name are blanked, see `hide_numbers`.
        """
        found = self.identity(data, on_ms)
        sender = data.sender.model_copy(
            update={
                "document_number": None,
                "name": None,
                "phone": None,
                "document_token": found.document_token,
                "document_mask": found.document_mask,
                "document_check": None if found.document_check is None else DocumentCheck(found.document_check),
                "name_token": found.name_token,
                "name_mask": found.name_mask,
                "phone_token": found.phone_token,
                "phone_mask": found.phone_mask,
            }
        )
        receiver = data.receiver.model_copy(
            update={
                "name": None,
                "phone": None,
                "name_token": found.receiver_name_token,
                "phone_token": found.receiver_phone_token,
            }
        )
        return data.model_copy(
            update={
                "sender": sender,
                "receiver": receiver,
                "goods": data.goods.model_copy(update={"name": hide_numbers(data.goods.name)}),
                "operator_document": None,
                "operator_document_token": found.operator_token,
            }
        )


@lru_cache(maxsize=64)
def _day(days: int) -> date:
    """The day after a day (counted from 1970): a day in China begins 8 hours before the same day in UTC."""
    return _EPOCH_DAY + timedelta(days=max(-700_000, min(days + 1, 2_900_000)))


def _key_bytes(secret: str) -> bytes:
    return bytes.fromhex(secret) if _HEX_KEY(secret) else secret.encode()


# Signs that people put between the digits of one number. \d matches full-width digits as well.
_GAP = r"[\s\-‐-―−－.·_\u00ad\u200b-\u200f\u2060\ufeff]{0,2}"
_NUMBER = re.compile(
    rf"(?<!\d)(?:[1-9](?:{_GAP}\d){{16}}{_GAP}[\dXxＸｘ]"  # a resident ID, parted or not
    rf"|(?:8{_GAP}6{_GAP})?[1１](?:{_GAP}[3-9３-９])(?:{_GAP}\d){{9}}"  # a mobile number, parted or not
    r"|[0０]\d{2,3}[)）\s\-－]{1,2}\d{7,8}"  # a land line
    r")(?!\d)|\d{8,}[Xx]?"
).sub
HIDDEN = "****"


def hide_numbers(text: str) -> str:
    """Blank every number in a free text (goods name) that could be a phone, document or account number.

    Such a number is a run of eight or more digits, half- or full-width, or a mobile, land-line or resident ID number
    with spaces or dashes in it. Quantities, sizes and weights are shorter and stay. The text gets no longer.

    >>> hide_numbers("衣服 138 0013 8000 2件")
    '衣服 **** 2件'
    """
    return text if text.isalpha() else _NUMBER(HIDDEN, text)


def mask_phone(phone: str) -> str:
    """Mask a phone number as `138****1234`. Of a number too short to hide enough, show nothing.

    >>> mask_phone("13800138000")
    '138****8000'
    """
    if is_mobile(phone):
        return f"{phone[:3]}****{phone[-4:]}"
    normal = normal_phone(phone)
    if normal is None or len(normal.number) < 11:
        return "****"
    return f"{normal.number[:3]}****{normal.number[-4:]}"


def mask_name(name: str) -> str:
    """Mask a name: its first character and a star. Of a name of one character, show only the star.

    >>> mask_name("王小明")
    '王*'
    """
    plain = name.strip()
    return plain[0] + "*" if len(plain) > 1 and plain[0] != "*" else "*"


def mask_document(number: str) -> str:
    """Mask a document number: first character, stars, last four. Under nine characters show the first, under five none.

    >>> mask_document("11010519491231002X")
    '1*************002X'
    """
    return _mask_of_normal(normal_document(number))


def _mask_of_normal(normal: str) -> str:
    if len(normal) < 5:
        return "****"
    hidden = min(len(normal) - 5, 24)
    return f"{normal[0]}{'*' * hidden}{normal[-4:]}" if len(normal) >= 9 else f"{normal[0]}{'*' * (len(normal) - 1)}"
