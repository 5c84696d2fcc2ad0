"""Works round a fault of kafka-python's `KafkaConsumer`: partitions that were paused may never be read again."""

from typing import Any

from kafka import KafkaConsumer


class PausingConsumer(KafkaConsumer):  # type: ignore[misc]
    """`KafkaConsumer` whose partitions go on once they are resumed. Use it wherever partitions are paused.

    kafka-python keeps what it has fetched of a partition that is paused (its pull request 2981, up to 3.0.12 at least).
    It takes these records up again when it has nothing else in hand, but fetched records that are used up still count
    as in hand. If nothing else comes, the partition is never read again: neither from memory nor from the broker.
    """

    def poll(self, *arguments: Any, **named: Any) -> dict[Any, list[Any]]:
        """Poll as `KafkaConsumer` does, after letting go of what is used up."""
        fetcher = self._fetcher
        if fetcher._next_partition_records is not None and not fetcher._next_partition_records:
            fetcher._next_partition_records = None
        found: dict[Any, list[Any]] = super().poll(*arguments, **named)
        return found
