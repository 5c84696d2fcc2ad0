"""From what is known of a shipment and its profiles to the feature row. One function per group of `FEATURES`, in order.

Profiles are read as of the parcel's own times: of its acceptance, or of its inspection. What happened at the outlet
since then says nothing about this parcel, whenever it passes again.

The order of the values here is the order of `features.FEATURES`; a test holds every value to its name.
"""

from parcelward.features.goods_names import GoodsSaid, goods_said
from parcelward.features.table import Row, Value
from parcelward.moments import FIVE_MINUTES_MS, HOUR_MS, HOURS_PER_DAY
from parcelward.profiles.outlets import (
    OperatorProfile,
    OutletProfile,
    inspection_pace,
    is_staff,
    seen_inspecting,
)
from parcelward.profiles.windows import TOP_WIDTH_MS
from parcelward.shipments.shipment import (
    PHYSICAL_READS,
    Duty,
    InspectionEntry,
    PhoneView,
    RealNameEntry,
    SenderView,
    ShipmentBrief,
)

Values = tuple[Value, ...]

SHARE_OF = 8  # a share of fewer parcels than this says nothing, and is unknown
_UNKNOWN: tuple[Values, ...] = tuple((None,) * count for count in range(17))  # so many unknown values
_NOBODY: tuple[Values, Values] = (_UNKNOWN[4], _UNKNOWN[2])
_OVERDUE = [
    (bool(bits & Duty.REAL_NAME), bool(bits & Duty.INSPECTION), bool(bits & Duty.SECURITY_SCAN)) for bits in range(8)
]
_LOCAL_HOURS = 8  # China has one time zone, UTC+8


def measure(
    shipment: ShipmentBrief,
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
    real_name, inspection, scan = shipment.real_name, shipment.inspection, shipment.scan
    name = None if real_name is None else real_name.goods_name
    said = goods_said(name, None if inspection is None else inspection.found_goods)
    staff, pace = _NOBODY if real_name is None or acceptor is None else _acceptor(real_name, outlet, acceptor)
    return [
        *(_UNKNOWN[6] if real_name is None else _who(real_name)),
        *_duties(shipment, real_name, inspection),
        *(_UNKNOWN[16] if phone is None and sender is None else _sender(phone, sender)),
        *staff,
        *(_UNKNOWN[3] if inspection is None or inspector is None else _pace(inspection, inspector)),
        *pace,
        *_outlet(real_name, outlet, shipment.trigger_event_ms),
        *(_UNKNOWN[4] if inspection is None else _photos(inspection, photo_reused_from)),
        name,
        *said.declared,
        None if real_name is None else real_name.dangerous_declared,
        said.found_severity,
        None if inspection is None else inspection.found_category,
        said.mismatch,
        *(_UNKNOWN[9] if real_name is None else _weight(real_name, inspection, said)),
        None if scan is None else scan.decision,
        None if scan is None or scan.judged_ms is None else scan.judged_ms / 1000,
    ]


def _who(real_name: RealNameEntry) -> Values:
    kind, method = real_name.sender_kind, real_name.verify_method
    return (
        kind,
        kind == "person",
        real_name.document_check,
        method,
        method in PHYSICAL_READS,
        kind == "agreement" and real_name.agreement_id is None,
    )


def _duties(shipment: ShipmentBrief, real_name: RealNameEntry | None, inspection: InspectionEntry | None) -> Values:
    before_sealing = delay = begun = duration = opened = result = mark = upload = inspection_upload = hour = None
    letter = backfilled = False
    if real_name is not None:
        at, letter, backfilled = real_name.event_ms, real_name.goods_nature == "letter", real_name.backfill
        upload, hour = (real_name.arrival_ms - at) / 1000, (at // HOUR_MS + _LOCAL_HOURS) % HOURS_PER_DAY
    if inspection is not None:
        done, begun = inspection.event_ms, inspection.started_ms
        opened, result, mark = inspection.opened, inspection.result, inspection.mark_applied
        inspection_upload, backfilled = (inspection.arrival_ms - done) / 1000, backfilled or inspection.backfill
        if real_name is not None:
            delay = (done - real_name.event_ms) / 1000
        if begun is not None:
            duration = (done - begun) / 1000
        if inspection.sealed_ms is not None:
            before_sealing = inspection.sealed_ms < (begun or done)
    return (
        real_name is not None,
        inspection is not None,
        letter,
        shipment.scan is not None,
        *_OVERDUE[shipment.overdue],
        delay,
        before_sealing,
        duration,
        opened,
        result,
        mark,
        upload,
        inspection_upload,
        backfilled,
        shipment.corrections,
        shipment.conflicts,
        hour,
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


def _acceptor(real_name: RealNameEntry, outlet: OutletProfile, acceptor: OperatorProfile) -> tuple[Values, Values]:
    """What the operator who accepted has to do with the sender, and how they work."""
    hour = real_name.event_ms // HOUR_MS
    own = known = staff_share = manual_share = None
    if real_name.document_token is not None:
        known = is_staff(outlet, real_name)
        if real_name.operator_token is not None:
            own = real_name.document_token == real_name.operator_token
    sends = acceptor.staff_1d.at(hour)
    if acceptor.persons_1d.total >= SHARE_OF:  # what is read as of a time is at most the total
        persons = acceptor.persons_1d.at(hour)
        staff_share, manual_share = _share(sends, persons), _share(acceptor.manual_1d.at(hour), persons)
    return (own, known, sends, staff_share), (acceptor.items_1d.at(hour), manual_share)


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole >= SHARE_OF else None


def _pace(inspection: InspectionEntry, inspector: OperatorProfile) -> Values:
    at = inspection.event_ms
    if not seen_inspecting(inspector, at):
        return _UNKNOWN[3]
    gap, within = inspection_pace(inspector, at)
    return (gap, inspector.fast_gaps_1h.at(at // FIVE_MINUTES_MS), within)


def _outlet(real_name: RealNameEntry | None, outlet: OutletProfile, trigger_ms: int) -> Values:
    at = trigger_ms if real_name is None else real_name.event_ms
    hour = at // HOUR_MS
    walk_in, items_7d = outlet.walk_in_1d.at(hour), outlet.items_7d.at(hour)
    vague_share = top_share = hour_share = None
    if real_name is not None:
        if items_7d >= HOURS_PER_DAY:
            hour_share = outlet.items_7d.same_hour(hour) / items_7d
        if real_name.sender_kind == "person":
            vague_share = _share(outlet.vague_1d.at(hour), walk_in)
            top_share = _share(*outlet.goods_1d.at(at // TOP_WIDTH_MS))
    return (
        outlet.items_1h.at(at // FIVE_MINUTES_MS),
        outlet.items_1d.at(hour),
        items_7d,
        walk_in,
        vague_share,
        top_share,
        hour_share,
        outlet.overdue_1d.at(trigger_ms // HOUR_MS),
    )


def _photos(inspection: InspectionEntry, reused_from: str | None) -> Values:
    photos, taken = inspection.photos, inspection.oldest_photo_ms
    return (
        len(photos),
        reused_from,
        reused_from is not None if photos else None,
        None if taken is None else (inspection.event_ms - taken) / 60_000,
    )


def _weight(real_name: RealNameEntry, inspection: InspectionEntry | None, said: GoodsSaid) -> Values:
    weight, per_piece = real_name.weight_g, real_name.weight_g / real_name.quantity
    ratio = outside = change = change_g = None
    if said.weights_g is not None:
        low, usual, high = said.weights_g
        ratio, outside = per_piece / usual, not low <= per_piece <= high
    if inspection is not None and inspection.weight_g is not None:
        change_g = abs(inspection.weight_g - weight)
        change = (inspection.weight_g - weight) / weight
    value = real_name.declared_value_cny
    return (
        weight,
        per_piece,
        ratio,
        outside,
        change,
        change_g,
        real_name.quantity,
        None if value is None else value * 1000 / weight,
        real_name.transport_mode,
    )
