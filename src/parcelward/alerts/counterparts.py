"""The other parcels that an alert's findings compare its parcel with."""

from collections.abc import Sequence

from parcelward.alerts.snapshot import Origins
from parcelward.contract.alerts import Finding
from parcelward.contract.cards import Counterpart, CounterpartKind
from parcelward.features.table import INDEX, Row
from parcelward.moments import utc
from parcelward.shipments.shipment import Shipment

_PHOTO_REUSED_FROM = INDEX["photo_reused_from"]


def place_counterpart(origins: Origins, findings: Sequence[Finding]) -> tuple[Counterpart, ...]:
    """Name the parcel at whose place the document was read before, where a finding rests on the way between both."""
    rests = any(feature in finding.values for finding in findings for feature in ("travel_km", "travel_kmh"))
    if origins.travel_from is None or not rests:
        return ()
    return (_counterpart(CounterpartKind.DOCUMENT_PLACE, *origins.travel_from),)


def photo_counterpart(shipment: Shipment, row: Row, origins: Origins) -> tuple[Counterpart, ...]:
    """Name the other parcel whose photo came again, with its place and time."""
    inspection, other = shipment.inspection, row[_PHOTO_REUSED_FROM]
    if inspection is None or not isinstance(other, str) or origins.photo_ms is None:
        return ()
    return (_counterpart(CounterpartKind.PHOTO, shipment.courier, other, inspection.outlet, origins.photo_ms),)


def _counterpart(kind: CounterpartKind, courier: str, waybill: str, outlet: str, at_ms: int) -> Counterpart:
    return Counterpart(kind=kind, courier=courier, waybill=waybill, outlet=outlet, at=utc(at_ms))
