"""The stages and partitions of a worker share transactions."""

import asyncio
from collections import defaultdict
from collections.abc import Collection, Mapping
from types import SimpleNamespace

import pytest
from aiokafka.errors import KafkaError
from aiokafka.structs import TopicPartition

import streams.engine.transactions
from parcelward.settings import Settings
from parcelward.stage import Outcome
from streams.engine.producer import FencedError, Member
from streams.engine.state import Bounds
from streams.engine.transactions import FailedError, Found, Transactions, Work
from tests.engine_kit.remembering import RememberingProducer

SETTINGS = Settings()
MEMBER = Member("member", 7)
SOURCES = [TopicPartition("intake", number) for number in range(2)]
CHANGELOG, OURS = TopicPartition("changelog", 0), TopicPartition("senders", 0)


def prompt() -> RememberingProducer:
    """A producer whose commits need not wait."""
    producer = RememberingProducer()
    producer.may_go_on.set()
    return producer


async def opened(producer: RememberingProducer) -> Transactions:
    transactions = Transactions(SETTINGS, {3, 1}, MEMBER, connect=lambda *_: producer)
    await transactions.open((), ())
    return transactions


def work(transactions: Transactions, stage: str, number: int = 1) -> "asyncio.Task[int | None]":
    outcome = Outcome(updates={b"key": stage.encode()})
    return asyncio.ensure_future(written(transactions, Work(stage, number, outcome, {f"source of {stage}": 5})))


async def written(transactions: Transactions, work: Work) -> int | None:
    await transactions.commit(work)
    return work.written


def changelogs(*stages: str, number: int = 1) -> list[str]:
    return [f"{SETTINGS.topics.changelog(stage)} {number}" for stage in stages]


async def a_moment() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


def test_what_comes_while_a_transaction_is_under_way_goes_together_into_the_next() -> None:
    async def scenario() -> None:
        producer = RememberingProducer()
        transactions = await opened(producer)
        first = work(transactions, "duties")
        await a_moment()
        rest = [work(transactions, "senders"), work(transactions, "outlets")]
        await a_moment()
        assert producer.committed == [changelogs("duties")], "one at a time"
        producer.may_go_on.set()
        assert await asyncio.gather(first, *rest) == [11, 21, 21]
        assert producer.committed == [changelogs("duties"), changelogs("senders", "outlets")]
        assert producer.positions == [
            {TopicPartition("source of duties", 1): 5},
            {TopicPartition("source of senders", 1): 5, TopicPartition("source of outlets", 1): 5},
        ]
        assert producer.members == {MEMBER}

    asyncio.run(scenario())


def test_every_name_of_a_number_that_is_ours_is_fenced_and_the_lowest_is_used() -> None:
    async def scenario() -> None:
        producers: dict[str, RememberingProducer] = defaultdict(RememberingProducer)
        transactions = Transactions(SETTINGS, {3, 1}, MEMBER, lambda _, name: producers[name])
        await transactions.open((), ())
        ((name, producer),) = producers.items()
        assert name == f"{SETTINGS.topics.app_id}-1"
        assert producer.fenced == [f"{SETTINGS.topics.app_id}-1", f"{SETTINGS.topics.app_id}-3"]

    asyncio.run(scenario())


class _Kafka(RememberingProducer):
    """Has a position for one of two sources; the first records of its changelog are gone."""

    async def stable_positions(self, sources: Collection[TopicPartition]) -> Mapping[TopicPartition, int]:
        return {SOURCES[0]: 20}

    async def await_records(self, logs: Collection[TopicPartition]) -> Mapping[TopicPartition, int]:
        return {tp: {CHANGELOG: 9, OURS: 4}[tp] for tp in logs}

    async def beginnings(self, logs: Collection[TopicPartition]) -> Mapping[TopicPartition, int]:
        return {tp: {CHANGELOG: 3, SOURCES[1]: 7}[tp] for tp in logs}


def test_what_is_found_is_where_to_read_from() -> None:
    async def scenario() -> None:
        transactions = Transactions(SETTINGS, {1}, MEMBER, connect=lambda *_: _Kafka())
        found = await transactions.open(SOURCES, [CHANGELOG], [OURS])
        assert found == Found(
            positions={SOURCES[0]: 20, SOURCES[1]: 7},
            uncommitted=frozenset({SOURCES[1]}),
            changelogs={CHANGELOG: Bounds(start=3, end=9)},
        )
        assert transactions.ends == {OURS: 4}

    asyncio.run(scenario())


@pytest.mark.parametrize("step", ["start", "stable_positions", "await_records", "beginnings"])
def test_taking_over_fails_in_time_whichever_step_is_not_answered(step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams.engine.transactions, "TRANSACTION_S", 0.01)
    monkeypatch.setattr(streams.engine.transactions, "DECIDED_S", 0.01)

    async def no_answer(*_: object) -> None:
        await asyncio.sleep(60)

    async def scenario() -> None:
        producer = prompt()
        monkeypatch.setattr(producer, step, no_answer)
        with pytest.raises(FailedError, match="brokers do not answer"):
            await opened(producer)

    asyncio.run(scenario())


def test_partitions_share_a_transaction() -> None:
    async def scenario() -> None:
        producer = prompt()
        transactions = await opened(producer)
        await asyncio.gather(work(transactions, "duties", 1), work(transactions, "duties", 3))
        assert producer.committed == [changelogs("duties", number=1) + changelogs("duties", number=3)]
        assert producer.positions == [{TopicPartition("source of duties", number): 5 for number in (1, 3)}]

    asyncio.run(scenario())


def test_what_is_ready_at_the_same_moment_commits_together() -> None:
    async def scenario() -> None:
        producer = prompt()
        transactions = await opened(producer)
        await asyncio.gather(work(transactions, "duties"), work(transactions, "outlets"))
        assert producer.committed == [changelogs("duties", "outlets")]

    asyncio.run(scenario())


def test_a_batch_waits_for_those_that_were_delivered_with_it() -> None:
    async def scenario() -> None:
        producer = prompt()
        transactions = await opened(producer)
        transactions.computing.add("another")
        first = work(transactions, "duties", 1)
        await a_moment()
        assert producer.committed == []
        second = work(transactions, "duties", 3)
        await asyncio.sleep(0)
        transactions.computing.clear()
        await asyncio.gather(first, second)
        assert producer.committed == [changelogs("duties", number=1) + changelogs("duties", number=3)]

    asyncio.run(scenario())


def test_what_is_too_much_for_one_transaction_goes_into_several_in_the_order_in_which_it_came(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(streams.engine.transactions, "MOST_RECORDS", 3)

    async def scenario() -> None:
        producer = prompt()
        transactions = await opened(producer)
        works = [Work("duties", number, Outcome(updates={b"key": b""}), {}, records=2) for number in range(5)]
        await asyncio.gather(*map(transactions.commit, works))
        assert producer.committed == [
            [changelogs("duties", number=number)[0] for number in numbers] for numbers in ((0, 1), (2, 3), (4,))
        ]
        assert [work.written for work in works] == [11, 11, 21, 21, 31], "each was told when it was committed"

    asyncio.run(scenario())


def test_a_batch_that_is_lost_holds_up_no_other() -> None:
    async def scenario() -> None:
        producer = prompt()
        transactions = await opened(producer)
        transactions.computing.add("lost")
        assert await work(transactions, "duties") == 11

    asyncio.run(scenario())


def test_how_long_commits_take_of_late_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = iter((100.0, 100.8, 200.0, 201.5))  # the beginning and the end of two transactions
    monkeypatch.setattr(streams.engine.transactions, "time", SimpleNamespace(monotonic=lambda: next(seconds)))

    async def scenario() -> None:
        transactions = await opened(prompt())
        assert transactions.commit_s == 0
        await work(transactions, "duties")
        assert transactions.commit_s == pytest.approx(0.1)
        await work(transactions, "duties")
        assert transactions.commit_s == pytest.approx(0.1 + 1.4 / 8)
        assert transactions.last_commit == 201.5

    asyncio.run(scenario())


def test_whoever_was_fenced_hears_so() -> None:
    async def scenario() -> None:
        producer = prompt()
        producer.error = FencedError()
        transactions = await opened(producer)
        with pytest.raises(FencedError):
            await work(transactions, "duties")
        await transactions.close()
        assert producer.done == ["fenced", "positions are decided", "records are decided", "stopped"]

    asyncio.run(scenario())


def test_a_failure_is_told_to_everyone_and_nothing_is_begun_after_it() -> None:
    async def scenario() -> None:
        producer = RememberingProducer()
        producer.error = KafkaError("no")
        transactions = await opened(producer)
        tasks = [work(transactions, "duties"), work(transactions, "senders")]
        await a_moment()
        late = work(transactions, "outlets")
        producer.may_go_on.set()
        for task in (*tasks, late):
            with pytest.raises(FailedError):
                await task
        assert len(producer.committed) == 1

    asyncio.run(scenario())


def test_who_waits_for_a_task_that_is_cancelled_hears_of_a_failure() -> None:
    async def scenario() -> None:
        transactions = await opened(RememberingProducer())
        leading, following = work(transactions, "duties"), work(transactions, "senders")
        await a_moment()
        leading.cancel()
        with pytest.raises(FailedError):
            await following

    asyncio.run(scenario())


@pytest.mark.parametrize("number", [0, 1], ids=["who has the turn", "who waits for it"])
def test_nothing_is_committed_after_one_that_was_cancelled(number: int) -> None:
    """Its memory does not follow, whether it was committed or not."""

    async def scenario() -> None:
        producer = prompt()
        transactions = await opened(producer)
        tasks = [work(transactions, "duties"), work(transactions, "senders")]
        await asyncio.sleep(0)
        tasks[number].cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert tasks[number].cancelled()
        before = len(producer.committed)
        with pytest.raises(FailedError):
            await work(transactions, "outlets")
        assert len(producer.committed) == before

    asyncio.run(scenario())


def test_nothing_is_begun_once_it_is_closed() -> None:
    async def scenario() -> None:
        producer = prompt()
        transactions = await opened(producer)
        await transactions.close()
        with pytest.raises(FailedError):
            await work(transactions, "duties")
        assert producer.committed == []

    asyncio.run(scenario())
