"""The alerts that `parcelward alerts` is asked for: filters, and the revision of an alert that stands."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

import msgspec
from pydantic import ValidationError

from parcelward.contract.alerts import Alert, AlertState, Lane
from parcelward.desk.states import ID_BEGINNING

SHOWN_COURIERS = 10


class Shown(StrEnum):
    """State of an alert, in the words of the command line."""

    OPEN = "open"
    CLEARED = "cleared"


class Filters(NamedTuple):
    """Filters of a list of alerts; None lets everything pass."""

    lane: Lane | None = None
    rule: str | None = None
    courier: str | None = None
    outlet: str | None = None
    state: Shown | None = None
    since: datetime | None = None
    wanted: str | None = None
    """An alert id or a waybill."""

    def ask_what_stands(self) -> bool:
        """Tell whether they ask for something that a later revision changes: then only the newest one answers."""
        return self.lane is not None or self.state is not None


class Looked:
    """Counts the alerts that filters were held against, so that nothing found is not taken for nothing there."""

    def __init__(self, filters: Filters) -> None:
        self.filters = filters
        self._alerts = 0
        self._passed = 0
        self._couriers: set[str] = set()

    def lets_pass(self, alert: Alert | None) -> bool:
        """Tell whether an alert passes, and count it."""
        self._alerts += 1
        if alert is not None:
            self._couriers.add(alert.courier)
        does_pass = passes(alert, self.filters)
        self._passed += does_pass
        return does_pass

    def nothing_passed(self) -> str | None:
        """Say that none of those looked at was shown; None when one was."""
        if self._passed:
            return None
        if self.filters == Filters() or not self._alerts:
            return "no alert was there to be looked at"
        said = f"no alert passed the filters; looked at: {self._alerts:,}"
        courier = self.filters.courier
        if courier is not None and self._couriers and courier not in self._couriers:
            return f"{said}, none of courier {courier}, but of {', '.join(sorted(self._couriers)[:SHOWN_COURIERS])}"
        return said


class _Numbered(msgspec.Struct):
    """An alert as far as it says which revision it is."""

    alert_id: str
    revision: int


_numbered = msgspec.json.Decoder(_Numbered).decode


def newest_revisions(records: Iterable[Any]) -> dict[str, int]:
    """Give the number of the newest revision of each alert that was revised."""
    newest: dict[str, int] = {}
    for record in records:
        try:
            alert_id, revision = msgspec.structs.astuple(_numbered(record.value or b""))
        except msgspec.DecodeError:
            continue
        if revision > max(1, newest.get(alert_id, 1)):
            newest[alert_id] = revision
    return newest


def stands(alert: Alert | None, newest: dict[str, int]) -> bool:
    """Tell whether no later revision has replaced this one."""
    return alert is None or alert.revision >= newest.get(alert.alert_id, 1)


def read_alert(record: Any) -> Alert | None:
    """The alert in a record; None when this version cannot read it as one."""
    try:
        return Alert.model_validate_json(record.value or b"")
    except ValidationError:
        return None


def passes(alert: Alert | None, filters: Filters) -> bool:
    """Tell whether an alert passes the filters. Without filters everything passes, even what cannot be read."""
    if alert is None:
        return filters == Filters()
    return all(_tests(alert, filters))


def _tests(alert: Alert, filters: Filters) -> Iterator[bool]:
    lane, rule, courier, outlet, state, since, wanted = filters
    yield lane is None or alert.lane is lane
    found = [*(one.rule for one in alert.findings), *(one.rule for one in alert.found_before)]
    yield rule is None or rule in found
    yield courier is None or alert.courier == courier
    yield outlet is None or alert.outlet == outlet
    yield state is None or (alert.state is AlertState.OPEN) == (state is Shown.OPEN)
    yield since is None or alert.raised_at >= since
    yield wanted is None or alert.waybill == wanted or _begins(alert.alert_id, wanted.lower())


def _begins(alert_id: str, wanted: str) -> bool:
    return len(wanted) >= ID_BEGINNING and alert_id.startswith(wanted)
