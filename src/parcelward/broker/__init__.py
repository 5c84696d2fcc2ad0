"""A real single-node Apache Kafka for development, tests and the demo, from Python packages alone."""

from parcelward.broker.java import is_fetched
from parcelward.broker.local import LocalBroker, StartInterrupted

__all__ = ["LocalBroker", "StartInterrupted", "is_fetched"]
