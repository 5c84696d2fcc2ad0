"""One step of a parcel, and the words of its sentence."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
from enum import StrEnum
from typing import Protocol

from parcelward.moments import utc
from parcelward.shipments.deadlines import DeadlinesOf, open_deadlines
from parcelward.shipments.shipment import Duty, First, Shipment
from parcelward.stage import SourceRecord


class Kind(StrEnum):
    """The place of a step in the flow."""

    INTAKE = "intake"
    REFUSED = "refused"
    BETWEEN = "between"
    STATE = "state"
    ALERT = "alert"


@dataclass(frozen=True, slots=True)
class Step:
    """One record about the parcel. `details` are for programs; `says` is the sentence."""

    at_ms: int  # append time of the record
    topic: str
    partition: int
    offset: int
    kind: Kind
    says: str
    details: Mapping[str, object] = field(default_factory=dict)


def step_at(record: SourceRecord, kind: Kind, says: str, **details: object) -> Step:
    """Make the step of a record."""
    return Step(record.timestamp, record.topic, record.partition, record.offset, kind, says, details)


class Finder(Protocol):
    """The records of a waybill on a topic, and how far the workers are (`parcelward.cluster.search`)."""

    def partitions(self, topic: str) -> int:
        """Count the partitions of a topic."""
        ...

    def find(self, topic: str, numbers: Sequence[int]) -> Sequence[SourceRecord]:
        """Give the records that hold the waybill's number in these partitions."""
        ...


Positions = Mapping[tuple[str, int], int] | None
"""The next record that the workers will read, by topic and partition; a partition that none has read is missing.

None when it is not known.
"""

_DUTIES = {Duty.REAL_NAME: "the real name", Duty.INSPECTION: "an inspection", Duty.SECURITY_SCAN: "a security scan"}
_PARTS = {
    First.SENDER: "document and phone",
    First.ACCEPTANCE: "the acceptance",
    First.INSPECTION: "the inspection",
    First.OVERDUE: "the overdue duty",
}


@dataclass(frozen=True, slots=True)
class Words:
    """The words of an installation: sentences need its deadlines, and the zone that times are said in."""

    deadlines_of: DeadlinesOf
    zone: tzinfo | None

    def time(self, at_ms: int) -> str:
        """Say a time."""
        return f"{utc(at_ms).astimezone(self.zone):%Y-%m-%d %H:%M:%S}"

    def phase(self, shipment: Shipment) -> str:
        """Say what a waybill still waits for, and what is overdue."""
        return self._phase(shipment, "waits", "is", "are") or "nothing is open"

    def phase_then(self, shipment: Shipment, now: Shipment | None) -> str:
        """Say the same of a waybill as it once was; `now` is what it has become, if that is known."""
        phase = self.phase(shipment)
        if now is None or phase == self.phase(now):
            return phase
        return "then " + (self._phase(shipment, "waited", "was", "were") or "nothing was open")

    def _phase(self, shipment: Shipment, waits: str, one: str, more: str) -> str:
        open_ = open_deadlines(shipment, self.deadlines_of(shipment))
        parts = [f"{waits} for {_DUTIES[duty]} until {self.time(due)}" for duty, due in open_.items()]
        late = [name for duty, name in _DUTIES.items() if shipment.overdue & duty]
        if late:
            parts.append(f"{_listed(late)} {one if len(late) == 1 else more} overdue")
        return " and ".join(parts)


def parts_of(bits: int) -> str:
    """Name the parts of a shipment that profiles count or take back (bits of `First`)."""
    return _listed([name for bit, name in _PARTS.items() if bits & bit])


def duties_in(bits: int) -> list[str]:
    """Name duties (bits of `Duty`) for programs."""
    names = {Duty.REAL_NAME: "real_name", Duty.INSPECTION: "inspection", Duty.SECURITY_SCAN: "security_scan"}
    return [name for bit, name in names.items() if bits & bit]


def _listed(names: Sequence[str]) -> str:
    return " and ".join((", ".join(names[:-1]), names[-1])) if len(names) > 1 else "".join(names)


def waits(record: SourceRecord, positions: Positions) -> bool:
    """Tell whether the workers have not come to a record yet."""
    return positions is not None and record.offset >= positions.get((record.topic, record.partition), 0)
