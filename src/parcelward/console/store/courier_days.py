"""The couriers' days in figures, from their accounts; and when each was last heard of."""

from dataclasses import dataclass
from datetime import date

import msgspec
from sqlalchemy import Connection, func, select

from parcelward.console.store.database import Database
from parcelward.console.store.feed import couriers
from parcelward.console.store.tables import accounts, answers, instructions, tallies

DAYS = 15
"""The newest day, and those that say what is usual."""


class Duties(msgspec.Struct, frozen=True):
    """Duties whose deadline passed on a day before their event had come."""

    real_name: int = 0
    inspection: int = 0
    security_scan: int = 0

    def total(self) -> int:
        """Add them up."""
        return self.real_name + self.inspection + self.security_scan


class Day(msgspec.Struct, frozen=True):
    """A courier's day, as its account counts it; `adds_up`: every record has its line in it."""

    date: date
    sent: int = 0
    screened: int = 0
    duplicate: int = 0
    heartbeats: int = 0
    refused: int = 0
    refused_for: dict[str, int] = {}
    unaccounted: int = 0
    late: int = 0
    adds_up: bool = True
    overdue: Duties = Duties()


@dataclass(frozen=True, slots=True)
class LastHeard:
    """Times at which a courier was last told something and last answered; None: no record of it is left."""

    told_ms: int | None
    answered_ms: int | None


def courier_codes(database: Database) -> tuple[str, ...]:
    """List the couriers of whom there is an account or an alert."""
    with database.reading() as connection:
        found = {*connection.execute(select(accounts.c.courier).distinct()).scalars(), *_with_alerts(connection)}
    return tuple(sorted(found))


def _with_alerts(connection: Connection) -> list[str]:
    """Walk the index from courier to courier: they are few, and the tallies are many."""
    found = [""]
    following = select(func.min(tallies.c.courier))
    while code := connection.execute(following.where(tallies.c.courier > found[-1])).scalar():
        found.append(code)
    return found[1:]


def courier_days(database: Database, days: int = DAYS) -> dict[str, tuple[Day, ...]]:
    """Give the last days of each courier, the oldest first; a day of which there is no account is left out."""
    found: dict[str, list[Day]] = {}
    for one in reversed(couriers(database, days)):
        try:
            day = msgspec.convert(one.document, Day)
        except msgspec.ValidationError:  # an account of a later version says nothing that is understood here
            continue
        found.setdefault(one.courier, []).append(day)
    return {courier: tuple(some) for courier, some in found.items()}


def last_heard(database: Database, courier: str) -> LastHeard:
    """Find when a courier was last told something, and when it last answered."""
    with database.reading() as connection:
        told, answered = (
            connection.execute(select(func.max(table.c.arrived_ms)).where(table.c.courier == courier)).scalar()
            for table in (instructions, answers)
        )
    return LastHeard(told, answered)
