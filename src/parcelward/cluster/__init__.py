"""Kafka from outside the worker: client options, making and checking topics, reading whole topics."""
