"""From the series that a parcel was measured by to the profiles that its alert shows."""

from collections.abc import Collection, Iterable

from parcelward.contract.cards import CountedEvent, Counting, Profile, ProfileOf
from parcelward.moments import utc
from parcelward.profiles.sender_series import DIFFERENT, OF_PHONE
from parcelward.shipments.series import Series

PROFILES_SHOWN = 8


def shown_profiles(series: Iterable[Series], wanted: Collection[str]) -> tuple[Profile, ...]:
    """Give the profiles of the `wanted` features."""
    return tuple([_profile(one) for one in series if one.feature in wanted][:PROFILES_SHOWN])


def _profile(series: Series) -> Profile:
    different = series.feature in DIFFERENT or series.feature in OF_PHONE
    return Profile(
        feature=series.feature,
        of=_owner(series),
        operator=series.operator or None,
        outlet=series.outlet or None,
        counting=Counting.NEW_VALUES if different else Counting.EVENTS,
        value=series.value,
        begins_at=utc(series.begins_ms),
        bucket_s=series.bucket_ms // 1000,
        counts=tuple(series.counts),
        within=series.within,
        estimated=series.is_estimate,
        events=tuple(
            CountedEvent(at=utc(at), courier=courier or None, waybill=waybill or None, outlet=outlet or None)
            for at, courier, waybill, outlet in series.events
        ),
    )


def _owner(series: Series) -> ProfileOf:
    if series.operator:
        return ProfileOf.OPERATOR
    if series.outlet:
        return ProfileOf.OUTLET
    return ProfileOf.PHONE if series.feature in OF_PHONE else ProfileOf.DOCUMENT
