"""Reads topics from positions that the reader keeps itself: says where each log begins and ends, and never jumps."""

from collections.abc import Collection, Mapping
from contextlib import AbstractContextManager
from typing import Any

from kafka import KafkaConsumer, TopicPartition
from kafka.admin import KafkaAdminClient
from kafka.errors import KafkaError, OffsetOutOfRangeError

from parcelward.cluster.client import client_options, consumer_options, require_answer, unreachable
from parcelward.errors import UserError
from parcelward.settings import Settings
from parcelward.stage import SourceRecord

MOST_RECORDS = 5000

Log = tuple[str, int]
"""A topic and one of its partitions."""


class OutOfRangeError(Exception):
    """A position lies outside its log: records were deleted, or the topic was created anew."""


class PositionedReader(AbstractContextManager["PositionedReader"]):
    """Committed records of some logs, from given offsets on; a context manager. Raises UserError if no broker answers.

    A topic that does not exist is left out: whoever reads asks again now and then.
    """

    def __init__(self, settings: Settings) -> None:
        require_answer(settings)
        try:
            self._consumer = KafkaConsumer(**consumer_options(settings) | {"auto_offset_reset": "none"})
            try:
                self._admin = KafkaAdminClient(**client_options(settings))
            except BaseException:
                self._consumer.close()
                raise
        except (KafkaError, OSError) as error:
            raise unreachable(settings, error) from None
        self._settings = settings

    def topic_ids(self, topics: Collection[str]) -> dict[Log, str]:
        """Find the logs of topics that exist, and by each Kafka's own id of its topic: another one, if made anew."""
        try:
            there = set(self._admin.list_topics())
            found = self._admin.describe_topics(sorted(there.intersection(topics)))
        except KafkaError as error:
            raise unreachable(self._settings, error) from None
        return {
            (topic["name"], part["partition_index"]): str(topic["topic_id"])
            for topic in found
            for part in topic["partitions"]
        }

    def bounds(self, logs: Collection[Log]) -> dict[Log, tuple[int, int]]:
        """Ask where logs begin and end."""
        places = [TopicPartition(*log) for log in logs]
        if not places:
            return {}
        try:
            begins, ends = self._consumer.beginning_offsets(places), self._consumer.end_offsets(places)
        except KafkaError as error:
            raise unreachable(self._settings, error) from None
        return {(place.topic, place.partition): (begins[place], ends[place]) for place in places}

    def read_from(self, positions: Mapping[Log, int]) -> None:
        """Read these logs, each from its offset on."""
        self._consumer.assign([TopicPartition(*log) for log in positions])
        for log, offset in positions.items():
            self._consumer.seek(TopicPartition(*log), offset)

    def poll(self, timeout_s: float) -> tuple[list[SourceRecord], dict[Log, int]]:
        """Give what has come, each log in the order of its offsets, and up to where each was read.

        Raises OutOfRangeError.
        """
        try:
            batches = self._consumer.poll(timeout_ms=int(timeout_s * 1000), max_records=MOST_RECORDS)
        except OffsetOutOfRangeError as error:
            raise OutOfRangeError(str(error)) from None
        except KafkaError as error:
            raise UserError(f"reading from {self._settings.kafka} failed: {type(error).__name__}") from None
        records: list[Any] = [record for records in batches.values() for record in records]
        places = self._consumer.assignment()
        return records, {(place.topic, place.partition): self._consumer.position(place) for place in places}

    def __exit__(self, *_: object) -> None:
        self._consumer.close()
        self._admin.close()
