"""Replays the topics of a live run, offline and in the order of that run, and compares the results.

`recording` says what can be replayed: a running Kafka (`live`) or a kept day (`kept`). `order` holds the replay to the
order of the live run, `rerun` runs the stages, `compare` finds the differences. The audit of every record and state
(`parcelward.audit`) reads the same recordings and compares with the same code.
"""
