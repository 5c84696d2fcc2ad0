"""Fifth stage: gathers alerts into cases, and takes decisions on cases to their alerts. Keyed by subject."""

from collections.abc import Callable, Mapping
from typing import TypeVar, cast

import msgspec

from parcelward import counts
from parcelward.cases.budget import Budget, Desk, Permit, decode_desk, decode_permit, desk_key, weigh
from parcelward.cases.case import (
    Bucket,
    CaseRecord,
    Standing,
    bucket_key,
    bucket_keys,
    case_key,
    decode_bucket,
    decode_case,
    decode_standing,
    standing_key,
)
from parcelward.cases.gathering import decide, gather, let_ask
from parcelward.cases.outgoing import CaseNote, decode_note
from parcelward.cases.passing import Carried, PassedDecision, carried, decode_passed, permit_send
from parcelward.cases.referral import encode
from parcelward.cases.refusals import refusal_count, refused_send
from parcelward.expiry import Sweep, is_absent
from parcelward.stage import Batch, Outcome, Send, SourceRecord
from parcelward.topics import Topics

Kept = TypeVar("Kept", CaseRecord, Bucket, Desk, Standing)

CASE = b"c"
"""First byte of the state key of a case; those of its alerts begin otherwise."""


class CasesStage:
    """The cases of one partition.

    A key of its state begins with its kind: `c` a case, `b` some of its alerts, `d` the budget of a courier, `s` a
    snooze that holds for later cases.
    """

    def __init__(self, topics: Topics, keep_ms: int, budget: Budget) -> None:
        self._topics, self._keep_ms, self._budget = topics, keep_ms, budget
        self._sweep = Sweep(lambda _key: keep_ms, keep_ms)

    def restore(self, state: Mapping[bytes, bytes]) -> None:
        """Begin the expiry sweep anew."""
        self._sweep.restore()

    def step(self, batch: Batch, state: Mapping[bytes, bytes]) -> Outcome:
        """Enter notes and decisions into their cases, in order."""
        work = _CaseBatch(self._topics, state, self._keep_ms, self._budget)
        for record in batch.records:
            work.enter(record)
        outcome, newest_ms = work.outcome, work.newest_ms
        new = sum(key not in state for key in work.changed)
        for key in self._sweep.expired(state, len(batch.records), newest_ms, lambda _key: newest_ms, new):
            if key not in work.changed:
                outcome.updates[key] = None
                if key.startswith(CASE):
                    outcome.sends.append(Send(self._topics.cases, key.removeprefix(CASE), None))
        outcome.updates |= {key: encode(value) for key, value in work.changed.items()}
        return outcome

    def commit(self, batch: Batch, outcome: Outcome) -> None:
        """Move the expiry sweep on."""
        self._sweep.commit()

    def counted(self, key: bytes, value: bytes) -> int:
        """Count the revisions of a case, or those of its alerts, or the cases that may ask people; 0 for a snooze."""
        kind = key[:1]
        if kind == CASE:
            return decode_case(value).revision
        if kind == b"b":
            return sum(entry.revision for entry in decode_bucket(value).entries.values())
        return len(decode_desk(value).permitted) if kind == b"d" else 0


class _CaseBatch:
    """Work on one batch: what goes out, and the records as changed so far. Thrown away with the batch."""

    def __init__(self, topics: Topics, state: Mapping[bytes, bytes], keep_ms: int, budget: Budget) -> None:
        self._topics, self._before, self._keep_ms, self._budget = topics, state.get, keep_ms, budget
        self.changed: dict[bytes, msgspec.Struct] = {}
        self.newest_ms = 0
        self.outcome = Outcome()

    def enter(self, record: SourceRecord) -> None:
        """Enter a note about an alert, let a case ask people, or take a decision to the alerts of its case."""
        carries, value = carried(record), record.value or b""
        if carries is Carried.DECISION:
            self._decide(decode_passed(value))
        elif carries is Carried.PERMIT:
            self._permit(decode_permit(value))
        else:
            note = decode_note(value)
            if note.asker is None or self._is_over_budget(note) or self._is_counted(note):
                self._gather(note)

    def _is_over_budget(self, note: CaseNote) -> bool:
        """Weigh a note by which a case asks if it may ask people, and let it if the budget allows."""
        at = desk_key(note.theme, note.courier, note.window)
        desk = self._known(at, note.at_ms, decode_desk)
        now, permit, over = weigh(desk, note, self._budget)
        if now is not None and now is not desk:
            self.changed[at] = now
        if permit is not None:
            self.outcome.sends.append(permit_send(permit, self._topics))
        self.outcome.counts[counts.OVER_BUDGET, note.courier] += over
        return over

    def _is_counted(self, note: CaseNote) -> bool:
        """Tell whether the courier's case counts the alert already, from before its own case might ask."""
        bucket = self._known(bucket_key(note.case_id, note.alert_id), note.at_ms, decode_bucket)
        return bucket is not None and note.alert_id in bucket.entries

    def _permit(self, permit: Permit) -> None:
        at = case_key(permit.case_id)
        case = self._known(at, permit.at_ms, decode_case)
        permitted = let_ask(case, permit.at_ms, self._topics)
        if permitted.case is not None and permitted.case is not case:
            self.changed[at] = permitted.case
        self.outcome.sends += permitted.sends

    def _gather(self, note: CaseNote) -> None:
        self.newest_ms = max(self.newest_ms, note.at_ms)
        at, part = case_key(note.case_id), bucket_key(note.case_id, note.alert_id)
        case, bucket = self._known(at, note.at_ms, decode_case), self._known(part, note.at_ms, decode_bucket)
        standing = None
        if case is None:
            standing = self._known(standing_key(note.theme, note.subject), note.at_ms, decode_standing)
        gathered = gather(case, bucket, note, self._topics, standing)
        if gathered.case is not None and gathered.case is not case:
            self.changed[at] = gathered.case
        if gathered.bucket is not None and gathered.bucket is not bucket:
            self.changed[part] = gathered.bucket
        self.outcome.sends += gathered.sends

    def _decide(self, passed: PassedDecision) -> None:
        hop, at_ms = passed.hop, passed.at_ms
        self.newest_ms = max(self.newest_ms, at_ms)
        at = case_key(hop.about)
        case = self._known(at, at_ms, decode_case)
        keys = () if case is None else bucket_keys(hop.about)
        parts = {key: self._known(key, at_ms, decode_bucket) for key in keys}
        known = {key: bucket for key, bucket in parts.items() if bucket is not None}
        decided = decide(case, known, hop, at_ms, self._topics)
        if decided.case is not None and decided.case is not case:
            self.changed[at] = decided.case
            if decided.standing is not None:
                self.changed[standing_key(decided.case.theme, decided.case.subject)] = decided.standing
        self.outcome.sends += decided.sends
        if decided.refused is not None:
            source = passed.record(self._topics)
            self.outcome.sends.append(refused_send(source, decided.refused, self._topics))
            self.outcome.counts[refusal_count(source, decided.refused.reason.value, hop.role, self._topics)] += 1

    def _known(self, key: bytes, now_ms: int, decode: Callable[[bytes], Kept]) -> Kept | None:
        """Give a record as it is by now; None if there is none, or if it counts as forgotten."""
        found = self.changed.get(key)
        if found is not None:
            return cast(Kept, found)
        value = self._before(key)
        kept = None if value is None else decode(value)
        return None if kept is None or is_absent(kept.touched_ms, self._keep_ms, now_ms) else kept
