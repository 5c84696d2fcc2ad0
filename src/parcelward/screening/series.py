"""The series behind the counts that a shipment's findings rest on, taken when it is measured."""

from collections.abc import Sequence

from parcelward.features.table import Row
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
from parcelward.rules import Hit, rests_on
from parcelward.shipments.series import Series
from parcelward.shipments.shipment import Arrived


def series_behind(
    hits: Sequence[Hit],
    row: Row,
    hop: Arrived,
    outlet: OutletProfile | None = None,
    acceptor: OperatorProfile | None = None,
    inspector: OperatorProfile | None = None,
) -> Sequence[Series]:
    """Give the series of the counts that the findings of hits rest on, from the profiles that the row was measured by.

    It must be done before the next shipment is counted: profiles go on.
    """
    wanted = rests_on(hits, row)
    if not wanted:
        return ()
    shipment = hop.shipment
    accepted, inspected = shipment.real_name, shipment.inspection
    found = [one for one in hop.series if one.feature in wanted]
    if outlet is not None:
        now = shipment.trigger_event_ms
        at = now if accepted is None else accepted.event_ms
        where = shipment.home_outlet if accepted is None else accepted.outlet
        found += outlet_series(outlet, sorted(wanted & OF_OUTLET.keys() - {OVERDUE}), at, where)
        found += outlet_series(outlet, sorted(wanted & {OVERDUE}), now, where)
    if acceptor is not None and accepted is not None:
        of_acceptor = sorted(wanted & OF_ACCEPTOR.keys())
        found += acceptor_series(acceptor, of_acceptor, accepted.event_ms, accepted.operator, accepted.outlet)
    if inspector is not None and inspected is not None:
        of_inspector = sorted(wanted & OF_INSPECTOR)
        found += inspector_series(inspector, of_inspector, inspected.event_ms, inspected.operator, inspected.outlet)
    return found
