"""The tokens of one person in stored records: found in any of them, and put out of any of them.

Whatever its format, a record is MessagePack: texts, numbers and what they stand in. So a record is taken apart without
its struct. A token is replaced by one that is made of chance and of nothing else, as if it had been made with a key
that nobody has: what the parcel rests on stays, and nothing leads from it to the person or to another parcel of theirs.
Profiles of others hold marks (crc32) of a token, which are replaced by the mark of the new one: their counts stay.

A name has one token for all who have it. So it is known as the person's by its place alone: beside their document, or
beside their phone where there is no document.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from secrets import token_urlsafe
from typing import Any
from zlib import crc32

import msgspec

from parcelward.contract.patterns import TOKEN_PATTERN
from parcelward.identity.token_keys import ERASED
from parcelward.shipments.shipment import RealNameEntry

_DOCUMENT, _NAME, _PHONE = (
    RealNameEntry.__struct_fields__.index(f"{one}_token") for one in ("document", "name", "phone")
)
_is_token = re.compile(TOKEN_PATTERN).fullmatch
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder().decode


def token_of_nobody() -> str:
    """Make a token of 128 random bits."""
    return f"{ERASED}.{token_urlsafe(16)}"


@dataclass(frozen=True)
class Person:
    """The tokens that are to go. At least one."""

    tokens: frozenset[str]

    @cached_property
    def needles(self) -> tuple[bytes, ...]:
        """Bytes of which at least one is in each record that holds a token or its mark."""
        return *(token.encode() for token in self.tokens), *map(_encode, self.marks)

    @cached_property
    def marks(self) -> frozenset[int]:
        """The marks that profiles keep."""
        return frozenset(crc32(token.encode()) for token in self.tokens)

    def owns(self, key: bytes | None) -> bool:
        """Tell whether a key is one of the tokens, or ends with one: then the value is of that person alone."""
        return key is not None and key.decode(errors="replace").rpartition("/")[2] in self.tokens

    def is_told(self, text: bytes | None) -> bool:
        """Tell whether some bytes hold a token as it is."""
        return text is not None and any(token.encode() in text for token in self.tokens)

    def is_in(self, record: bytes | None) -> bool:
        """Tell whether a stored record holds a token, or the mark of one."""
        return record is not None and self.put_out(record) is not None

    def put_out(self, record: bytes) -> bytes | None:
        """Give a stored record without the tokens and their marks; None when it holds none."""
        if not any(needle in record for needle in self.needles):
            return None
        new = {token: token_of_nobody() for token in self.tokens}
        marks = {crc32(old.encode()): crc32(one.encode()) for old, one in new.items()}
        try:
            found = _decode(record)
        except msgspec.DecodeError:
            return None  # no record of ours: only bytes of a deletion, or of another topic
        replaced = self._replaced(found, new, marks)
        return None if replaced == found else _encode(replaced)

    def _with_name(self, entry: list[Any], new: Mapping[str, str]) -> Mapping[str, str]:
        """Give what is new in an entry: if it tells the person's document, or their phone and no document, the name."""
        if len(entry) <= _PHONE:
            return new
        document, name, phone = entry[_DOCUMENT], entry[_NAME], entry[_PHONE]
        whose = phone if document is None else document
        if not (isinstance(whose, str) and whose in self.tokens and isinstance(name, str) and _is_token(name)):
            return new
        return {name: token_of_nobody(), **new}

    def _replaced(self, value: Any, new: Mapping[str, str], marks: Mapping[int, int]) -> Any:
        if isinstance(value, str):  # the subject of a case is its kind, a slash, and the token
            kind, slash, code = value.rpartition("/")
            return f"{kind}{slash}{new.get(code, code)}"
        if isinstance(value, int) and not isinstance(value, bool):
            return marks.get(value, value)
        if isinstance(value, list):
            new = self._with_name(value, new)
            return [self._replaced(one, new, marks) for one in value]
        if isinstance(value, dict):
            return {self._replaced(key, new, marks): self._replaced(one, new, marks) for key, one in value.items()}
        if isinstance(value, bytes) and self.is_told(value):  # an entry within a record, encoded by itself
            return _encode(self._replaced(_decode(value), new, marks))
        return value
