"""Personal values become tokens and masks here; nothing behind this module sees a raw one.

A token is HMAC-SHA-256 over the normalised value under a secret key, cut to 128 bits, with the id of the key before it.
Kinds are kept apart: a phone and a document with the same digits get different tokens. One value has one token, however
it is written.

Tokens have versions. Version 1 is over the value alone: names, phones, and numbers whose own check characters prove
that they are a resident's or an organisation's, whatever type was stated and whoever shows them. Version 2 is over the
document's type, for a passport its country, and the number; a document of unknown type is a kind of its own. 22
characters hold 132 bits, so the version, less one, stands in the four bits that are left, and the form stays the same.
"""

import hashlib
import re
from binascii import b2a_base64
from collections.abc import Mapping
from datetime import date, timedelta
from functools import lru_cache

from msgspec import Struct

from parcelward.contract.events import Inspection, RealName
from parcelward.contract.fields import DocumentCheck, DocumentType, SenderKind
from parcelward.contract.person_numbers import is_mobile
from parcelward.errors import UserError
from parcelward.identity.free_text import hide_numbers
from parcelward.identity.identifiers import check_document, distinct_number, normal_document, normal_name
from parcelward.identity.phones import NO_LINE, Phone, PhoneCheck, is_privacy_number, normal_phone
from parcelward.identity.remembered import Remembered
from parcelward.identity.token_keys import ERASED, Fingerprints, fingerprint
from parcelward.intake.event import RealNameData
from parcelward.moments import DAY_MS
from parcelward.settings import Settings

SHORTEST_KEY = 16  # bytes
BLOCK = 64  # bytes, of SHA-256
_KEY_ID = re.compile(r"[a-z0-9]{1,8}").fullmatch
_HEX_KEY = re.compile(r"(?:[0-9a-fA-F]{2}){16,}").fullmatch
_URL_SAFE = bytes.maketrans(b"+/", b"-_")
_EPOCH_DAY = date(1970, 1, 1)
_DOCUMENT_TYPES: dict[str | None, DocumentType] = {kind.value: kind for kind in DocumentType}
_AGREEMENT = SenderKind.AGREEMENT.value
_MISSING = DocumentCheck.MISSING.value
_UNCHECKED = DocumentCheck.UNCHECKED.value
_VALID = DocumentCheck.VALID
_RESIDENT = DocumentType.RESIDENT_ID
_LINE, _LENT, _NO_PHONE = PhoneCheck.LINE.value, PhoneCheck.LENT.value, PhoneCheck.NO_PHONE.value
_NO_MOBILE = NO_LINE[0]
_NOTHING_SHOWN = "****"
_BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_VERSION_2 = {last: _BASE64[_BASE64.index(last) + 1] for last in "AQgw"}


class Identity(Struct, frozen=True, gc=False):
    """Tokens and masks of the persons in a real-name event; None where nothing was given.

    `document_check` is a `DocumentCheck` as plain text. It is None for an agreement sender without document: nothing is
    to be checked. `phone_check` is a `PhoneCheck` as plain text; None where no phone was given.
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
    phone_check: str | None = None


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

    def second(self, kind: str, value: str) -> str:
        """Token of version 2: over a kind within the kind, and the value."""
        token = self.token(f"{kind}\0{value}")
        return token[:-1] + _VERSION_2[token[-1]]


def version_of(token: str) -> int:
    """Tell the version of a token.

    >>> version_of("k1." + "A" * 22), version_of("k1." + "A" * 21 + "B")
    (1, 2)
    """
    return 1 + _BASE64.index(token[-1]) % 16


def comparable(one: str, other: str) -> bool:
    """Tell whether two tokens were made with one key and in one version; others differ although the value may not."""
    return one.partition(".")[0] == other.partition(".")[0] and version_of(one) == version_of(other)


class Tokeniser:
    """Makes tokens under the current key. Keeps no personal value."""

    def __init__(self, keys: Mapping[str, bytes], current: str) -> None:
        """Raises UserError when a key id or key cannot be used, or `current` is not among the keys."""
        for key_id, key in keys.items():
            if not _KEY_ID(key_id):
                raise UserError("setting token_keys: a key id must be 1 to 8 characters of a-z and 0-9")
            if key_id == ERASED:
                raise UserError(f"setting token_keys: {ERASED} stands in tokens of erased persons; take another key id")
            if len(key) < SHORTEST_KEY:
                raise UserError(
                    f"setting token_keys: key {key_id} is shorter than {SHORTEST_KEY} bytes; make one with "
                    "`openssl rand -hex 32`"
                )
        if current not in keys:
            known = ", ".join(sorted(keys)) or "none"
            raise UserError(f"setting token_key: {current!r} is not a key id of token_keys; known: {known}")
        self.current = current
        self.fingerprints: Fingerprints = {key_id: fingerprint(key_id, key) for key_id, key in keys.items()}
        key = self._key = keys[current]
        self._document = _Hmac(key, current, "document")
        self._name = _Hmac(key, current, "name")
        self._phone = _Hmac(key, current, "phone")
        self._staff = Remembered(self.document)
        self._phones = Remembered(self._read_phone)

    @classmethod
    def from_settings(cls, settings: Settings) -> "Tokeniser":
        """The tokeniser that the settings describe. A key of 32 or more hex digits is read as hex, any other as text.

        Raises UserError when a key cannot be used, or when the public demo key would be used on a protected cluster.
        """
        if settings.uses_demo_key and settings.security_protocol != "PLAINTEXT":
            raise UserError(
                f"setting token_keys: the demo key is public and must not be used with {settings.security_protocol}; "
                "make a key with `openssl rand -hex 32` and name it in token_key"
            )
        keys = {key_id: key_bytes(secret.get_secret_value()) for key_id, secret in settings.token_keys.items()}
        return cls(keys, settings.token_key)

    @property
    def content_key(self) -> bytes:
        """Key for hashes over whole events (`Decoder`), derived from the current token key."""
        return hashlib.sha256(b"content\0" + self._key).digest()

    def document(
        self, number: str, document_type: DocumentType | None = None, issuing_country: str | None = None
    ) -> str | None:
        """Token of a document; None when the normal form of its number is empty."""
        normal = normal_document(number)
        return self._document_token(normal, document_type, issuing_country) if normal else None

    def _document_token(self, normal: str, document_type: DocumentType | None, country: str | None) -> str:
        kind, number = distinct_number(normal, document_type, country)
        return self._document.token(number) if kind is None else self._document.second(kind, number)

    def name(self, name: str) -> str | None:
        """Token of a name; None when its normal form is empty."""
        normal = normal_name(name)
        return self._name.token(normal) if normal else None

    def phone(self, phone: str) -> str | None:
        """Token of a phone number; None for a privacy number and for a text that is no phone number."""
        return self._phone_values(phone)[0]

    def _phone_values(self, phone: str) -> tuple[str | None, str, str]:
        """Token, mask and check of a phone. The usual forms are read here, others once and then remembered."""
        if is_mobile(phone) and not phone.endswith(_NO_MOBILE):
            return self._phone.token(phone), f"{phone[:3]}****{phone[-4:]}", _LINE
        if is_privacy_number(phone):
            return None, f"{phone[:3]}****{phone[7:11]}", _LENT
        return self._phones.of(phone)

    def _read_phone(self, phone: str) -> tuple[str | None, str, str]:
        found = normal_phone(phone)
        if found is None:
            return None, _NOTHING_SHOWN, _NO_PHONE
        check = found.check.value
        return (self._phone.token(found.dialled) if check == _LINE else None), _mask_of_phone(found), check

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
        phone_check: str | None = None
        agreement = sender.kind == _AGREEMENT
        if number is not None:
            on = _day(on_ms // DAY_MS) if on_ms is not None else None
            normal, stated = normal_document(number), _DOCUMENT_TYPES.get(sender.document_type)
            check = check_document(stated, number, on)
            if check is _VALID and stated is _RESIDENT:
                document_token = self._document.token(normal)  # nearly every document: proven by its check digit
            else:
                document_token = self._document_token(normal, stated, sender.issuing_country) if normal else None
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
            # Agreement customers come all day.
            values = self._phones.of(phone) if agreement else self._phone_values(phone)
            phone_token, phone_mask, phone_check = values
        elif phone_token is not None:
            phone_check = _LINE
        elif phone_mask is not None:
            phone_check = _NO_PHONE if phone_mask == _NOTHING_SHOWN else _LENT
        operator_token = data.operator_document_token if staff is None else self._staff.of(staff)
        if number is not None and staff is not None and stated is not _RESIDENT and normal_document(staff) == normal:
            # Of staff who send something themselves: an operator's document comes without its type.
            operator_token = document_token
        receiver_phone = receiver.phone_token if receiver.phone is None else self.phone(receiver.phone)
        return Identity(
            document_token,
            document_mask,
            None if check is None else str(check),
            name_token,
            name_mask,
            phone_token,
            phone_mask,
            operator_token,
            receiver.name_token if receiver.name is None or receiver_phone is not None else self.name(receiver.name),
            receiver_phone,
            phone_check,
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

    @staticmethod
    def found_at_source(data: Inspection) -> Inspection:
        """Blank the numbers in what an inspector wrote, see `hide_numbers`."""
        found = data.found_goods
        return data if found is None else data.model_copy(update={"found_goods": hide_numbers(found)})


@lru_cache(maxsize=64)
def _day(days: int) -> date:
    """The day after a day (counted from 1970): a day in China begins 8 hours before the same day in UTC."""
    return _EPOCH_DAY + timedelta(days=max(-700_000, min(days + 1, 2_900_000)))


def key_bytes(secret: str) -> bytes:
    """Read a key of the settings: hex, if it is 32 or more such digits, or text."""
    return bytes.fromhex(secret) if _HEX_KEY(secret) else secret.encode()


def mask_phone(phone: str) -> str:
    """Mask a phone number as `138****1234`. Of a number too short to hide enough, show nothing.

    >>> mask_phone("13800138000")
    '138****8000'
    """
    found = normal_phone(phone)
    return _NOTHING_SHOWN if found is None else _mask_of_phone(found)


def _mask_of_phone(phone: Phone) -> str:
    number = phone.dialled.partition(";")[0]
    return f"{number[:3]}****{number[-4:]}" if len(number) >= 11 else _NOTHING_SHOWN


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
