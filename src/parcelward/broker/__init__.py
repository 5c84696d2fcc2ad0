"""A real Apache Kafka for development, tests and the demo, from Python packages alone: one node, or a cluster."""

from parcelward.broker.cluster import LocalCluster
from parcelward.broker.java import is_fetched
from parcelward.broker.local import LocalBroker, StartInterrupted

__all__ = ["LocalBroker", "LocalCluster", "StartInterrupted", "is_fetched"]
