"""A run of `deliver` beside what goes wrong around it: mistakes of ours, headers of others, a Kafka that hangs."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest
import typer
from prometheus_client import CollectorRegistry

from parcelward.contract.deliveries import Outcome
from parcelward.counts import DELIVERY_DECLARED
from parcelward.delivery.answers import Answer
from parcelward.delivery.book import Book, Item
from parcelward.delivery.message import Message
from parcelward.delivery.progress import Progress, Tried
from parcelward.delivery.signing import Signer
from parcelward.delivery.undelivered import undelivered_send
from parcelward.metrics import Metrics
from parcelward.settings import Settings
from parcelward.stage import Record, Send
from streams.delivery import command
from streams.delivery import run as running
from streams.delivery.clock import Clock
from streams.delivery.run import ANEW_EVERY_S, Count, Run
from streams.delivery.source import Place, Source, Start

SETTINGS = Settings()
CE = [("ce_id", b"a:1"), ("ce_type", b"t"), ("ce_time", b"2026-11-23T01:30:00Z")]


class Remembered(Source):
    """Records in memory; each commit is remembered, and hangs when told to."""

    def __init__(self, *records: Record, hangs: bool = False) -> None:
        super().__init__(SETTINGS, Start(("cases",), "deliver-platform", 0))
        self.records, self.hangs = list(records), hangs
        self.commits: list[bool] = []
        self.sends: list[Send] = []
        self.progress = {(record.topic, record.partition): Progress(0) for record in records}

    async def read(self, most: int = 500) -> list[Record]:
        await asyncio.sleep(0)
        read, self.records = self.records[:most], self.records[most:]
        return read

    def is_new(self, record: Record) -> bool:
        return False

    async def is_at_the_end(self) -> bool:
        return not self.records

    async def lag(self) -> int:
        return 0

    async def commit(self, notes: Mapping[Place, str], sends: Sequence[Send], anew: bool = False) -> None:
        if self.hangs:
            await asyncio.Event().wait()
        self.commits.append(anew)
        self.sends += sends


class Endpoint:
    """A receiver that takes everything, after so many attempts that end by an error of our own."""

    def __init__(self, mistakes: int = 0) -> None:
        self.mistakes = mistakes
        self.ids: list[str] = []

    async def send(self, headers: Mapping[str, str], body: bytes) -> Answer:
        if self.mistakes:
            self.mistakes -= 1
            raise LookupError("a mistake of ours")
        self.ids.append(headers["webhook-id"])
        return Answer(Outcome.DELIVERED, 204)


class Leaping(Clock):
    """A clock on which each wait takes as long as it may, at once."""

    def __init__(self, until: Callable[[], bool] = lambda: False) -> None:
        self.at_s, self.stop, self._until = 1_800_000_000.0, asyncio.Event(), until

    def now_s(self) -> float:
        return self.at_s

    async def wait(self, event: asyncio.Event, seconds: float | None) -> None:
        await asyncio.sleep(0)
        if not event.is_set():
            self.at_s += seconds or 0.0
        if self._until():
            self.stop.set()


def deliver(source: Source, endpoint: Any, clock: Leaping, once: bool = True) -> Count:
    metrics = Metrics(CollectorRegistry(), endpoints=("platform",), declared=DELIVERY_DECLARED)
    book, signer = Book(100, lambda: 0.0), Signer([b"0" * 24])
    return asyncio.run(Run(SETTINGS, source, book, endpoint, signer, clock, metrics, once).run(clock.stop))


def case(offset: int = 0, *headers: tuple[str, bytes]) -> Record:
    return Record("cases", 0, offset, 0, b"c1", b"{}", [*CE, *headers])


def test_a_mistake_of_ours_costs_an_attempt_and_no_record() -> None:
    source, endpoint = Remembered(case(0), case(1)), Endpoint(mistakes=2)
    count = deliver(source, endpoint, Leaping())
    assert (count.delivered, count.left, count.undelivered) == (2, 0, 0)
    assert source.progress["cases", 0].position() == 2


@pytest.mark.parametrize(
    "hostile",
    [
        Record("cases", 0, 0, 0, b"c0", b"[" * 5000, CE),
        Record("cases", 0, 0, 0, b"c0", b"{}", [("ce_id", None), *CE[1:]]),  # type: ignore[list-item]
    ],
    ids=["brackets without end", "a header without a value"],
)
def test_a_record_that_nobody_can_read_is_given_up_and_the_next_one_goes(hostile: Record) -> None:
    source, endpoint = Remembered(hostile, case(1)), Endpoint()
    count = deliver(source, endpoint, Leaping())
    assert (count.delivered, count.undelivered, count.left) == (1, 1, 0)
    assert [dict(send.headers)["pw_reason"] for send in source.sends] == [b"unreadable"]


def test_only_an_undelivered_record_says_on_which_topic_it_was_first() -> None:
    came_back = Record(
        "undelivered", 0, 0, 0, b"c1", b"{}", [*CE, ("pw_topic", b"cases"), ("pw_endpoint", b"platform")]
    )
    endpoint = Endpoint()
    deliver(Remembered(came_back, case(0, ("pw_topic", b"instructions.swift"))), endpoint, Leaping())
    assert endpoint.ids == ["cases:a:1", "cases:a:1"]


@pytest.mark.parametrize(("topic", "place"), [("undelivered", b"7"), ("cases", b"0")], ids=["ours", "of others"])
def test_a_place_is_believed_on_the_topic_of_undelivered_records_alone(topic: str, place: bytes) -> None:
    record = Record(topic, 0, 0, 0, b"c1", b"{}", [("pw_topic", b"cases"), ("pw_partition", b"7"), ("pw_offset", b"7")])
    item = Item(record, Message("cases:a:1", b"{}"), Tried())
    item.answer = Answer(Outcome.REFUSED, 422)
    said = dict(undelivered_send(item, "platform", "undelivered", 1_800_000_000.0).headers)
    assert (said["pw_topic"], said["pw_partition"], said["pw_offset"]) == (b"cases", place, place)


def test_all_positions_are_kept_at_the_start_and_anew_each_hour() -> None:
    source = Remembered(case())
    clock = Leaping(until=lambda: len(source.commits) > 2 * ANEW_EVERY_S + 10)
    deliver(source, Endpoint(), clock, once=False)
    assert source.commits[0]
    assert 2 <= sum(source.commits[1:]) <= 3


def test_positions_are_written_anew_though_nothing_has_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[set[Place]] = []

    async def write(_: Source, positions: Mapping[Place, object], sends: Sequence[Send]) -> None:
        written.append(set(positions))

    async def commits() -> None:
        source = Source(SETTINGS, Start(("cases",), "deliver-platform", 0))
        source._producer = object()
        busy, quiet = ("cases", 0), ("cases", 1)
        source.progress = {busy: Progress(0), quiet: Progress(0)}
        await source.commit({busy: "", quiet: ""}, [])
        source.progress[busy].next = 1
        for anew in (False, False, True):
            await source.commit({busy: "", quiet: ""}, [], anew)
        assert written == [{busy, quiet}, {busy}, {busy, quiet}]

    monkeypatch.setattr(Source, "_write", write)
    asyncio.run(commits())


@pytest.mark.parametrize("once", [True, False], ids=["a run that ends by itself", "a service that is stopped"])
def test_a_last_commit_that_hangs_is_no_success(monkeypatch: pytest.MonkeyPatch, once: bool) -> None:
    for limit in ("STOP_S", "COMMIT_S"):
        monkeypatch.setattr(running, limit, 0.01)
    endpoint = Endpoint()
    clock = Leaping(until=lambda: not once and bool(endpoint.ids))
    with pytest.raises(TimeoutError, match="the last commit took too long"):
        deliver(Remembered(case(), hangs=True), endpoint, clock, once)


def test_a_run_that_keeps_nothing_does_not_point_to_where_nothing_is(capsys: pytest.CaptureFixture[str]) -> None:
    for is_kept, said in ((True, "1 given up, see `undelivered`"), (False, "1 could not be read; nothing is kept")):
        with pytest.raises(typer.Exit):
            command._tell(Count(undelivered=1), False, "platform", is_kept)
        assert said in capsys.readouterr().err
