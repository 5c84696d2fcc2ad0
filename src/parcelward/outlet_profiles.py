"""What is remembered of an outlet and of an operator: pace, habits, own-identity sending. State and its update."""

from bisect import bisect_left, insort
from zlib import crc32

import msgspec

from parcelward.goods import match_goods
from parcelward.shipment import InspectionFacts, RealNameFacts
from parcelward.windows import HOUR_MS, MINUTE_MS, Rolling, RollingTop, last_day, last_hour, last_week

STAFF_KEPT = 256  # staff documents remembered per outlet
INSPECTIONS_KEPT = 96  # inspection times remembered per operator; more than any plausible 10 minutes
FAST_GAP_MS = 5_000  # reading a document alone takes 3 s (DOMAIN 1.3), opening and sealing a parcel far longer
LOCAL_OFFSET_MS = 8 * HOUR_MS  # China has one time zone, UTC+8
HOURS_PER_DAY, DAYS = 24, 7


class OutletProfile(msgspec.Struct, array_like=True):
    """Pace and habits of one outlet. Windows over event time."""

    touched_ms: int
    items_1h: Rolling = msgspec.field(default_factory=last_hour)
    items_7d: Rolling = msgspec.field(default_factory=last_week)
    items_1d: Rolling = msgspec.field(default_factory=last_day)
    walk_in_1d: Rolling = msgspec.field(default_factory=last_day)
    vague_1d: Rolling = msgspec.field(default_factory=last_day)
    overdue_1d: Rolling = msgspec.field(default_factory=last_day)
    goods_1d: RollingTop = msgspec.field(default_factory=RollingTop)
    staff: list[int] = []  # crc32 of staff document tokens, in order of appearance


class OperatorProfile(msgspec.Struct, array_like=True):
    """Pace and habits of one operator at one outlet. Windows over event time."""

    touched_ms: int
    items_1d: Rolling = msgspec.field(default_factory=last_day)
    persons_1d: Rolling = msgspec.field(default_factory=last_day)
    staff_1d: Rolling = msgspec.field(default_factory=last_day)
    manual_1d: Rolling = msgspec.field(default_factory=last_day)
    fast_gaps_1h: Rolling = msgspec.field(default_factory=last_hour)
    inspections: list[int] = []  # event times of counted inspections, ascending


def token_mark(token: str) -> int:
    """32 bits of a token, enough to tell a few hundred apart."""
    return crc32(token.encode())


def is_staff(outlet: OutletProfile, facts: RealNameFacts) -> bool | None:
    """Whether the sender's document is that of staff seen at this outlet; None when nothing is known of it."""
    if facts.document_token is None:
        return None
    if facts.document_token == facts.operator_token:
        return True
    return token_mark(facts.document_token) in outlet.staff if outlet.staff else None


def count_acceptance(outlet: OutletProfile, operator: OperatorProfile, facts: RealNameFacts) -> None:
    """Count an accepted parcel once."""
    at = facts.event_ms
    outlet.touched_ms = max(outlet.touched_ms, at)
    operator.touched_ms = max(operator.touched_ms, at)
    if facts.operator_token is not None:
        mark = token_mark(facts.operator_token)
        if mark not in outlet.staff:
            outlet.staff.append(mark)
            del outlet.staff[:-STAFF_KEPT]
    outlet.items_1h.add(at)
    outlet.items_1d.add(at)
    outlet.items_7d.add(at)
    operator.items_1d.add(at)
    if facts.sender_kind != "person":
        return
    outlet.walk_in_1d.add(at)
    outlet.goods_1d.add(at, crc32(facts.goods_name.encode()))
    if match_goods(facts.goods_name).vague:
        outlet.vague_1d.add(at)
    operator.persons_1d.add(at)
    if facts.verify_method == "manual":
        operator.manual_1d.add(at)
    if is_staff(outlet, facts):
        operator.staff_1d.add(at)


def count_inspection(operator: OperatorProfile, inspection: InspectionFacts, facts: RealNameFacts) -> None:
    """Count an inspection once; bulk pick-up from agreement customers has another pace and is left out."""
    if facts.sender_kind == "agreement":
        return
    at = inspection.event_ms
    operator.touched_ms = max(operator.touched_ms, at)
    position = bisect_left(operator.inspections, at)
    if position and at - operator.inspections[position - 1] < FAST_GAP_MS:
        operator.fast_gaps_1h.add(at)
    insort(operator.inspections, at)
    del operator.inspections[:-INSPECTIONS_KEPT]


def inspection_pace(operator: OperatorProfile, at_ms: int) -> tuple[float | None, int]:
    """Gap (s) to the previous inspection, None for the first; and how many there were in 10 min up to `at_ms`."""
    position = bisect_left(operator.inspections, at_ms)
    gap = (at_ms - operator.inspections[position - 1]) / 1000 if position else None
    upto = bisect_left(operator.inspections, at_ms + 1)
    return gap, upto - bisect_left(operator.inspections, at_ms - 10 * MINUTE_MS + 1)


def local_hour(at_ms: int) -> int:
    """Hour of the day in China, 0 to 23."""
    return (at_ms + LOCAL_OFFSET_MS) // HOUR_MS % HOURS_PER_DAY


def hour_share(outlet: OutletProfile, at_ms: int) -> float | None:
    """Share of the outlet's parcels of 7 days accepted in the same hour of the day; None below 24 parcels."""
    week = outlet.items_7d
    if week.total < HOURS_PER_DAY:
        return None
    bucket = at_ms // HOUR_MS
    cells = week.cells
    return sum(cells.get(bucket - HOURS_PER_DAY * day, 0) for day in range(DAYS)) / week.total
