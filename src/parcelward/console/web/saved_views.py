"""A person's saved views as tabs of the desk, with how many alerts each has now."""

from dataclasses import dataclass

from starlette.requests import Request

from parcelward.console.people.views import Views
from parcelward.console.store.desk import OPEN_VIEWS, count_alerts
from parcelward.console.web.office import account_of, office_of
from parcelward.console.web.wanted import Wanted


@dataclass(frozen=True, slots=True)
class SavedView:
    """One tab; `count` is None where counting would take too long: of what is over, and of what has certain words."""

    name: str
    path: str
    count: int | None
    starts: bool
    is_here: bool


def desk_path(query: str) -> str:
    """Write the address of the desk with a filter.

    >>> desk_path("lane=red"), desk_path("")
    ('/desk?lane=red', '/desk')
    """
    return f"/desk?{query}" if query else "/desk"


def saved_views(request: Request, here: Wanted) -> list[SavedView]:
    """List the views of whoever asks; `here` is the filter that is shown."""
    store, account = office_of(request).database, account_of(request)
    found = []
    for one in Views(store).of(account.name):
        wanted = Wanted.from_text(one.query)
        counts = wanted.view in OPEN_VIEWS and not wanted.words
        count = count_alerts(store, wanted.alerts(account.token)) if counts else None
        found.append(SavedView(one.name, desk_path(one.query), count, one.starts, wanted.text == here.text))
    return found
