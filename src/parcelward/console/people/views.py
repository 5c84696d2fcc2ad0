"""Saved views: filters of the desk that a person has named. One of them may be the page that the person begins with."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from parcelward.console.choices import FormError
from parcelward.console.store.database import Database
from parcelward.console.store.own_tables import views

MOST = 12
"""Views of one person: each is counted whenever the desk is shown."""
MOST_NAME = 30


@dataclass(frozen=True, slots=True)
class View:
    """A filter by its name; `query` is that of the desk's URL."""

    name: str
    query: str
    starts: bool


class Views:
    """The saved views of all people; each person sees their own. `person` is a log-in name."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, person: str) -> tuple[View, ...]:
        """List a person's views in the order in which they were saved."""
        query = select(views.c.name, views.c.query, views.c.starts).where(views.c.person == person)
        with self._database.reading() as rows:
            return tuple(View(*row) for row in rows.execute(query.order_by(views.c.created_at, views.c.name)))

    def save(self, person: str, name: str, query: str, now_ms: int) -> None:
        """Keep a filter under a name. Raises FormError for one that cannot be a name or is taken, or for too many."""
        row = {"person": person, "name": name_in(name), "query": query, "created_at": now_ms, "starts": False}
        try:
            with self._database.writing() as rows:
                of_person = select(func.count()).select_from(views).where(views.c.person == person)
                if rows.execute(of_person).scalar_one() >= MOST:
                    raise FormError("problem_view_many")
                rows.execute(insert(views).values(row))
        except IntegrityError:
            raise FormError("problem_view_taken") from None

    def rename(self, person: str, name: str, new_name: str) -> None:
        """Give a view another name. Raises FormError for one that cannot be a name, or that is taken."""
        try:
            with self._database.writing() as rows:
                rows.execute(update(views).where(_is(person, name)).values(name=name_in(new_name)))
        except IntegrityError:
            raise FormError("problem_view_taken") from None

    def remove(self, person: str, name: str) -> None:
        """Forget a view."""
        with self._database.writing() as rows:
            rows.execute(delete(views).where(_is(person, name)))

    def begin_with(self, person: str, name: str | None) -> None:
        """Let a person begin with a view, and with none of the others; None: with the desk."""
        with self._database.writing() as rows:
            rows.execute(update(views).where(views.c.person == person).values(starts=False))
            if name is not None:
                rows.execute(update(views).where(_is(person, name)).values(starts=True))


def name_in(text: str) -> str:
    """Read the name of a view. Raises FormError.

    >>> name_in("  红色·swift ")
    '红色·swift'
    """
    name = " ".join(text.split())
    if not 1 <= len(name) <= MOST_NAME:
        raise FormError("problem_view_name")
    return name


def _is(person: str, name: str) -> ColumnElement[bool]:
    return (views.c.person == person) & (views.c.name == name)
