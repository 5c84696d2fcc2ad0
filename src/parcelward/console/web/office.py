"""Office: all that pages stand on, and what a request says about whoever sent it."""

from collections.abc import Callable
from dataclasses import dataclass

from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request

from parcelward.console.judging import Judging
from parcelward.console.people.accounts import Account, Accounts
from parcelward.console.people.attempts import Attempts
from parcelward.console.people.keys import Keys
from parcelward.console.people.provider import Provider
from parcelward.console.people.sessions import Sessions, Visitor
from parcelward.console.sending import Desk
from parcelward.console.store.database import Database
from parcelward.moments import MINUTE_MS

UNCERTAIN_MS = MINUTE_MS
"""Age of what is shown from which on a page says it; the store is certain every ten seconds."""


@dataclass(frozen=True, slots=True)
class Doors:
    """Ways to log in: by a password of the console's own, by a provider of identities (None: there is none)."""

    local: bool = True
    provider: Provider | None = None


@dataclass(frozen=True, slots=True)
class Office:
    """Store, accounts and the desk that sends decisions."""

    database: Database
    accounts: Accounts
    sessions: Sessions
    keys: Keys
    attempts: Attempts
    desk: Desk
    judging: Judging
    over_tls: bool
    now_ms: Callable[[], int]
    certain_ms: Callable[[], int]
    """When it was last certain that the store misses nothing; 0: it has not read everything yet."""
    doors: Doors


def office_of(request: Request) -> Office:
    """Give the office that a request came to."""
    office: Office = request.app.state.office
    return office


def account_of(request: Request) -> Account:
    """Give the account of whoever sent a request; the route is one for which somebody must be logged in."""
    visitor: Visitor = request.state.visitor
    return visitor.account


def colleagues_of(request: Request) -> list[tuple[str, str]]:
    """Give the people to whom an alert or a case can be handed, with their tokens; oneself first."""
    own = account_of(request)
    others = [one for one in office_of(request).accounts.all() if one.role.decides_as is not None]
    others = [one for one in others if not one.disabled and one.token != own.token]
    return [(own.token, own.shown), *((one.token, one.shown) for one in others)]


async def form_of(request: Request) -> FormData:
    """Give the form that was sent; a dependency of routes, which are plain functions. No database takes a NUL."""
    form = await request.form()
    if any(isinstance(value, str) and "\x00" in value for _, value in form.multi_items()):
        raise HTTPException(400)
    return form


def fields_of(form: FormData) -> dict[str, str]:
    """Give the text fields of a form by name; of several with one name the last."""
    return {name: value for name, value in form.multi_items() if isinstance(value, str)}


def local_path(text: str) -> str:
    """Give a path of this site; the start page for anything else, so that no link leads a person elsewhere.

    >>> local_path("/desk?lane=red"), local_path("//evil.example"), local_path("https://evil.example")
    ('/desk?lane=red', '/', '/')
    """
    plain = text.isascii() and text.isprintable() and "\\" not in text
    return text if plain and text.startswith("/") and not text.startswith("//") else "/"
