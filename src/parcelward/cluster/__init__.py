"""Kafka from outside the worker: clients, topics and how they are made, reading a topic from end to end."""
