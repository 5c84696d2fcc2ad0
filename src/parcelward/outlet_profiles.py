"""What is remembered of an outlet and of an operator: pace, habits, own-identity sending. State and its update."""

from bisect import bisect_left, bisect_right, insort
from zlib import crc32

import msgspec

from parcelward.goods import match_goods
from parcelward.shipment import InspectionFacts, RealNameFacts
from parcelward.windows import HOUR_MS, MINUTE_MS, WEEK_MS, Rolling, RollingTop, last_day, last_hour, last_week

STAFF_KEPT = 256  # staff documents remembered per outlet
INSPECTIONS_KEPT = 96  # inspection times remembered per operator; more than any plausible 10 minutes
FAST_GAP_MS = 5_000  # reading a document alone takes 3 s (DOMAIN 1.3), opening and sealing a parcel far longer
LOCAL_OFFSET_MS = 8 * HOUR_MS  # China has one time zone, UTC+8
HOURS_PER_DAY, DAYS = 24, 7


class OutletProfile(msgspec.Struct, array_like=True, gc=False):
    """Pace and habits of one outlet. Windows over event time."""

    touched_ms: int
    items_1h: Rolling = msgspec.field(default_factory=last_hour)
    items_7d: Rolling = msgspec.field(default_factory=last_week)
    items_1d: Rolling = msgspec.field(default_factory=last_day)
    walk_in_1d: Rolling = msgspec.field(default_factory=last_day)
    vague_1d: Rolling = msgspec.field(default_factory=last_day)
    overdue_1d: Rolling = msgspec.field(default_factory=last_day)
    goods_1d: RollingTop = msgspec.field(default_factory=RollingTop)
    staff: dict[int, int] = {}  # crc32 of a staff document token -> when it last accepted, epoch ms


class OperatorProfile(msgspec.Struct, array_like=True, gc=False):
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
    """Whether the sender's document is that of staff seen at this outlet within a week; None when none is known."""
    if facts.document_token is None:
        return None
    if facts.document_token == facts.operator_token:
        return True
    floor = facts.event_ms - WEEK_MS
    if not any(seen > floor for seen in outlet.staff.values()):
        return None
    return outlet.staff.get(token_mark(facts.document_token), floor) > floor


def count_acceptance(outlet: OutletProfile, operator: OperatorProfile, facts: RealNameFacts) -> None:
    """Count an accepted parcel once."""
    at = facts.event_ms
    outlet.touched_ms = max(outlet.touched_ms, at)
    operator.touched_ms = max(operator.touched_ms, at)
    _note_staff(outlet, facts)
    outlet.items_1h.add(at)
    outlet.items_1d.add(at)
    outlet.items_7d.add(at)
    operator.items_1d.add(at)
    if facts.sender_kind != "person":
        return
    outlet.walk_in_1d.add(at)
    outlet.goods_1d.add(at, crc32(facts.goods_name.encode()))
    outlet.vague_1d.add(at, int(match_goods(facts.goods_name).vague))
    operator.persons_1d.add(at)
    operator.manual_1d.add(at, int(facts.verify_method == "manual"))
    operator.staff_1d.add(at, int(is_staff(outlet, facts) is True))


def _note_staff(outlet: OutletProfile, facts: RealNameFacts) -> None:
    """Remember the accepting operator's document for a week, as a mark of 32 bits."""
    if facts.operator_token is not None:
        mark = token_mark(facts.operator_token)
        outlet.staff[mark] = max(facts.event_ms, outlet.staff.get(mark, 0))
    floor = outlet.touched_ms - WEEK_MS
    gone = [mark for mark, seen in outlet.staff.items() if seen <= floor]
    if len(outlet.staff) - len(gone) > STAFF_KEPT:
        gone.append(min(outlet.staff, key=lambda mark: (max(outlet.staff[mark], floor + 1), mark)))
    for mark in gone:
        del outlet.staff[mark]


def count_inspection(operator: OperatorProfile, inspection: InspectionFacts, facts: RealNameFacts) -> None:
    """Count an inspection once; bulk pick-up from agreement customers has another pace and is left out."""
    if facts.sender_kind == "agreement":
        return
    at = inspection.event_ms
    operator.touched_ms = max(operator.touched_ms, at)
    times = operator.inspections
    position = bisect_right(times, at)
    fast = position > 0 and at - times[position - 1] < FAST_GAP_MS
    operator.fast_gaps_1h.add(at, int(fast))
    insort(times, at)
    expired = bisect_right(times, times[-1] - WEEK_MS)
    del times[: max(expired, len(times) - INSPECTIONS_KEPT)]


def seen_inspecting(operator: OperatorProfile, at_ms: int) -> bool:
    """Whether an inspection of this operator was counted within the week up to a time, or later."""
    return bool(operator.inspections) and operator.inspections[-1] > at_ms - WEEK_MS


def inspection_pace(operator: OperatorProfile, at_ms: int) -> tuple[float | None, int]:
    """Gap (s) to the previous inspection within a week, None for the first; and how many in 10 min up to `at_ms`.

    The inspection at `at_ms` is taken to be among those counted: a second one at the same time makes the gap 0.
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


def local_hour(at_ms: int) -> int:
    """Hour of the day in China, 0 to 23."""
    return (at_ms + LOCAL_OFFSET_MS) // HOUR_MS % HOURS_PER_DAY


def hour_share(outlet: OutletProfile, at_ms: int) -> float | None:
    """Share of the outlet's parcels of 7 days accepted in the same hour of the day; None below 24 parcels."""
    total = outlet.items_7d.at(at_ms)
    if total < HOURS_PER_DAY:
        return None
    bucket, cells = at_ms // HOUR_MS, outlet.items_7d.cells
    return sum(cells.get(bucket - HOURS_PER_DAY * day, 0) for day in range(DAYS)) / total
