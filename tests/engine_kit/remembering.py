"""A producer for tests of what uses it, without Kafka."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from aiokafka.structs import TopicPartition

from streams.engine.producer import Member


class RememberingProducer:
    """Stands in for `Producer`: remembers what each transaction held; a commit waits until it may go on, or fails."""

    def __init__(self) -> None:
        self.committed: list[list[str]] = []
        self.sent: list[Mapping[TopicPartition, Sequence[Any]]] = []
        self.positions: list[Mapping[TopicPartition, int]] = []
        self.members: set[Member] = set()
        self.fenced: Collection[str] = ()
        self.may_go_on = asyncio.Event()
        self.error: Exception | None = None
        self.done: list[str] = []

    async def start(self, names: Collection[str]) -> None:
        """Remember them."""
        self.fenced = names
        self.done.append("fenced")

    async def stable_positions(self, sources: Collection[TopicPartition]) -> Mapping[TopicPartition, int]:
        """All at the beginning."""
        self.done.append("positions are decided")
        return dict.fromkeys(sources, 0)

    async def await_records(self, logs: Collection[TopicPartition]) -> Mapping[TopicPartition, int]:
        """Remember it."""
        self.done.append("records are decided")
        return dict.fromkeys(logs, 3)

    async def beginnings(self, logs: Collection[TopicPartition]) -> Mapping[TopicPartition, int]:
        """All is there."""
        return dict.fromkeys(logs, 0)

    async def begin(self, partitions: Collection[TopicPartition]) -> None:
        """A new one."""
        self.committed.append([])

    async def send(self, records: Mapping[TopicPartition, Sequence[Any]]) -> dict[TopicPartition, int]:
        """Answered at once."""
        self.sent.append(records)
        self.committed[-1] += [f"{tp.topic} {tp.partition}" for tp in records]
        return dict.fromkeys(records, 10 * len(self.committed))

    async def send_positions(self, positions: Mapping[TopicPartition, int], member: Member) -> None:
        """Remember them."""
        self.positions.append(positions)
        self.members.add(member)

    async def commit(self) -> None:
        """Waits."""
        await self.may_go_on.wait()
        if self.error:
            raise self.error

    async def stop(self) -> None:
        """Remember it."""
        self.done.append("stopped")
