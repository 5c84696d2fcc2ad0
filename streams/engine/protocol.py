"""Two requests in versions with generations and undecided positions (KIP-447); aiokafka has only older versions.

Formats: https://kafka.apache.org/protocol.html, TxnOffsetCommit version 3 and OffsetFetch version 7 (since Kafka 2.5).
"""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import Boolean, CompactArray, CompactString, Int16, Int32, Int64, Schema, TaggedFields
from aiokafka.structs import TopicPartition

NO_TAGS: dict[int, bytes] = {}
NO_LEADER_EPOCH = -1

_text = CompactString("utf-8")
_tags = ("tags", TaggedFields)


def _per_partition(*fields: tuple[str, Any]) -> CompactArray:
    """Fields for each partition, by topic."""
    return CompactArray(("topic", _text), ("partitions", CompactArray(*fields, _tags)), _tags)


class TxnOffsetCommitResponse_v3(Response):  # type: ignore[misc]  # noqa: N801 - as aiokafka names them
    """A code per partition."""

    API_KEY = 28
    API_VERSION = 3
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        ("errors", _per_partition(("partition", Int32), ("error_code", Int16))),
        _tags,
    )


class TxnOffsetCommitRequest_v3(RequestStruct):  # type: ignore[misc]  # noqa: N801
    """Positions as part of a transaction, from a member of a generation of the group."""

    API_KEY = 28
    API_VERSION = 3
    FLEXIBLE_VERSION = True
    RESPONSE_TYPE = TxnOffsetCommitResponse_v3
    SCHEMA = Schema(
        ("transactional_id", _text),
        ("group_id", _text),
        ("producer_id", Int64),
        ("producer_epoch", Int16),
        ("generation_id", Int32),
        ("member_id", _text),
        ("group_instance_id", _text),
        (
            "topics",
            _per_partition(("partition", Int32), ("offset", Int64), ("leader_epoch", Int32), ("metadata", _text)),
        ),
        _tags,
    )


class PositionsRequest(Request[TxnOffsetCommitRequest_v3]):  # type: ignore[misc]
    """Make positions of a group part of a transaction."""

    API_KEY = 28

    def __init__(
        self,
        transactional_id: str,
        group: str,
        producer: tuple[int, int],
        member: tuple[str, int],
        positions: Mapping[TopicPartition, int],
        notes: Mapping[TopicPartition, str],
    ) -> None:
        self._transactional_id = transactional_id
        self._group = group
        self._producer = producer
        self._member = member
        self._positions = positions
        self._notes = notes

    def build(self, request_struct_class: type[TxnOffsetCommitRequest_v3]) -> TxnOffsetCommitRequest_v3:
        """The request as it is sent."""
        topics: defaultdict[str, list[Any]] = defaultdict(list)
        for tp, position in self._positions.items():
            topics[tp.topic].append((tp.partition, position, NO_LEADER_EPOCH, self._notes.get(tp, ""), NO_TAGS))
        member_id, generation = self._member
        return request_struct_class(
            self._transactional_id,
            self._group,
            *self._producer,
            generation,
            member_id,
            None,
            [(topic, partitions, NO_TAGS) for topic, partitions in topics.items()],
            NO_TAGS,
        )


class OffsetFetchResponse_v7(Response):  # type: ignore[misc]  # noqa: N801
    """A position per partition, and a code for each and for all."""

    API_KEY = 9
    API_VERSION = 7
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "topics",
            _per_partition(
                ("partition", Int32),
                ("offset", Int64),
                ("leader_epoch", Int32),
                ("metadata", _text),
                ("error_code", Int16),
            ),
        ),
        ("error_code", Int16),
        _tags,
    )


class OffsetFetchRequest_v7(RequestStruct):  # type: ignore[misc]  # noqa: N801
    """Positions of a group. With `require_stable` refused while one is part of an undecided transaction."""

    API_KEY = 9
    API_VERSION = 7
    FLEXIBLE_VERSION = True
    RESPONSE_TYPE = OffsetFetchResponse_v7
    SCHEMA = Schema(
        ("group_id", _text),
        ("topics", CompactArray(("topic", _text), ("partitions", CompactArray(Int32)), _tags)),
        ("require_stable", Boolean),
        _tags,
    )


class StablePositionsRequest(Request[OffsetFetchRequest_v7]):  # type: ignore[misc]
    """Positions of a group that no open transaction can change."""

    API_KEY = 9

    def __init__(self, group: str, partitions: list[tuple[str, list[int]]]) -> None:
        self._group = group
        self._partitions = partitions

    def build(self, request_struct_class: type[OffsetFetchRequest_v7]) -> OffsetFetchRequest_v7:
        """The request as it is sent."""
        topics = [(topic, numbers, NO_TAGS) for topic, numbers in self._partitions]
        return request_struct_class(self._group, topics, True, NO_TAGS)
