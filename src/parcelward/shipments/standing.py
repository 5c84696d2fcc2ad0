"""Composes the entry that stands: what one event says, and what others of its type told that it does not take back.

A later record is silent about what it leaves out, and silence is no evidence. What an inspection found stays found
until a correction of that inspection takes it back.
"""

from collections.abc import Sequence

from msgspec.structs import replace

from parcelward.contract.fields import InspectionResult
from parcelward.goods import PROHIBITED, match_goods, read_found
from parcelward.intake.unknown_values import began, sealed, taken
from parcelward.shipments.shipment import InspectionEntry, RealNameEntry
from parcelward.shipments.versions import Gravity

OTHERS_KEPT = 3
"""Goods names kept of events that contradict the one that stands."""
COMPARED = {
    "goods.name": "goods_name",
    "weight_g": "weight_g",
    "sender.document_number": "document_token",
    "sender.phone": "phone_token",
    "receiver": "receiver_token",
}
"""The fields of the contract in which real names contradict each other, and those of the entry that hold them."""
_NOT_DONE = InspectionResult.NOT_DONE.value


def gravity(entry: RealNameEntry | InspectionEntry) -> Gravity:
    """Weigh what an entry says against its parcel."""
    if isinstance(entry, RealNameEntry):
        return (match_goods(entry.goods_name).danger_severity,)
    begun, closed = entry.started_ms, entry.sealed_ms
    return (
        _found(entry)[0],
        int(entry.result == _NOT_DONE),
        int(not entry.opened),
        int(begun is not None and closed is not None and closed < begun),
    )


def _found(entry: InspectionEntry) -> tuple[int, bool]:
    """Weigh what an inspection found; something harmless is more than nothing said."""
    goods, category = entry.found_goods, entry.found_category
    inside = None if goods is None else read_found(goods)
    severity = 0 if inside is None else match_goods(inside.seen).danger_severity or int(bool(inside.removed))
    if category is not None:
        severity = max(severity, PROHIBITED)  # whichever category of the list it is
    return severity, goods is not None or category is not None


def bound_times(entry: InspectionEntry) -> InspectionEntry:
    """Bound the times in a correction's entry by when the inspection was, as its first event says."""
    at = entry.event_ms
    photos = [one for one in entry.photo_times if taken(one, at) is not None]
    return replace(
        entry,
        started_ms=began(entry.started_ms, at),
        sealed_ms=sealed(entry.sealed_ms, at),
        oldest_photo_ms=min(photos, default=None),
        photo_times=(),
    )


def real_name_that_stands(one: RealNameEntry, contradicting: Sequence[RealNameEntry]) -> RealNameEntry:
    """Compose a real name of the one that stands and those that contradict it: all of their goods are judged."""
    if not contradicting:
        return one
    goods = {other.goods_name for other in contradicting} - {one.goods_name}
    gravest = sorted(goods, key=lambda name: (-match_goods(name).danger_severity, name))
    fields = [
        field
        for field, name in COMPARED.items()
        if any(getattr(one, name) != getattr(other, name) for other in contradicting)
    ]
    return replace(one, other_goods=tuple(gravest[:OTHERS_KEPT]), contradicted=tuple(fields))


def inspection_that_stands(entries: Sequence[InspectionEntry]) -> InspectionEntry:
    """Compose an inspection of the one that stands, which comes first, and the others, the latest of them first."""
    one, *others = entries
    if not others:
        return one
    told: dict[str, object] = {}
    worst = max(entries, key=_found)
    if worst is not one:
        told = {
            "found_goods": worst.found_goods,
            "found_category": worst.found_category,
            "found_by": worst.operator,
        }
    if one.weight_g is None:
        told["weight_g"] = next((other.weight_g for other in others if other.weight_g is not None), None)
    if one.started_ms is None and one.sealed_ms is None:
        timed = next((other for other in others if other.started_ms is not None or other.sealed_ms is not None), None)
        if timed is not None:
            told |= {"started_ms": timed.started_ms, "sealed_ms": timed.sealed_ms, "timed_ms": timed.event_ms}
    if not one.photos:
        shown = next((other for other in others if other.photos), None)
        if shown is not None:
            told |= {
                "photos": shown.photos,
                "oldest_photo_ms": shown.oldest_photo_ms,
                "photos_ms": shown.event_ms,
            }
    return replace(one, **told)
