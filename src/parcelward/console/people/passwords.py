"""Passwords: kept as argon2id, in the form and with the costs that RFC 9106 recommends for little memory."""

import secrets
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError
from argon2.profiles import RFC_9106_LOW_MEMORY

from parcelward.errors import UserError

LEAST_LENGTH = 12
MOST_LENGTH = 200
_hasher = PasswordHasher.from_parameters(RFC_9106_LOW_MEMORY)


@cache
def _nobodys() -> str:
    """A password that nobody has."""
    return _hasher.hash(secrets.token_urlsafe(16))


def kept_form(password: str) -> str:
    """Give the form in which a password is kept. Raises UserError for one that is too short or too long."""
    if not LEAST_LENGTH <= len(password) <= MOST_LENGTH:
        raise UserError(f"a password has {LEAST_LENGTH} to {MOST_LENGTH} characters")
    return _hasher.hash(password)


def is_password(kept: str | None, password: str) -> bool:
    """Tell whether it is this password. Takes as long for an account that does not exist (None)."""
    if len(password) > MOST_LENGTH:
        return False
    try:
        return _hasher.verify(kept or _nobodys(), password) and bool(kept)
    except (Argon2Error, InvalidHashError):
        return False
