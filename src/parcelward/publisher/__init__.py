"""The couriers' side: events are checked against the contract, kept until acknowledged, and delivered in order.

`Publisher` is for threads, `AsyncPublisher` for asyncio.
"""

from parcelward.publisher.asynchronous import AsyncPublisher
from parcelward.publisher.binary_mode import binary_mode
from parcelward.publisher.delivery import Delivery
from parcelward.publisher.failures import InvalidEvent, NotDelivered, NoTopic, SpoolFull
from parcelward.publisher.publisher import Publisher

__all__ = [
    "AsyncPublisher",
    "Delivery",
    "InvalidEvent",
    "NoTopic",
    "NotDelivered",
    "Publisher",
    "SpoolFull",
    "binary_mode",
]
