"""State of the outlets stage as one batch reads and changes it; profiles in use stay decoded between batches."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import msgspec

from parcelward.alerts.verdict import AlertRecord, decode_alert
from parcelward.expiry import is_absent
from parcelward.formats import reading
from parcelward.moments import WEEK_MS, duration_ms
from parcelward.profiles.outlets import OperatorProfile, OutletProfile, decode_operator, decode_outlet
from parcelward.settings import Settings
from parcelward.shipments.shipment import InspectionEntry, ShipmentBrief

OUTLETS_KEPT, OPERATORS_KEPT = 512, 2048
"""Decoded profiles of one partition, at most. One of an outlet with 2,000 parcels a day takes about 50 KB of
memory, 3 KB stored; one of an operator 65 KB and 12 KB at most, with 1,024 inspections in 26 hours."""

LATER_KEPT = 8  # waybills of one photo, beyond the first


class Keep(NamedTuple):
    """Times for which things are kept, in ms; an event may arrive `event_age` late."""

    photo: int
    ledger: int
    event_age: int

    @classmethod
    def from_settings(cls, settings: Settings) -> "Keep":
        """Return the times of an installation."""
        return cls(
            photo=duration_ms(settings.photo_keep),
            ledger=duration_ms(settings.ledger_keep),
            event_age=duration_ms(settings.max_event_age),
        )

    @property
    def profile(self) -> int:
        """Time for which profiles are kept: a late event still finds the longest window before it."""
        return WEEK_MS + self.event_age


class PhotoOwner(msgspec.Struct, array_like=True, gc=False, tag="1"):
    """The waybill that first carried a photo at this outlet, and those that carried it later: one may be corrected."""

    touched_ms: int
    waybill: str
    later: list[tuple[int, str]] = []  # when, and which


decode_photo = reading(PhotoOwner, "a photo's owner")


class OutletState:
    """Profiles, photos and alert records of one partition, as changed so far by the batch in hand.

    The bytes in the state are the truth. Profiles read from them are kept for later batches; those that a batch
    changed are dropped unless `commit` says that it counts.
    """

    def __init__(self, keep: Keep) -> None:
        self._keep = keep
        self._keep_profile = keep.profile
        self._state: Mapping[bytes, bytes] = {}
        self._outlets: dict[bytes, OutletProfile] = {}
        self._operators: dict[bytes, OperatorProfile] = {}
        self.changed: dict[bytes, msgspec.Struct | None] = {}  # None: deleted
        self.alerts: dict[bytes, AlertRecord] = {}  # those changed by this batch
        self.new_photos = 0

    def open(self, state: Mapping[bytes, bytes]) -> None:
        """Begin a batch. Forget the changes of the one before if it was not committed."""
        for key in self.changed:
            self._outlets.pop(key, None)
            self._operators.pop(key, None)
        self._state = state
        self.changed, self.alerts = {}, {}
        self.new_photos = 0

    def commit(self, deleted: Iterable[bytes]) -> None:
        """Keep what the batch changed; `deleted` are keys that have left the state."""
        self.changed, self.alerts = {}, {}
        for key in deleted:
            self._outlets.pop(key, None)
            self._operators.pop(key, None)
        while len(self._outlets) > OUTLETS_KEPT:
            del self._outlets[next(iter(self._outlets))]
        while len(self._operators) > OPERATORS_KEPT:
            del self._operators[next(iter(self._operators))]

    def clear(self) -> None:
        """Forget every decoded profile."""
        self._outlets.clear()
        self._operators.clear()
        self.changed, self.alerts = {}, {}

    def outlet(self, key: bytes, now_ms: int) -> OutletProfile:
        """Give the profile as it counts for a shipment that arrived at `now_ms`."""
        profile = self._outlets.get(key)
        if profile is None and (value := self._state.get(key)) is not None:
            profile = self._outlets[key] = decode_outlet(value)
        if profile is None or profile.touched_ms + self._keep_profile < now_ms:
            return OutletProfile(0)
        return profile

    def operator(self, key: bytes, now_ms: int) -> OperatorProfile:
        """Give the profile as it counts for a shipment that arrived at `now_ms`."""
        profile = self._operators.get(key)
        if profile is None and (value := self._state.get(key)) is not None:
            profile = self._operators[key] = decode_operator(value)
        if profile is None or profile.touched_ms + self._keep_profile < now_ms:
            return OperatorProfile(0)
        return profile

    def change_outlet(self, key: bytes, profile: OutletProfile) -> None:
        """Mark a profile that is about to be changed."""
        self.changed[key] = self._outlets[key] = profile

    def change_operator(self, key: bytes, profile: OperatorProfile) -> None:
        """Mark a profile that is about to be changed."""
        self.changed[key] = self._operators[key] = profile

    def change_alert(self, key: bytes, record: AlertRecord) -> None:
        """Replace an alert record."""
        self.changed[key] = self.alerts[key] = record

    def alert(self, key: bytes) -> AlertRecord | None:
        """Give the alert record of a waybill that was entered before."""
        if key in self.alerts:
            return self.alerts[key]
        value = self._state.get(key)
        return None if value is None else decode_alert(value)

    def reused_photo(self, shipment: ShipmentBrief) -> PhotoOwner | None:
        """Find another waybill that carried one of this inspection's photos before, at the same outlet."""
        inspection = shipment.inspection
        if inspection is None or not inspection.photos:
            return None
        reused = None
        for key in _photo_keys(shipment.courier, inspection):
            owner = self._photo_owner(key, shipment.waybill, inspection.event_ms)
            if reused is None and owner is not None and owner.waybill != shipment.waybill:
                reused = owner
        return reused

    def release_photos(self, shipment: ShipmentBrief) -> None:
        """Let go the photos of an inspection that was corrected; those that it still has are taken again.

        Another waybill that carried a photo is then the first one that did.
        """
        inspection = shipment.inspection
        if inspection is None:
            return
        for key in _photo_keys(shipment.courier, inspection):
            owner = self._owner(key)
            if owner is None:
                continue
            carried = [(owner.touched_ms, owner.waybill), *owner.later]
            left = [one for one in carried if one[1] != shipment.waybill]
            if len(left) < len(carried):
                self.changed[key] = PhotoOwner(*left[0], left[1:]) if left else None

    def _owner(self, key: bytes) -> PhotoOwner | None:
        if key in self.changed:
            owner = self.changed[key]
            return owner if isinstance(owner, PhotoOwner) else None
        value = self._state.get(key)
        return None if value is None else decode_photo(value)

    def _photo_owner(self, key: bytes, waybill: str, at_ms: int) -> PhotoOwner | None:
        """Give the waybill that carried a photo first, within `keep.photo` before an inspection at `at_ms`."""
        owner = self._owner(key)
        if owner is None or is_absent(owner.touched_ms, self._keep.photo, at_ms):
            owner = self.changed[key] = PhotoOwner(at_ms, waybill)
            self.new_photos += 1
        elif (
            owner.waybill != waybill and len(owner.later) < LATER_KEPT and all(waybill != one for _, one in owner.later)
        ):
            later = [*owner.later, (at_ms, waybill)]
            owner = self.changed[key] = PhotoOwner(owner.touched_ms, owner.waybill, later)
        # Ignore an owner that is much newer than this inspection: the inspection only passes again.
        return None if is_absent(at_ms, self._keep.photo, owner.touched_ms) else owner


def _photo_keys(courier: str, inspection: InspectionEntry) -> list[bytes]:
    """State keys of the photos of an inspection, in their order."""
    home = f"h{courier}/{inspection.outlet}/".encode()
    return [home + photo for photo in inspection.photos]
