"""Values that are none become unknown: the place of a failed position fix, the time of a clock that was never set.

They are no fault of the event, so it is not refused for them; and unknown accuses nobody. `contract` says the bounds.
A category of publications is opinion: it is not kept, so nothing behind this step can judge it.
"""

from typing import Any

from parcelward.intake.event import InspectionData, PlaceData, ScanData
from parcelward.moments import DAY_MS, MINUTE_MS

AHEAD_MS = 10 * MINUTE_MS
"""A time inside an event may lie so far after the event's own: two clocks wrote them."""
BEFORE_MS = DAY_MS
"""An inspection begins, and a parcel is sealed, at most so long before the event's time."""
PHOTO_BEFORE_MS = 365 * DAY_MS
"""A photo older than that has the date with which a clock begins; one that is only old is a finding."""

PUBLICATIONS = "13"

_SCAN, _INSPECTION = ScanData.number, InspectionData.number


def clear_unknown(data: Any, time_ms: int) -> None:
    """Set to None what is no value in the data of an event of `time_ms`. Changes `data`, as a reader made it."""
    if data.number == _SCAN:
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


def _clear_times(data: Any, time_ms: int) -> None:
    latest = time_ms + AHEAD_MS
    if (started := data.started_ms) is not None:
        # What began after the event's time, by another clock, took no time: a length below zero is none.
        data.started_ms = min(started, time_ms) if time_ms - BEFORE_MS <= started <= latest else None
    if (sealed := data.sealed_ms) is not None and not time_ms - BEFORE_MS <= sealed <= latest:
        data.sealed_ms = None
    for photo in data.photos:
        if (taken := photo.taken_ms) is not None and not time_ms - PHOTO_BEFORE_MS <= taken <= latest:
            photo.taken_ms = None
        if photo.place is not None and not is_somewhere(photo.place):
            photo.place = None
