"""Recording of a live run: its intake, the order in which it worked, its alerts and refusals."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from heapq import merge
from itertools import groupby
from types import MappingProxyType
from typing import NamedTuple, Protocol

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
        """Read the records that the live run refused, of all couriers."""
        ...


class Recording(RecordedIntake, Protocol):
    """Everything that is replayed and compared."""

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


class WholeRecording(Recording, Protocol):
    """One that also holds the records between the stages and their state; every topic to its end."""

    def between(self, topic: str, partition: int) -> Iterator[SourceRecord]:
        """Read the records on a topic between stages, in offset order."""
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


def of_intake(refused: Iterable[SourceRecord], topics: Topics) -> Iterator[SourceRecord]:
    """Leave out what was refused of a courier's answers: they lie on the same topic, and are no events."""
    prefix = topics.intake("").encode()
    return (record for record in refused if dict(record.headers).get("pw_topic", b"").startswith(prefix))
