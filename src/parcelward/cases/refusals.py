"""Answers and decisions that were not applied, as they go back to whoever sent them: whole, with the reason."""

from parcelward.cases.life import Refused
from parcelward.contract.reasons import Reason
from parcelward.contract.referrals import RefusedStepHeaders
from parcelward.contract.steps import Role
from parcelward.counts import REFUSED_STEP, UNREAD
from parcelward.intake.refusal import Rejected, rejected_record
from parcelward.moments import utc
from parcelward.stage import CountKey, Send, SourceRecord
from parcelward.topics import Topics


def refused_send(record: SourceRecord, refused: Refused | Rejected, topics: Topics) -> Send:
    """Write a refused answer for its courier, a refused decision for the platform: key, value and headers as they came,
    and ours (`RefusedStepHeaders`, or `RejectedHeaders` if the record breaks the contract).

    A courier is not told who of the platform has the alert.
    """
    of_platform = record.topic == topics.decisions
    topic = topics.refused_decisions if of_platform else topics.rejected(topics.answering(record.topic))
    if isinstance(refused, Rejected):
        return rejected_record(topic, record, refused)
    ours = RefusedStepHeaders(
        pw_reason=refused.reason,
        pw_detail=refused.detail,
        pw_topic=record.topic,
        pw_partition=str(record.partition),
        pw_offset=str(record.offset),
        pw_rejected_at=utc(record.timestamp).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        pw_state=refused.state,
        pw_revision=None if refused.revision is None else str(refused.revision),
        pw_assigned_to=refused.assigned_to if of_platform else None,
    )
    # Whoever gets it back must be able to believe our headers: those that the sender named so are dropped.
    kept = [(name, value) for name, value in record.headers or () if not name.startswith("pw_")]
    added = [(name, str(value).encode()) for name, value in ours if value is not None]
    return Send(topic, record.key, record.value, [*kept, *added])


def refusal_count(record: SourceRecord, reason: str, role: str | None, topics: Topics) -> CountKey:
    """Give the count of a refusal; `role` is that of the decision, None if it could not be read."""
    by = UNREAD if record.topic == topics.decisions else Role.COURIER.value
    return REFUSED_STEP, reason, role or by


def set_aside_step(topics: Topics, record: SourceRecord, error: Exception) -> tuple[Send, CountKey]:
    """Refuse an answer or a decision that our own code failed on; gives also the count to raise.

    The detail names the exception's class but does not repeat its message, which may quote the record.
    """
    rejected = Rejected(Reason.UNEXPECTED, f"our own code failed: {type(error).__name__}")
    return refused_send(record, rejected, topics), refusal_count(record, Reason.UNEXPECTED.value, None, topics)
