"""The seed of a draw: shares to which their holders were bound before, and a public value that came later."""

import re
import unicodedata
from collections.abc import Sequence

from parcelward.contract.fields import Part
from parcelward.draws.announcement import FORMAT, Announcement, PlainText, PublicValue, sha256
from parcelward.errors import UserError
from parcelward.escaping import escaped

is_share = re.compile(r"[0-9a-f]{64}").fullmatch
"""Match a share: 64 digits and small letters a to f, 256 bits of chance. Its commitment is the SHA-256 of this text."""


class Revealed(Part):
    """A share, once its holder has revealed it."""

    holder: PlainText
    share: str


def shares_of(announcement: Announcement, texts: Sequence[str]) -> tuple[Revealed, ...]:
    """Match the shares that were revealed with the holders who were bound to them. Raises UserError if one is missing.

    No share can be left out, or exchanged: each must have the hash that was announced.
    """
    by_hash = {sha256(text.encode()): text for text in map(str.strip, texts) if is_share(text)}
    if len(by_hash) < len(texts):
        raise UserError("a share is 64 digits and small letters a to f, and each is given once")
    bound = {one.sha256: one.holder for one in announcement.shares}
    if by_hash.keys() - bound.keys():
        raise UserError("a share has a hash that was not announced: it is the wrong one, or it was changed")
    if missing := sorted(bound[one] for one in bound.keys() - by_hash.keys()):
        raise UserError(f"the share of {escaped(missing[0])} is missing; without it there is no draw")
    return tuple(Revealed(holder=one.holder, share=by_hash[one.sha256]) for one in announcement.shares)


def public_value_of(announcement: Announcement, text: str | None) -> str | None:
    """Give the public value as it enters the seed, the same for each way to write it. Raises UserError."""
    if announcement.public is None:
        if text is not None:
            raise UserError("no public value was announced, so none may enter the seed")
        return None
    plain = unicodedata.normalize("NFKC", text or "").strip()
    if not plain:
        raise UserError(f"the public value is missing: --public, from {escaped(announcement.public.source)}")
    if announcement.public.form == "hexadecimal":
        return _hexadecimal(announcement.public, plain.lower())
    return _numbers(announcement.public, plain)


def _numbers(announced: PublicValue, text: str) -> str:
    """The groups of digits, without leading zeros: nothing between them enters."""
    if any(one.isdigit() and not one.isascii() for one in text):
        raise UserError("write the public value with the digits 0 to 9")
    found = [group.lstrip("0") or "0" for group in re.findall("[0-9]+", text)]
    if len(found) != announced.count:
        raise UserError(
            f"the public value has {len(found)} numbers, and {announced.count} were announced: write only these"
        )
    return " ".join(found)


def _hexadecimal(announced: PublicValue, text: str) -> str:
    if not re.fullmatch("[0-9a-f]+", text) or len(text) != announced.count:
        raise UserError(
            f"the public value was announced as {announced.count} hexadecimal digits: write these, nothing between them"
        )
    return text


def seed_of(period: str, shares: Sequence[Revealed], public: str | None) -> str:
    """Make the seed: the SHA-256 of some lines, each ended by a line feed, in UTF-8.

    >>> seed_of("2026-12", [], "3 8 16 21 27 30 11")[:16]
    '325442f2d0dea998'
    """
    lines = [FORMAT, period, *(f"{one.holder}\t{one.share}" for one in shares)]
    if public is not None:
        lines.append(f"public\t{public}")
    return sha256("".join(f"{line}\n" for line in lines).encode())
