"""Records of `alerts` become rows: the newest revision of each, all its revisions, its terms, and the tallies."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection

from parcelward.console.store import tables
from parcelward.console.store.loading import look_up, put, put_terms
from parcelward.console.store.packing import packed
from parcelward.console.store.placed import Placed, Unreadable, read_all
from parcelward.console.store.places import log_of, number_of
from parcelward.console.store.ranks import LANE_RANKS, SEVERITY_RANKS
from parcelward.console.store.records import AlertRead, read_alert
from parcelward.console.store.tallies import TallyKey, add_tallies, tally_keys
from parcelward.console.store.terms import terms_of
from parcelward.contract.alerts import AlertState, Lane, Severity
from parcelward.moments import ms_of

KNOWN = ("alert_id", "number", "revision", "courier", "outlet", "raised_ms", "lane", "rules")
LEAST = SEVERITY_RANKS[Severity.LOW]
RED = LANE_RANKS[Lane.RED]


class Known(NamedTuple):
    """As much of an alert's row as its next revision needs."""

    alert_id: str
    number: int
    revision: int
    courier: str
    outlet: str
    raised_ms: int
    lane: int
    rules: str

    def tally(self) -> list[TallyKey]:
        """The tallies in which it counts."""
        return tally_keys(self.courier, self.outlet, self.raised_ms, self.rules)


class Tally:
    """Alerts that count in tallies: of all of them, and of those that are red."""

    def __init__(self) -> None:
        self.alerts: list[TallyKey] = []
        self.red: list[TallyKey] = []

    def add(self, one: Known) -> None:
        """Count an alert in each of its tallies."""
        keys = one.tally()
        self.alerts += keys
        if one.lane == RED:
            self.red += keys

    def without(self, others: "Tally") -> tuple[Counter[TallyKey], Counter[TallyKey]]:
        """Give what these add to the tallies, without what others take from them."""
        alerts, red = Counter(self.alerts), Counter(self.red)
        alerts.subtract(Counter(others.alerts))
        red.subtract(Counter(others.red))
        return alerts, red


def write_alerts(connection: Connection, placed: Sequence[Placed], mark: int, unreadable: Unreadable) -> None:
    """Write a batch of alerts. One of a revision that is there is a double, and changes nothing but its history."""
    read = list(read_all(placed, read_alert, unreadable, log_of))
    ids = list({alert.alert_id for _, alert in read})
    known = {one[0]: Known._make(one) for one in look_up(connection, tables.alerts, KNOWN, ids)}
    revisions: list[tuple[Any, ...]] = []
    newest: dict[str, tuple[Any, ...]] = {}
    terms: dict[int, str] = {}
    counts, counted_no_more = Tally(), Tally()
    for one, alert in read:
        record, before = one.record, known.get(alert.alert_id)
        number = before.number if before else number_of(record.timestamp, record.partition, record.offset)
        revisions.append((one.place, number, alert.revision, record.timestamp, packed(record.value or b"")))
        if before is not None and before.revision >= alert.revision:
            continue
        row, now = _row(alert, number, one.place, mark)
        counts.add(now)
        if before is not None:
            counted_no_more.add(before)
        known[alert.alert_id], newest[alert.alert_id], terms[number] = now, row, terms_of(alert)
    put(connection, tables.alert_revisions, revisions)
    put(connection, tables.alerts, list(newest.values()))
    put_terms(connection, list(terms.items()))
    add_tallies(connection, *counts.without(counted_no_more))


def _row(alert: AlertRead, number: int, place: int, mark: int) -> tuple[tuple[Any, ...], Known]:
    findings, goods = alert.findings, None if alert.card is None else alert.card.goods
    rules = " ".join(dict.fromkeys([one.rule for one in findings]))
    lane, raised_ms = LANE_RANKS[alert.lane], ms_of(alert.raised_at)
    row = (
        number,
        alert.alert_id,
        alert.revision,
        place,
        raised_ms,
        ms_of(alert.due_by),
        alert.courier,
        alert.waybill,
        alert.outlet,
        alert.operator,
        lane,
        min([SEVERITY_RANKS[one.severity] for one in findings], default=LEAST),
        alert.action.value,
        int(alert.state is AlertState.CLEARED_BY_EVIDENCE),
        rules,
        None if alert.score is None else alert.score.value,
        None if goods is None else goods.declared or goods.found,
        alert.summary.zh,
        alert.summary.en,
        alert.parties.document_token,
        alert.parties.phone_token,
        mark,
    )
    known = Known(alert.alert_id, number, alert.revision, alert.courier, alert.outlet, raised_ms, lane, rules)
    return row, known
