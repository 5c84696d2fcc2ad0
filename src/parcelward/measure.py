"""From what is known of a shipment and its profiles to the feature row. One function per group of `FEATURES`, in order.

Profiles are read as of the parcel's own times: of its acceptance, or of its inspection. What happened at the outlet
since then says nothing about this parcel, whenever it passes again.

The order of the values here is the order of `features.FEATURES`; a test holds every value to its name.
"""

from parcelward.features import Row, Value
from parcelward.goods_said import GoodsSaid, goods_said
from parcelward.outlet_profiles import (
    OperatorProfile,
    OutletProfile,
    hour_share,
    inspection_pace,
    is_staff,
    seen_inspecting,
)
from parcelward.shipment import PHYSICAL_READS, Duty, InspectionFacts, PhoneView, RealNameFacts, SenderView, Shipment
from parcelward.windows import FIVE_MINUTES_MS, HOUR_MS, HOURS_PER_DAY, TOP_WIDTH_MS

Values = tuple[Value, ...]

SHARE_OF = 8  # a share of fewer parcels than this says nothing, and is unknown
_UNKNOWN: tuple[Values, ...] = tuple((None,) * count for count in range(17))  # so many unknown values
_LOCAL_HOURS = 8  # China has one time zone, UTC+8


def measure(
    shipment: Shipment,
    phone: PhoneView | None,
    sender: SenderView | None,
    outlet: OutletProfile,
    acceptor: OperatorProfile | None,
    inspector: OperatorProfile | None,
    photo_reused_from: str | None,
) -> Row:
    """Feature row of a shipment as known now.

    `acceptor` is the profile of the operator who accepted, `inspector` of the one who inspected; None when that event
    has not arrived. `photo_reused_from` is the other waybill with the same photo.
    """
    facts, inspection, scan = shipment.real_name, shipment.inspection, shipment.scan
    said = goods_said(
        None if facts is None else facts.goods_name, None if inspection is None else inspection.found_goods
    )
    return [
        *(_UNKNOWN[6] if facts is None else _who(facts)),
        *_duties(shipment, facts, inspection),
        *(_UNKNOWN[16] if phone is None and sender is None else _sender(phone, sender)),
        *(_UNKNOWN[4] if facts is None or acceptor is None else _staff(facts, outlet, acceptor)),
        *(_UNKNOWN[3] if inspection is None or inspector is None else _pace(inspection, inspector)),
        *_outlet(facts, outlet, acceptor, shipment.trigger_event_ms),
        *(_UNKNOWN[4] if inspection is None else _photos(inspection, photo_reused_from)),
        *said.declared,
        None if facts is None else facts.dangerous_declared,
        said.found_severity,
        None if inspection is None else inspection.found_category,
        said.mismatch,
        *(_UNKNOWN[9] if facts is None else _weight(facts, inspection, said)),
        None if scan is None else scan.decision,
        None if scan is None or scan.judged_ms is None else scan.judged_ms / 1000,
    ]


def _who(facts: RealNameFacts) -> Values:
    kind, method = facts.sender_kind, facts.verify_method
    return (
        kind,
        kind == "person",
        facts.document_check,
        method,
        method in PHYSICAL_READS,
        kind == "agreement" and facts.agreement_id is None,
    )


def _duties(shipment: Shipment, facts: RealNameFacts | None, inspection: InspectionFacts | None) -> Values:
    overdue = shipment.overdue
    accepted = facts is not None
    delay = begun = sealed = result = opened = mark = duration = lag = None
    if inspection is not None:
        begun, sealed, result = inspection.started_ms, inspection.sealed_ms, inspection.result
        opened, mark = inspection.opened, inspection.mark_applied
        lag = (inspection.arrival_ms - inspection.event_ms) / 1000
        if facts is not None:
            delay = (inspection.event_ms - facts.event_ms) / 1000
        if begun is not None:
            duration = (inspection.event_ms - begun) / 1000
    return (
        accepted,
        inspection is not None,
        facts is not None and facts.goods_nature == "letter",
        shipment.scan is not None,
        bool(overdue & Duty.REAL_NAME),
        bool(overdue & Duty.INSPECTION),
        bool(overdue & Duty.SECURITY_SCAN),
        delay,
        None if sealed is None or inspection is None else sealed < (begun or inspection.event_ms),
        duration,
        opened,
        result,
        mark,
        None if facts is None else (facts.arrival_ms - facts.event_ms) / 1000,
        lag,
        (facts is not None and facts.backfill) or (inspection is not None and inspection.backfill),
        shipment.corrections,
        shipment.conflicts,
        None if facts is None else (facts.event_ms // HOUR_MS + _LOCAL_HOURS) % HOURS_PER_DAY,
    )


def _sender(phone: PhoneView | None, sender: SenderView | None) -> Values:
    phones = _UNKNOWN[2] if phone is None else (phone.documents_1d, phone.documents_7d)
    if sender is None:
        return (*_UNKNOWN[12], *phones, None, None)
    return (
        sender.sends_1h,
        sender.sends_1d,
        sender.sends_7d,
        sender.phones_7d,
        sender.names_7d,
        sender.outlets_1d,
        sender.outlets_7d,
        sender.receivers_7d,
        sender.goods_7d,
        sender.weight_spread,
        sender.e_cigarettes_1d,
        sender.known_days,
        *phones,
        sender.travel_km,
        sender.travel_kmh,
    )


def _staff(facts: RealNameFacts, outlet: OutletProfile, acceptor: OperatorProfile) -> Values:
    own, document = None, facts.document_token
    if document is not None and facts.operator_token is not None:
        own = document == facts.operator_token
    hour = facts.event_ms // HOUR_MS
    staff = acceptor.staff_1d.at(hour)
    known = None if document is None else is_staff(outlet, facts)
    return (own, known, staff, _share(staff, acceptor.persons_1d.at(hour)))


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole >= SHARE_OF else None


def _pace(inspection: InspectionFacts, inspector: OperatorProfile) -> Values:
    at = inspection.event_ms
    if not seen_inspecting(inspector, at):
        return _UNKNOWN[3]
    gap, within = inspection_pace(inspector, at)
    return (gap, inspector.fast_gaps_1h.at(at // FIVE_MINUTES_MS), within)


def _outlet(
    facts: RealNameFacts | None, outlet: OutletProfile, acceptor: OperatorProfile | None, trigger_ms: int
) -> Values:
    at = trigger_ms if facts is None else facts.event_ms
    hour = at // HOUR_MS
    walk_in = outlet.walk_in_1d.at(hour)
    person = facts is not None and facts.sender_kind == "person"
    return (
        None if acceptor is None else acceptor.items_1d.at(hour),
        None if acceptor is None else _share(acceptor.manual_1d.at(hour), acceptor.persons_1d.at(hour)),
        outlet.items_1h.at(at // FIVE_MINUTES_MS),
        outlet.items_1d.at(hour),
        outlet.items_7d.at(hour),
        walk_in,
        _share(outlet.vague_1d.at(hour), walk_in) if person else None,
        _share(*outlet.goods_1d.at(at // TOP_WIDTH_MS)) if person else None,
        None if facts is None else hour_share(outlet, hour),
        outlet.overdue_1d.at(trigger_ms // HOUR_MS),
    )


def _photos(inspection: InspectionFacts, reused_from: str | None) -> Values:
    photos, taken = inspection.photos, inspection.oldest_photo_ms
    return (
        len(photos),
        reused_from,
        reused_from is not None if photos else None,
        None if taken is None else (inspection.event_ms - taken) / 60_000,
    )


def _weight(facts: RealNameFacts, inspection: InspectionFacts | None, said: GoodsSaid) -> Values:
    weight, per_piece = facts.weight_g, facts.weight_g / facts.quantity
    ratio = outside = change = change_g = None
    if said.weights_g is not None:
        low, usual, high = said.weights_g
        ratio, outside = per_piece / usual, not low <= per_piece <= high
    if inspection is not None and inspection.weight_g is not None:
        change_g = abs(inspection.weight_g - weight)
        change = (inspection.weight_g - weight) / weight
    value = facts.declared_value_cny
    return (
        weight,
        per_piece,
        ratio,
        outside,
        change,
        change_g,
        facts.quantity,
        None if value is None else value * 1000 / weight,
        facts.transport_mode,
    )
