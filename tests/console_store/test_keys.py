"""Keys of programs on both databases."""

import pytest

from parcelward.console.people.accounts import Accounts
from parcelward.console.people.keys import Keys
from parcelward.console.people.roles import Role
from parcelward.console.store.database import Database
from parcelward.errors import UserError


def test_a_key_opens_its_account_until_it_is_revoked(database: Database) -> None:
    accounts, keys = Accounts(database), Keys(database)
    made = accounts.add("relay", "relay", Role.ANALYST, None, None, 1)
    key = keys.add("relay", "night", 100, 2)
    assert keys.account(key, 3) == made
    assert keys.account(key, 100) is None
    assert keys.account(f"{key}x", 3) is None
    assert [(one.name, one.ends_ms, one.used_ms) for one in keys.all()] == [("night", 100, 3)]
    with pytest.raises(UserError, match="a name of its own"):
        keys.add("relay", "night", None, 4)
    keys.revoke("relay", "night", 5)
    assert keys.account(key, 6) is None
