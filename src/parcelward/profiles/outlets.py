"""Profiles of an outlet and of an operator: pace, habits, sending under their own identity. State and its update."""

from bisect import bisect_left, bisect_right, insort
from zlib import crc32

import msgspec

from parcelward.formats import reading
from parcelward.goods import match_goods
from parcelward.moments import FIVE_MINUTES_MS, HOUR_MS, MINUTE_MS, WEEK_MS
from parcelward.profiles.windows import TOP_WIDTH_MS, LastDay, LastHour, LastWeek, RollingTop
from parcelward.shipments.shipment import InspectionEntry, RealNameEntry

STAFF_KEPT = 256  # staff documents remembered per outlet
INSPECTIONS_KEPT = 96  # inspection times remembered per operator; more than any plausible 10 minutes
FAST_GAP_MS = 5_000  # reading a document alone takes 3 s (DOMAIN 1.3), opening and sealing a parcel far longer


class OutletProfile(msgspec.Struct, array_like=True, gc=False, tag="1"):
    """Pace and habits of one outlet. Windows over event time."""

    touched_ms: int
    items_1h: LastHour = msgspec.field(default_factory=LastHour)
    items_7d: LastWeek = msgspec.field(default_factory=LastWeek)
    items_1d: LastDay = msgspec.field(default_factory=LastDay)
    walk_in_1d: LastDay = msgspec.field(default_factory=LastDay)
    vague_1d: LastDay = msgspec.field(default_factory=LastDay)
    overdue_1d: LastDay = msgspec.field(default_factory=LastDay)
    goods_1d: RollingTop = msgspec.field(default_factory=RollingTop)
    staff: dict[int, int] = {}  # crc32 of a staff document token -> when it last accepted, epoch ms


class OperatorProfile(msgspec.Struct, array_like=True, gc=False, tag="1"):
    """Pace and habits of one operator at one outlet. Windows over event time."""

    touched_ms: int
    items_1d: LastDay = msgspec.field(default_factory=LastDay)
    persons_1d: LastDay = msgspec.field(default_factory=LastDay)
    staff_1d: LastDay = msgspec.field(default_factory=LastDay)
    manual_1d: LastDay = msgspec.field(default_factory=LastDay)
    fast_gaps_1h: LastHour = msgspec.field(default_factory=LastHour)
    inspections: list[int] = []  # event times of counted inspections, ascending


decode_outlet = reading(OutletProfile, "a profile of an outlet")
decode_operator = reading(OperatorProfile, "a profile of an operator")


def token_mark(token: str) -> int:
    """Mark of a token: 32 bits are enough to tell a few hundred tokens apart."""
    return crc32(token.encode())


def is_staff(outlet: OutletProfile, entry: RealNameEntry) -> bool | None:
    """Tell whether the sender's document is that of an operator seen at this outlet within a week.

    None when no document, or no operator's document, is known.
    """
    if entry.document_token is None:
        return None
    if entry.document_token == entry.operator_token:
        return True
    floor = entry.event_ms - WEEK_MS
    staff = outlet.staff
    if not staff or max(staff.values()) <= floor:
        return None
    return staff.get(token_mark(entry.document_token), floor) > floor


def count_acceptance(outlet: OutletProfile, operator: OperatorProfile, entry: RealNameEntry) -> None:
    """Count an accepted parcel once."""
    at = entry.event_ms
    hour = at // HOUR_MS
    if outlet.touched_ms < at:
        outlet.touched_ms = at
    if operator.touched_ms < at:
        operator.touched_ms = at
    _note_staff(outlet, entry)
    outlet.items_1h.add(at // FIVE_MINUTES_MS)
    outlet.items_1d.add(hour)
    outlet.items_7d.add(hour)
    operator.items_1d.add(hour)
    if entry.sender_kind != "person":
        return
    outlet.walk_in_1d.add(hour)
    outlet.goods_1d.add(at // TOP_WIDTH_MS, crc32(entry.goods_name.encode()))
    outlet.vague_1d.add(hour, int(match_goods(entry.goods_name).vague))
    operator.persons_1d.add(hour)
    operator.manual_1d.add(hour, int(entry.verify_method == "manual"))
    operator.staff_1d.add(hour, int(is_staff(outlet, entry) is True))


def _note_staff(outlet: OutletProfile, entry: RealNameEntry) -> None:
    """Remember the accepting operator's document for a week, as a mark of 32 bits."""
    staff, floor = outlet.staff, outlet.touched_ms - WEEK_MS
    if entry.operator_token is not None:
        mark = token_mark(entry.operator_token)
        staff[mark] = max(entry.event_ms, staff.get(mark, 0))
    if not staff or (min(staff.values()) > floor and len(staff) <= STAFF_KEPT):
        return
    gone = [mark for mark, seen in staff.items() if seen <= floor]
    if len(staff) - len(gone) > STAFF_KEPT:
        gone.append(min(staff, key=lambda mark: (max(staff[mark], floor + 1), mark)))
    for mark in gone:
        del staff[mark]


def count_overdue(outlet: OutletProfile, at_ms: int) -> None:
    """Count a waybill with an overdue duty once."""
    outlet.overdue_1d.add(at_ms // HOUR_MS)
    outlet.touched_ms = max(outlet.touched_ms, at_ms)


def count_inspection(operator: OperatorProfile, inspection: InspectionEntry, entry: RealNameEntry) -> None:
    """Count an inspection once. Bulk pick-up from agreement customers has another pace and is not counted."""
    if entry.sender_kind == "agreement":
        return
    at = inspection.event_ms
    operator.touched_ms = max(operator.touched_ms, at)
    times = operator.inspections
    position = bisect_right(times, at)
    fast = position > 0 and at - times[position - 1] < FAST_GAP_MS
    operator.fast_gaps_1h.add(at // FIVE_MINUTES_MS, int(fast))
    insort(times, at)
    expired = bisect_right(times, times[-1] - WEEK_MS)
    del times[: max(expired, len(times) - INSPECTIONS_KEPT)]


def seen_inspecting(operator: OperatorProfile, at_ms: int) -> bool:
    """Tell whether an inspection of this operator was counted within the week before a time, or later."""
    return bool(operator.inspections) and operator.inspections[-1] > at_ms - WEEK_MS


def inspection_pace(operator: OperatorProfile, at_ms: int) -> tuple[float | None, int]:
    """Gap (s) to the previous inspection within a week, and the number of inspections in the 10 min up to `at_ms`.

    The gap is None for the first inspection. The inspection at `at_ms` must have been counted already: if a second one
    has the same time, the gap is 0.
    """
    times = operator.inspections
    upto = bisect_right(times, at_ms)
    position = bisect_left(times, at_ms, hi=upto)
    if upto - position > 1:
        gap: float | None = 0.0
    elif position and times[position - 1] > at_ms - WEEK_MS:
        gap = (at_ms - times[position - 1]) / 1000
    else:
        gap = None
    return gap, upto - bisect_right(times, at_ms - 10 * MINUTE_MS, hi=upto)
