"""Events as a courier's engineer would write them from the published contract; nothing of the package is used."""

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

_numbers = itertools.count()
REAL_NAME = "cn.delivery.acceptance.realname.v1"
INSPECTION = "cn.delivery.acceptance.inspection.v1"


def _envelope(event_type: str, data: dict[str, Any], ago_s: float) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": f"system-{next(_numbers)}",
        "source": "/couriers/swift",
        "type": event_type,
        "time": (datetime.now(UTC) - timedelta(seconds=ago_s)).isoformat(timespec="milliseconds"),
        "data": data,
    }


def real_name(waybill: str, ago_s: float = 0.0, **changes: Any) -> dict[str, Any]:
    """A sound real-name event of an agreement customer; `changes` replace fields of its data."""
    data = {
        "courier": "swift",
        "waybill": waybill,
        "outlet": "HZ-01",
        "operator": "E1",
        "sender": {"kind": "agreement", "agreement_id": "AG-1"},
        "receiver": {"region": "330106"},
        "goods": {"name": "羽绒服"},
        "weight_g": 900,
        "verify_method": "nfc",
    }
    return _envelope(REAL_NAME, data | changes, ago_s)


def inspection(waybill: str, ago_s: float = 0.0, **changes: Any) -> dict[str, Any]:
    """A sound inspection event."""
    data = {
        "courier": "swift",
        "waybill": waybill,
        "outlet": "HZ-01",
        "operator": "E1",
        "opened": True,
        "result": "passed",
        "mark_applied": True,
    }
    return _envelope(INSPECTION, data | changes, ago_s)
