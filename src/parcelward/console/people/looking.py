"""Notes who is looking at an alert or a case just now: two people who have the same one open see each other."""

from sqlalchemy import delete, select, text

from parcelward.console.store.database import Database
from parcelward.console.store.own_tables import looking

SEEN_MS = 15_000
"""Who has not asked for so long has left the page; an open page asks every five seconds."""
_NOTE = text(  # in one statement: two pages of one person may ask at the same moment
    "INSERT INTO looking (about, person, at) VALUES (:about, :person, :at)"
    " ON CONFLICT (about, person) DO UPDATE SET at = excluded.at"
)


class Looking:
    """Pages that are open in an installation."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def others(self, about: str, person: str) -> list[str]:
        """Give the tokens of the others who have an alert or a case open."""
        query = select(looking.c.person).where(looking.c.about == about, looking.c.person != person)
        with self._database.reading() as rows:
            return list(rows.execute(query.order_by(looking.c.person)).scalars())

    def note(self, about: str, person: str, now_ms: int) -> None:
        """Write down that somebody has it open, and forget who has left."""
        with self._database.writing() as rows:
            rows.execute(delete(looking).where(looking.c.at <= now_ms - SEEN_MS))
            rows.execute(_NOTE, {"about": about, "person": person, "at": now_ms})
