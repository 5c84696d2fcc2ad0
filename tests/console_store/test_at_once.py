"""People and pages that do the same at the same moment, on both databases."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from parcelward.console.choices import FormError
from parcelward.console.people.accounts import Accounts, Person
from parcelward.console.people.looking import Looking
from parcelward.console.people.roles import Role
from parcelward.console.people.views import Views
from parcelward.console.store.database import Database

HANDS = 8


def at_once(work: Callable[[int], Any]) -> list[Any]:
    """Do it with several hands that begin together; gives what each got, or its error."""
    begin = threading.Barrier(HANDS)

    def one(number: int) -> Any:
        begin.wait()
        try:
            return work(number)
        except Exception as error:
            return error

    with ThreadPoolExecutor(HANDS) as pool:
        return list(pool.map(one, range(HANDS)))


def test_pages_of_one_person_say_at_once_that_an_alert_is_open(database: Database) -> None:
    present = Looking(database)
    for _ in range(10):
        assert at_once(partial(present.note, "alert", "token")) == [None] * HANDS
    assert present.others("alert", "another") == ["token"]


def test_of_one_name_for_two_views_the_first_keeps_it(database: Database) -> None:
    views = Views(database)
    said = at_once(lambda number: views.save("lin", "red", f"q={number}", number))
    assert said.count(None) == 1
    assert [type(one) for one in said if one is not None] == [FormError] * (HANDS - 1)
    assert [one.name for one in views.of("lin")] == ["red"]


def test_one_who_logs_in_twice_at_the_first_time_gets_one_account(database: Database) -> None:
    accounts = Accounts(database)
    person = Person("https://issuer subject", "lin", "林晓", Role.ANALYST)
    said = at_once(lambda _: accounts.of_person(person, 1))
    assert said == [accounts.find("lin")] * HANDS


def test_two_people_of_one_name_who_log_in_at_once_get_an_account_each(database: Database) -> None:
    accounts = Accounts(database)
    said = at_once(lambda number: accounts.of_person(Person(f"https://issuer {number}", "lin", "林", Role.ANALYST), 1))
    assert len({one.name for one in said}) == HANDS
    assert len({one.token for one in said}) == HANDS
