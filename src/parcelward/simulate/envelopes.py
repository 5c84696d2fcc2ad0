"""Parcels to structured-mode CloudEvents, as a courier's system would write them."""

from datetime import datetime
from functools import lru_cache
from typing import Any

from parcelward.contract.events import EventType
from parcelward.moments import CHINA
from parcelward.simulate.parcels import Parcel


@lru_cache(maxsize=4096)
def _minute(minute: int) -> str:
    return datetime.fromtimestamp(minute * 60, CHINA).strftime("%Y-%m-%dT%H:%M:")


def moment(ms: int) -> str:
    """RFC 3339 text with milliseconds, at UTC+8, of a time in ms since the epoch.

    >>> moment(0)
    '1970-01-01T08:00:00.000+08:00'
    """
    second, rest = divmod(ms, 1000)
    minute, second = divmod(second, 60)
    return f"{_minute(minute)}{second:02d}.{rest:03d}+08:00"


def envelope(
    event_type: EventType, event_id: str, parcel: Parcel, time_ms: int, data: dict[str, Any]
) -> dict[str, Any]:
    """A CloudEvents 1.0 envelope around `data`."""
    return {
        "specversion": "1.0",
        "id": event_id,
        "source": f"/couriers/{parcel.outlet.courier}/outlets/{parcel.outlet.code}",
        "type": event_type.value,
        "time": moment(time_ms),
        "subject": parcel.waybill,
        "datacontenttype": "application/json",
        "data": data,
    }


def real_name(parcel: Parcel, event_id: str) -> dict[str, Any]:
    """The real-name event of a parcel."""
    outlet, operator = parcel.outlet, parcel.operator
    data: dict[str, Any] = {
        "courier": outlet.courier,
        "waybill": parcel.waybill,
        "outlet": outlet.code,
        "operator": operator.code,
        "operator_document": operator.document,
        "device": operator.device,
        "fill_mode": "backfill" if parcel.backfill else "online",
        "sender": parcel.sender,
        "receiver": parcel.receiver,
        "goods": parcel.goods,
        "weight_g": parcel.weight_g,
        "verify_method": parcel.verify_method,
        "transport_mode": parcel.transport,
        "place": {"latitude": parcel.latitude, "longitude": parcel.longitude},
        "stated_region": outlet.county,
        "address_difference_recorded": parcel.address_differs,
    }
    return envelope(EventType.REAL_NAME, event_id, parcel, parcel.accepted_ms + operator.skew_ms, data)


def inspection(parcel: Parcel, event_id: str) -> dict[str, Any]:
    """The inspection event of a parcel that has an inspection."""
    inspection = parcel.inspection
    assert inspection is not None
    skew = inspection.operator.skew_ms
    end, start = inspection.ended_ms + skew, inspection.ended_ms - inspection.duration_ms + skew
    data: dict[str, Any] = {
        "courier": parcel.outlet.courier,
        "waybill": parcel.waybill,
        "outlet": parcel.outlet.code,
        "operator": inspection.operator.code,
        "device": inspection.operator.device,
        "fill_mode": "backfill" if inspection.backfill else "online",
        "started_at": moment(start),
        "sealed_at": moment(
            end + inspection.sealed_after_ms if inspection.sealed_after_ms >= 0 else start + inspection.sealed_after_ms
        ),
        "opened": inspection.opened,
        "result": inspection.result,
        "weight_g": inspection.weight_g,
        "photos": [
            {"sha256": photo.sha256, "phash": photo.phash, "taken_at": moment(end - photo.before_ms)}
            for photo in inspection.photos
        ],
        "mark_applied": inspection.mark,
        "place": {"latitude": parcel.outlet.latitude, "longitude": parcel.outlet.longitude},
    }
    if inspection.found_goods:
        data["found_goods"] = inspection.found_goods
    return envelope(EventType.INSPECTION, event_id, parcel, end, data)


def scan(parcel: Parcel, event_id: str, image: str, judged_ms: int) -> dict[str, Any]:
    """The security-scan event of a parcel that has a scan time."""
    assert parcel.scan_ms is not None
    data: dict[str, Any] = {
        "courier": parcel.outlet.courier,
        "waybill": parcel.waybill,
        "site": f"{parcel.outlet.city.code}-HUB",
        "operator": f"X{judged_ms % 7:03d}",
        "machine": f"XR-{parcel.outlet.city.code}-{judged_ms % 3}",
        "image_sha256": image,
        "labels": [],
        "judged_ms": judged_ms,
        "decision": "pass",
        "mark_applied": True,
    }
    return envelope(EventType.SECURITY_SCAN, event_id, parcel, parcel.scan_ms, data)
