"""Replaying what a live run left in its topics, offline and in the very order it settled on, and comparing results.

`recording` says what there is to replay (a running Kafka: `parcelward.replay.live`; a kept day: `kept`), `order`
holds the replay to the order of the live run, `rerun` runs the stages, `compare` tells what differs. An account of
every record and state (`parcelward.audit`) reads the same recordings and compares with the same code.
"""
