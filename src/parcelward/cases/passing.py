"""A decision on a case on its way to it: from the stage that reads decisions to the one that keeps the cases.

It carries the record whole, because the case may refuse it, and a refused one goes back as it came.
"""

import msgspec

from parcelward.cases.referral import DecisionHop, encode
from parcelward.formats import reading
from parcelward.stage import Record, Send, SourceRecord
from parcelward.topics import Topics

_MARK = ("pw_carries", b"decision")


class PassedDecision(msgspec.Struct, array_like=True, frozen=True, gc=False, tag="1"):
    """A decision on a case, when it arrived (epoch ms), and the record that it stood in."""

    at_ms: int
    hop: DecisionHop
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]

    def record(self, topics: Topics) -> Record:
        """Give the record as it lay on the topic of decisions."""
        return Record(topics.decisions, self.partition, self.offset, self.at_ms, self.key, self.value, self.headers)


decode_passed = reading(PassedDecision, "a decision on its way to a case")


def pass_decision(record: SourceRecord, hop: DecisionHop, topics: Topics) -> Send:
    """Send a decision on to its case; key = subject, as of a note."""
    headers = tuple(record.headers or ())
    passed = PassedDecision(record.timestamp, hop, record.partition, record.offset, record.key, record.value, headers)
    return Send(topics.into("cases"), hop.key.encode(), encode(passed), (_MARK,))


def is_decision(record: SourceRecord) -> bool:
    """Tell a decision from a note: both lie on the same topic."""
    return _MARK in (record.headers or ())
