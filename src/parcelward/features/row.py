"""The feature row of a shipment, made from its events and its profiles: a function for each group of features.

Profiles are read as of the parcel's own times: its acceptance or its inspection. Later events at the outlet say nothing
about this parcel, on whichever pass the row is made.

Above each function stand the names of the features that it gives, in the order of its values. A test compares each
value with its name.
"""

from msgspec.structs import astuple

from parcelward.contract.fields import GoodsNature, InspectionResult
from parcelward.features.goods_names import DECLARED, GoodsFeatures, goods_features, with_contradicting
from parcelward.features.order import filled_by_name
from parcelward.features.table import Row, Value
from parcelward.goods import match_goods
from parcelward.moments import CHINA_MS, FIVE_MINUTES_MS, HOUR_MS, HOURS_PER_DAY
from parcelward.profiles.outlets import (
    OperatorProfile,
    OutletProfile,
    fast_gaps_1h,
    inspection_pace,
    is_staff,
    seen_inspecting,
)
from parcelward.profiles.windows import TOP_WIDTH_MS
from parcelward.shipments.shipment import (
    PHYSICAL_READS,
    Duty,
    First,
    InspectionEntry,
    PhoneView,
    RealNameEntry,
    SenderView,
    ShipmentBrief,
)

Names = tuple[str, ...]
Values = tuple[Value, ...]

SHARE_OF = 8  # a share of fewer parcels than this says nothing, and is unknown
_OVERDUE = [
    (bool(bits & Duty.REAL_NAME), bool(bits & Duty.INSPECTION), bool(bits & Duty.SECURITY_SCAN)) for bits in range(8)
]


def unknown(names: Names) -> Values:
    """The values of a group of features that are all unknown."""
    return (None,) * len(names)


_WHO = (
    "sender_kind",
    "is_person",
    "document_check",
    "sender_named",
    "sender_phone_check",
    "verify_method",
    "physical_read",
    "agreement_missing",
)
_NO_WHO = unknown(_WHO)
_NO_NAME = (None, "*")  # a blank name has a mask, and no token


def _who(real_name: RealNameEntry) -> Values:
    kind, method = real_name.sender_kind, real_name.verify_method
    return (
        kind,
        kind == "person",
        real_name.document_check,
        real_name.name_token is not None or real_name.name_mask not in _NO_NAME,
        real_name.phone_check,
        method,
        method in PHYSICAL_READS,
        kind == "agreement" and real_name.agreement_id is None,
    )


_DUTIES = (
    "real_name_done",
    "inspection_done",
    "inspection_exempt",
    "scan_done",
    "real_name_overdue",
    "inspection_overdue",
    "scan_overdue",
    "inspection_delay_s",
    "sealed_before_inspection",
    "inspection_duration_s",
    "inspection_opened",
    "inspection_result",
    "inspection_mark",
    "real_name_upload_delay_s",
    "inspection_upload_delay_s",
    "backfilled",
    "corrections",
    "waybill_conflicts",
    "hour_of_day",
)


def _duties(shipment: ShipmentBrief, real_name: RealNameEntry | None, inspection: InspectionEntry | None) -> Values:
    before_sealing = delay = begun = duration = opened = result = mark = upload = inspection_upload = hour = None
    letter = backfilled = False
    if real_name is not None:
        at, letter, backfilled = real_name.event_ms, real_name.goods_nature == "letter", real_name.backfill
        upload, hour = (real_name.arrival_ms - at) / 1000, (at + CHINA_MS) // HOUR_MS % HOURS_PER_DAY
    if inspection is not None:
        done, begun = inspection.event_ms, inspection.started_ms
        opened, result, mark = inspection.opened, inspection.result, inspection.mark_applied
        if not opened and _not_to_open(result, real_name):
            opened = None  # the question does not apply
        inspection_upload, backfilled = (inspection.arrival_ms - done) / 1000, backfilled or inspection.backfill
        if real_name is not None:
            delay = (done - real_name.event_ms) / 1000
        if begun is not None:
            duration = ((done if inspection.timed_ms is None else inspection.timed_ms) - begun) / 1000
            if inspection.sealed_ms is not None:  # without a start nobody knows how long the inspection took
                before_sealing = inspection.sealed_ms < begun
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


def _not_to_open(result: str, real_name: RealNameEntry | None) -> bool:
    """Tell whether the duty was done without opening: the sender refused, or it is a letter or looks like one.

    A down jacket that was passed off as a letter was to be opened.
    """
    if result == InspectionResult.REFUSED_BY_SENDER:
        return True
    if result != InspectionResult.EXEMPT_LETTER:
        return False
    if real_name is None or real_name.goods_nature in (GoodsNature.LETTER, GoodsNature.DOCUMENT):
        return True
    return match_goods(real_name.goods_name).goods_class == "document"


_OF_DOCUMENT, _OF_PHONE = SenderView.__struct_fields__, PhoneView.__struct_fields__
_TRAVEL = _OF_DOCUMENT.index("travel_km")
_SENDER = (*_OF_DOCUMENT[:_TRAVEL], *_OF_PHONE, *_OF_DOCUMENT[_TRAVEL:])
_NO_SENDER, _NO_DOCUMENT, _NO_PHONE = unknown(_SENDER), unknown(_OF_DOCUMENT), unknown(_OF_PHONE)


def _sender(phone: PhoneView | None, sender: SenderView | None) -> Values:
    if phone is None and sender is None:
        return _NO_SENDER
    document = _NO_DOCUMENT if sender is None else astuple(sender)
    phones = _NO_PHONE if phone is None else astuple(phone)
    return (*document[:_TRAVEL], *phones, *document[_TRAVEL:])


_STAFF = ("sender_is_operator", "sender_is_staff", "staff_sends_1d", "staff_share_1d")
_WORK = ("operator_items_1d", "operator_manual_share_1d")
_NO_ACCEPTOR = unknown(_STAFF), unknown(_WORK)


def _acceptor(
    real_name: RealNameEntry, outlet: OutletProfile | None, acceptor: OperatorProfile | None
) -> tuple[Values, Values]:
    """Values of `_STAFF` and of `_WORK`: how the accepting operator is tied to the sender, and how they work."""
    hour = real_name.event_ms // HOUR_MS
    own = staff_share = manual_share = None
    if real_name.document_token is not None and real_name.operator_token is not None:
        own = real_name.document_token == real_name.operator_token
    if outlet is None or acceptor is None:
        return (own, own or None, None, None), _NO_ACCEPTOR[1]
    known = is_staff(outlet, real_name)
    sends = acceptor.staff_1d.at(hour)
    if acceptor.persons_1d.total >= SHARE_OF:  # a count as of any time is at most the total
        persons = acceptor.persons_1d.at(hour)
        staff_share, manual_share = _share(sends, persons), _share(acceptor.manual_1d.at(hour), persons)
    return (own, known, sends, staff_share), (acceptor.items_1d.at(hour), manual_share)


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole >= SHARE_OF else None


_PACE = ("operator_gap_s", "operator_fast_gaps_1h", "operator_inspections_10min")
_NO_PACE = unknown(_PACE)


def _pace(inspection: InspectionEntry, inspector: OperatorProfile, is_new: bool) -> Values:
    at = inspection.event_ms
    if not seen_inspecting(inspector, at):
        return _NO_PACE
    gap, within = inspection_pace(inspector, at, is_new)
    return (gap, fast_gaps_1h(inspector, at), within)


_OUTLET = (
    "outlet_items_1h",
    "outlet_items_1d",
    "outlet_items_7d",
    "outlet_walk_in_items_1d",
    "outlet_vague_share_1d",
    "outlet_top_goods_share_1d",
    "outlet_hour_share_7d",
    "outlet_overdue_1d",
)
_NO_OUTLET = unknown(_OUTLET)


def _outlet(real_name: RealNameEntry | None, outlet: OutletProfile | None, trigger_ms: int) -> Values:
    if outlet is None:
        return _NO_OUTLET
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


_PHOTOS = ("photos", "photo_reused_from", "photo_reused", "photo_age_min")
_NO_PHOTOS = unknown(_PHOTOS)


def _photos(inspection: InspectionEntry, reused_from: str | None, looked_up: bool) -> Values:
    photos, taken = inspection.photos, inspection.oldest_photo_ms
    at = inspection.event_ms if inspection.photos_ms is None else inspection.photos_ms
    return (
        len(photos),
        reused_from,
        reused_from is not None if photos and looked_up else None,
        None if taken is None else (at - taken) / 60_000,
    )


_WEIGHT = (
    "weight_g",
    "weight_per_piece_g",
    "weight_ratio",
    "weight_outside",
    "weight_change",
    "weight_change_g",
    "quantity",
    "value_per_kg",
    "transport_mode",
)
_NO_WEIGHT = unknown(_WEIGHT)


def _weight(real_name: RealNameEntry, inspection: InspectionEntry | None, goods: GoodsFeatures) -> Values:
    weight, per_piece = real_name.weight_g, real_name.weight_g / real_name.quantity
    ratio = outside = change = change_g = None
    if goods.weights_g is not None:
        low, usual, high = goods.weights_g
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


@filled_by_name(
    *_WHO,
    *_DUTIES,
    *_SENDER,
    *_STAFF,
    *_PACE,
    *_WORK,
    *_OUTLET,
    *_PHOTOS,
    "goods_name",
    *DECLARED,
    "dangerous_declared",
    "found_danger_severity",
    "found_danger_terms",
    "found_removed",
    "found_listed",
    "found_category",
    "found_mismatch",
    *_WEIGHT,
    "scan_decision",
    "scan_judged_s",
    "waybill_conflict_fields",
)
def measure(
    shipment: ShipmentBrief,
    phone: PhoneView | None,
    sender: SenderView | None,
    outlet: OutletProfile | None,
    acceptor: OperatorProfile | None,
    inspector: OperatorProfile | None,
    photo_reused_from: str | None,
) -> Row:
    """Feature row of a shipment, from what is known now.

    `acceptor` is the profile of the operator who accepted, `inspector` of the one who inspected; None when that event
    has not arrived. `photo_reused_from` is the other waybill with the same photo. Without `outlet`, profiles and photos
    lie where they cannot be read, and their values are unknown.
    """
    real_name, inspection, scan = shipment.real_name, shipment.inspection, shipment.scan
    name, is_new = None if real_name is None else real_name.goods_name, bool(shipment.firsts & First.INSPECTION)
    goods = goods_features(name, None if inspection is None else inspection.found_goods)
    contradicted = None
    if real_name is not None and real_name.contradicted:
        name, contradicted = real_name.all_goods, ", ".join(real_name.contradicted)
        goods = with_contradicting(goods, real_name.other_goods)
    staff, work = _NO_ACCEPTOR if real_name is None else _acceptor(real_name, outlet, acceptor)
    return [
        *(_NO_WHO if real_name is None else _who(real_name)),
        *_duties(shipment, real_name, inspection),
        *(_NO_SENDER if real_name is not None and real_name.sender_kind == "agreement" else _sender(phone, sender)),
        *staff,
        *(_NO_PACE if inspection is None or inspector is None else _pace(inspection, inspector, is_new)),
        *work,
        *_outlet(real_name, outlet, shipment.trigger_event_ms),
        *(_NO_PHOTOS if inspection is None else _photos(inspection, photo_reused_from, outlet is not None)),
        name,
        *goods.declared,
        None if real_name is None else real_name.dangerous_declared,
        goods.found_severity,
        goods.found_terms,
        goods.removed,
        None if inspection is None else inspection.found_category is not None,
        None if inspection is None else inspection.found_category,
        goods.mismatch,
        *(_NO_WEIGHT if real_name is None else _weight(real_name, inspection, goods)),
        None if scan is None else scan.decision,
        None if scan is None or scan.judged_ms is None else scan.judged_ms / 1000,
        contradicted,
    ]
