"""The worker's own transactional producer against a real broker."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from aiokafka.errors import MessageSizeTooLargeError
from aiokafka.structs import TopicPartition

from parcelward.settings import Settings
from streams.engine.producer import BATCH_BYTES, FencedError, Member, Output, Producer
from tests.engine_kit.group import joined
from tests.engine_kit.kafka import committed, read_all
from tests.engine_kit.traps import changelog, intake
from tests.patience import PATIENCE_S

NOBODY = Member("", -1)


@asynccontextmanager
async def started(settings: Settings, name: str = "one") -> AsyncIterator[Producer]:
    producer = Producer(settings, settings.topic_prefix + name)
    await producer.start([settings.topic_prefix + name])
    yield producer
    await producer.stop()


def log(settings: Settings) -> TopicPartition:
    return TopicPartition(*changelog(settings))


async def begun(producer: Producer, tp: TopicPartition, value: bytes) -> None:
    await producer.begin([tp])
    await producer.send({tp: [(b"w", value, ())]})


def test_records_of_many_batches_arrive_in_order_and_the_last_offset_is_told(settings: Settings) -> None:
    tp = log(settings)
    sizes = [10, BATCH_BYTES // 3, BATCH_BYTES // 3, BATCH_BYTES // 3, 10, 0]
    outputs: list[Output] = [(b"%d" % number, b"x" * size, [("h", b"v")]) for number, size in enumerate(sizes)]

    async def scenario() -> list[int]:
        last = []
        async with started(settings) as producer:
            for _ in range(2):
                await producer.begin([tp])
                last.append((await producer.send({tp: outputs}))[tp])
                await producer.commit()
        return last

    last = asyncio.run(scenario())
    found = read_all(settings, tp.topic)
    assert [(r.key, len(r.value or b""), r.headers) for r in found] == [
        (b"%d" % number, size, [("h", b"v")]) for _ in range(2) for number, size in enumerate(sizes)
    ]
    assert [found[5].offset, found[11].offset] == last
    assert found[6].offset == found[5].offset + 2, "the commit marker lies in between"


def test_the_beginning_of_a_log_is_its_first_record_that_is_still_there(settings: Settings) -> None:
    tp, empty = TopicPartition(intake(settings), 0), log(settings)

    async def scenario() -> None:
        async with started(settings) as producer:
            await producer.begin([tp])
            await producer.send({tp: [(b"w", b"%d" % number, ()) for number in range(3)]})
            await producer.commit()
            assert await producer.beginnings([tp, empty]) == {tp: 0, empty: 0}
            admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka)
            await admin.start()
            await admin.delete_records({tp: RecordsToDelete(2)})
            await admin.close()
            assert await producer.beginnings([tp, empty]) == {tp: 2, empty: 0}

    asyncio.run(scenario())


def test_a_record_larger_than_a_batch_goes_alone_if_the_broker_takes_it(settings: Settings) -> None:
    tp = log(settings)

    async def scenario() -> None:
        async with started(settings) as producer:
            await producer.begin([tp])
            await producer.send({tp: [(b"a", b"x" * (BATCH_BYTES + 10_000), ()), (b"b", b"y", ())]})
            await producer.commit()
            await producer.begin([tp])
            with pytest.raises(MessageSizeTooLargeError):
                await producer.send({tp: [(b"c", b"x" * 20_000_000, ())]})

    asyncio.run(scenario())
    assert [r.key for r in read_all(settings, tp.topic)] == [b"a", b"b"]


def test_a_producer_that_was_fenced_can_neither_send_nor_commit(settings: Settings) -> None:
    tp = log(settings)

    async def scenario() -> None:
        async with started(settings) as former:
            await begun(former, tp, b"former")
            async with started(settings) as latter:
                with pytest.raises(FencedError):
                    await former.send({tp: [(b"w", b"more", ())]})
                with pytest.raises(FencedError):
                    await former.commit()
                with pytest.raises(FencedError):
                    await former.begin([tp])
                await begun(latter, tp, b"latter")
                await latter.commit()

    asyncio.run(scenario())
    assert [r.value for r in read_all(settings, tp.topic)] == [b"latter"]


def test_every_name_that_is_given_is_fenced(settings: Settings) -> None:
    async def scenario() -> None:
        async with started(settings, "former") as former:
            await begun(former, log(settings), b"former")
            producer = Producer(settings, f"{settings.topic_prefix}one")
            await producer.start([f"{settings.topic_prefix}{name}" for name in ("one", "former")])
            with pytest.raises(FencedError):
                await former.commit()
            await begun(producer, log(settings), b"latter")
            await producer.commit()
            await producer.stop()

    asyncio.run(scenario())
    assert [r.value for r in read_all(settings, log(settings).topic)] == [b"latter"]


def test_the_group_takes_no_position_from_an_earlier_generation(settings: Settings) -> None:
    source = TopicPartition(intake(settings), 0)

    async def scenario() -> None:
        async with started(settings) as producer, joined(settings, source.topic) as member:
            await begun(producer, log(settings), b"in time")
            await producer.send_positions({source: 5}, member)
            await producer.commit()
            await begun(producer, log(settings), b"too late")
            with pytest.raises(FencedError):
                await producer.send_positions({source: 7}, member._replace(generation=member.generation - 1))
            with pytest.raises(FencedError):
                await producer.send_positions({source: 7}, member._replace(id="somebody"))
            with pytest.raises(FencedError):
                await producer.send_positions({source: 7}, NOBODY)

    asyncio.run(scenario())
    assert committed(settings)[intake(settings), 0] == 5
    assert [r.value for r in read_all(settings, log(settings).topic)] == [b"in time"]


@pytest.mark.parametrize("positions", [True, False], ids=["undecided positions", "undecided records"])
def test_taking_over_waits_for_what_others_have_left_undecided(settings: Settings, positions: bool) -> None:
    source, tp = TopicPartition(intake(settings), 0), log(settings)

    async def scenario() -> None:
        async with (
            started(settings, "former") as former,
            started(settings, "latter") as latter,
            joined(settings, source.topic) as member,
        ):
            if positions:
                await former.begin([])
                await former.send_positions({source: 5}, member)
            else:
                await begun(former, tp, b"undecided")
            waiting = latter.stable_positions([source]) if positions else latter.await_records([tp])
            taking_over = asyncio.ensure_future(waiting)
            await asyncio.sleep(1.0)
            assert not taking_over.done()
            await (former.commit() if positions else latter._fence(former._name))
            assert await asyncio.wait_for(taking_over, PATIENCE_S) == ({source: 5} if positions else {tp: 2})

    asyncio.run(scenario())
    assert committed(settings).get((intake(settings), 0)) == (5 if positions else None)
    assert read_all(settings, tp.topic) == []
