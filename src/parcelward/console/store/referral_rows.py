"""Records of `referrals` and `cases` become rows: where each stands, the steps to there, what lies in which case."""

from collections import Counter
from collections.abc import Sequence
from itertools import chain
from typing import Any, NamedTuple

from sqlalchemy import Connection

from parcelward.console.store import tables
from parcelward.console.store.loading import look_up, put, remove
from parcelward.console.store.packing import packed
from parcelward.console.store.placed import Placed, Unreadable, read_all, text_of
from parcelward.console.store.places import log_of
from parcelward.console.store.ranks import LANE_RANKS, SEVERITY_RANKS
from parcelward.console.store.records import CaseRead, ReferralRead, read_case, read_referral
from parcelward.console.store.tallies import VerdictKey, add_verdicts, verdict_keys
from parcelward.contract.steps import OVER
from parcelward.moments import ms_of

KNOWN = (
    "alert_id",
    "revision",
    "courier",
    "outlet",
    "outcome",
    "rules",
    "cases",
    "over",
    "lane",
    "severity",
    "due_ms",
)


class Known(NamedTuple):
    """As much of a referral's row as its next revision needs."""

    alert_id: str
    revision: int
    courier: str
    outlet: str
    outcome: str | None
    rules: str
    cases: str
    over: int
    lane: int
    severity: int
    due_ms: int

    def verdicts(self) -> list[VerdictKey]:
        """The tallies of outcomes in which it counts."""
        return verdict_keys(self.courier, self.outlet, self.outcome, self.rules)

    def members(self) -> list[tuple[Any, ...]]:
        """Its rows in the cases that it lies in."""
        place = (self.over, self.lane, self.severity, self.due_ms, self.alert_id)
        return [(case, *place) for case in dict.fromkeys(self.cases.split())]


def write_referrals(connection: Connection, placed: Sequence[Placed], mark: int, unreadable: Unreadable) -> None:
    """Write a batch of referrals. A record without a value: the alert is forgotten, with its steps."""
    ids = list({text_of(one.record.key) for one in placed if one.record.value is None})
    said = list(read_all([one for one in placed if one.record.value is not None], read_referral, unreadable, log_of))
    ids += list({referral.alert_id for _, referral in said} - set(ids))
    before = {one[0]: Known._make(one) for one in look_up(connection, tables.referrals, KNOWN, ids)}
    read = {one.place: referral for one, referral in said}
    now, rows, steps = dict(before), dict[str, tuple[Any, ...]](), dict[str, list[tuple[Any, ...]]]()
    forgotten: set[str] = set()
    for one in placed:
        if one.record.value is None:
            alert_id = text_of(one.record.key)
            now.pop(alert_id, None)
            rows.pop(alert_id, None)
            steps.pop(alert_id, None)
            forgotten.add(alert_id)
        elif (referral := read.get(one.place)) is not None:
            steps.setdefault(referral.alert_id, []).append(_step(referral, one.place))
            known = now.get(referral.alert_id)
            if known is None or known.revision < referral.revision:
                row, now[referral.alert_id] = _referral(referral, one, mark)
                rows[referral.alert_id] = row
    remove(connection, tables.referrals, "alert_id", sorted(forgotten))
    remove(connection, tables.steps, "alert_id", sorted(forgotten))
    put(connection, tables.referrals, list(rows.values()))
    put(connection, tables.steps, list(chain.from_iterable(steps.values())))
    _write_members(connection, before, now)
    counts: Counter[VerdictKey] = Counter()
    for alert_id in before.keys() | now.keys():
        if before.get(alert_id) != now.get(alert_id):
            counts.subtract(before[alert_id].verdicts() if alert_id in before else ())
            counts.update(now[alert_id].verdicts() if alert_id in now else ())
    add_verdicts(connection, counts)


def _write_members(connection: Connection, before: dict[str, Known], now: dict[str, Known]) -> None:
    lay = {alert_id: one.members() for alert_id, one in before.items() if one.cases}
    lie = {alert_id: one.members() for alert_id, one in now.items() if one.cases}
    moved = sorted(alert_id for alert_id in lay if lay[alert_id] != lie.get(alert_id))
    remove(connection, tables.case_members, "alert_id", moved)
    members = [one for alert_id, some in lie.items() if lay.get(alert_id) != some for one in some]
    put(connection, tables.case_members, members)


def _step(referral: ReferralRead, place: int) -> tuple[Any, ...]:
    return (
        place,
        referral.alert_id,
        referral.revision,
        referral.state.value,
        None if referral.step is None else referral.step.value,
        referral.by.value,
        referral.person,
        ms_of(referral.at),
        referral.level,
        referral.assigned_to,
    )


def _referral(referral: ReferralRead, one: Placed, mark: int) -> tuple[tuple[Any, ...], Known]:
    rules, cases = f" {' '.join(referral.rules)} ", " ".join(referral.cases)
    outcome = None if referral.outcome is None else referral.outcome.value
    known = Known(
        referral.alert_id,
        referral.revision,
        referral.courier,
        referral.outlet,
        outcome,
        rules,
        cases,
        int(referral.state in OVER),
        LANE_RANKS[referral.lane],
        SEVERITY_RANKS[referral.severity],
        tables.NEVER if referral.due_by is None else ms_of(referral.due_by),
    )
    row = (
        referral.alert_id,
        one.place,
        referral.revision,
        referral.courier,
        referral.waybill,
        referral.outlet,
        referral.state.value,
        known.over,
        known.lane,
        known.severity,
        referral.action.value,
        ms_of(referral.at),
        known.due_ms,
        referral.level,
        referral.assigned_to,
        referral.person,
        None if referral.step is None else referral.step.value,
        int(referral.held),
        None if referral.asked is None else referral.asked.action.value,
        None if referral.answer is None else referral.answer.result.value,
        outcome,
        rules,
        cases,
        mark,
        packed(one.record.value or b""),
    )
    return row, known


def write_cases(connection: Connection, placed: Sequence[Placed], mark: int, unreadable: Unreadable) -> None:
    """Write a batch of cases. A record without a value: the case is forgotten."""
    said = list(read_all([one for one in placed if one.record.value is not None], read_case, unreadable, log_of))
    read = {one.place: case for one, case in said}
    ids = list({case.case_id for case in read.values()})
    revisions: dict[str, int] = {one[0]: one[1] for one in look_up(connection, tables.cases, _OF_CASE, ids)}
    rows: dict[str, tuple[Any, ...]] = {}
    forgotten: set[str] = set()
    for one in placed:
        if one.record.value is None:
            case_id = text_of(one.record.key)
            revisions.pop(case_id, None)
            rows.pop(case_id, None)
            forgotten.add(case_id)
        elif (case := read.get(one.place)) is not None and revisions.get(case.case_id, -1) < case.revision:
            revisions[case.case_id] = case.revision
            rows[case.case_id] = _case(case, one, mark)
    remove(connection, tables.cases, "case_id", sorted(forgotten))
    put(connection, tables.cases, list(rows.values()))


_OF_CASE = ("case_id", "revision")


def _case(case: CaseRead, one: Placed, mark: int) -> tuple[Any, ...]:
    return (
        case.case_id,
        one.place,
        case.revision,
        case.subject,
        case.subject_kind.value,
        case.theme,
        case.state.value,
        int(case.state in OVER),
        int(case.attention),
        LANE_RANKS[case.lane],
        SEVERITY_RANKS[case.severity],
        case.action.value,
        case.count,
        case.open,
        case.red,
        case.escalated,
        case.withdrawn,
        ms_of(case.first_at),
        ms_of(case.last_at),
        one.record.timestamp,
        case.assigned_to,
        None if case.snoozed_until is None else ms_of(case.snoozed_until),
        int(case.over_budget),
        None if case.outcome is None else case.outcome.value,
        " ".join(case.couriers),
        case.summary.zh,
        case.summary.en,
        mark,
        one.record.value,
    )
