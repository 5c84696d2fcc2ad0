"""Profiles of an outlet and of an operator: pace, habits, sending under their own identity. State and its update."""

from bisect import bisect_left, bisect_right, insort
from zlib import crc32

import msgspec

from parcelward.formats import FROM_0, reading
from parcelward.goods import match_goods
from parcelward.moments import FIVE_MINUTES_MS, HOUR_MS, MINUTE_MS, WEEK_MS
from parcelward.profiles.distinct import STAFF_WIDTH_MS, StaffSeen
from parcelward.profiles.windows import TOP_CELLS, TOP_WIDTH_MS, LastDay, LastHour, LastWeek, RollingTop
from parcelward.shipments.shipment import InspectionEntry, RealNameEntry

INSPECTIONS_MS = 26 * HOUR_MS
"""Times of inspections of so long are kept: uploads of a day ago still find those around them."""
INSPECTIONS_KEPT = 1024  # at most; one every 5 s for an hour and a half
INSPECTIONS_BEFORE = 8  # older ones are kept to know the one before, if there are not more
STAFF_SENDS_KEPT = 64
PACE_MS = 10 * MINUTE_MS
FAST_GAP_MS = 5_000  # reading a document alone takes 3 s (DOMAIN 1.3), opening and sealing a parcel far longer


class OutletProfile(msgspec.Struct, array_like=True, gc=False, tag="2"):
    """Pace and habits of one outlet. Windows over event time."""

    touched_ms: int
    items_1h: LastHour = msgspec.field(default_factory=LastHour)
    items_7d: LastWeek = msgspec.field(default_factory=LastWeek)
    items_1d: LastDay = msgspec.field(default_factory=LastDay)
    walk_in_1d: LastDay = msgspec.field(default_factory=LastDay)
    vague_1d: LastDay = msgspec.field(default_factory=LastDay)
    overdue_1d: LastDay = msgspec.field(default_factory=LastDay)
    goods_1d: RollingTop = msgspec.field(default_factory=RollingTop)
    staff: StaffSeen = msgspec.field(default_factory=StaffSeen)  # marks of the documents of accepting operators


class OperatorProfile(msgspec.Struct, array_like=True, gc=False, tag="2"):
    """Pace and habits of one operator at one outlet. Windows over event time."""

    touched_ms: int
    items_1d: LastDay = msgspec.field(default_factory=LastDay)
    persons_1d: LastDay = msgspec.field(default_factory=LastDay)
    staff_1d: LastDay = msgspec.field(default_factory=LastDay)
    manual_1d: LastDay = msgspec.field(default_factory=LastDay)
    fast_gaps: dict[int, int] = {}  # inspections that followed in under 5 s, per bucket of five minutes
    inspections: list[int] = []  # event times of counted inspections, ascending
    staff_sends: list[tuple[int, int]] = []  # those in `staff_1d`: hour and crc32 of the waybill, the newest last


def _outlet_of_format_1(record: bytes) -> bytes:
    """Migrate: goods share counters, staff are kept in half days."""
    fields = msgspec.msgpack.decode(record)
    *before, goods, staff = fields
    newest, cells, _totals, counts = goods
    top = RollingTop(newest, {}, {}, counts)
    for bucket, values in cells.items():
        for value, count in values.items():
            shared = value % TOP_CELLS
            top.cells.setdefault(bucket, {})[shared] = top.cells.get(bucket, {}).get(shared, 0) + count
            top.totals[shared] = top.totals.get(shared, 0) + count
    seen = StaffSeen()
    for mark, at_ms in sorted(staff.items(), key=lambda one: (one[1], one[0])):
        seen.add(at_ms // STAFF_WIDTH_MS, mark)
    return msgspec.msgpack.encode(["2", *before[1:], top, seen])


def _operator_of_format_1(record: bytes) -> bytes:
    """Migrate: fast inspections are kept beyond the last hour."""
    *before, (newest, _total, cells), inspections = msgspec.msgpack.decode(record)
    fast = {newest - len(cells) + 1 + at: count for at, count in enumerate(cells) if count}
    return msgspec.msgpack.encode(["2", *before[1:], fast, inspections, []])


decode_outlet = reading(OutletProfile, "a profile of an outlet", {**FROM_0, 1: _outlet_of_format_1})
decode_operator = reading(OperatorProfile, "a profile of an operator", {**FROM_0, 1: _operator_of_format_1})


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
    staff, half_day = outlet.staff, entry.event_ms // STAFF_WIDTH_MS
    if not staff.values or staff.newest <= half_day - staff.span:
        return None
    return staff.seen_since(half_day, token_mark(entry.document_token))


def count_acceptance(outlet: OutletProfile, operator: OperatorProfile, entry: RealNameEntry, waybill: bytes) -> None:
    """Count an accepted parcel."""
    at = entry.event_ms
    hour = at // HOUR_MS
    if outlet.touched_ms < at:
        outlet.touched_ms = at
    if operator.touched_ms < at:
        operator.touched_ms = at
    if entry.operator_token is not None:
        outlet.staff.add(at // STAFF_WIDTH_MS, token_mark(entry.operator_token))
    else:
        outlet.staff.advance(at // STAFF_WIDTH_MS)
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
    of_staff = is_staff(outlet, entry) is True
    operator.staff_1d.add(hour, int(of_staff))
    if of_staff:
        insort(operator.staff_sends, (hour, crc32(waybill)))
        floor = operator.staff_sends[-1][0] - LastDay.span
        operator.staff_sends = [one for one in operator.staff_sends if one[0] > floor][-STAFF_SENDS_KEPT:]


def take_acceptance(outlet: OutletProfile, operator: OperatorProfile, entry: RealNameEntry, waybill: bytes) -> None:
    """Take back an accepted parcel that was counted."""
    at = entry.event_ms
    hour = at // HOUR_MS
    if entry.operator_token is not None:
        outlet.staff.take(at // STAFF_WIDTH_MS, token_mark(entry.operator_token))
    outlet.items_1h.take(at // FIVE_MINUTES_MS)
    outlet.items_1d.take(hour)
    outlet.items_7d.take(hour)
    operator.items_1d.take(hour)
    if entry.sender_kind != "person":
        return
    outlet.walk_in_1d.take(hour)
    outlet.goods_1d.take(at // TOP_WIDTH_MS, crc32(entry.goods_name.encode()))
    outlet.vague_1d.take(hour, int(match_goods(entry.goods_name).vague))
    operator.persons_1d.take(hour)
    operator.manual_1d.take(hour, int(entry.verify_method == "manual"))
    # Who is staff may be known better by now: what was counted is noted.
    if (noted := (hour, crc32(waybill))) in operator.staff_sends:
        operator.staff_sends.remove(noted)
        operator.staff_1d.take(hour)


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
    _note_gaps(operator, position, at, 1)
    times.insert(position, at)
    if times[0] <= times[-1] - INSPECTIONS_MS or len(times) > INSPECTIONS_KEPT:
        expired = bisect_right(times, times[-1] - WEEK_MS)
        before = bisect_right(times, times[-1] - INSPECTIONS_MS) - INSPECTIONS_BEFORE
        del times[: max(expired, before, len(times) - INSPECTIONS_KEPT)]
    floor = (times[-1] - INSPECTIONS_MS) // FIVE_MINUTES_MS
    if operator.fast_gaps and min(operator.fast_gaps) < floor:
        operator.fast_gaps = {bucket: count for bucket, count in operator.fast_gaps.items() if bucket >= floor}


def take_inspection(operator: OperatorProfile, inspection: InspectionEntry, entry: RealNameEntry) -> None:
    """Take back an inspection that was counted."""
    at, times = inspection.event_ms, operator.inspections
    position = bisect_left(times, at)
    if entry.sender_kind == "agreement" or position == len(times) or times[position] != at:
        return
    del times[position]
    _note_gaps(operator, position, at, -1)


def _note_gaps(operator: OperatorProfile, position: int, at: int, sign: int) -> None:
    """Note what an inspection at `position` changes: the gap before it and the one after it stand for the one between.

    So the order in which inspections are counted does not matter.
    """
    times = operator.inspections
    before = times[position - 1] if position else None
    after = times[position] if position < len(times) else None
    if before is not None and at - before < FAST_GAP_MS:
        _add_gap(operator, at, sign)
    if after is not None:
        now, then = after - at < FAST_GAP_MS, before is not None and after - before < FAST_GAP_MS
        if now != then:
            _add_gap(operator, after, sign)


def _add_gap(operator: OperatorProfile, at: int, amount: int) -> None:
    bucket = at // FIVE_MINUTES_MS
    count = operator.fast_gaps.get(bucket, 0) + amount
    if count > 0:
        operator.fast_gaps[bucket] = count
    else:
        operator.fast_gaps.pop(bucket, None)


def fast_gaps_1h(operator: OperatorProfile, at_ms: int) -> int:
    """Count the inspections of the hour up to a time, in steps of five minutes, that followed in under 5 s."""
    last, gaps = at_ms // FIVE_MINUTES_MS, operator.fast_gaps
    return sum(count for bucket, count in gaps.items() if last - LastHour.span < bucket <= last) if gaps else 0


def seen_inspecting(operator: OperatorProfile, at_ms: int) -> bool:
    """Tell whether an inspection of this operator was counted within the week before a time, or later."""
    return bool(operator.inspections) and operator.inspections[-1] > at_ms - WEEK_MS


def inspection_pace(operator: OperatorProfile, at_ms: int, is_new: bool = False) -> tuple[float | None, int]:
    """Gap (s) to the previous inspection within a week, and the number of inspections in the 10 min up to `at_ms`.

    The gap is None for the first inspection. The inspection at `at_ms` must have been counted already: if a second one
    has the same time, the gap is 0. One that `is_new` may have been uploaded after those that followed it: a shorter
    gap to the next one counts as well. The 10 min end with the five minutes in which `at_ms` lies.
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
    first, until = pace_window(operator, at_ms)
    if is_new and upto < until:
        following = (times[upto] - at_ms) / 1000
        gap = following if gap is None or following < gap else gap
    return gap, until - first


def pace_window(operator: OperatorProfile, at_ms: int) -> tuple[int, int]:
    """Positions of the inspections of the 10 min up to `at_ms`, and of the five minutes in which it lies."""
    times = operator.inspections
    until = bisect_right(times, at_ms // FIVE_MINUTES_MS * FIVE_MINUTES_MS + FIVE_MINUTES_MS - 1)
    return bisect_right(times, at_ms - PACE_MS, hi=until), until
