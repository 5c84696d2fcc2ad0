"""Gaps: records that are gone before they were read are passed once, and the fetch says where reading goes on."""

import asyncio
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

from aiokafka.structs import TopicPartition

from parcelward.footing import Bounds
from streams.engine.consumer_thread import BatchConsumerThread

ONE, OTHER = TopicPartition("intake.swift", 0), TopicPartition("screening.senders", 0)


class Consumer:
    """A consumer of logs that begin at 25 and end at 30."""

    def __init__(self, paused: Sequence[TopicPartition] = ()) -> None:
        self.assignment = lambda: {ONE, OTHER}
        self.paused = lambda: set(paused)
        self.at: dict[TopicPartition, int] = {}
        self.seek = self.at.__setitem__

    async def beginning_offsets(self, asked: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        """25 each."""
        return dict.fromkeys(asked, 25)

    async def end_offsets(self, asked: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        """30 each."""
        return dict.fromkeys(asked, 30)


def passed(consumer: Consumer, out_of_range: dict[TopicPartition, int]) -> tuple[dict[Any, int], list[Any]]:
    """Give what the fetch says was passed, and which gaps were counted."""
    counted: list[Any] = []
    assigned = SimpleNamespace(pass_gap=lambda *gap: counted.append(gap))
    thread: Any = SimpleNamespace(_out_of_range=dict(out_of_range), consumer=SimpleNamespace(assigned=assigned))
    found = asyncio.run(BatchConsumerThread._pass_gaps(thread, consumer))
    assert not thread._out_of_range
    return found, counted


def test_a_gap_is_counted_and_the_fetch_says_where_reading_goes_on() -> None:
    consumer = Consumer()
    counted = [(ONE, 20, Bounds(25, 30)), (OTHER, 3, Bounds(25, 30))]
    assert passed(consumer, {ONE: 20, OTHER: 3}) == ({ONE: 25, OTHER: 25}, counted)
    assert consumer.at == {ONE: 25, OTHER: 25}


def test_a_position_that_is_in_its_log_after_all_passes_nothing() -> None:
    consumer = Consumer()
    assert passed(consumer, {ONE: 26}) == ({}, [(ONE, 26, Bounds(25, 30))])
    assert consumer.at == {}


def test_what_is_chained_and_not_read_has_no_gap() -> None:
    consumer = Consumer(paused=[OTHER])
    assert passed(consumer, {OTHER: 20}) == ({}, [])
    assert consumer.at == {}
