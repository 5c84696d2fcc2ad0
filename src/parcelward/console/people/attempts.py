"""Log-ins that failed: after too many an account, or an address, must wait."""

from sqlalchemy import delete, func, insert, select

from parcelward.console.store.database import Database
from parcelward.console.store.own_tables import attempts
from parcelward.moments import DAY_MS, MINUTE_MS

WITHIN_MS = 15 * MINUTE_MS
MOST_OF_AN_ACCOUNT = 5
MOST_OF_AN_ADDRESS = 30
"""Several people sit behind one address."""


class Attempts:
    """Counts log-ins of the last quarter of an hour."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def must_wait(self, name: str | None, address: str, now_ms: int) -> bool:
        """Tell whether this account or this address has failed too often. A log-in of the account ends its count.

        Without a name (None) the address alone is looked at.
        """
        since = now_ms - WITHIN_MS
        with self._database.reading() as rows:
            succeeded = select(func.max(attempts.c.at)).where(attempts.c.person == name, attempts.c.succeeded)
            last = rows.execute(succeeded).scalar() or 0
            failed = select(func.count()).select_from(attempts).where(~attempts.c.succeeded)
            of_account = failed.where(attempts.c.person == name, attempts.c.at > max(since, last))
            of_address = failed.where(attempts.c.address == address, attempts.c.at > since)
            return (name is not None and rows.execute(of_account).scalar_one() >= MOST_OF_AN_ACCOUNT) or rows.execute(
                of_address
            ).scalar_one() >= MOST_OF_AN_ADDRESS

    def note(self, name: str, address: str, succeeded: bool, now_ms: int) -> None:
        """Write down a log-in that was tried; what is older than a day is forgotten."""
        row = {"person": name[:40], "address": address, "at": now_ms, "succeeded": succeeded}
        with self._database.writing() as rows:
            rows.execute(delete(attempts).where(attempts.c.at < now_ms - DAY_MS))
            rows.execute(insert(attempts).values(row))
