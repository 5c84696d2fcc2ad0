"""Versions that the newest alerts name: the rule pack and the model that judged them; and their scores."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Select, select

from parcelward.console.store.database import Database
from parcelward.console.store.packing import unpacked
from parcelward.console.store.places import number_of
from parcelward.console.store.tables import alert_revisions, alerts
from parcelward.moments import china_day, china_day_begin

NEWEST = 400
"""The newest alerts that are read."""
OF_A_DAY = 40
"""The newest alerts of each day that are read."""


class Weight(msgspec.Struct, frozen=True):
    """Share of one feature in a score."""

    feature: str
    weight: float


class ScoreSaid(msgspec.Struct, frozen=True):
    """A score as its alert says it."""

    value: float
    threshold: float
    contributions: tuple[Weight, ...] = ()


class RuleSaid(msgspec.Struct, frozen=True):
    """A finding: the rule that made it."""

    rule: str


class Said(msgspec.Struct, frozen=True):
    """As much of an alert as says what judged it."""

    rule_pack_version: str
    rule_pack_hash: str | None = None
    model_version: str | None = None
    score: ScoreSaid | None = None
    findings: tuple[RuleSaid, ...] = ()


class Judged(NamedTuple):
    """One of the newest alerts."""

    courier: str
    raised_ms: int
    said: Said


@dataclass(slots=True)
class RunsThere:
    """A pack and a model that judged alerts of a courier; `newest_ms` is when the newest of them was raised."""

    courier: str
    pack: str
    hash: str | None
    model: str | None
    alerts: int
    newest_ms: int


_NEWEST = (
    select(alerts.c.courier, alerts.c.raised_ms, alert_revisions.c.document)
    .join(alert_revisions, alert_revisions.c.place == alerts.c.place)
    .order_by(alerts.c.number.desc())
)


def newest_judged(database: Database, most: int = NEWEST) -> list[Judged]:
    """Read the newest alerts, the newest first."""
    return list(_read(database, _NEWEST.limit(most)))


def judged_by_day(database: Database, now_ms: int, days: int) -> dict[int, list[Judged]]:
    """Read the newest alerts of each of the last days, by day in China; one that cannot be read is left out."""
    today = china_day(now_ms)
    found = {}
    for day in range(today - days + 1, today + 1):
        first, last = (number_of(china_day_begin(one), 0, 0) for one in (day, day + 1))
        of_day = _NEWEST.where(alerts.c.number >= first, alerts.c.number < last)
        found[day] = list(_read(database, of_day.limit(OF_A_DAY)))
    return found


def _read(database: Database, query: Select[Any]) -> Iterator[Judged]:
    with database.reading() as connection:
        rows = connection.execute(query).all()
    for courier, raised_ms, document in rows:
        try:
            yield Judged(courier, raised_ms, msgspec.json.decode(unpacked(document), type=Said))
        except msgspec.DecodeError:  # of a version that says it otherwise
            continue


def runs_where(judged: list[Judged]) -> list[RunsThere]:
    """Tell which packs and models judged the newest alerts, in the order of couriers, the newest first."""
    found: dict[tuple[str, str, str | None, str | None], RunsThere] = {}
    for courier, raised_ms, said in judged:
        key = (courier, said.rule_pack_version, said.rule_pack_hash, said.model_version)
        one = found.setdefault(key, RunsThere(*key, 0, raised_ms))
        one.alerts += 1
        one.newest_ms = max(one.newest_ms, raised_ms)
    return sorted(found.values(), key=lambda one: (one.courier, -one.newest_ms))
