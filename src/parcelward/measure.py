"""From what is known of a shipment and its profiles to the feature row. One function per group of `FEATURES`, in order.

Profiles are read as of the parcel's own times: of its acceptance, or of its inspection. What happened at the outlet
since then says nothing about this parcel, whenever it passes again.

The order of the values here is the order of `features.FEATURES`; a test holds every value to its name.
"""

from parcelward.features import Row, Value
from parcelward.goods import GoodsMatch, match_goods, same_goods, weight_range_g
from parcelward.outlet_profiles import (
    OperatorProfile,
    OutletProfile,
    hour_share,
    inspection_pace,
    is_staff,
    local_hour,
    seen_inspecting,
)
from parcelward.shipment import PHYSICAL_READS, Duty, InspectionFacts, PhoneView, RealNameFacts, SenderView, Shipment

SHARE_OF = 8  # a share of fewer parcels than this says nothing, and is unknown
UNKNOWN_SENDER: list[Value] = [None] * 12
NO_GOODS = GoodsMatch((), None, 0, (), False, None, None, False, None, None)


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
    facts, inspection = shipment.real_name, shipment.inspection
    return [
        *_who(facts),
        *_duties(shipment, facts, inspection),
        *_sender(phone, sender),
        *_staff(facts, outlet, acceptor),
        *_pace(inspection, inspector),
        *_outlet(facts, outlet, acceptor, shipment.trigger_event_ms),
        *_photos(inspection, photo_reused_from),
        *_goods(facts, inspection),
        *_weight(facts, inspection),
        None if shipment.scan is None else shipment.scan.decision,
        None if shipment.scan is None or shipment.scan.judged_ms is None else shipment.scan.judged_ms / 1000,
    ]


def _who(facts: RealNameFacts | None) -> list[Value]:
    if facts is None:
        return [None] * 6
    return [
        facts.sender_kind,
        facts.sender_kind == "person",
        facts.document_check,
        facts.verify_method,
        facts.verify_method in PHYSICAL_READS,
        facts.sender_kind == "agreement" and facts.agreement_id is None,
    ]


def _duties(shipment: Shipment, facts: RealNameFacts | None, inspection: InspectionFacts | None) -> list[Value]:
    overdue = shipment.overdue
    delay = None if facts is None or inspection is None else (inspection.event_ms - facts.event_ms) / 1000
    begun = None if inspection is None else inspection.started_ms
    sealed = None if inspection is None else inspection.sealed_ms
    return [
        facts is not None,
        inspection is not None,
        facts is not None and facts.goods_nature == "letter",
        shipment.scan is not None,
        bool(overdue & Duty.REAL_NAME),
        bool(overdue & Duty.INSPECTION),
        bool(overdue & Duty.SECURITY_SCAN),
        delay,
        None if sealed is None or inspection is None else sealed < (begun or inspection.event_ms),
        None if begun is None or inspection is None else (inspection.event_ms - begun) / 1000,
        None if inspection is None else inspection.opened,
        None if inspection is None else inspection.result,
        None if inspection is None else inspection.mark_applied,
        None if facts is None else (facts.arrival_ms - facts.event_ms) / 1000,
        None if inspection is None else (inspection.arrival_ms - inspection.event_ms) / 1000,
        (facts is not None and facts.backfill) or (inspection is not None and inspection.backfill),
        shipment.corrections,
        shipment.conflicts,
        None if facts is None else local_hour(facts.event_ms),
    ]


def _sender(phone: PhoneView | None, sender: SenderView | None) -> list[Value]:
    phones: list[Value] = [None, None] if phone is None else [phone.documents_1d, phone.documents_7d]
    if sender is None:
        return [*UNKNOWN_SENDER, *phones, None, None]
    return [
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
    ]


def _staff(facts: RealNameFacts | None, outlet: OutletProfile, acceptor: OperatorProfile | None) -> list[Value]:
    if facts is None or acceptor is None:
        return [None] * 4
    own = None
    if facts.document_token is not None and facts.operator_token is not None:
        own = facts.document_token == facts.operator_token
    persons, staff = acceptor.persons_1d.at(facts.event_ms), acceptor.staff_1d.at(facts.event_ms)
    return [own, is_staff(outlet, facts), staff, _share(staff, persons)]


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole >= SHARE_OF else None


def _pace(inspection: InspectionFacts | None, inspector: OperatorProfile | None) -> list[Value]:
    if inspection is None or inspector is None or not seen_inspecting(inspector, inspection.event_ms):
        return [None] * 3
    gap, within = inspection_pace(inspector, inspection.event_ms)
    return [gap, inspector.fast_gaps_1h.at(inspection.event_ms), within]


def _outlet(
    facts: RealNameFacts | None, outlet: OutletProfile, acceptor: OperatorProfile | None, trigger_ms: int
) -> list[Value]:
    at = trigger_ms if facts is None else facts.event_ms
    walk_in = outlet.walk_in_1d.at(at)
    person = facts is not None and facts.sender_kind == "person"
    return [
        None if acceptor is None else acceptor.items_1d.at(at),
        None if acceptor is None else _share(acceptor.manual_1d.at(at), acceptor.persons_1d.at(at)),
        outlet.items_1h.at(at),
        outlet.items_1d.at(at),
        outlet.items_7d.at(at),
        walk_in,
        _share(outlet.vague_1d.at(at), walk_in) if person else None,
        _share(*outlet.goods_1d.at(at)) if person else None,
        None if facts is None else hour_share(outlet, at),
        outlet.overdue_1d.at(trigger_ms),
    ]


def _photos(inspection: InspectionFacts | None, reused_from: str | None) -> list[Value]:
    if inspection is None:
        return [None] * 4
    taken = inspection.oldest_photo_ms
    return [
        len(inspection.photos),
        reused_from,
        reused_from is not None if inspection.photos else None,
        None if taken is None else (inspection.event_ms - taken) / 60_000,
    ]


def _named(match: GoodsMatch) -> tuple[str, ...]:
    """The dangerous terms of a goods name; of a name that only has a UN number, that."""
    return match.danger_terms or tuple(f"UN{number}" for number in match.un_numbers)


def _goods(facts: RealNameFacts | None, inspection: InspectionFacts | None) -> list[Value]:
    declared = NO_GOODS if facts is None else match_goods(facts.goods_name)
    found_name = None if inspection is None else inspection.found_goods
    found = None if found_name is None else match_goods(found_name)
    terms = (*_named(declared), *(_named(found) if found else ()))
    worst = found if found is not None and found.danger_severity > declared.danger_severity else declared
    same = same_goods(facts.goods_name, found_name) if facts is not None and found_name is not None else None
    known = facts is not None
    return [
        facts.goods_name if facts is not None else None,
        declared.danger_severity if known else None,
        "、".join(dict.fromkeys(terms)) if terms else None,
        worst.danger_category,
        declared.battery if known else None,
        declared.vague if known else None,
        declared.restricted,
        declared.restricted_units,
        declared.over_limit,
        facts.dangerous_declared if facts is not None else None,
        found.danger_severity if found is not None else None,
        None if inspection is None else inspection.found_category,
        None if same is None else not same,
    ]


def _weight(facts: RealNameFacts | None, inspection: InspectionFacts | None) -> list[Value]:
    if facts is None:
        return [None] * 9
    weight, per_piece = facts.weight_g, facts.weight_g / facts.quantity
    ratio = outside = change = change_g = None
    goods_class = match_goods(facts.goods_name).goods_class
    if goods_class is not None:
        low, usual, high = weight_range_g(goods_class)
        ratio, outside = per_piece / usual, not low <= per_piece <= high
    if inspection is not None and inspection.weight_g is not None:
        change_g = abs(inspection.weight_g - weight)
        change = (inspection.weight_g - weight) / weight
    value = facts.declared_value_cny
    return [
        weight,
        per_piece,
        ratio,
        outside,
        change,
        change_g,
        facts.quantity,
        None if value is None else value * 1000 / weight,
        facts.transport_mode,
    ]
