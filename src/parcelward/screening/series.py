"""The series behind the counts of outlets and operators that a shipment's findings rest on."""

from collections.abc import Set as AbstractSet

from parcelward.profiles.outlet_series import (
    OF_ACCEPTOR,
    OF_INSPECTOR,
    OF_OUTLET,
    OVERDUE,
    acceptor_series,
    inspector_series,
    outlet_series,
)
from parcelward.profiles.outlets import OperatorProfile, OutletProfile
from parcelward.shipments.series import Series
from parcelward.shipments.shipment import ShipmentBrief

OF_OUTLETS = frozenset({*OF_INSPECTOR, *OF_OUTLET, *OF_ACCEPTOR})
"""Counts of outlets and operators whose profiles know when it was."""


def series_behind(
    wanted: AbstractSet[str],
    shipment: ShipmentBrief,
    outlet: OutletProfile,
    acceptor: OperatorProfile | None,
    inspector: OperatorProfile | None,
) -> list[Series]:
    """Give the series of the `wanted` counts, from the profiles that the shipment was measured by."""
    accepted, inspected = shipment.real_name, shipment.inspection
    now = shipment.trigger_event_ms
    at, where = (now, shipment.home_outlet) if accepted is None else (accepted.event_ms, accepted.outlet)
    found = outlet_series(outlet, sorted(wanted & OF_OUTLET.keys() - {OVERDUE}), at, where)
    found += outlet_series(outlet, sorted(wanted & {OVERDUE}), now, where)
    if acceptor is not None and accepted is not None:
        of_acceptor = sorted(wanted & OF_ACCEPTOR.keys())
        found += acceptor_series(acceptor, of_acceptor, accepted.event_ms, accepted.operator, accepted.outlet)
    if inspector is not None and inspected is not None:
        of_inspector = sorted(wanted & OF_INSPECTOR)
        found += inspector_series(inspector, of_inspector, inspected.event_ms, inspected.operator, inspected.outlet)
    return found
