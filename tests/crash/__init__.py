"""Crash simulation: the real delivery protocol over a simulated Kafka, disturbed at every step between two effects."""
