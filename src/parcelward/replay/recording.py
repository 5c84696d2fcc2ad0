"""What a live run left behind: its intake, the order in which it worked, and what it published."""

from collections.abc import Iterable, Iterator, Sequence
from heapq import merge
from itertools import groupby
from typing import NamedTuple, Protocol

from parcelward.shipments.shipment import decode_hop, decode_shipment
from parcelward.stage import SourceRecord
from parcelward.topics import Topics


class Pass(NamedTuple):
    """One shipment on its way to one later stage: named by what made it pass, so the same in every run.

    `touched_ms` is the arrival of the event, or the deadline; `offset` the intake offset of the waybill's last event.
    """

    courier: str
    waybill: str
    partition: int  # of the intake
    touched_ms: int
    trigger: int
    offset: int
    at_document: bool  # on the senders topic: keyed by phone (False), then by document (True)


class Recording(Protocol):
    """What can be replayed and compared. Every iterator may be asked for once, and is read as it is consumed."""

    @property
    def topics(self) -> Topics: ...
    @property
    def couriers(self) -> Sequence[str]: ...
    @property
    def partitions(self) -> int: ...
    @property
    def horizon_ms(self) -> int | None:
        """Arrival time up to which the live run has worked off everything; None: everything there is."""
        ...

    def intake(self, courier: str, partition: int) -> Iterator[SourceRecord]:
        """What the courier sent, in offset order, as far as the live run has worked it off."""
        ...

    def order(self, topic: str, partition: int) -> Iterator[Pass]:
        """In which order the live run's later stage worked off its topic."""
        ...

    def alerts(self) -> Iterator[SourceRecord]:
        """What the live run published, committed records only."""
        ...

    def rejected(self) -> Iterator[SourceRecord]:
        """What the live run refused, of all couriers."""
        ...


class WholeRecording(Recording, Protocol):
    """One that also holds the records between the stages and their state; every topic to its end."""

    def between(self, topic: str, partition: int) -> Iterator[SourceRecord]:
        """What the stages before sent to a later stage, in offset order."""
        ...

    def changelog(self, stage: str, partition: int) -> Iterator[SourceRecord]:
        """What a stage wrote as its durable state, in offset order."""
        ...


def pass_of(value: bytes) -> Pass:
    """The pass in a record between two stages."""
    hop = decode_hop(value)
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
    )


def in_arrival_order(recording: Recording) -> Iterator[SourceRecord]:
    """All intake records as the worker merges them: by arrival, every topic and partition in its own order."""
    streams = [
        _stamped(recording.intake(courier, number), rank)
        for rank, courier in enumerate(recording.couriers)
        for number in range(recording.partitions)
    ]
    return (record for *_, record in merge(*streams))


def _stamped(records: Iterable[SourceRecord], rank: int) -> Iterator[tuple[int, int, int, int, SourceRecord]]:
    reached = 0
    for record in records:
        # The clock of a topic never goes back, whatever the broker's did.
        reached = max(reached, record.timestamp)
        yield reached, rank, record.partition, record.offset, record


def in_batches(records: Iterable[SourceRecord], size: int) -> Iterator[list[SourceRecord]]:
    """Lists of `size` records; the last one may be shorter."""
    numbered = ((number // size, record) for number, record in enumerate(records))
    return ([record for _, record in batch] for _, batch in groupby(numbered, key=lambda one: one[0]))
