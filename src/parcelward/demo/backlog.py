"""The worker's backlog: records that its committed positions on what the stages read have not passed."""

from typing import Any

from kafka import KafkaConsumer, TopicPartition
from kafka.admin import KafkaAdminClient
from kafka.errors import RetriableError

from parcelward.cluster.client import client_options, consumer_options
from parcelward.flow import FLOW
from parcelward.settings import Settings


class Backlog:
    """Asks the cluster for the backlog, not the worker."""

    def __init__(self, settings: Settings) -> None:
        topics = [topic for stage in FLOW for topic in settings.topics.sources(stage, settings.couriers)]
        self._group = settings.topics.app_id
        self._partitions = [TopicPartition(topic, number) for topic in topics for number in range(settings.partitions)]
        self._admin = KafkaAdminClient(**client_options(settings))
        self._consumer = KafkaConsumer(**consumer_options(settings))
        self._consumer.assign(self._partitions)
        self.trouble: str | None = None  # the reason why the last question had no answer

    def is_empty(self) -> bool:
        """Tell whether the committed positions have passed every record; False while a busy cluster gives no answer.

        Raises KafkaError when asking again would not help.
        """
        try:
            empty = self._ask()
        except RetriableError as error:  # a coordinator that is on the move, an answer that took too long
            self.trouble = f"{type(error).__name__}: {error}"
            return False
        self.trouble = None
        return empty

    def close(self) -> None:
        """Disconnect."""
        self._consumer.close()
        self._admin.close()

    def _ask(self) -> bool:
        # A position may stay short of a partition's end for ever: the end counts transaction markers, which nobody
        # reads. So where they differ, records between them are looked for.
        committed = self._admin.list_group_offsets(self._group)[self._group]
        ends = self._consumer.end_offsets(self._partitions)
        behind = {}
        for partition in self._partitions:
            position = committed[partition].offset if partition in committed else -1
            if max(position, 0) < ends[partition]:
                behind[partition] = max(position, 0)
        return not behind or not self._holds_records(behind, ends)

    def _holds_records(self, behind: dict[Any, int], ends: dict[Any, int]) -> bool:
        self._consumer.assign(list(behind))
        for partition, position in behind.items():
            self._consumer.seek(partition, position)
        try:
            for _ in range(100):
                if any(self._consumer.poll(timeout_ms=100).values()):
                    return True
                if all(self._consumer.position(partition) >= ends[partition] for partition in behind):
                    return False
            return True
        finally:
            self._consumer.assign(self._partitions)
