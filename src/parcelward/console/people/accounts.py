"""Accounts of the console's people. Each has a random token: that alone goes out with what the person decides."""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError

from parcelward.console.people.passwords import is_password, kept_form
from parcelward.console.people.roles import Role
from parcelward.console.store.database import Database
from parcelward.console.store.own_tables import people, sessions
from parcelward.errors import UserError
from parcelward.escaping import escaped

KEY_ID = "console"
"""Begins the tokens of the console's people: no key makes them, so none can be guessed from a name."""
TOKEN_BYTES = 16
NO_PASSWORD = ""
"""Kept in place of a password's hash: no password is right."""
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{1,39}")
MOST_SHOWN = 40


@dataclass(frozen=True, slots=True)
class Account:
    """One person who may log in; `courier` is the company of a courier's account."""

    name: str
    shown: str
    role: Role
    courier: str | None
    token: str
    disabled: bool = False


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody whom a provider of identities knows; `subject` is theirs for good, the name may be anything."""

    subject: str
    name: str
    shown: str
    role: Role


class Accounts:
    """The accounts of an installation."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, name: str, shown: str, role: Role, courier: str | None, password: str | None, now_ms: int) -> Account:
        """Make an account; without a password (None) nobody can log in with one, and programs can by a key.

        Raises UserError for a name that is taken or ill-formed, or a courier where none fits.
        """
        if not _NAME.fullmatch(name):
            raise UserError(f"{escaped(name)}: a log-in name is 2 to 40 of a-z, 0-9, dot, dash, underscore")
        if (role is Role.COURIER) != (courier is not None):
            raise UserError("an account of the role courier names its courier, and no other account does")
        if not 1 <= len(shown.strip()) <= MOST_SHOWN:
            raise UserError(f"the name that is shown has 1 to {MOST_SHOWN} characters")
        token = f"{KEY_ID}.{secrets.token_urlsafe(TOKEN_BYTES)}"
        row: dict[str, Any] = {
            "name": name,
            "shown": shown.strip(),
            "role": role.value,
            "courier": courier,
            "token": token,
            "password": NO_PASSWORD if password is None else kept_form(password),
            "created_at": now_ms,
        }
        try:
            with self._database.writing() as rows:
                rows.execute(insert(people).values(row))
        except IntegrityError:
            raise UserError(f"{name}: this name is taken") from None
        return Account(name, shown.strip(), role, courier, token)

    def of_person(self, person: Person, now_ms: int) -> Account | None:
        """Give the account of somebody who logged in by the provider, made at the first time; None if it is disabled.

        The role and the name that is shown are always those that the provider says.
        """
        try:
            return self._of_person(person, now_ms)
        except IntegrityError:  # the same person, or another of this name, came first at the same moment
            return self._of_person(person, now_ms)

    def _of_person(self, person: Person, now_ms: int) -> Account | None:
        said = {"shown": person.shown.strip()[:MOST_SHOWN] or person.name[:MOST_SHOWN], "role": person.role.value}
        with self._database.writing() as rows:
            row = rows.execute(select(people).where(people.c.subject == person.subject)).mappings().first()
            if row is None:
                taken = rows.execute(select(people.c.name).where(people.c.name == _fit(person.name))).first()
                name = _fit(person.name) if taken is None else f"{_fit(person.name)[:31]}-{secrets.token_hex(4)}"
                token = f"{KEY_ID}.{secrets.token_urlsafe(TOKEN_BYTES)}"
                made = {"name": name, "token": token, "password": NO_PASSWORD, "created_at": now_ms}
                rows.execute(insert(people).values(said | made | {"subject": person.subject}))
                return Account(name, said["shown"], person.role, None, token)
            rows.execute(update(people).where(people.c.subject == person.subject).values(said))
        return None if row["disabled_at"] is not None else account_of({**row, **said})

    def find(self, name: str) -> Account | None:
        """Find an account by its log-in name, whether it may log in or not."""
        with self._database.reading() as rows:
            row = rows.execute(select(people).where(people.c.name == name)).mappings().first()
        return None if row is None else account_of(row)

    def check(self, name: str, password: str) -> Account | None:
        """Give the account that this name and password belong to; None if either is wrong or it may not log in."""
        with self._database.reading() as rows:
            row = rows.execute(select(people).where(people.c.name == name)).mappings().first()
        right = is_password(None if row is None else row["password"], password)
        return account_of(row) if row is not None and right and row["disabled_at"] is None else None

    def all(self) -> list[Account]:
        """List all accounts by name."""
        with self._database.reading() as rows:
            return [account_of(row) for row in rows.execute(select(people).order_by(people.c.name)).mappings()]

    def names(self) -> Mapping[str, str]:
        """Give the shown name of each token."""
        with self._database.reading() as rows:
            return {row.token: row.shown for row in rows.execute(select(people.c.token, people.c.shown))}

    def set_password(self, name: str, password: str) -> None:
        """Give an account another password, and end its sessions. Raises UserError where there is no such account."""
        self._change(name, password=kept_form(password))

    def disable(self, name: str, now_ms: int) -> None:
        """Let nobody log in by this account any more, and end its sessions; what it did keeps its name."""
        self._change(name, disabled_at=now_ms)

    def enable(self, name: str) -> None:
        """Let an account log in again."""
        self._change(name, disabled_at=None)

    def _change(self, name: str, **values: Any) -> None:
        with self._database.writing() as rows:
            if rows.execute(update(people).where(people.c.name == name).values(**values)).rowcount == 0:
                raise UserError(f"{escaped(name)}: there is no such account")
            rows.execute(sessions.delete().where(sessions.c.person == name))


def _fit(name: str) -> str:
    """Make a log-in name of any name.

    >>> _fit("Lin.Xiao@police.example"), _fit("林")
    ('lin.xiao-police.example', 'person')
    """
    plain = re.sub(r"[^a-z0-9._-]+", "-", name.lower()).strip("._-")[:40]
    return plain if _NAME.fullmatch(plain) else "person"


def account_of(row: Mapping[Any, Any]) -> Account:
    """Read an account from its row."""
    return Account(
        row["name"], row["shown"], Role(row["role"]), row["courier"], row["token"], row["disabled_at"] is not None
    )
