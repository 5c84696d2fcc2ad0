"""Our own producer asks brokers, and goes on asking until it is done or refused for good."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.client import CoordinationType
from aiokafka.errors import (
    GroupAuthorizationFailedError,
    KafkaConnectionError,
    KafkaError,
    MessageSizeTooLargeError,
)
from aiokafka.protocol.produce import ProduceRequest
from aiokafka.record.default_records import DefaultRecordBatch
from aiokafka.structs import TopicPartition

from parcelward.settings import Settings
from streams.engine import producer as module
from streams.engine.producer import BATCH_BYTES, SEQUENCES, FencedError, Member, Producer, StoppedError
from streams.engine.protocol import StablePositionsRequest
from tests.patience import PATIENCE_S

SETTINGS = Settings()
A, B, C = (TopicPartition("t", number) for number in range(3))
LEADERS = {A: 1, B: 1, C: 2}
RECORDS = {tp: [(b"k", b"v", ())] for tp in LEADERS}
RETRIED = (3, 5, 6, 7, 14, 15, 16, 19, 20, 51, 56, 88)


class Brokers:
    """Answers what it is told to, one answer after the other, and then that all is well; remembers what was asked."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[int, Any]] = []
        self.looked_up = 0
        self.metadata_updates = 0
        self.cluster = SimpleNamespace(leader_for_partition=LEADERS.get)

    async def coordinator_lookup(self, kind: CoordinationType, key: str) -> int:
        self.looked_up += 1
        return self.looked_up

    async def send(self, node: int, request: Any, **_: Any) -> Any:
        self.asked.append((node, request))
        answer = self.answers.pop(0) if self.answers else 0
        if isinstance(answer, Exception):
            raise answer
        if isinstance(request, ProduceRequest):
            return self._produced(request, answer)
        if isinstance(request, StablePositionsRequest):
            return self._positions(request, answer)
        return SimpleNamespace(error_code=answer, errors=[("t", [(0, answer)])], topics=[])

    def _positions(self, request: Any, answer: Any) -> Any:
        """Answer that partition 0 has no position, and nothing at all of partition 2."""
        if isinstance(answer, int) and answer:
            return SimpleNamespace(error_code=answer, topics=[])
        codes: Mapping[int, int] = answer or {}
        numbers = [number for _, numbers in request._partitions for number in numbers if number != 2]
        said = [(number, 100 * number or module.NO_POSITION, -1, "", codes.get(number, 0)) for number in numbers]
        return SimpleNamespace(error_code=0, topics=[("t", said, {})])

    def _produced(self, request: Any, answer: Any) -> Any:
        codes: Mapping[int, int] = answer if isinstance(answer, dict) else defaultdict(lambda: answer)
        return SimpleNamespace(
            topics=[
                (topic, [(n, codes.get(n, 0) if isinstance(answer, dict) else answer, 100 + n) for n, _ in parts])
                for topic, parts in request._topics
            ]
        )

    def add_topic(self, topic: str) -> None:
        """Its leaders stay unknown."""

    def force_metadata_update(self) -> None:
        self.metadata_updates += 1

    async def close(self) -> None:
        """Nothing to close."""


def asked_of(brokers: Brokers, what: Callable[[Producer], Awaitable[Any]]) -> Any:
    async def scenario() -> Any:
        producer = Producer(SETTINGS, "one")
        producer._client = brokers
        return await what(producer)

    return asyncio.run(scenario())


def partitions(request: Any) -> Sequence[int]:
    return [number for _, parts in request._topics for number, _ in parts]


@pytest.mark.parametrize("code", RETRIED)
def test_what_is_refused_for_the_moment_is_asked_again(code: int) -> None:
    brokers = Brokers(code, code)
    asked_of(brokers, lambda producer: producer.commit())
    assert len(brokers.asked) == 3
    assert (brokers.looked_up > 1) is (code in module.MOVED), "who has moved is looked for"


def test_a_broker_that_cannot_be_reached_is_looked_for_again() -> None:
    brokers = Brokers(KafkaConnectionError())
    asked_of(brokers, lambda producer: producer.commit())
    assert [node for node, _ in brokers.asked] == [1, 2]


@pytest.mark.parametrize("code", sorted(module.FENCED))
def test_whoever_is_fenced_does_not_ask_again(code: int) -> None:
    brokers = Brokers(code)
    with pytest.raises(FencedError):
        asked_of(brokers, lambda producer: producer.commit())
    assert len(brokers.asked) == 1


def test_what_is_refused_for_good_is_not_asked_again() -> None:
    brokers = Brokers(48)
    with pytest.raises(KafkaError):
        asked_of(brokers, lambda producer: producer.commit())
    assert len(brokers.asked) == 1


def test_a_partition_that_was_not_attempted_because_of_another_says_nothing() -> None:
    brokers = Brokers(module.NOT_ATTEMPTED)
    asked_of(brokers, lambda producer: producer.begin([A]))
    assert len(brokers.asked) == 3, "the partitions twice, then the group"


def test_each_leader_is_asked_for_its_own_and_again_for_what_it_refused() -> None:
    brokers = Brokers({1: 6})
    last = asked_of(brokers, lambda producer: producer.send(RECORDS))
    assert [(node, partitions(request)) for node, request in brokers.asked] == [(1, [0, 1]), (2, [2]), (1, [1])]
    assert last == {A: 100, B: 101, C: 102}
    assert brokers.metadata_updates == 1


def test_one_partition_that_is_refused_for_good_fails_all() -> None:
    with pytest.raises(MessageSizeTooLargeError):
        asked_of(Brokers({1: 10}), lambda producer: producer.send(RECORDS))


def test_a_request_holds_no_more_than_a_broker_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "REQUEST_BYTES", 150)
    brokers = Brokers()
    asked_of(brokers, lambda producer: producer.send(RECORDS))
    assert [partitions(request) for _, request in brokers.asked] == [[0, 1], [2]]


def test_nobody_asks_for_ever_once_it_is_stopped() -> None:
    async def scenario() -> None:
        producer = Producer(SETTINGS, "one")
        producer._client = Brokers(*[14] * 1000)
        asking = [
            asyncio.ensure_future(producer.commit()),
            asyncio.ensure_future(producer.await_records([TopicPartition("unknown", 0)])),
        ]
        await asyncio.sleep(0.02)
        await producer.stop()
        for task in asking:
            with pytest.raises(StoppedError):
                await asyncio.wait_for(task, PATIENCE_S)

    asyncio.run(scenario())


def test_positions_are_sent_by_members_only() -> None:
    brokers = Brokers()
    for nobody in (Member("", 3), Member("member", -1)):
        with pytest.raises(FencedError):
            asked_of(brokers, lambda producer, member=nobody: producer.send_positions({A: 1}, member))  # type: ignore[misc]
    assert brokers.asked == []


@pytest.mark.parametrize("code", RETRIED)
@pytest.mark.parametrize("of_all", [True, False], ids=["of all", "of one"])
def test_positions_are_asked_for_until_the_group_says_them(code: int, of_all: bool) -> None:
    """An answer that failed as a whole has an empty list beside its error code: it looks like one without positions."""
    brokers = Brokers(code if of_all else {1: code})
    assert asked_of(brokers, lambda producer: producer.stable_positions([A, B])) == {B: 100}
    assert len(brokers.asked) == 2


@pytest.mark.parametrize("answer", [30, {1: 30}], ids=["of all", "of one"])
def test_positions_that_are_refused_for_good_are_not_taken_for_none(answer: Any) -> None:
    with pytest.raises(GroupAuthorizationFailedError):
        asked_of(Brokers(answer), lambda producer: producer.stable_positions([A, B]))


def test_a_position_of_which_nothing_is_said_is_not_taken_for_none() -> None:
    with pytest.raises(KeyError):
        asked_of(Brokers(), lambda producer: producer.stable_positions([B, C]))


def test_sequences_of_a_partition_go_on_from_batch_to_batch_and_wrap() -> None:
    """Kafka knows a repeated batch by a signed 32-bit number, which goes on from 0."""

    async def scenario() -> list[tuple[int, int]]:
        producer = Producer(SETTINGS, "one")
        producer._sequences[TopicPartition("t", 0)] = SEQUENCES - 3
        batches = producer._batches(TopicPartition("t", 0), [(b"k", b"x" * (BATCH_BYTES // 2), ())] * 5)
        return [(DefaultRecordBatch(bytes(batch.data)).base_sequence, batch.records) for batch in batches]

    assert asyncio.run(scenario()) == [(SEQUENCES - 3, 1), (SEQUENCES - 2, 1), (SEQUENCES - 1, 1), (0, 1), (1, 1)]
