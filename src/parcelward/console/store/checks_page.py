"""Random checks of parcels without a finding: how many were drawn, looked at and found wrong, by day and courier."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from sqlalchemy import select

from parcelward.console.store.database import Database
from parcelward.console.store.page_indexes import IS_DRAWN
from parcelward.console.store.tables import alerts, referrals
from parcelward.contract.steps import OutcomeKind, ReferralState
from parcelward.moments import china_day, china_day_begin
from parcelward.outcomes.intervals import Figure, counted_share
from parcelward.outcomes.verdicts import CONFIRMING

SPAN = 30
"""Days that are looked at, today and whole ones before it."""
DRAWN = 10_000
"""The newest random checks that are looked at."""
_Key = TypeVar("_Key", str, int)


class Fate(StrEnum):
    """State of a random check. Only the first two say something of the parcel."""

    FOUND = "found"
    CLEAN = "clean"
    OPEN = "open"
    LATE = "late"
    NOT_LOOKED_AT = "not_looked_at"


@dataclass(frozen=True, slots=True)
class Check:
    """One parcel that was drawn."""

    courier: str
    day: int
    fate: Fate


@dataclass(frozen=True, slots=True)
class Checks:
    """The newest random checks; `is_cut`: there are more in the span."""

    all: tuple[Check, ...]
    is_cut: bool


@dataclass(frozen=True, slots=True)
class Group:
    """Random checks that belong together, counted."""

    drawn: int
    found: int
    clean: int
    open: int
    late: int
    not_looked_at: int

    @property
    def done(self) -> int:
        """Count those of which people said what they are."""
        return self.found + self.clean

    @property
    def wrong(self) -> Figure:
        """Estimate the share of parcels without a finding that have something wrong."""
        return counted_share(self.found, self.done)


def random_checks(database: Database, now_ms: int) -> Checks:
    """Read the random checks of the last days. Those that later records took back are no longer any."""
    begin_ms = china_day_begin(china_day(now_ms) - SPAN + 1)
    query = (
        select(alerts.c.courier, alerts.c.raised_ms, referrals.c.state, referrals.c.outcome, referrals.c.due_ms)
        .outerjoin(referrals, referrals.c.alert_id == alerts.c.alert_id)
        .where(IS_DRAWN, alerts.c.raised_ms >= begin_ms)
        .order_by(alerts.c.raised_ms.desc())
        .limit(DRAWN)
    )
    with database.reading() as connection:
        rows = connection.execute(query).all()
    found = [
        Check(courier, china_day(raised_ms), fate)
        for courier, raised_ms, state, outcome, due_ms in rows
        if (fate := _fate(state, outcome, due_ms, now_ms)) is not None
    ]
    return Checks(tuple(found), len(rows) == DRAWN)


def _fate(state: str | None, outcome: str | None, due_ms: int | None, now_ms: int) -> Fate | None:
    if outcome is not None:
        if outcome in CONFIRMING:
            return Fate.FOUND
        return Fate.CLEAN if outcome == OutcomeKind.FALSE_ALARM else Fate.NOT_LOOKED_AT
    if state == ReferralState.EXPIRED:
        return Fate.NOT_LOOKED_AT
    if state in (ReferralState.WITHDRAWN, ReferralState.CLOSED):
        return None
    return Fate.LATE if due_ms is not None and due_ms < now_ms else Fate.OPEN


def grouped(checks: Iterable[Check], key: Callable[[Check], _Key]) -> dict[_Key, Group]:
    """Count checks by what they have in common, in the order of that."""
    parts: dict[_Key, list[Fate]] = {}
    for one in checks:
        parts.setdefault(key(one), []).append(one.fate)
    return {name: group(parts[name]) for name in sorted(parts)}


def group(fates: Iterable[Fate]) -> Group:
    """Count checks by their fates; what is late is open, too."""
    seen = list(fates)
    counts = {fate: seen.count(fate) for fate in Fate}
    return Group(
        len(seen),
        counts[Fate.FOUND],
        counts[Fate.CLEAN],
        counts[Fate.OPEN] + counts[Fate.LATE],
        counts[Fate.LATE],
        counts[Fate.NOT_LOOKED_AT],
    )


def missed(of_all: Group, rate: float) -> tuple[int, int] | None:
    """Estimate between which numbers of parcels have something wrong that nothing found; None where too few are done.

    >>> missed(Group(1000, 10, 990, 0, 0, 0), 0.001)
    (5400, 18000)
    >>> missed(Group(10, 1, 9, 0, 0, 0), 0.001) is None
    True
    """
    share = of_all.wrong
    if rate <= 0 or share.low is None or share.high is None:
        return None
    return _two_digits(share.low * of_all.drawn / rate), _two_digits(share.high * of_all.drawn / rate)


def _two_digits(number: float) -> int:
    return int(float(f"{number:.1e}"))
