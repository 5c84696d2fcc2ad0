"""Upgrade and roll back under traffic: older versions and today's, on one real Kafka, and a count of every event."""
