"""The couriers' side: events are checked against the contract, kept until acknowledged, and delivered in order.

`Publisher` is for threads, `AsyncPublisher` for asyncio. `Instructions` waits for word about one parcel.
"""

from parcelward.publisher.asynchronous import AsyncPublisher
from parcelward.publisher.binary_mode import binary_mode
from parcelward.publisher.delivery import Delivery
from parcelward.publisher.failures import InvalidEvent, NotDelivered, NoTopic, SpoolFull
from parcelward.publisher.instructions import Instructions
from parcelward.publisher.publisher import Publisher

__all__ = [
    "AsyncPublisher",
    "Delivery",
    "Instructions",
    "InvalidEvent",
    "NoTopic",
    "NotDelivered",
    "Publisher",
    "SpoolFull",
    "binary_mode",
]
