"""The traffic of a run, how it is cut, and what is left of it in Kafka."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from tests.crash.broker import Row


class Chunk(NamedTuple):
    """Records that one courier's topic receives at one moment."""

    topic: str
    timestamp: int
    rows: Sequence[Row | None]


@dataclass(frozen=True, slots=True)
class Scenario:
    """Traffic, and how it is cut: when chunks come (after how many steps), records per fetch, records per batch.

    `elsewhere`: a former owner's producer is fenced by another worker, so many steps after the new owner's own.
    `markers`: steps after which the group and the logs learn that a transaction was decided; None: at once.
    `alone`: whether the owner has every other partition as well, from generation to generation, over and over.
    `deleted`: a hole in a log, from its next record back, is said to be what retention has deleted: a gap.
    """

    chunks: Sequence[Chunk]
    gaps: Sequence[int]
    fetches: Sequence[int]
    batch_records: int
    end_ms: int
    stages: int = 1
    elsewhere: int | None = None
    markers: tuple[int, int] | None = None
    alone: Sequence[bool] = (True,)
    deleted: bool = False


class Result(NamedTuple):
    """The end of a run in Kafka: state per stage, and the committed records of every output."""

    states: Mapping[str, Mapping[bytes, bytes]]
    outputs: Mapping[str, Sequence[tuple[bytes | None, bytes | None, Any]]]
