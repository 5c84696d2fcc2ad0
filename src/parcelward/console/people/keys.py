"""Keys of programs. A program has a random text; the database has its hash alone. A key acts as its account."""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, insert, select, update
from sqlalchemy.exc import IntegrityError

from parcelward.console.people.accounts import Account, account_of
from parcelward.console.store.database import Database
from parcelward.console.store.own_tables import keys, people
from parcelward.errors import UserError
from parcelward.escaping import escaped
from parcelward.moments import HOUR_MS

BEGIN = "pwk_"
"""Begins each key, so that programs which search code for secrets find one."""
KEY_BYTES = 32
USED_EVERY_MS = HOUR_MS
"""A use within it after the one before is not written down: an answer must not wait for a write."""
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,39}")


@dataclass(frozen=True, slots=True)
class Key:
    """One key of an account, without its text; a moment is None where it has not been, or is not planned."""

    person: str
    name: str
    created_ms: int
    ends_ms: int | None
    revoked_ms: int | None
    used_ms: int | None


class Keys:
    """The keys of an installation."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, person: str, name: str, ends_ms: int | None, now_ms: int) -> str:
        """Make a key of an account, and give its text, which nobody can read again. Raises UserError."""
        if not _NAME.fullmatch(name):
            raise UserError(f"{escaped(name)}: the name of a key is 1 to 40 of a-z, 0-9, dot, dash, underscore")
        if ends_ms is not None and ends_ms <= now_ms:
            raise UserError("a key ends after now")
        text = BEGIN + secrets.token_urlsafe(KEY_BYTES)
        row: dict[str, Any] = {
            "id": _hashed(text),
            "person": person,
            "name": name,
            "created_at": now_ms,
            "ends_at": ends_ms,
        }
        try:
            with self._database.writing() as rows:
                _check_account(rows, person)
                rows.execute(insert(keys).values(row))
        except IntegrityError:
            raise UserError(f"{person} has a key {name}, or had one: each key has a name of its own") from None
        return text

    def account(self, text: str, now_ms: int) -> Account | None:
        """Give the account whose key this is; None for no key, one that has ended, and an account that is disabled."""
        name = _hashed(text)
        query = select(keys.c.ends_at, keys.c.revoked_at, keys.c.used_at, people)
        query = query.join(people, people.c.name == keys.c.person).where(keys.c.id == name)
        with self._database.reading() as rows:
            row = rows.execute(query).mappings().first()
        if row is None or row["revoked_at"] is not None or row["disabled_at"] is not None:
            return None
        if row["ends_at"] is not None and now_ms >= row["ends_at"]:
            return None
        if row["used_at"] is None or now_ms >= row["used_at"] + USED_EVERY_MS:
            with self._database.writing() as rows:
                rows.execute(update(keys).where(keys.c.id == name).values(used_at=now_ms))
        return account_of(row)

    def all(self) -> list[Key]:
        """List all keys by account and name, also those that have ended."""
        query = select(keys).order_by(keys.c.person, keys.c.name)
        with self._database.reading() as rows:
            return [_key(row) for row in rows.execute(query).mappings()]

    def revoke(self, person: str, name: str, now_ms: int) -> None:
        """Let a key open nothing any more. Raises UserError where there is no such key."""
        change = update(keys).where(keys.c.person == person, keys.c.name == name, keys.c.revoked_at.is_(None))
        with self._database.writing() as rows:
            if rows.execute(change.values(revoked_at=now_ms)).rowcount == 0:
                raise UserError(f"{escaped(person)} has no key {escaped(name)} that is not revoked")


def _check_account(rows: Connection, person: str) -> None:
    if rows.execute(select(people.c.name).where(people.c.name == person)).first() is None:
        raise UserError(f"{escaped(person)}: there is no such account")


def _key(row: Mapping[Any, Any]) -> Key:
    return Key(row["person"], row["name"], row["created_at"], row["ends_at"], row["revoked_at"], row["used_at"])


def _hashed(text: str) -> str:
    """Hash a key. One round is enough: nobody can try 2^256 of them."""
    return sha256(text.encode()).hexdigest()
