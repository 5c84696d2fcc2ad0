"""Gathering alerts into cases, and taking a decision on a case to each of its alerts."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from msgspec.structs import replace

from parcelward.alerts.verdict import SEVERITIES, URGENCY
from parcelward.cases.budget import asking, is_urgent, permitted_at_first
from parcelward.cases.case import (
    COURIERS_NAMED,
    Bucket,
    CaseRecord,
    Entry,
    Standing,
    case_of,
    opened,
    with_sample,
)
from parcelward.cases.life import Refused
from parcelward.cases.machine import CLOSED, ESCALATED, EXPIRED, REOPENED, WITHDRAWN, look_up
from parcelward.cases.outgoing import CaseNote, case_send, note_send, passed_on_send
from parcelward.cases.referral import MARK_BYTES, MARKS_KEPT, DecisionHop, known_mark
from parcelward.cases.times import MOST_SNOOZE_MS
from parcelward.contract.alerts import Lane, Severity
from parcelward.contract.steps import OVER, OutcomeKind, ReferralState, Role, StepKind, StepReason
from parcelward.moments import HOUR_MS
from parcelward.stage import Send
from parcelward.topics import Topics

_ENDS = (StepKind.OUTCOME, StepKind.RELEASE)
"""Steps that an alert takes only if it lies in no other case: else a red of another theme would be ended with it."""


COUNTS = ("count", "open", "withdrawn", "left", "red", "escalated")
RESTED_MS = HOUR_MS
"""A case that came to rest by itself asks for a person again if so long no alert was raised, or if a person had it."""


class Gathered(NamedTuple):
    """A case and the part of its alerts after a note, and what is to be sent."""

    case: CaseRecord | None
    bucket: Bucket | None
    sends: tuple[Send, ...] = ()


@dataclass(frozen=True, slots=True)
class Decided:
    """A case after a decision, what is to be sent, and the refusal if it was not taken."""

    case: CaseRecord | None
    sends: tuple[Send, ...] = ()
    refused: Refused | None = None
    standing: Standing | None = None


def gather(
    case: CaseRecord | None, bucket: Bucket | None, note: CaseNote, topics: Topics, standing: Standing | None = None
) -> Gathered:
    """Enter a note about one of its alerts into a case. One that is not newer than what is known changes nothing.

    `bucket` is the record of the case's alerts in which this one stands, or None; `standing` a snooze of earlier cases.
    """
    known = None if bucket is None else bucket.entries.get(note.alert_id)
    if (known is not None and note.revision <= known.revision) or (case is None and not note.here):
        return Gathered(case, bucket)
    over_budget = note.asker is not None
    if over_budget and known is None and is_urgent(note):
        return Gathered(case, bucket)
    now = opened(note, standing) if case is None else case
    revision = now.revision + 1
    entry = Entry(
        note.revision,
        note.state,
        note.here,
        note.lane,
        note.sole,
        note.courier,
        note.waybill,
        revision if known is None else known.joined,
        note.rule,
    )
    now = _counted(now, known, entry)
    # Asked once until a person has taken a step: alerts that are passed up and withdrawn in turn are one thing.
    passed_up = now.escalated > 0 and (not now.passed_up or now.moved > now.passed_up)
    asks = case is None or passed_up or (_asks(now, known, note) and not over_budget)
    rested = now.moved > 0 or note.raised_ms - now.last_ms > RESTED_MS
    if note.here:
        now = _widened(now, note)
    state = _state_after(now, known, entry)
    attention = asks or (state is REOPENED is not now.now and rested)
    snoozed = now.snoozed_ms > note.at_ms and note.lane != Lane.RED
    permitted = now.permitted or (case is None and permitted_at_first(note))
    attention = attention and (permitted or is_urgent(note)) and not snoozed
    now = replace(
        with_sample(now, note),
        touched_ms=max(now.touched_ms, note.at_ms),
        state=state.value,
        revision=revision,
        attention=revision if attention else now.attention,
        passed_up=revision if passed_up and attention else now.passed_up,
        permitted=permitted,
        asks_desk=now.asks_desk or not permitted,
    )
    entries = {} if bucket is None else bucket.entries
    filled = Bucket(now.touched_ms, entries | {note.alert_id: entry})
    sends = [case_send(case_of(now), note.at_ms, topics)]
    # Whatever was once counted in the courier's case is kept up to date there.
    if (not permitted and not snoozed) or (now.asks_desk and known is not None):
        sends.append(note_send(asking(note), topics))
    return Gathered(now, filled, tuple(sends))


def let_ask(case: CaseRecord | None, at_ms: int, topics: Topics) -> Gathered:
    """Let a case ask people from now on, and for what it has; one that is over by now, or put off, asks nobody yet."""
    if case is None or case.permitted:
        return Gathered(case, None)
    revision = case.revision + 1
    now = replace(case, touched_ms=max(case.touched_ms, at_ms), permitted=True)
    if now.now in OVER or now.snoozed_ms > at_ms:
        return Gathered(now, None)
    now = replace(now, revision=revision, attention=revision)
    return Gathered(now, None, (case_send(case_of(now), at_ms, topics),))


def _counted(case: CaseRecord, known: Entry | None, entry: Entry) -> CaseRecord:
    """Count an alert as it stands now in place of how it stood before."""
    counts = {name: getattr(case, name) for name in COUNTS}
    for one, sign in ((known, -1), (entry, 1)):
        for name in () if one is None else _counts_as(one):
            counts[name] += sign
    rules = dict(case.rules)
    for one, sign in ((known, -1), (entry, 1)):
        if one is not None and one.here:
            rules[one.rule] = rules.get(one.rule, 0) + sign
    return replace(case, rules={rule: count for rule, count in rules.items() if count}, **counts)


def _counts_as(entry: Entry) -> Iterable[str]:
    if not entry.here:
        return ("left",)
    names = ["count"]
    if entry.lane == Lane.RED:
        names.append("red")
    if entry.state == WITHDRAWN:
        names.append("withdrawn")
    elif entry.state not in OVER:
        names.append("open")
    if entry.state in (ESCALATED, EXPIRED):
        names.append("escalated")
    return names


def _is_open(entry: Entry | None) -> bool:
    return entry is not None and entry.here and ReferralState(entry.state) not in OVER


def _asks(case: CaseRecord, known: Entry | None, note: CaseNote) -> bool:
    """Tell whether a person must read the case again: an alert that is graver than all before, or a critical one."""
    if not note.here or note.state in OVER:
        return False
    graver = SEVERITIES.index(Severity(note.severity)) < SEVERITIES.index(Severity(case.severity))
    redder = URGENCY.index(Lane(note.lane)) > URGENCY.index(Lane(case.lane))
    return graver or redder or (not _is_open(known) and note.severity == Severity.CRITICAL)


def _widened(case: CaseRecord, note: CaseNote) -> CaseRecord:
    """The case with the span, the couriers and the worst of its alerts."""
    graver = SEVERITIES.index(Severity(note.severity)) < SEVERITIES.index(Severity(case.severity))
    redder = URGENCY.index(Lane(note.lane)) > URGENCY.index(Lane(case.lane))
    return replace(
        case,
        first_ms=min(case.first_ms, note.raised_ms),
        last_ms=max(case.last_ms, note.raised_ms),
        couriers=tuple(sorted({*case.couriers, note.courier}))[:COURIERS_NAMED],
        lane=note.lane if redder else case.lane,
        severity=note.severity if graver else case.severity,
        action=note.action if graver else case.action,
    )


def _state_after(case: CaseRecord, known: Entry | None, entry: Entry) -> ReferralState:
    """Give the state of a case by its alerts: re-opened by one that is open, over when all are over."""
    if case.now in OVER:
        return REOPENED if _is_open(entry) else case.now
    if case.open or not case.count:
        return case.now
    return WITHDRAWN if case.withdrawn == case.count else CLOSED


def decide(
    case: CaseRecord | None, buckets: Mapping[bytes, Bucket], hop: DecisionHop, at_ms: int, topics: Topics
) -> Decided:
    """Take a decision on a case, and pass it on to each of its alerts that the table allows it for.

    Alerts that came after the revision that the person saw are left alone: nobody has looked at them.
    """
    if case is None or case.case_id != hop.about:
        return Decided(case, refused=Refused(StepReason.UNKNOWN, "no such case is known here"))
    step, role = StepKind(hop.step), Role(hop.role)
    reason = _reason_against(case, hop, step, role, at_ms)
    if reason is not None:
        detail = f"{role.value}: {step.value} on revision {hop.revision} of a case that is {case.state}"
        return Decided(case, refused=Refused(reason, detail, case.now, case.revision, case.assigned_to))
    marks = (case.marks + hop.mark)[-MARKS_KEPT * MARK_BYTES :]
    if step is StepKind.COMMENT:
        return Decided(replace(case, marks=marks))
    to = look_up(case.now, step, role)
    assert isinstance(to, ReferralState)
    reached = _reached(buckets, hop, step, role)
    left = step is StepKind.OUTCOME and any(
        _is_open(entry) and alert_id not in reached
        for bucket in buckets.values()
        for alert_id, entry in bucket.entries.items()
    )
    outcome = hop.outcome if step is StepKind.OUTCOME and not left else case.outcome
    revision = case.revision + 1
    now = replace(
        case,
        touched_ms=max(case.touched_ms, at_ms),
        state=(REOPENED if left else to).value,
        revision=revision,
        moved=revision,
        attention=revision if left or step is StepKind.REOPEN else case.attention,
        assigned_to=_assigned(case, hop, step),
        snoozed_ms=hop.until_ms if step is StepKind.SNOOZE else case.snoozed_ms,
        snoozed_by=hop.by if step is StepKind.SNOOZE else case.snoozed_by,
        outcome=None if step is StepKind.REOPEN else outcome,
        marks=marks,
    )
    standing = Standing(hop.until_ms, hop.by) if step is StepKind.SNOOZE and hop.later_cases else None
    passed_on = (_passed_on(hop, alert_id, entry, at_ms, topics) for alert_id, entry in reached.items())
    return Decided(now, (case_send(case_of(now), at_ms, topics), *passed_on), standing=standing)


def _reason_against(case: CaseRecord, hop: DecisionHop, step: StepKind, role: Role, at_ms: int) -> StepReason | None:
    if known_mark(case.marks, hop.mark):
        return StepReason.DOUBLED
    if hop.revision > case.revision:
        return StepReason.AHEAD
    to = look_up(case.now, step, role)
    if to is StepReason.UNAUTHORISED:
        return to
    if hop.revision < _seen(case) and step is not StepKind.COMMENT:
        return StepReason.STALE
    if isinstance(to, StepReason):
        return to
    if step is StepKind.ASSIGN and case.assigned_to not in (None, hop.to) and not hop.words:
        return StepReason.REASON_MISSING
    if step is StepKind.OUTCOME and hop.outcome == OutcomeKind.FALSE_ALARM and hop.keep:
        return StepReason.CONTRADICTORY
    if step is StepKind.SNOOZE and not 0 < hop.until_ms - at_ms <= MOST_SNOOZE_MS:
        return StepReason.SNOOZE_TOO_LONG
    return None


def _seen(case: CaseRecord) -> int:
    """The revision that a person must have seen. More alerts that are no graver change nothing; another's step does."""
    return max(case.attention, case.moved)


def _assigned(case: CaseRecord, hop: DecisionHop, step: StepKind) -> str | None:
    if step is StepKind.ASSIGN:
        return hop.to
    return case.assigned_to or (hop.by if step is StepKind.ACKNOWLEDGE else None)


def _reached(buckets: Mapping[bytes, Bucket], hop: DecisionHop, step: StepKind, role: Role) -> dict[str, Entry]:
    """Give the alerts that a decision may be taken on, by id, in a fixed order."""
    reached = {}
    for part in sorted(buckets):
        for alert_id, entry in sorted(buckets[part].entries.items()):
            allowed = isinstance(look_up(ReferralState(entry.state), step, role), ReferralState)
            put_off = step is StepKind.SNOOZE and entry.lane == Lane.RED
            ended = step in _ENDS and not entry.sole
            if entry.here and entry.joined <= hop.revision and allowed and not put_off and not ended:
                reached[alert_id] = entry
    return reached


def _passed_on(hop: DecisionHop, alert_id: str, entry: Entry, at_ms: int, topics: Topics) -> Send:
    """Write the decision for one alert, made on the revision that the case knows of it."""
    about = {"about": alert_id, "key": f"{entry.courier}/{entry.waybill}", "revision": entry.revision}
    passed_on = replace(hop, **about, of_case=hop.about, is_on_case=False, later_cases=False)
    return passed_on_send(passed_on, entry.courier, entry.waybill, at_ms, topics)
