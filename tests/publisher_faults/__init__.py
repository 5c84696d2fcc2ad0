"""Faults that a courier's publisher must survive, on a real broker: the broker away, `kill -9`, a full disk.

Run at full length: python -m tests.publisher_faults [--short]
"""
