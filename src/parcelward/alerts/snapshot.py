"""What the profiles said when an alerted parcel was counted, held so that later passes are judged on the same.

Profiles forget: read again a week later they would clear an alert that nothing has disproved. New evidence (another
acceptance, a correction, a re-inspection) is measured anew.
"""

from zlib import crc32

import msgspec

from parcelward.features.table import INDEX, Row, Value
from parcelward.shipments.shipment import First, InspectionEntry, RealNameEntry, ShipmentBrief, encode

OVERDUE = INDEX["outlet_overdue_1d"]
OF_ACCEPTANCE = (
    *range(INDEX["sender_sends_1h"], INDEX["operator_gap_s"]),
    *range(INDEX["operator_items_1d"], INDEX["photos"]),
)
OF_INSPECTION = (
    *range(INDEX["operator_gap_s"], INDEX["operator_items_1d"]),
    INDEX["photo_reused_from"],
    INDEX["photo_reused"],
)


class Held(msgspec.Struct, array_like=True, frozen=True):
    """Profile values of one parcel, and the evidence they belong to (crc32 of it; 0 for none)."""

    acceptance: int
    inspection: int
    of_acceptance: list[Value]
    of_inspection: list[Value]


def hold(shipment: ShipmentBrief, row: Row) -> Held:
    """The profile values of a row."""
    return Held(
        _mark(shipment.real_name),
        _mark(shipment.inspection),
        [row[position] for position in OF_ACCEPTANCE],
        [row[position] for position in OF_INSPECTION],
    )


def settle(shipment: ShipmentBrief, row: Row, held: Held | None) -> Row:
    """The row to judge a pass on: with the held values in place of what was measured again and counted nothing."""
    if held is None:
        return row
    settled = list(row)
    if not shipment.firsts & First.ACCEPTANCE and _mark(shipment.real_name) == held.acceptance:
        for position, value in zip(OF_ACCEPTANCE, held.of_acceptance, strict=True):
            settled[position] = value
        if shipment.firsts & First.OVERDUE:
            settled[OVERDUE] = row[OVERDUE]
    if not shipment.firsts & First.INSPECTION and _mark(shipment.inspection) == held.inspection:
        for position, value in zip(OF_INSPECTION, held.of_inspection, strict=True):
            settled[position] = value
    return settled


def _mark(entry: RealNameEntry | InspectionEntry | None) -> int:
    return 0 if entry is None else crc32(encode(entry))
