"""Lines of lists: what one alert is, and where it stands."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, select, tuple_

from parcelward.console.store.ranks import LANES, SEVERITIES
from parcelward.console.store.tables import NEVER, alerts, referrals
from parcelward.contract.alerts import Lane, Severity
from parcelward.contract.steps import ReferralState

MOST_NUMBER = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Words:
    """One text in both languages."""

    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Line:
    """One alert in a list. What the alert itself says is None where its record is gone."""

    alert_id: str
    revision: int
    courier: str
    waybill: str
    outlet: str
    state: ReferralState
    lane: Lane
    severity: Severity
    action: str
    at_ms: int
    due_ms: int | None
    level: int
    held: bool
    assigned_to: str | None
    person: str | None
    step: str | None
    asked: str | None
    answered: str | None
    outcome: str | None
    rules: tuple[str, ...]
    cases: tuple[str, ...]
    mark: int
    summary: Words | None
    goods: str | None
    operator: str | None
    raised_ms: int | None
    score: float | None


@dataclass(frozen=True, slots=True)
class AlertBrief:
    """One alert as search finds it; `state` is None where nobody follows it up."""

    alert_id: str
    courier: str
    waybill: str
    outlet: str
    operator: str | None
    lane: Lane
    severity: Severity
    raised_ms: int
    rules: tuple[str, ...]
    summary: Words
    goods: str | None
    state: ReferralState | None


_OF_REFERRAL = [column for column in referrals.columns if column.name not in ("document", "place", "over")]
_OF_ALERT = [alerts.c[name] for name in ("zh", "en", "goods", "operator", "raised_ms", "score")]


def select_lines() -> Select[Any]:
    """Select what `line_of` takes."""
    return select(*_OF_REFERRAL, *_OF_ALERT).select_from(
        referrals.outerjoin(alerts, alerts.c.alert_id == referrals.c.alert_id)
    )


def line_of(row: Any) -> Line:
    """Make a line of a row."""
    return Line(
        alert_id=row.alert_id,
        revision=row.revision,
        courier=row.courier,
        waybill=row.waybill,
        outlet=row.outlet,
        state=ReferralState(row.state),
        lane=LANES[row.lane],
        severity=SEVERITIES[row.severity],
        action=row.action,
        at_ms=row.at_ms,
        due_ms=None if row.due_ms == NEVER else row.due_ms,
        level=row.level,
        held=bool(row.held),
        assigned_to=row.assigned_to,
        person=row.person,
        step=row.step,
        asked=row.asked,
        answered=row.answered,
        outcome=row.outcome,
        rules=tuple(row.rules.split()),
        cases=tuple(row.cases.split()),
        mark=row.mark,
        summary=None if row.zh is None else Words(row.zh, row.en),
        goods=row.goods,
        operator=row.operator,
        raised_ms=row.raised_ms,
        score=row.score,
    )


def lines_of(connection: Connection, ids: Sequence[str]) -> tuple[Line, ...]:
    """Give the lines of alerts, in the order of their ids that are given."""
    rows = connection.execute(select_lines().where(referrals.c.alert_id.in_(ids))) if ids else ()
    found = {row.alert_id: line_of(row) for row in rows}
    return tuple(found[one] for one in ids if one in found)


def select_briefs() -> Select[Any]:
    """Select what `brief_of` takes."""
    return select(alerts, referrals.c.state).select_from(
        alerts.outerjoin(referrals, referrals.c.alert_id == alerts.c.alert_id)
    )


def brief_of(row: Any) -> AlertBrief:
    """Make what search shows of a row."""
    return AlertBrief(
        alert_id=row.alert_id,
        courier=row.courier,
        waybill=row.waybill,
        outlet=row.outlet,
        operator=row.operator,
        lane=LANES[row.lane],
        severity=SEVERITIES[row.severity],
        raised_ms=row.raised_ms,
        rules=tuple(row.rules.split()),
        summary=Words(row.zh, row.en),
        goods=row.goods,
        state=None if row.state is None else ReferralState(row.state),
    )


def ordered(query: Select[Any], keys: Sequence[Any], after: str | None, descending: bool = False) -> Select[Any]:
    """Order by columns, of which the last is a text and the others are numbers; begin behind the place of a cursor."""
    place = values_of(after, len(keys) - 1)
    if place is not None:
        here, there = tuple_(*keys), tuple_(*place)
        query = query.where(here < there if descending else here > there)
    return query.order_by(*(key.desc() if descending else key for key in keys))


def cursor_behind(rows: Sequence[Any], limit: int, keys: Sequence[Any]) -> str | None:
    """Give the place behind the first `limit` rows; None where nothing follows."""
    return cursor_of([getattr(rows[limit - 1], key.name) for key in keys]) if len(rows) > limit else None


def cursor_of(values: Sequence[object]) -> str:
    """Write the place behind a line, for an address."""
    return "~".join(map(str, values))


def values_of(cursor: str | None, numbers: int) -> list[int | str] | None:
    """Read such a place: some numbers and an id. None for what is none, so that a list begins at its beginning.

    >>> values_of("0~1~1795404979106~6f9619ff", 3)
    [0, 1, 1795404979106, '6f9619ff']
    >>> values_of("0~1~soon~6f9619ff", 3) is None
    True
    """
    parts = (cursor or "").split("~", numbers)
    if len(parts) != numbers + 1 or not all(_is_number(one) for one in parts[:-1]):
        return None
    return [*map(int, parts[:-1]), parts[-1].replace("\x00", "")]


def _is_number(text: str) -> bool:
    """Tell whether a text is a number that a database takes, of 64 bits."""
    return text.isascii() and text.isdigit() and len(text) < 20 and int(text) <= MOST_NUMBER
