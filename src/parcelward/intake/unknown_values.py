"""Values that are none become unknown: the place of a failed position fix, the time of a clock that was never set.

They are no fault of the event, so it is not refused for them; and unknown accuses nobody. `contract` says the bounds.
A category of publications is opinion: it is not kept, so nothing behind this step can judge it.
"""

from typing import Any

from parcelward.intake.event import HeartbeatData, InspectionData, PlaceData, ScanData
from parcelward.moments import DAY_MS, MINUTE_MS

AHEAD_MS = 10 * MINUTE_MS
"""A time inside an event may lie so far after the event's own: two clocks wrote them."""
BEFORE_MS = DAY_MS
"""An inspection begins, and a parcel is sealed, at most so long before the event's time."""
PHOTO_BEFORE_MS = 365 * DAY_MS
"""A photo older than that has the date with which a clock begins; one that is only old is a finding."""

PUBLICATIONS = "13"

_INSPECTION = InspectionData.number
_WITHOUT_PLACE = (ScanData.number, HeartbeatData.number)


def clear_unknown(data: Any, time_ms: int) -> None:
    """Set to None what is no value in the data of an event of `time_ms`. Changes `data`, as a reader made it."""
    if data.number in _WITHOUT_PLACE:
        return
    if (place := data.place) is not None and not is_somewhere(place):
        data.place = None
    if data.number == _INSPECTION:
        _clear_times(data, time_ms)
        if (category := data.found_category) is not None:
            data.found_category = None if category == PUBLICATIONS else category.zfill(2)


def is_somewhere(place: PlaceData) -> bool:
    """Tell a place from the coordinates of a failed fix: parcels are accepted under this law in China only.

    >>> is_somewhere(PlaceData(0.0, 0.0))
    False
    """
    return 3 <= place.latitude <= 54 and 73 <= place.longitude <= 136


def began(started_ms: int | None, at_ms: int) -> int | None:
    """Bound the beginning of an inspection by its time, `at_ms`; None where it is no value."""
    found = _within(started_ms, at_ms, BEFORE_MS)
    # What began after the event's time, by another clock, took no time: a length below zero is none.
    return None if found is None else min(found, at_ms)


def sealed(sealed_ms: int | None, at_ms: int) -> int | None:
    """Bound the sealing of a parcel by the time of its inspection; None where it is no value."""
    return _within(sealed_ms, at_ms, BEFORE_MS)


def taken(taken_ms: int | None, at_ms: int) -> int | None:
    """Bound the time of a photo by that of its inspection; None where it is no value."""
    return _within(taken_ms, at_ms, PHOTO_BEFORE_MS)


def _within(ms: int | None, at_ms: int, before_ms: int) -> int | None:
    return ms if ms is not None and at_ms - before_ms <= ms <= at_ms + AHEAD_MS else None


def _clear_times(data: Any, time_ms: int) -> None:
    for photo in data.photos:
        if photo.place is not None and not is_somewhere(photo.place):
            photo.place = None
    if data.corrects is not None:
        return  # When it was done, the first event of its chain says: the ledger bounds these times by that one.
    data.started_ms, data.sealed_ms = began(data.started_ms, time_ms), sealed(data.sealed_ms, time_ms)
    for photo in data.photos:
        photo.taken_ms = taken(photo.taken_ms, time_ms)
