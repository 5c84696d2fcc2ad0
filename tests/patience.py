"""How long a test waits for what another process does, or a task of its own."""

PATIENCE_S = 180.0
"""A bound for what hangs, and no measure of speed: a machine under load is no failure."""
