"""Answers and decisions that were not applied, as they go back to whoever sent them: whole, with the reason."""

from parcelward.cases.life import Refused
from parcelward.contract.referrals import RefusedStepHeaders
from parcelward.intake.refusal import Rejected, rejected_record
from parcelward.moments import utc
from parcelward.stage import Send, SourceRecord
from parcelward.topics import Topics


def refused_send(record: SourceRecord, refused: Refused | Rejected, topics: Topics) -> Send:
    """Write a refused answer for its courier, a refused decision for the platform: key, value and headers as they came,
    and ours (`RefusedStepHeaders`, or `RejectedHeaders` if the record breaks the contract).

    A courier is not told who of the platform has the alert.
    """
    of_platform = record.topic == topics.decisions
    topic = topics.refused_decisions if of_platform else topics.rejected(_courier(record, topics))
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


def _courier(record: SourceRecord, topics: Topics) -> str:
    return record.topic.removeprefix(topics.answers(""))
