"""Recording of a live run: what came to it, the order in which it worked, and all that it published."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from heapq import merge
from itertools import groupby
from types import MappingProxyType
from typing import NamedTuple, Protocol

from parcelward.cases.budget import decode_permit
from parcelward.cases.outgoing import decode_note
from parcelward.cases.passing import Carried, carried, decode_passed
from parcelward.shipments.shipment import decode_hop, decode_shipment
from parcelward.stage import SourceRecord
from parcelward.topics import Topics


class Pass(NamedTuple):
    """One pass of a shipment to a later stage, named by its cause: so the same in every run.

    `touched_ms` is the arrival of the event, or the deadline; `offset` the intake offset of the waybill's last event.
    """

    courier: str
    waybill: str
    partition: int  # of the intake
    touched_ms: int
    trigger: int
    offset: int
    at_document: bool  # on the senders topic: keyed by phone (False), then by document (True)
    takes_back: int = 0  # no pass, but what a correction takes back
    only_counts: bool = False  # no pass, but what is counted at another outlet
    sent_ms: int = 0  # when the live run sent what a correction takes back; 0: unknown, and no part of the name


class Entry(NamedTuple):
    """One entry into a case: a note about an alert; a decision on the case, which has a place on `decisions`; or a
    permission to ask people, which has neither.

    `at_ms` is the arrival of what led to it, or the deadline.
    """

    case_id: str
    at_ms: int
    alert_id: str = ""
    revision: int = 0  # of the alert's referral
    asker: str = ""  # id of the case that asks its courier's budget by this note
    partition: int = -1
    offset: int = -1
    waits: bool = False  # no part of its name: the live run had not entered it yet


WHOLE: Mapping[tuple[str, int], int] = MappingProxyType({})
"""Offsets at which a recording begins of which nothing was deleted."""


class RecordedIntake(Protocol):
    """Intake and refusals of a live run. Each iterator may be asked for once; it reads as it is consumed."""

    @property
    def topics(self) -> Topics: ...
    @property
    def couriers(self) -> Sequence[str]: ...
    @property
    def partitions(self) -> int: ...
    @property
    def horizon_ms(self) -> int | None:
        """Arrival time up to which the live run has worked off everything; None: it has worked off all records."""
        ...

    def intake(self, courier: str, partition: int) -> Iterator[SourceRecord]:
        """Read the records of a courier that the live run has worked off, in offset order."""
        ...

    def rejected(self) -> Iterator[SourceRecord]:
        """Read the records that the live run refused, events and answers of all couriers, and decisions."""
        ...


class Recording(RecordedIntake, Protocol):
    """Everything that leads to alerts, and the alerts."""

    @property
    def begins(self) -> Mapping[tuple[str, int], int]:
        """First offset that a partition of intake still has, where it is not 0: those before were deleted."""
        ...

    def order(self, topic: str, partition: int) -> Iterator[Pass]:
        """Read the order in which the live run's later stage processed its topic."""
        ...

    def alerts(self) -> Iterator[SourceRecord]:
        """Read the alerts that the live run published, committed records only."""
        ...


class FollowedRecording(Recording, Protocol):
    """Everything that is replayed and compared, what became of the alerts included."""

    @property
    def follows(self) -> bool:
        """True when it holds what became of the alerts; recordings of before have none of that."""
        ...

    def letters(self, topic: str, partition: int) -> Iterator[SourceRecord]:
        """Read the answers of a courier, or the decisions, in offset order."""
        ...

    def entries(self, partition: int) -> Iterator[Entry]:
        """Read the order in which the live run entered notes and decisions into its cases; what waits is marked."""
        ...

    def followed(self) -> Iterator[SourceRecord]:
        """Read the instructions, referrals and cases that the live run published."""
        ...


class WholeRecording(FollowedRecording, Protocol):
    """One that also holds the records between the stages and their state; every topic to its end."""

    def between(self, topic: str, partition: int) -> Iterator[SourceRecord]:
        """Read the records on a topic between stages, in offset order."""
        ...

    def entered(self, partition: int) -> int:
        """Give the offset up to which the live run has entered what it sent to its cases."""
        ...

    def changelog(self, stage: str, partition: int) -> Iterator[SourceRecord]:
        """Read the changelog of a stage, in offset order."""
        ...


def pass_of(record: SourceRecord) -> Pass:
    """Read the pass from a record between two stages."""
    hop = decode_hop(record.value or b"")
    shipment = decode_shipment(hop.shipment)
    offset = shipment.evidence[-1][2] if shipment.evidence else -1
    return Pass(
        shipment.courier,
        shipment.waybill,
        shipment.partition,
        shipment.touched_ms,
        shipment.trigger,
        offset,
        hop.at_document,
        hop.takes_back,
        hop.only_counts,
        record.timestamp if hop.takes_back else 0,
    )


def entry_of(record: SourceRecord) -> Entry:
    """Read the entry from a record on its way to the cases."""
    carries, value = carried(record), record.value or b""
    if carries is Carried.DECISION:
        passed = decode_passed(value)
        return Entry(passed.hop.about, passed.at_ms, partition=passed.partition, offset=passed.offset)
    if carries is Carried.PERMIT:
        permit = decode_permit(value)
        return Entry(permit.case_id, permit.at_ms)
    note = decode_note(value)
    asker = "" if note.asker is None else note.asker[0]
    return Entry(note.case_id, note.at_ms, note.alert_id, note.revision, asker)


def in_arrival_order(recording: Recording) -> Iterator[SourceRecord]:
    """Merge all intake records as the worker does: by arrival, every topic and partition in its own order."""
    streams = [
        _stamped(recording.intake(courier, number), rank)
        for rank, courier in enumerate(recording.couriers)
        for number in range(recording.partitions)
    ]
    return (record for *_, record in merge(*streams))


def _stamped(records: Iterable[SourceRecord], rank: int) -> Iterator[tuple[int, int, int, int, SourceRecord]]:
    reached = 0
    for record in records:
        # The clock of a topic never goes back, even if the broker's did.
        reached = max(reached, record.timestamp)
        yield reached, rank, record.partition, record.offset, record


def in_batches(records: Iterable[SourceRecord], size: int) -> Iterator[list[SourceRecord]]:
    """Cut records into lists of `size`; the last one may be shorter."""
    numbered = ((number // size, record) for number, record in enumerate(records))
    return ([record for _, record in batch] for _, batch in groupby(numbered, key=lambda one: one[0]))


def letter_topics(recording: RecordedIntake) -> tuple[str, ...]:
    """Name the topics on which couriers and the platform write about alerts."""
    topics = recording.topics
    return (*map(topics.answers, recording.couriers), topics.decisions)
