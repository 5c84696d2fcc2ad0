"""The profile values of an alerted parcel as they were when it was counted: later passes are judged on the same.

Profiles forget: read again a week later they would clear an alert that nothing has disproved. New evidence (another
acceptance, a correction, a re-inspection) is measured anew.
"""

from collections.abc import Sequence
from typing import NamedTuple
from zlib import crc32

import msgspec
from msgspec.structs import astuple

from parcelward.features.table import FEATURES, INDEX, EvidenceKind, Row, Value
from parcelward.shipments.series import Series
from parcelward.shipments.shipment import First, InspectionEntry, RealNameEntry, ShipmentBrief, TravelFrom, encode

OVERDUE = INDEX["outlet_overdue_1d"]
MARKED = {RealNameEntry: 26, InspectionEntry: 15}  # fields


def frozen_with(*evidence: EvidenceKind) -> tuple[int, ...]:
    """Positions in a row of the profile values of such evidence, in the order in which a snapshot stores them."""
    features = sorted((one for one in FEATURES if one.profile), key=lambda one: one.profile)
    return tuple(INDEX[one.name] for one in features if one.evidence in evidence)


OF_ACCEPTANCE = frozen_with(EvidenceKind.ANY, EvidenceKind.ACCEPTANCE, EvidenceKind.SENDER)
OF_INSPECTION = frozen_with(EvidenceKind.INSPECTION)


class Origins(NamedTuple):
    """The other parcels that a parcel's profile values come from, as far as the values do not say it.

    Where its document was read before, and when the inspection was (epoch ms) that had the same photo first.
    """

    travel_from: TravelFrom = None
    photo_ms: int | None = None


UNKNOWN = Origins()


class Snapshot(msgspec.Struct, array_like=True, frozen=True):
    """Profile values of one parcel with their origins, and the evidence they belong to (crc32 of it; 0 for none)."""

    acceptance: int
    inspection: int
    of_acceptance: list[Value]
    of_inspection: list[Value]
    travel_from: TravelFrom = None
    photo_ms: int | None = None
    series: list[Series] = []  # behind the counts that a finding rests on


def take_snapshot(
    shipment: ShipmentBrief, row: Row, origins: Origins = UNKNOWN, series: Sequence[Series] = ()
) -> Snapshot:
    """The profile values of a row."""
    return Snapshot(
        _mark(shipment.real_name),
        _mark(shipment.inspection),
        [row[position] for position in OF_ACCEPTANCE],
        [row[position] for position in OF_INSPECTION],
        *origins,
        list(series),
    )


def with_snapshot(shipment: ShipmentBrief, row: Row, snapshot: Snapshot | None) -> Row:
    """The row to judge a pass on: the snapshot's values stand in place of profile values that this pass did not count.

    A snapshot taken before a feature was added does not hold it; its value is the measured one.
    """
    if snapshot is None:
        return row
    judged = list(row)
    if _keeps_acceptance(shipment, snapshot):
        for position, value in zip(OF_ACCEPTANCE, snapshot.of_acceptance, strict=False):
            judged[position] = value
        if shipment.firsts & First.OVERDUE:
            judged[OVERDUE] = row[OVERDUE]
    if _keeps_inspection(shipment, snapshot):
        for position, value in zip(OF_INSPECTION, snapshot.of_inspection, strict=False):
            judged[position] = value
    return judged


def origins_with(shipment: ShipmentBrief, origins: Origins, snapshot: Snapshot | None) -> Origins:
    """The origins of the values in the row that `with_snapshot` gives.

    A snapshot of an earlier version does not hold them; then they are those of now, if they are still known.
    """
    if snapshot is None:
        return origins
    travel_from, photo_ms = origins
    if snapshot.travel_from and _keeps_acceptance(shipment, snapshot):
        travel_from = snapshot.travel_from
    if snapshot.photo_ms and _keeps_inspection(shipment, snapshot):
        photo_ms = snapshot.photo_ms
    return Origins(travel_from, photo_ms)


def series_with(
    shipment: ShipmentBrief, row: Row, measured: Sequence[Series], snapshot: Snapshot | None
) -> Sequence[Series]:
    """The series behind the values in the row that `with_snapshot` gives: those of the snapshot, as far as it counts.

    A series that does not belong to the value in the row is left out.
    """
    if snapshot is None:
        return measured
    acceptance, inspection = _keeps_acceptance(shipment, snapshot), _keeps_inspection(shipment, snapshot)
    kept = [one for one in snapshot.series if (inspection if INDEX[one.feature] in OF_INSPECTION else acceptance)]
    found: dict[str, Series] = {}
    for one in (*kept, *measured):
        if one.value == row[INDEX[one.feature]]:
            found.setdefault(one.feature, one)
    return list(found.values())


def _keeps_acceptance(shipment: ShipmentBrief, snapshot: Snapshot) -> bool:
    return not shipment.firsts & First.ACCEPTANCE and _mark(shipment.real_name) == snapshot.acceptance


def _keeps_inspection(shipment: ShipmentBrief, snapshot: Snapshot) -> bool:
    return not shipment.firsts & First.INSPECTION and _mark(shipment.inspection) == snapshot.inspection


def _mark(entry: RealNameEntry | InspectionEntry | None) -> int:
    """Mark an entry by the fields that it had when the first snapshots were taken: later ones say nothing counted."""
    return 0 if entry is None else crc32(encode(astuple(entry)[: MARKED[type(entry)]]))
