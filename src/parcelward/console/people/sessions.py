"""Sessions: who is logged in. The browser has a random number; the database has its hash alone."""

import hashlib
import secrets
from dataclasses import dataclass

from sqlalchemy import delete, func, insert, select, update

from parcelward.console.people.accounts import Account, account_of
from parcelward.console.store.database import Database
from parcelward.console.store.own_tables import people, sessions
from parcelward.moments import HOUR_MS, MINUTE_MS

NUMBER_BYTES = 32
ENDS_AFTER_MS = 12 * HOUR_MS
"""A shift: then one logs in again, whatever one did meanwhile."""
IDLE_MS = HOUR_MS
"""Without a step of the person; that a page asks for news by itself is none."""
SEEN_EVERY_MS = MINUTE_MS
"""A step within it after the one before is not written down: a page must not wait for a write."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody who is logged in; `csrf` stands in every form of the session."""

    account: Account
    session: str
    csrf: str


class Sessions:
    """The sessions of an installation."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def open(self, account: Account, now_ms: int) -> str:
        """Begin a session; gives the number for the browser. Forgets sessions that are over."""
        number = secrets.token_urlsafe(NUMBER_BYTES)
        row = {
            "id": _hashed(number),
            "person": account.name,
            "csrf": secrets.token_urlsafe(NUMBER_BYTES),
            "created_at": now_ms,
            "seen_at": now_ms,
            "expires_at": now_ms + ENDS_AFTER_MS,
        }
        with self._database.writing() as rows:
            rows.execute(
                delete(sessions).where((sessions.c.expires_at <= now_ms) | (sessions.c.seen_at <= now_ms - IDLE_MS))
            )
            rows.execute(insert(sessions).values(row))
        return number

    def visitor(self, number: str | None, now_ms: int, by_hand: bool = True) -> Visitor | None:
        """Give who has this number; None if nobody has, or the session is over. `by_hand`: the person did something."""
        if not number:
            return None
        name = _hashed(number)
        query = select(sessions, people).join(people, people.c.name == sessions.c.person).where(sessions.c.id == name)
        with self._database.reading() as rows:
            row = rows.execute(query).mappings().first()
        if row is None or now_ms >= row["expires_at"] or now_ms >= row["seen_at"] + IDLE_MS:
            return None
        if row["disabled_at"] is not None:
            return None
        if by_hand and now_ms >= row["seen_at"] + SEEN_EVERY_MS:
            with self._database.writing() as rows:
                rows.execute(update(sessions).where(sessions.c.id == name).values(seen_at=now_ms))
        return Visitor(account_of(row), name, row["csrf"])

    def count(self, now_ms: int) -> int:
        """Count the sessions that are not over."""
        lasting = (sessions.c.expires_at > now_ms) & (sessions.c.seen_at > now_ms - IDLE_MS)
        with self._database.reading() as rows:
            return rows.execute(select(func.count()).select_from(sessions).where(lasting)).scalar_one()

    def close(self, visitor: Visitor) -> None:
        """End a session."""
        with self._database.writing() as rows:
            rows.execute(delete(sessions).where(sessions.c.id == visitor.session))


def _hashed(number: str) -> str:
    return hashlib.sha256(number.encode()).hexdigest()
