"""The key of an intake record: the waybill; of a heartbeat, which is of none, the outlet or the courier."""

from collections.abc import Mapping
from typing import Any

from parcelward.contract.events import EventType


def key_field(event_type: object, data: Mapping[str, Any]) -> str:
    """The field of an event's data whose value is the key of its record.

    >>> key_field("cn.delivery.courier.heartbeat.v1", {"courier": "swift"})
    'courier'
    """
    if event_type == EventType.HEARTBEAT:
        return "courier" if data.get("outlet") is None else "outlet"
    return "waybill"
