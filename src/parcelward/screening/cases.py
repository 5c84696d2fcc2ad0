"""Fifth stage: gathers alerts into cases, and takes decisions on cases to their alerts. Keyed by subject."""

from collections.abc import Mapping

import msgspec

from parcelward.cases.case import (
    Bucket,
    CaseRecord,
    bucket_key,
    bucket_keys,
    case_key,
    decode_bucket,
    decode_case,
)
from parcelward.cases.gathering import decide, gather
from parcelward.cases.outgoing import decode_note
from parcelward.cases.passing import decode_passed, is_decision
from parcelward.cases.referral import encode
from parcelward.cases.refusals import refusal_count, refused_send
from parcelward.expiry import Sweep, is_absent
from parcelward.stage import Batch, Outcome, Send, SourceRecord
from parcelward.topics import Topics

CASE = b"c"
"""First byte of the state key of a case; those of its alerts begin otherwise."""


class CasesStage:
    """The cases of one partition."""

    def __init__(self, topics: Topics, keep_ms: int) -> None:
        self._topics, self._keep_ms = topics, keep_ms
        self._sweep = Sweep(lambda _key: keep_ms, keep_ms)

    def restore(self, state: Mapping[bytes, bytes]) -> None:
        """Begin the expiry sweep anew."""
        self._sweep.restore()

    def step(self, batch: Batch, state: Mapping[bytes, bytes]) -> Outcome:
        """Enter notes and decisions into their cases, in order."""
        work = _CaseBatch(self._topics, state, self._keep_ms)
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
        """Count the revisions of a case, or those of its alerts."""
        if key.startswith(CASE):
            return decode_case(value).revision
        return sum(entry.revision for entry in decode_bucket(value).entries.values())


class _CaseBatch:
    """Work on one batch: what goes out, and the records as changed so far. Thrown away with the batch."""

    def __init__(self, topics: Topics, state: Mapping[bytes, bytes], keep_ms: int) -> None:
        self._topics, self._before, self._keep_ms = topics, state.get, keep_ms
        self.changed: dict[bytes, msgspec.Struct] = {}
        self.newest_ms = 0
        self.outcome = Outcome()

    def enter(self, record: SourceRecord) -> None:
        """Enter a note about an alert, or take a decision to the alerts of its case."""
        if is_decision(record):
            self._decide(record)
        else:
            self._gather(record)

    def _gather(self, record: SourceRecord) -> None:
        note = decode_note(record.value or b"")
        self.newest_ms = max(self.newest_ms, note.at_ms)
        at, part = case_key(note.case_id), bucket_key(note.case_id, note.alert_id)
        case, bucket = self._case(at, note.at_ms), self._bucket(part, note.at_ms)
        gathered = gather(case, bucket, note, self._topics)
        if gathered.case is not None and gathered.case is not case:
            self.changed[at] = gathered.case
        if gathered.bucket is not None and gathered.bucket is not bucket:
            self.changed[part] = gathered.bucket
        self.outcome.sends += gathered.sends

    def _decide(self, record: SourceRecord) -> None:
        passed = decode_passed(record.value or b"")
        hop, at_ms = passed.hop, passed.at_ms
        self.newest_ms = max(self.newest_ms, at_ms)
        at = case_key(hop.about)
        case = self._case(at, at_ms)
        parts = {} if case is None else {key: self._bucket(key, at_ms) for key in bucket_keys(hop.about)}
        known = {key: bucket for key, bucket in parts.items() if bucket is not None}
        decided = decide(case, known, hop, at_ms, self._topics)
        if decided.case is not None and decided.case is not case:
            self.changed[at] = decided.case
        self.outcome.sends += decided.sends
        if decided.refused is not None:
            source = passed.record(self._topics)
            self.outcome.sends.append(refused_send(source, decided.refused, self._topics))
            self.outcome.counts[refusal_count(source, decided.refused.reason.value, hop.role, self._topics)] += 1

    def _case(self, key: bytes, now_ms: int) -> CaseRecord | None:
        found = self.changed.get(key)
        if isinstance(found, CaseRecord):
            return found
        value = self._before(key)
        case = None if value is None else decode_case(value)
        return None if case is None or is_absent(case.touched_ms, self._keep_ms, now_ms) else case

    def _bucket(self, key: bytes, now_ms: int) -> Bucket | None:
        found = self.changed.get(key)
        if isinstance(found, Bucket):
            return found
        value = self._before(key)
        bucket = None if value is None else decode_bucket(value)
        return None if bucket is None or is_absent(bucket.touched_ms, self._keep_ms, now_ms) else bucket
