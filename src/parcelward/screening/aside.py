"""Setting aside a record of a stranger that our own code failed on."""

from parcelward.cases.refusals import set_aside_step
from parcelward.intake.refusal import set_aside as set_aside_event
from parcelward.stage import CountKey, Send, SourceRecord
from parcelward.topics import Topics


def set_aside(topics: Topics, record: SourceRecord, error: Exception) -> tuple[Send, CountKey]:
    """Refuse a record that our own code failed on: the refused record for whoever sent it, and the count to raise.

    Raises the error itself for an alert: that is our own, and there is nobody to hand it to.
    """
    if record.topic.startswith(topics.intake("")):
        return set_aside_event(topics, record, error)
    if record.topic == topics.alerts:
        raise error
    return set_aside_step(topics, record, error)
