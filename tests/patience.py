"""The time that a test waits for another process, or for a task of its own."""

PATIENCE_S = 180.0
"""A bound for what hangs, and no measure of speed: a machine under load is no failure."""
