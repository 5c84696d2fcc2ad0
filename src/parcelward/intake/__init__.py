"""Bytes of a Kafka record become an event, or a refusal with its reason."""
