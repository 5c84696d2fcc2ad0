"""Records that reach a case besides notes about its alerts: decisions on it, and permissions to ask people.

A decision comes from the stage that reads decisions. It carries the record whole, because the case may refuse it, and a
refused one goes back as it came. A permission comes from the case's own stage, where the budgets are kept.
"""

from enum import Enum

import msgspec

from parcelward.cases.budget import Permit
from parcelward.cases.referral import DecisionHop, encode
from parcelward.formats import reading
from parcelward.stage import Record, Send, SourceRecord
from parcelward.topics import Topics

_CARRIES = "pw_carries"


class Carried(Enum):
    """Content of a record on the way to a case, by the value of its header."""

    NOTE = None
    DECISION = b"decision"
    PERMIT = b"permit"


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
    return Send(topics.into("cases"), hop.key.encode(), encode(passed), ((_CARRIES, Carried.DECISION.value),))


def permit_send(permit: Permit, topics: Topics) -> Send:
    """Write a permission for a case; key = subject, as of a note."""
    return Send(topics.into("cases"), permit.subject.encode(), encode(permit), ((_CARRIES, Carried.PERMIT.value),))


def carried(record: SourceRecord) -> Carried:
    """Tell what a record carries: all three lie on the same topic."""
    return Carried(dict(record.headers or ()).get(_CARRIES))
