"""A real single-node Apache Kafka for development, tests and the demo, from Python packages alone."""

from parcelward.broker.java import is_fetched
from parcelward.broker.local import LocalBroker

__all__ = ["LocalBroker", "is_fetched"]
