"""How the stages of one partition number share transactions."""

import asyncio
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.errors import KafkaError
from aiokafka.structs import TopicPartition

from parcelward.settings import Settings
from parcelward.stage import Outcome
from streams.transactions import FailedError, Transactions

SETTINGS = Settings()


class Producer:
    """Remembers what each transaction held; a commit waits until it may go on, or fails."""

    def __init__(self) -> None:
        self.committed: list[list[str]] = []
        self.positions: list[list[str]] = []
        self.may_go_on = asyncio.Event()
        self.error: Exception | None = None
        self._txn_manager = SimpleNamespace(_transaction_waiter=None, is_in_transaction=lambda: False)

    async def start(self) -> None:
        """Nothing to fence."""

    async def begin_transaction(self) -> None:
        """A new one."""
        self.committed.append([])
        self.positions.append([])

    def create_batch(self) -> Any:
        """A record batch that takes everything."""
        return SimpleNamespace(append=lambda **_: True, record_count=lambda: 1)

    async def send_batch(self, batch: object, topic: str, *, partition: int) -> "asyncio.Future[Any]":
        """Answered at once."""
        self.committed[-1].append(topic)
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        answer.set_result(SimpleNamespace(offset=10 * len(self.committed)))
        return answer

    async def send_offsets_to_transaction(self, offsets: Mapping[TopicPartition, Any], group: str) -> None:
        """Positions."""
        self.positions[-1] += [tp.topic for tp in offsets]

    async def commit_transaction(self) -> None:
        """Waits."""
        await self.may_go_on.wait()
        if self.error:
            raise self.error


async def opened(producer: Producer) -> Transactions:
    transactions = Transactions(SETTINGS, 0, connect=lambda **_: producer)
    await transactions.open()
    return transactions


def work(transactions: Transactions, stage: str) -> "asyncio.Task[int | None]":
    outcome = Outcome(updates={b"key": stage.encode()})
    return asyncio.ensure_future(transactions.commit(stage, outcome, {f"source of {stage}": 5}))


def changelogs(*stages: str) -> list[str]:
    return [SETTINGS.topics.changelog(stage) for stage in stages]


async def a_moment() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


def test_what_comes_while_a_transaction_is_under_way_goes_together_into_the_next() -> None:
    async def scenario() -> None:
        producer = Producer()
        transactions = await opened(producer)
        first = work(transactions, "duties")
        await a_moment()
        rest = [work(transactions, "senders"), work(transactions, "outlets")]
        await a_moment()
        assert producer.committed == [changelogs("duties")], "one at a time"
        producer.may_go_on.set()
        assert await asyncio.gather(first, *rest) == [11, 21, 21]
        assert producer.committed == [changelogs("duties"), changelogs("senders", "outlets")]
        assert producer.positions == [["source of duties"], ["source of senders", "source of outlets"]]

    asyncio.run(scenario())


def test_what_is_ready_at_the_same_moment_commits_together() -> None:
    async def scenario() -> None:
        producer = Producer()
        producer.may_go_on.set()
        transactions = await opened(producer)
        await asyncio.gather(work(transactions, "duties"), work(transactions, "outlets"))
        assert producer.committed == [changelogs("duties", "outlets")]

    asyncio.run(scenario())


def test_a_failure_is_told_to_everyone_and_nothing_is_begun_after_it() -> None:
    async def scenario() -> None:
        producer = Producer()
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
        transactions = await opened(Producer())
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
        producer = Producer()
        producer.may_go_on.set()
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
